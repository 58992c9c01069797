//! An endpoint with its credentials, as a webhook describes it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use url::Url;
use zeroize::Zeroizing;

use super::OutgoingEvent;
use crate::error::{Diagnose, Diagnosis, Exit};
use crate::event;
use crate::http::client::{self, Header};
use crate::postmark::{HookUrl, HttpAuth, HttpHeader, Secret, Secrets, mask};

/// Headers of the connection. A webhook that sets them would break the request.
pub(crate) const CONNECTION_HEADERS: [&str; 6] =
    ["host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"];

/// Warning about an endpoint in a private network.
pub(crate) const NOT_PUBLIC: &str =
    "the address is inside this machine or network: Postmark itself could not reach it";

/// Reason why nothing can be sent to an endpoint.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EndpointError {
    /// The URL cannot be posted to.
    #[error("the webhook's URL cannot be posted to: {0}")]
    Url(String),
    /// The HTTP client sets this header itself.
    #[error("the header {0} belongs to the connection and cannot be set by a webhook")]
    ConnectionHeader(String),
    /// HTTP does not allow this header name or value.
    #[error(
        "the header {0:?} cannot be sent: its name or its value holds a character that no header can"
    )]
    InvalidHeader(String),
}

impl Diagnose for EndpointError {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Url(_) | Self::ConnectionHeader(_) | Self::InvalidHeader(_) => {
                Diagnosis::new(Exit::Usage)
            }
        }
    }
}

/// The credentials that a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// The webhook's own.
    Correct,
    Missing,
    /// Random values in place of the webhook's own.
    Wrong,
}

/// An endpoint as a webhook describes it.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) url: Url,
    pub(crate) auth: Option<HttpAuth>,
    pub(crate) headers: Vec<HttpHeader>,
    /// `auth` comes from the URL.
    auth_in_url: bool,
    /// Doubts about the webhook itself, for the user.
    pub(crate) warnings: Vec<String>,
}

impl Endpoint {
    /// Reads the fields of a webhook. Sends nothing.
    pub(crate) fn new(
        url: &HookUrl,
        auth: Option<&HttpAuth>,
        headers: &[HttpHeader],
    ) -> Result<Self, EndpointError> {
        let checked: HookUrl = url.expose().parse().map_err(EndpointError::Url)?;
        let mut parsed =
            Url::parse(checked.expose()).map_err(|e| EndpointError::Url(e.to_string()))?;
        headers.iter().try_for_each(check_header)?;
        let mut endpoint = Self {
            url: parsed.clone(),
            auth: auth.cloned(),
            headers: headers.to_vec(),
            auth_in_url: false,
            warnings: Vec::new(),
        };
        let in_url = url_credentials(&parsed);
        let _ = parsed.set_username("").and_then(|()| parsed.set_password(None));
        endpoint.url = parsed;
        endpoint.choose_authorization(in_url);
        if client::names_internal(&endpoint.url) {
            endpoint.warnings.push(NOT_PUBLIC.to_owned());
        }
        Ok(endpoint)
    }

