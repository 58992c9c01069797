//! The environment: a snapshot, and every variable that is read, in one list.

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use super::ConfigError;

/// A variable that this tool reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it does, for the manual.
    pub help: &'static str,
}

const fn variable(name: &'static str, help: &'static str) -> Variable {
    Variable { name, help }
}

/// The configuration file.
pub const CONFIG: Variable =
    variable("PMHOOKS_CONFIG", "The configuration file, instead of the one in the home directory.");
/// The profile.
pub const PROFILE: Variable = variable(
    "PMHOOKS_PROFILE",
    "The profile to use where --profile names none; several with commas, as with --profile.",
);
/// The token without a profile.
pub const SERVER_TOKEN: Variable = variable(
    "POSTMARK_SERVER_TOKEN",
    "The server token to use where neither --profile nor PMHOOKS_PROFILE names a profile.",
);
/// The token of `profile import`.
pub const ACCOUNT_TOKEN: Variable =
    variable("POSTMARK_ACCOUNT_TOKEN", "The account token of profile import, without --token.");
/// The API's address.
pub const API_URL: Variable = variable(
    "POSTMARK_API_URL",
    "API address where --api-url is not given. \
     Ignored for a profile that has an api_url, and for sandbox; any other profile's token is sent to Postmark only.",
);
/// Off switch for prompts.
pub const CI: Variable =
    variable("CI", "Set to anything but an empty text, 0 or false: never ask.");
/// Off switch for colour.
pub const NO_COLOR: Variable =
    variable("NO_COLOR", "Set to anything but an empty text: no colour.");
/// On switch for colour.
pub const CLICOLOR_FORCE: Variable = variable(
    "CLICOLOR_FORCE",
    "Set to anything but an empty text or 0: colour even without a terminal.",
);
/// Another off switch for colour.
pub const CLICOLOR: Variable = variable("CLICOLOR", "Set to 0: no colour.");
/// The terminal's kind.
pub const TERM: Variable =
    variable("TERM", "Set to dumb: no colour, no line drawing, no progress.");
/// The editor of `edit --editor`.
pub const VISUAL: Variable = variable("VISUAL", "The editor of edit --editor.");
/// The editor, second choice.
pub const EDITOR: Variable =
    variable("EDITOR", "The editor of edit --editor where VISUAL is not set.");
/// Certificate authorities.
pub const SSL_CERT_FILE: Variable =
    variable("SSL_CERT_FILE", "The certificate authorities to trust, instead of the system's.");
/// More certificate authorities.
pub const SSL_CERT_DIR: Variable = variable(
    "SSL_CERT_DIR",
    "A folder of certificate authorities to trust, instead of the system's.",
);
/// The proxies, as one entry of the manual.
pub const PROXIES: Variable = variable(
    "HTTPS_PROXY, ALL_PROXY, NO_PROXY",
    "The proxy for requests to other machines, and the hosts that need none. Lower case works too. \
     Never used for this machine.",
);

/// All of them, in the manual's order.
pub const ALL: [Variable; 15] = [
    PROFILE,
    SERVER_TOKEN,
    ACCOUNT_TOKEN,
    API_URL,
    CONFIG,
    VISUAL,
    EDITOR,
    CI,
    NO_COLOR,
    CLICOLOR,
    CLICOLOR_FORCE,
    TERM,
    SSL_CERT_FILE,
    SSL_CERT_DIR,
    PROXIES,
];

/// The environment as it was when the process started. Few are asked of it, so a list is quickest.
#[derive(Clone, Default)]
pub struct Environment(Arc<[(OsString, OsString)]>);

impl Environment {
    /// Takes the snapshot.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self(variables.into_iter().collect())
    }

    /// A variable's bytes, whatever they are.
    pub fn raw(&self, name: &str) -> Option<&OsStr> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_os_str())
    }

    /// All variables that are text, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)))
    }

    /// A setting: empty or not text is an error rather than "unset", so that a CI variable which did
    /// not arrive is noticed.
    pub fn setting(&self, variable: Variable) -> Result<Option<&str>, ConfigError> {
        self.text(variable.name)
    }

    /// [`Environment::setting`], for a name that the user chose.
    pub fn text(&self, name: &str) -> Result<Option<&str>, ConfigError> {
        let bad = |problem: &str| ConfigError::Variable {
            name: name.to_owned(),
            problem: problem.to_owned(),
        };
        let Some(value) = self.raw(name) else { return Ok(None) };
        let text = value.to_str().ok_or_else(|| bad("is not text"))?;
        if text.is_empty() { Err(bad("is set, but empty")) } else { Ok(Some(text)) }
    }

    /// True where a switch is set to anything but an empty text, `0` or `false`.
    pub fn is_on(&self, variable: Variable) -> bool {
        self.raw(variable.name).is_some_and(|v| !v.is_empty() && v != "0" && v != "false")
    }
}
