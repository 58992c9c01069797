//! The guards of a server: no write is sent before they allow it. The only place that makes a [`Writer`].
//!
//! Guards are about servers, not about profile names: `read_only`, `protected` and the pin of a profile
//! hold for every write to its API origin and server, whatever the token's source.

use super::session::Session;
use crate::config::ConfigError;
use crate::config::env::Environment;
use crate::config::profile::{Profile, ProfileName, TokenAt};
use crate::config::resolve::{self, Wanted};
use crate::error::{Diagnose, Diagnosis, Exit, Hint, Invocation};
use crate::postmark::{ApiError, ApiUrl, Server, ServerId, Writer};

/// Why a write is refused before it is sent.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// A profile of the server allows no writes.
    #[error("profile {0} is read-only")]
    ReadOnly(ProfileName),
    /// A profile of the server needs its name, which was not given.
    #[error("profile {0} is protected: a write needs its name")]
    Unconfirmed(ProfileName),
    /// The name given is not that of a profile that protects the server.
    #[error("the name given does not confirm a write to {place}")]
    WrongName {
        /// Server that would be written to.
        place: String,
    },
    /// The token opens another server than the one that the profile was made for.
    #[error(
        "the token of profile {profile} opens server {found}, but the profile is pinned to server {pinned}"
    )]
    OtherServer {
        /// Profile.
        profile: ProfileName,
        /// Server that its token opens now.
        found: String,
        /// Server that it is pinned to.
        pinned: ServerId,
    },
    /// The profiles, and so the guards, cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The server that the token opens is not known.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl Diagnose for GuardError {
    fn diagnosis(&self) -> Diagnosis {
        let usage = Diagnosis::new(Exit::Usage);
        match self {
            Self::Api(error) => error.diagnosis(),
            Self::Config(error) => error.diagnosis(),
            Self::Unconfirmed(name) => usage.hint(format!("give --confirm {name}")),
            Self::ReadOnly(name) => usage.hint(Hint::command(
                "the configuration says `read_only = true`",
                Invocation::new("profile show").arg(name),
            )),
            Self::WrongName { .. } => usage.hint(Hint::command("see where you are", "whoami")),
            Self::OtherServer { profile, .. } => usage
                .hint(Hint::command("somebody changed the token, or it is the wrong one", "whoami"))
                .hint(Hint::command(
                    "if that server is meant",
                    Invocation::new("profile add").arg(profile).arg("--replace"),
                )),
        }
    }
}

/// Confirmation that a write still needs from the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// None.
    Nothing,
    /// The name of this profile, or of another that protects the server.
    Name(ProfileName),
}

/// Checks what is known without the server: the rules of the session's own profile, and whether the
/// names given could confirm a write at all. Sends nothing.
pub fn precheck(
    session: &Session,
    confirmed: &[ProfileName],
    wanted: &Wanted,
    environment: &Environment,
) -> Result<Need, GuardError> {
    let own = session.target.profile();
    if let Some(profile) = own.filter(|profile| profile.read_only) {
        return Err(GuardError::ReadOnly(profile.name.clone()));
    }
    let name = session.target.name();
    let foreign: Vec<_> = confirmed.iter().filter(|given| name.as_ref() != Some(given)).collect();
    if !foreign.is_empty() {
        let others = others(session, wanted, environment)?;
        let protects =
            |given: &&ProfileName| others.iter().any(|p| p.protected && p.name == **given);
        if !foreign.iter().all(protects) {
            return Err(GuardError::WrongName { place: session.place() });
        }
    }
    match own {
        Some(profile) if profile.protected && confirmed.is_empty() => {
            Ok(Need::Name(profile.name.clone()))
        }
        _ => Ok(Need::Nothing),
    }
}

/// The guards of the session's server.
#[derive(Clone, Debug)]
pub struct Guards {
    place: String,
    /// Name of the session's own profile.
    own: Option<ProfileName>,
    read_only: Option<ProfileName>,
    /// Profiles that protect the server, the session's own first.
    protected: Vec<ProfileName>,
}

