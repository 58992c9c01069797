//! Where a webhook posts to, and with which credentials.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use url::Url;
use zeroize::Zeroizing;

use super::Post;
use crate::event::sample;
use crate::http::client::{self, Header};
use crate::postmark::{HookUrl, HttpAuth, HttpHeader, Secret, mask};

/// Headers that belong to the connection: setting them would break the request, not the endpoint.
const OF_THE_TRANSPORT: [&str; 6] =
    ["host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"];

/// Why nothing can be sent to an endpoint.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The URL leads nowhere on the web.
    #[error("the webhook's URL cannot be posted to: {0}")]
    Url(String),
    /// The transport sets this header itself.
    #[error("the header {0} belongs to the connection and cannot be set by a webhook")]
    OfTheTransport(String),
    /// No request can carry this header.
    #[error(
        "the header {0:?} cannot be sent: its name or its value holds a character that no header can"
    )]
    Unsendable(String),
}

/// Whether a request carries what the endpoint expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// The webhook's own.
    Right,
    /// None at all.
    Missing,
    /// Others of the same kind.
    Wrong,
}

/// An endpoint as a webhook describes it.
#[derive(Clone)]
pub struct Endpoint {
    pub(super) url: Url,
    pub(super) auth: Option<HttpAuth>,
    pub(super) headers: Vec<HttpHeader>,
    /// The credentials stood in the URL.
    auth_in_url: bool,
    /// What a user should know.
    pub warnings: Vec<String>,
}

impl Endpoint {
    /// Reads a webhook's own words. Nothing is sent.
    pub fn new(
        url: &HookUrl,
        auth: Option<&HttpAuth>,
        headers: &[HttpHeader],
    ) -> Result<Self, EndpointError> {
        let checked: HookUrl = url.expose().parse().map_err(EndpointError::Url)?;
        let mut parsed =
            Url::parse(checked.expose()).map_err(|e| EndpointError::Url(e.to_string()))?;
        headers.iter().try_for_each(check)?;
        let mut endpoint = Self {
            url: parsed.clone(),
            auth: auth.cloned(),
            headers: headers.to_vec(),
            auth_in_url: false,
            warnings: Vec::new(),
        };
        let in_url = credentials_of(&parsed);
        let _ = parsed.set_username("").and_then(|()| parsed.set_password(None));
        endpoint.url = parsed;
        endpoint.choose(in_url);
        if client::names_internal(&endpoint.url) {
            endpoint.warnings.push(internal());
        }
        Ok(endpoint)
    }

    /// One Authorization at most: of HttpAuth, else of the headers, else of the URL. Which one Postmark
    /// takes where there are several is not documented.
    fn choose(&mut self, in_url: Option<HttpAuth>) {
        let is_authorization = |h: &HttpHeader| h.name.eq_ignore_ascii_case("authorization");
        let in_headers = self.headers.iter().any(is_authorization);
        let warning = match (&self.auth, in_headers, &in_url) {
            (Some(_), true, _) => Some("HttpAuth and a header Authorization; HttpAuth is sent"),
            (Some(_), false, Some(_)) => {
                Some("HttpAuth and credentials in its URL; HttpAuth is sent")
            }
            (None, true, Some(_)) => {
                Some("a header Authorization and credentials in its URL; the header is sent")
            }
            _ => None,
        };
        self.warnings.extend(warning.map(|which| format!("the webhook has both {which}")));
        if self.auth.is_some() {
            self.headers.retain(|h| !is_authorization(h));
        } else if !in_headers {
            self.auth_in_url = in_url.is_some();
            self.auth = in_url;
        }
    }

    /// The same endpoint for somebody else: a stranger, or a guesser.
    #[must_use]
    pub fn with(&self, credentials: Credentials) -> Self {
        let mut endpoint = self.clone();
        let made_up = || Secret::new(format!("wrong-{}", sample::uuid()));
        match credentials {
            Credentials::Right => return endpoint,
            Credentials::Missing => {
                endpoint.auth = None;
                endpoint.headers.clear();
            }
            Credentials::Wrong => {
                endpoint.auth.iter_mut().for_each(|auth| auth.password = made_up());
                endpoint.headers.iter_mut().for_each(|header| header.value = made_up());
            }
        }
        if !mask::query_secrets(&self.url).is_empty() {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            for (key, value) in self.url.query_pairs() {
                match (mask::looks_secret(&key), credentials) {
                    (false, _) => query.append_pair(&key, &value),
                    (true, Credentials::Wrong) => query.append_pair(&key, made_up().expose()),
                    (true, _) => &mut query,
                };
            }
            let query = query.finish();
            endpoint.url.set_query(Some(query.as_str()).filter(|q| !q.is_empty()));
        }
        endpoint
    }

