//! Sources of secrets. A secret is never given on the command line.

use std::path::PathBuf;
use std::str::FromStr;

use super::env::Environment;
use crate::postmark::MASK;
use crate::postmark::mask::looks_random;

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

    /// The error never repeats the text: it is most likely a secret.
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

/// True if a shell accepts this as the name of a variable.
pub fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The name of a variable, for a message. `env:$PW` is a usual slip for `env:PW`: what is not set and
/// does not look like a name may be the secret itself, and is masked.
pub fn shown_variable<'a>(name: &'a str, environment: &Environment) -> &'a str {
    let is_usual = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let looks_like_name = is_variable(name) && name.chars().all(is_usual) && !looks_random(name);
    if looks_like_name || environment.raw(name).is_some() { name } else { MASK }
}
