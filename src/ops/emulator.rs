//! Calls to the sandbox's own paths, `/_sandbox/*`, on a running server or on the state itself.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::session::sandbox_state;
use crate::config::ConfigError;
use crate::error::{Diagnose, Diagnosis, Exit};
use crate::http::client::{Header, HttpClient, HttpError, Method, Request, RetryPolicy};
use crate::sandbox::{self, Options, Sandbox, SandboxError, State};

/// Maximum response, in bytes.
const MAX_RESPONSE: usize = 256 * 1024 * 1024;
/// An advance of the clock takes as long as its attempts do.
const ADVANCE_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// Reason why a call to a sandbox failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EmulatorError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("the sandbox refused the request: {0}")]
    Refused(String),
    #[error("{0} is not a pmhooks sandbox")]
    NotASandbox(String),
}

impl Diagnose for EmulatorError {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Config(error) => error.diagnosis(),
            Self::Sandbox(error) => error.diagnosis(),
            Self::Http(error) => error.diagnosis(),
            Self::Refused(_) => Diagnosis::new(Exit::Refused),
            Self::NotASandbox(_) => Diagnosis::new(Exit::Usage),
        }
    }
}

/// A sandbox that can be looked into.
pub(crate) struct Emulator {
    http: Arc<HttpClient>,
    url: Url,
    /// Server token, for the paths of the API.
    token: Option<&'static str>,
    /// Runs in this process if no server has the state.
    _sandbox: Option<Sandbox>,
}

impl Emulator {
    /// The sandbox at an address; without one, the server that has the profile's state, or the state.
    pub(crate) fn open(
        address: Option<SocketAddr>,
        http: Arc<HttpClient>,
    ) -> Result<Self, EmulatorError> {
        let (address, sandbox) = match address {
            Some(address) => (address, None),
            None => match sandbox::start(Options::new(State::File(sandbox_state()?))) {
                Ok(sandbox) => (sandbox.address(), Some(sandbox)),
                Err(SandboxError::InUse { address: Some(address), .. }) => (address, None),
                Err(error) => return Err(error.into()),
            },
        };
        Ok(Self { _sandbox: sandbox, ..Self::at(address, http)? })
    }

    /// The sandbox at an address.
    pub(crate) fn at(address: SocketAddr, http: Arc<HttpClient>) -> Result<Self, EmulatorError> {
        let text = format!("http://{address}");
        let url = Url::parse(&text).map_err(|_| EmulatorError::NotASandbox(text))?;
        Ok(Self { http, url, token: None, _sandbox: None })
    }

    #[must_use]
    pub(crate) fn with_token(self, token: &'static str) -> Self {
        Self { token: Some(token), ..self }
    }

    pub(crate) fn get(&self, path: &str) -> Result<Value, EmulatorError> {
        self.call(Method::Get, path, None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, EmulatorError> {
        self.call(Method::Post, path, Some(body.to_string().into_bytes()))
    }

    fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Value, EmulatorError> {
        let not_a_sandbox = || EmulatorError::NotASandbox(self.url.to_string());
        let header = |name: &str, value: &str| Header {
            name: name.to_owned(),
            value: value.to_owned().into(),
            secret: false,
        };
        let mut headers =
            vec![header("Accept", "application/json"), header("Content-Type", "application/json")];
        headers.extend(self.token.map(|token| header("X-Postmark-Server-Token", token)));
        let request = Request {
            method,
            is_redirected: false,
            addresses: None,
            url: self.url.join(path).map_err(|_| not_a_sandbox())?,
            headers,
            body,
            timeout: ADVANCE_TIMEOUT,
            retries: 0,
            retry: RetryPolicy::Never,
            limit: MAX_RESPONSE,
        };
        let response = self.http.send(&request)?;
        let body: Value = serde_json::from_slice(&response.body).map_err(|_| not_a_sandbox())?;
        match response.status {
            200 => Ok(body),
            401 | 404 => Err(not_a_sandbox()),
            _ => {
                let message = body.get("Message").and_then(Value::as_str).unwrap_or_default();
                Err(EmulatorError::Refused(message.to_owned()))
            }
        }
    }
}
