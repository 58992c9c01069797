//! Flags that name where a secret is, never the secret itself.

use std::str::FromStr;

use crate::config::source::SecretSource;
use crate::postmark::HttpHeader;

/// `NAME=SOURCE`: a header whose value is a secret.
#[derive(Clone, Debug)]
pub struct SecretHeader {
    /// The header's name.
    pub name: String,
    /// Where its value is.
    pub source: SecretSource,
}

impl FromStr for SecretHeader {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((name, source)) = text.split_once('=') else {
            return Err("it is written NAME=SOURCE, as in X-Token=env:HOOK_TOKEN".to_owned());
        };
        HttpHeader::check(name, "checked when it is read")?;
        Ok(Self { name: name.to_owned(), source: source.parse()? })
    }
}
