//! Whether a write may go to the server that it is about to go to.

use super::session::Session;
use crate::config::profile::{Profile, ProfileName};
use crate::postmark::{ApiError, ServerId};

/// Why a write is refused before it is sent.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The profile allows no writes.
    #[error("profile {0} is read-only")]
    ReadOnly(ProfileName),
    /// The name given is not the profile's.
    #[error("the name given does not confirm a write to {place}")]
    WrongName {
        /// What is about to be written to.
        place: String,
    },
    /// The token opens another server than the one that the profile was made for.
    #[error(
        "the token of profile {profile} opens server {found}, but the profile is pinned to server {pinned}"
    )]
    OtherServer {
        /// The profile.
        profile: ProfileName,
        /// The server that its token opens now.
        found: String,
        /// The server that it is for.
        pinned: ServerId,
    },
    /// It could not be found out which server the token opens.
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// What a write still needs from the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing.
    Nothing,
    /// The profile's name, typed.
    Name(ProfileName),
}

/// Looks at the profile's own rules. Sends nothing.
pub fn need(session: &Session, confirmed: &[ProfileName]) -> Result<Need, GuardError> {
    let name = session.target.name();
    if confirmed.iter().any(|confirmed| name.as_ref() != Some(confirmed)) {
        return Err(GuardError::WrongName { place: session.place() });
    }
    match session.target.profile() {
        Some(profile) if profile.read_only => Err(GuardError::ReadOnly(profile.name.clone())),
        Some(profile) if profile.protected && confirmed.is_empty() => {
            Ok(Need::Name(profile.name.clone()))
        }
        _ => Ok(Need::Nothing),
    }
}

/// Checks that the token still opens the server that the profile is pinned to: one `GET /server`.
pub fn check_pin(session: &Session) -> Result<(), GuardError> {
    let Some(Profile { name, server_id: Some(pinned), .. }) = session.target.profile() else {
        return Ok(());
    };
    let server = session.client.server()?;
    if server.id == *pinned {
        return Ok(());
    }
    let found = format!("{} ({})", server.id, server.name);
    Err(GuardError::OtherServer { profile: name.clone(), found, pinned: *pinned })
}
