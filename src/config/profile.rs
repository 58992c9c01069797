//! A profile: which server, with which token, and how carefully.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::Serialize;

use crate::postmark::{ApiUrl, Secret, ServerId, StreamId, mask};

/// Where a profile's token is.
#[derive(Clone, Debug)]
pub enum TokenAt {
    /// In the file itself (`server_token`).
    Here(Secret),
    /// In a variable (`server_token_env`).
    Environment(String),
    /// In another file (`server_token_file`).
    File(PathBuf),
    /// What a program prints (`server_token_command`).
    Program(Vec<String>),
}

impl TokenAt {
    /// Where the token comes from, in words that hold no secret.
    pub fn describe(&self) -> String {
        match self {
            Self::Here(_) => "configuration file".to_owned(),
            Self::Environment(name) => format!("env {}", mask::without_tokens(name)),
            Self::File(path) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let shown = mask::without_tokens(&name);
                match shown {
                    Cow::Borrowed(_) => format!("file {}", path.display()),
                    Cow::Owned(shown) => format!("file {}", path.with_file_name(shown).display()),
                }
            }
            Self::Program(argv) => format!("command {}", argv.first().map_or("", String::as_str)),
        }
    }
}

/// A profile of the configuration file.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its name.
    pub name: ProfileName,
    /// Its token.
    pub token: TokenAt,
    /// The server that the token opened when it was added. A write to any other is refused.
    pub server_id: Option<ServerId>,
    /// That server's name, for people.
    pub server_name: Option<String>,
    /// The stream of `create` where `--stream` names none.
    pub stream: Option<StreamId>,
    /// Writes need the profile's name, typed or with `--confirm`.
    pub protected: bool,
    /// Writes are refused.
    pub read_only: bool,
    /// The API that the token belongs to, if it is not Postmark's own.
    pub api_url: Option<ApiUrl>,
    /// Values for manifests.
    pub vars: Vec<(String, String)>,
}

/// The name of a profile in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ProfileName(String);

impl ProfileName {
    /// The built-in profile that runs on the emulator.
    pub const SANDBOX: &'static str = "sandbox";

    /// The built-in profile `sandbox`.
    pub fn sandbox() -> Self {
        Self(Self::SANDBOX.to_owned())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for the built-in profile, which no file can define.
    pub fn is_sandbox(&self) -> bool {
        self.0 == Self::SANDBOX
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ProfileName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if mask::looks_like_uuid(text) {
            return Err("a profile's name cannot be a UUID: that looks like a token".to_owned());
        }
        let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        let rest = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if starts_well && rest && text.len() <= 64 {
            Ok(Self(text.to_owned()))
        } else {
            Err("a profile's name starts with a letter or digit and has at most 64 letters, digits, \
                 -, _ and ."
                .to_owned())
        }
    }
}
