//! The server that a command talks to.

use std::sync::Arc;

use crate::config::env::Environment;
use crate::config::profile::ProfileName;
use crate::config::references::Tokens;
use crate::config::resolve::{self, Account, Target, Wanted};
use crate::config::{ConfigError, env};
use crate::error::{Diagnose, Diagnosis};
use crate::http::client::HttpClient;
use crate::postmark::{ApiUrl, Limits, Reader, Secret};
use crate::sandbox::{self, Options, Sandbox, SandboxError, State};

/// Why no server can be opened.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// A setting is missing or invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The sandbox does not start.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
}

impl Diagnose for SessionError {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Config(error) => error.diagnosis(),
            Self::Sandbox(error) => error.diagnosis(),
        }
    }
}

/// Origin of the built-in sandbox: its port differs in each run.
pub const BUILT_IN_SANDBOX: &str = "sandbox";

/// A server, opened for reading. [`super::guard`] opens it for writing.
pub struct Session {
    /// Reads of the server.
    pub client: Reader,
    /// Profile or token, API address, and where each was set.
    pub target: Target,
    /// Limits of its calls.
    pub limits: Limits,
    token: Secret,
    /// The sandbox, if it is the target. It runs as long as the session.
    _sandbox: Option<Sandbox>,
}

impl Session {
    /// Resolves the target, fetches its token, and starts the sandbox if that is the target. Sends
    /// nothing yet.
    pub fn open(
        wanted: &Wanted,
        environment: &Environment,
        net: Arc<HttpClient>,
        limits: Limits,
    ) -> Result<Self, SessionError> {
        Self::at(resolve::target(wanted, environment)?, environment, net, limits)
    }

    /// [`Session::open`], for a target that is resolved.
    pub fn at(
        mut target: Target,
        environment: &Environment,
        net: Arc<HttpClient>,
        limits: Limits,
    ) -> Result<Self, SessionError> {
        let (token, sandbox) = match &target.account {
            Account::Sandbox => {
                let sandbox = start_sandbox()?;
                target.api_url = sandbox_url(&sandbox)?;
                (Secret::new(sandbox::BUILT_IN_TOKEN), Some(sandbox))
            }
            Account::Environment(token) => (token.clone(), None),
            Account::Profile(profile) => {
                let (token, warnings) = resolve::token(profile, environment, limits.timeout)?;
                target.warnings.extend(warnings);
                (token, None)
            }
        };
        let client = Reader::new(net, target.api_url.clone(), token.clone(), limits);
        Ok(Self { client, target, limits, token, _sandbox: sandbox })
    }

    /// The token of this session.
    pub(crate) fn token(&self) -> &Secret {
        &self.token
    }

    /// The token of this session, which no webhook may carry.
    pub fn tokens(&self) -> Tokens {
        Tokens::of(&self.token)
    }

    /// Scheme, host and port of the API.
    pub fn origin(&self) -> String {
        match self.target.account {
            Account::Sandbox => BUILT_IN_SANDBOX.to_owned(),
            Account::Profile(_) | Account::Environment(_) => self.target.api_url.origin(),
        }
    }

    /// Name of the server in a sentence: `profile staging`.
    pub fn place(&self) -> String {
        match self.target.name() {
            Some(name) => format!("profile {name}"),
            None => format!("the server of {}", env::SERVER_TOKEN.name),
        }
    }
}

/// Start of a command line for a profile: `pmhooks -p staging`.
pub fn command(profile: Option<&ProfileName>) -> String {
    profile.map_or("pmhooks".to_owned(), |name| format!("pmhooks -p {name}"))
}

fn start_sandbox() -> Result<Sandbox, SessionError> {
    Ok(sandbox::start(Options::new(State::File(sandbox_state()?)))?)
}

fn sandbox_url(sandbox: &Sandbox) -> Result<ApiUrl, ConfigError> {
    sandbox.url().parse().map_err(ConfigError::Refused)
}

/// File of the sandbox's state.
pub fn sandbox_state() -> Result<std::path::PathBuf, ConfigError> {
    Ok(resolve::state_folder()?.join("sandbox.json"))
}
