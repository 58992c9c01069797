//! URL of a webhook, and address of the API.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

use super::Secrets;
use super::mask::{self, MASK};
use crate::http::client::is_loopback;

/// URL of a webhook, kept to the byte: Postmark posts to exactly this.
///
/// It may hold secrets, so it has no `Display`: show [`HookUrl::masked`].
#[derive(Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub struct HookUrl(String);

impl HookUrl {
    /// The URL in clear, for a request.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Registers the password and the secret query values of the URL.
    pub(super) fn register_secrets(&self) {
        if let Ok(url) = Url::parse(&self.0) {
            Secrets::of_run().add_url(&url);
        }
    }

    /// The URL with its password and secret query values masked.
    pub fn masked(&self) -> String {
        mask::url(&self.0).into_owned()
    }

    /// True if both spell the same URL.
    pub fn is_same_place(&self, other: &Self) -> bool {
        self.0 == other.0
            || matches!((Url::parse(&self.0), Url::parse(&other.0)), (Ok(a), Ok(b)) if a == b)
    }

    /// Normalized spelling, for matching webhooks.
    pub fn place(&self) -> Cow<'_, str> {
        if is_plain(&self.0) {
            return Cow::Borrowed(&self.0);
        }
        Url::parse(&self.0).map_or(Cow::Borrowed(&self.0), |url| Cow::Owned(url.into()))
    }

    /// True if the URL has a user name or a password.
    pub fn has_credentials(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|u| !u.username().is_empty() || u.password().is_some())
    }

    /// True if the host is this machine.
    pub fn is_loopback(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|u| is_loopback(&u))
    }

    /// True for `http`: events are readable on the way.
    pub fn is_plain_http(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|u| u.scheme() == "http")
    }
}

impl fmt::Debug for HookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HookUrl({})", self.masked())
    }
}

impl FromStr for HookUrl {
    type Err = String;

    /// The error never repeats the text: it may hold a password.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains(MASK) {
            return Err(format!(
                "{MASK} is what pmhooks shows in a secret's place; give the whole URL"
            ));
        }
        match parse_web(text)?.host_str() {
            Some(host) if !host.is_empty() => Ok(Self(text.to_owned())),
            _ => {
                Err("a webhook's URL names a host, as in https://hooks.example.com/postmark".into())
            }
        }
    }
}

/// Address of the API: `https`, or `http` on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiUrl(Url);

impl ApiUrl {
    /// Postmark's API.
    pub const POSTMARK: &'static str = "https://api.postmarkapp.com";

    /// URL of an operation.
    pub fn join(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// True if scheme, host and port are equal. A token belongs to one such origin.
    pub fn is_same_origin(&self, other: &Self) -> bool {
        self.0.origin() == other.0.origin()
    }

    /// True if the API is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }
}

impl fmt::Display for ApiUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl FromStr for ApiUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = parse_web(text)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("an API's URL carries no user name or password".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("an API's URL has neither a query (?) nor a fragment (#)".to_owned());
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err(
                "a token is sent over https only (http is for localhost, 127.0.0.1 and [::1])"
                    .to_owned(),
            );
        }
        Ok(Self(url))
    }
}

fn parse_web(text: &str) -> Result<Url, String> {
    let lower = text.to_ascii_lowercase();
    if !lower.starts_with("https://") && !lower.starts_with("http://") {
        return Err("it does not start with https:// (or http://)".to_owned());
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err("it contains a space, a control character or a backslash".to_owned());
    }
    Url::parse(text).map_err(|e| format!("it is not a URL: {e}"))
}

/// True if a URL is surely spelled as the parser would spell it, which spares parsing for the thousands
/// that a plan compares. Hosts that could be addresses, or are not ASCII, are left to the parser.
fn is_plain(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some((host, path)) = rest.and_then(|rest| rest.split_once('/')) else { return false };
    let is_name = |c: u8| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
    let is_domain =
        host.rsplit('.').next().is_some_and(|last| last.starts_with(char::is_alphabetic))
            && host.bytes().all(is_name)
            && !host.contains("xn--");
    let is_path = |c: u8| matches!(c, b'-' | b'_' | b'/') || c.is_ascii_alphanumeric();
    is_domain && path.bytes().all(is_path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_to_an_api_is_for_this_machine_only() {
        // torture 19
        for good in [
            "https://api.postmarkapp.com",
            "http://localhost:8026",
            "http://127.0.0.1:1",
            "http://[::1]:1",
        ] {
            assert!(good.parse::<ApiUrl>().is_ok(), "{good}");
        }
        for bad in [
            "http://api.postmarkapp.com",
            "http://localhost.evil.com",
            "http://127.0.0.1:80@evil.com",
            "http://evil.com\\@localhost",
            "http://0.0.0.0",
            "http://[::ffff:127.0.0.1]",
            "http://localhost.",
            "https:api.postmarkapp.com",
            "https://u:p@h",
            "https://u@h",
            "https://h?x",
            "https://h#f",
            "ftp://h",
            "file:///x",
            "https://h\r\nX: y",
            "https:// h",
            "https://",
            "",
            "http://lоcalhost",
        ] {
            assert!(bad.parse::<ApiUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_webhook_url_is_kept_to_the_byte_and_shown_masked() {
        let url: HookUrl = "HTTPS://User:pw@Host/A%2fb?token=x".parse().unwrap();
        assert_eq!(url.expose(), "HTTPS://User:pw@Host/A%2fb?token=x");
        assert_eq!(url.masked(), "HTTPS://User:********@Host/A%2fb?token=********");
        assert!(!format!("{url:?}").contains("pw"));
    }

    #[test]
    fn a_bad_webhook_url_is_refused_without_repeating_it() {
        for bad in [
            "ftp://u:CANARY@h/",
            "u:CANARY@h",
            "https://u:CANARY@",
            "https://h/ CANARY",
            "https://u:********@h/",
        ] {
            assert!(!bad.parse::<HookUrl>().unwrap_err().contains("CANARY"), "{bad}");
        }
    }

    #[test]
    fn a_place_is_spelled_as_the_parser_spells_it() {
        let pieces = [
            "a", "z9", "-", ".", "/", "..", "/./", "%41", "A", "_", "xn--", "1", "0x", "127",
            ":443", ":80", ":1", "@", "?", "#", "~", "é", "example", ".com", "com", "|", "$", "{",
        ];
        let mut random = fastrand::Rng::with_seed(7);
        let mut plain = 0;
        for _ in 0..20_000 {
            let mut text = ["https://", "http://"][random.usize(..2)].to_owned();
            (0..random.usize(1..7)).for_each(|_| text += pieces[random.usize(..pieces.len())]);
            let Ok(url) = text.parse::<HookUrl>() else { continue };
            let parsed = Url::parse(url.expose()).unwrap();
            assert_eq!(url.place(), parsed.as_str());
            plain += usize::from(is_plain(url.expose()));
        }
        assert!(plain > 20, "{plain}");
    }

    #[test]
    fn the_same_place_can_be_spelled_differently() {
        let a: HookUrl = "https://Hooks.example.com:443/x".parse().unwrap();
        assert!(a.is_same_place(&"https://hooks.example.com/x".parse().unwrap()));
        assert!(!a.is_same_place(&"https://hooks.example.com/X".parse().unwrap()));
    }
}
