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
use crate::postmark::{ApiUrl, Secret};
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
    /// Names the server that events happen on. `None` for the first server.
    token: Option<Secret>,
    timeout: Duration,
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
        Ok(Self { http, url, token: None, timeout: ADVANCE_TIMEOUT, _sandbox: None })
    }

    /// The same sandbox, on the server of a token.
    #[must_use]
    pub(crate) fn with_token(self, token: &str) -> Self {
        Self { token: Some(Secret::new(token)), ..self }
    }

    /// The sandbox that answers at the API address of a session, on the server of its token. `None` if it is
    /// something else. Only loopback is asked.
    pub(crate) fn of(
        http: Arc<HttpClient>,
        api_url: &ApiUrl,
        token: &Secret,
        timeout: Duration,
    ) -> Option<Self> {
        let url = Url::parse(&api_url.to_string()).ok()?;
        let is_loopback = match url.host()? {
            url::Host::Ipv4(address) => address.is_loopback(),
            url::Host::Ipv6(address) => address.is_loopback(),
            url::Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        };
        let token = Some(token.clone());
        let emulator = Self { http, url, token, timeout, _sandbox: None };
        let health = is_loopback.then(|| emulator.get("/_sandbox/health"))?;
        (health.ok()?.get("Status")? == "ok").then_some(emulator)
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
        let header = |name: &str, value: &str, secret| Header {
            name: name.to_owned(),
            value: value.to_owned().into(),
            secret,
        };
        let mut headers = vec![
            header("Accept", "application/json", false),
            header("Content-Type", "application/json", false),
        ];
        if let Some(token) = &self.token {
            headers.push(header("X-Postmark-Server-Token", token.expose(), true));
        }
        let request = Request {
            method,
            is_redirected: false,
            addresses: None,
            url: self.url.join(path).map_err(|_| not_a_sandbox())?,
            headers,
            body,
            timeout: self.timeout,
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