impl Guards {
    /// Collects the guards of the session's server.
    ///
    /// Sends `GET /server` only if the session's profile is pinned, or another profile of the same
    /// origin is guarded.
    ///
    /// # Errors
    /// The pin of the session's profile does not hold, or the server cannot be determined.
    pub fn of(
        session: &Session,
        wanted: &Wanted,
        environment: &Environment,
    ) -> Result<Self, GuardError> {
        let own = session.target.profile();
        let pinned = own.and_then(|profile| profile.server_id);
        let mut applying: Vec<Profile> = own.cloned().into_iter().collect();
        let others = others(session, wanted, environment)?;
        if pinned.is_some() || !others.is_empty() {
            let server = session.client.server()?;
            if let (Some(profile), Some(pinned)) = (own, pinned)
                && server.id != pinned
            {
                let found = format!("{} ({})", server.id, server.name);
                let profile = profile.name.clone();
                return Err(GuardError::OtherServer { profile, found, pinned });
            }
            for other in others {
                if is_of_server(&other, &server, session, environment)? {
                    applying.push(other);
                }
            }
        }
        let name = |profile: &Profile| profile.name.clone();
        Ok(Self {
            place: session.place(),
            own: session.target.name(),
            read_only: applying.iter().find(|p| p.read_only).map(name),
            protected: applying.iter().filter(|p| p.protected).map(name).collect(),
        })
    }

    /// True if a profile protects the server.
    pub fn is_protected(&self) -> bool {
        !self.protected.is_empty()
    }

    /// True if this name confirms a write.
    pub fn is_confirmed_by(&self, name: &ProfileName) -> bool {
        self.protected.contains(name)
    }

    /// Confirmation that a write needs, given the names of `--confirm`. The strictest profile decides.
    pub fn need(&self, confirmed: &[ProfileName]) -> Result<Need, GuardError> {
        if let Some(name) = &self.read_only {
            return Err(GuardError::ReadOnly(name.clone()));
        }
        let is_known =
            |name: &ProfileName| self.own.as_ref() == Some(name) || self.is_confirmed_by(name);
        if !confirmed.iter().all(is_known) {
            return Err(GuardError::WrongName { place: self.place.clone() });
        }
        match self.protected.first() {
            Some(name) if !confirmed.iter().any(|given| self.is_confirmed_by(given)) => {
                Ok(Need::Name(name.clone()))
            }
            _ => Ok(Need::Nothing),
        }
    }

    /// Access for a write, confirmed by these names.
    pub fn writer(
        &self,
        session: &Session,
        confirmed: &[ProfileName],
    ) -> Result<Writer, GuardError> {
        match self.need(confirmed)? {
            Need::Nothing => Ok(Writer::new(&session.client)),
            Need::Name(name) => Err(GuardError::Unconfirmed(name)),
        }
    }
}

/// Guarded profiles of the session's origin, except the session's own.
fn others(
    session: &Session,
    wanted: &Wanted,
    environment: &Environment,
) -> Result<Vec<Profile>, ConfigError> {
    let own = session.target.name();
    if own.as_ref().is_some_and(ProfileName::is_sandbox) {
        return Ok(Vec::new());
    }
    let file = resolve::config_or_new(wanted, environment)?;
    let mut guarded = Vec::new();
    for name in file.names().iter().filter_map(|name| name.parse::<ProfileName>().ok()) {
        if own.as_ref() == Some(&name) || name.is_sandbox() || !file.may_be_guarded(&name) {
            continue;
        }
        let profile = file.profile(&name)?;
        let is_same_origin = match &profile.api_url {
            Some(url) => url.is_same_origin(&session.target.api_url),
            None => is_postmark(&session.target.api_url),
        };
        if is_same_origin && (profile.read_only || profile.protected) {
            guarded.push(profile);
        }
    }
    Ok(guarded)
}

fn is_postmark(url: &ApiUrl) -> bool {
    ApiUrl::POSTMARK.parse().is_ok_and(|postmark: ApiUrl| postmark.is_same_origin(url))
}

/// True if a guarded profile is about this server: by its pin, else by its token. A token that a program
/// prints is not asked for: it may need a person. `profile add` pins every profile.
fn is_of_server(
    profile: &Profile,
    server: &Server,
    session: &Session,
    environment: &Environment,
) -> Result<bool, ApiError> {
    if let Some(pinned) = profile.server_id {
        return Ok(pinned == server.id);
    }
    if matches!(profile.token, TokenAt::Program(_)) {
        return Ok(false);
    }
    let Ok((token, _)) = resolve::token(profile, environment, session.limits.timeout) else {
        return Ok(false);
    };
    if session.client.is_opened_by(&token) {
        return Ok(true);
    }
    match session.client.with_token(token).server() {
        Ok(other) => Ok(other.id == server.id),
        // A token that is refused opens no server.
        Err(ApiError::Refused(_)) => Ok(false),
        Err(error) => Err(error),
    }
}