    /// Keeps one source of the Authorization header: HttpAuth, else a custom header, else the URL. Postmark
    /// does not document which one it sends.
    fn choose_authorization(&mut self, in_url: Option<HttpAuth>) {
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

    /// The same endpoint with other credentials.
    #[must_use]
    pub(crate) fn with_credentials(&self, credentials: Credentials) -> Self {
        let mut endpoint = self.clone();
        let random = || Secret::new(format!("wrong-{}", event::uuid()));
        match credentials {
            Credentials::Correct => return endpoint,
            Credentials::Missing => {
                endpoint.auth = None;
                endpoint.headers.clear();
            }
            Credentials::Wrong => {
                endpoint.auth.iter_mut().for_each(|auth| auth.password = random());
                endpoint.headers.iter_mut().for_each(|header| header.value = random());
            }
        }
        if !mask::query_secrets(&self.url).is_empty() {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            for (key, value) in self.url.query_pairs() {
                match (mask::looks_secret(&key), credentials) {
                    (false, _) => query.append_pair(&key, &value),
                    (true, Credentials::Wrong) => query.append_pair(&key, random().expose()),
                    (true, _) => &mut query,
                };
            }
            let query = query.finish();
            endpoint.url.set_query(Some(query.as_str()).filter(|q| !q.is_empty()));
        }
        endpoint
    }

    /// Names of everything that can authenticate Postmark. Empty if anyone can post.
    pub(crate) fn credential_names(&self) -> Vec<String> {
        let auth = self.auth.iter().map(|_| {
            if self.auth_in_url { "the credentials in its URL" } else { "its HttpAuth" }.to_owned()
        });
        let headers = self.headers.iter().map(|h| format!("its header {}", h.name));
        let keys = self.url.query_pairs();
        let keys = keys.filter(|(key, value)| mask::looks_secret(key) && !value.is_empty());
        auth.chain(headers).chain(keys.map(|(key, _)| format!("the {key} in its URL"))).collect()
    }

    /// The headers of a request: Postmark's, then the webhook's, which override those of the same name.
    /// Another origin gets Postmark's alone.
    pub(super) fn headers(&self, event: &OutgoingEvent, is_own_origin: bool) -> Vec<Header> {
        let plain = |name: &str, value: &str| header(name, value, false);
        let mut headers = vec![
            plain("User-Agent", "Postmark"),
            plain("Content-Type", "application/json"),
            plain("X-PM-Webhook-Trace-Id", &event.trace_id),
            plain("X-PM-Retries-Remaining", &event.retries_remaining().to_string()),
        ];
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        headers
            .retain(|ours| !event.recorded_headers.iter().any(|(name, _)| same(name, &ours.name)));
        headers.extend(event.recorded_headers.iter().map(|(name, value)| plain(name, value)));
        if !is_own_origin {
            return headers;
        }
        if let Some(auth) = &self.auth {
            headers.push(basic_auth_header(auth));
        }
        headers.retain(|ours| !self.headers.iter().any(|h| same(&h.name, &ours.name)));
        headers.extend(self.headers.iter().map(|h| header(&h.name, h.value.expose(), true)));
        headers
    }

    /// Masks the secrets of this endpoint in text that it returned.
    pub(crate) fn mask_secrets(&self, text: &str) -> String {
        let own = Secrets::default();
        self.secrets().iter().for_each(|secret| own.add_header(secret));
        mask::outside(&own.mask(text)).into_owned()
    }

    /// Every secret that a request to this endpoint carries.
    pub(crate) fn secrets(&self) -> Vec<String> {
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

/// The Authorization header of HTTP basic authentication.
pub(crate) fn basic_auth_header(auth: &HttpAuth) -> Header {
    let clear = Zeroizing::new(format!("{}:{}", auth.username, auth.password.expose()));
    let value = Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(clear.as_bytes())));
    header("Authorization", &value, true)
}

fn header(name: &str, value: &str, secret: bool) -> Header {
    Header { name: name.to_owned(), value: Zeroizing::new(value.to_owned()), secret }
}

/// True if HTTP allows this header.
pub(crate) fn is_sendable(name: &str, value: &str) -> bool {
    client::is_header_name(name) && client::is_header_value(value)
}

fn check_header(header: &HttpHeader) -> Result<(), EndpointError> {
    if CONNECTION_HEADERS.contains(&header.name.to_ascii_lowercase().as_str()) {
        return Err(EndpointError::ConnectionHeader(header.name.clone()));
    }
    if !is_sendable(&header.name, header.value.expose()) {
        return Err(EndpointError::InvalidHeader(header.name.clone()));
    }
    Ok(())
}

/// The decoded `user:password@` of a URL.
fn url_credentials(url: &Url) -> Option<HttpAuth> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let password = url.password().unwrap_or_default();
    let is_set = !url.username().is_empty() || !password.is_empty();
    is_set.then(|| HttpAuth {
        username: decoded(url.username()),
        password: Secret::new(decoded(password)),
    })
}