    /// What the endpoint could know Postmark by, in words; none where anybody can post to it.
    pub fn carriers(&self) -> Vec<String> {
        let auth = self.auth.iter().map(|_| {
            if self.auth_in_url { "the credentials in its URL" } else { "its HttpAuth" }.to_owned()
        });
        let headers = self.headers.iter().map(|h| format!("its header {}", h.name));
        let keys = self.url.query_pairs();
        let keys = keys.filter(|(key, value)| mask::looks_secret(key) && !value.is_empty());
        auth.chain(headers).chain(keys.map(|(key, _)| format!("the {key} in its URL"))).collect()
    }

    /// The headers of a post: Postmark's, and the webhook's own where it is `at_home`, those last and in
    /// place of Postmark's where they have the same name.
    pub(super) fn headers(&self, post: &Post, at_home: bool) -> Vec<Header> {
        let plain = |name: &str, value: &str| header(name, value, false);
        let mut headers = vec![
            plain("User-Agent", "Postmark"),
            plain("Content-Type", "application/json"),
            plain("X-PM-Webhook-Trace-Id", &post.trace),
            plain("X-PM-Retries-Remaining", &post.retries().to_string()),
        ];
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        headers.retain(|ours| !post.recorded.iter().any(|(name, _)| same(name, &ours.name)));
        headers.extend(post.recorded.iter().map(|(name, value)| plain(name, value)));
        if !at_home {
            return headers;
        }
        if let Some(auth) = &self.auth {
            headers.push(basic(auth));
        }
        headers.retain(|ours| !self.headers.iter().any(|h| same(&h.name, &ours.name)));
        headers.extend(self.headers.iter().map(|h| header(&h.name, h.value.expose(), true)));
        headers
    }

    /// A text of the endpoint's, without the secrets that it was told.
    pub fn scrub(&self, text: &str) -> String {
        mask::scrub(text, self.secrets().iter().map(String::as_str))
    }

    /// The secrets that it is told.
    pub fn secrets(&self) -> Vec<String> {
        let mut secrets = mask::query_secrets(&self.url);
        secrets.extend(self.headers.iter().map(|h| h.value.expose().to_owned()));
        if let Some(auth) = &self.auth {
            let password = auth.password.expose();
            let pair = BASE64_STANDARD.encode(format!("{}:{password}", auth.username));
            secrets.push(format!("Basic {pair}"));
        }
        secrets
    }
}

/// The header of credentials.
pub fn basic(auth: &HttpAuth) -> Header {
    let clear = Zeroizing::new(format!("{}:{}", auth.username, auth.password.expose()));
    let value = Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(clear.as_bytes())));
    header("Authorization", &value, true)
}

/// What is said of an address that is not on the internet.
pub fn internal() -> String {
    "the address is inside this machine or network: Postmark itself could not reach it".to_owned()
}

fn header(name: &str, value: &str, secret: bool) -> Header {
    Header { name: name.to_owned(), value: Zeroizing::new(value.to_owned()), secret }
}

/// True where a request can carry a header.
pub fn is_sendable(name: &str, value: &str) -> bool {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let is_value = |c: char| c == '\t' || c == ' ' || c.is_ascii_graphic();
    !name.is_empty() && name.chars().all(is_token) && value.chars().all(is_value)
}

fn check(header: &HttpHeader) -> Result<(), EndpointError> {
    if OF_THE_TRANSPORT.contains(&header.name.to_ascii_lowercase().as_str()) {
        return Err(EndpointError::OfTheTransport(header.name.clone()));
    }
    if !is_sendable(&header.name, header.value.expose()) {
        return Err(EndpointError::Unsendable(header.name.clone()));
    }
    Ok(())
}

/// `user:password@` of a URL, decoded.
pub fn credentials_of(url: &Url) -> Option<HttpAuth> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let password = url.password().unwrap_or_default();
    let is_set = !url.username().is_empty() || !password.is_empty();
    is_set.then(|| HttpAuth {
        username: decoded(url.username()),
        password: Secret::new(decoded(password)),
    })
}
