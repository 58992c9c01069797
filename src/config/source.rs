//! Where a secret is read from: never the command line itself.

use std::path::PathBuf;
use std::str::FromStr;

/// `env:NAME`, `file:PATH` or `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// An environment variable.
    Environment(String),
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

impl FromStr for SecretSource {
    type Err = String;

    /// The error never repeats the text: it is a secret, most likely.
    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || {
            "a secret is never given on the command line, where `ps` and the shell's history show it; \
             give its source: env:NAME, file:PATH, or - for standard input"
                .to_owned()
        };
        if text == "-" {
            return Ok(Self::Stdin);
        }
        match text.split_once(':') {
            Some(("env", name)) if is_variable(name) => Ok(Self::Environment(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            _ => Err(refused()),
        }
    }
}

/// True for what a shell accepts as a variable's name.
pub fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
