//! Settings: the environment, the configuration file, profiles, and sources of secrets.

pub mod change;
pub mod env;
pub mod file;
pub mod profile;
pub mod references;
pub mod resolve;
pub mod secret;
pub mod source;

use std::path::PathBuf;

use crate::fs::FsError;

/// Why a setting cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The configuration file is broken.
    #[error("{path}:{line}:{column}: {problem}", path = path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What is wrong; never the value, which may be a token.
        problem: String,
    },
    /// The configuration file is there, but cannot be read.
    #[error("{0}")]
    Unopened(FsError),
    /// An environment variable is set to something that cannot be used.
    #[error("the environment variable {name} {problem}")]
    Variable {
        /// The variable.
        name: String,
        /// What is wrong with it, as the end of a sentence.
        problem: String,
    },
    /// No profile has this name.
    #[error("there is no profile {name:?}{}", listed(.known))]
    UnknownProfile {
        /// What was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// Neither a profile nor a token.
    #[error("no Postmark server token is set up{}", default_of(.profiles))]
    NoToken {
        /// The profiles that there are, none of them the default.
        profiles: Vec<String>,
    },
    /// One is wanted.
    #[error("this command works on one profile at a time; {by} means several")]
    Several {
        /// Who names several.
        by: &'static str,
    },
    /// All profiles are wanted.
    #[error("there are no profiles in the configuration, so nothing was done")]
    NoProfiles,
    /// The sandbox is never used without being named.
    #[error("the default profile is sandbox, which is used only where it is named")]
    SandboxByDefault,
    /// A token or password could not be read from where it is said to be.
    #[error("cannot read {what} from {origin}: {problem}")]
    Unreadable {
        /// What was wanted: `the token`, `the password`.
        what: String,
        /// From where, as in `file:/run/secret`.
        origin: String,
        /// Why not; never the value.
        problem: String,
    },
    /// A profile's token would leave its origin.
    #[error("the token of profile {profile} belongs to {origin} and is not sent to {other}")]
    ForeignOrigin {
        /// The profile.
        profile: String,
        /// Where its token belongs.
        origin: String,
        /// Where it was about to go.
        other: String,
        /// The variable that says so, if none of the flags does.
        variable: Option<&'static str>,
    },
    /// The request itself is not one that can be fulfilled, such as a name that is taken.
    #[error("{0}")]
    Refused(String),
    /// The disk said no.
    #[error(transparent)]
    Disk(#[from] FsError),
    /// There is no home directory to keep anything in.
    #[error("there is no home directory to keep {0} in")]
    NoHome(&'static str),
}

fn default_of(profiles: &[String]) -> &'static str {
    if profiles.is_empty() { "" } else { ": no profile is named, and none is the default" }
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "; there are none yet".to_owned(),
        names if names.len() <= 12 => format!("; there are {}", names.join(", ")),
        names => format!("; there are {}", names.len()),
    }
}
