//! Errors of a call to Postmark.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use url::Url;

use crate::http::client::{HttpError, Response, authority};
use crate::postmark::{Verification, mask};

/// Failed call.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No complete response.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Refused by Postmark, with its reason.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// 429 or 5xx, after the retries.
    #[error("{host} answered {status}{}", .message.as_deref().map(|m| format!(": {m}")).unwrap_or_default())]
    Unavailable {
        /// Host that answered.
        host: String,
        /// HTTP status.
        status: u16,
        /// Postmark's error code, if any.
        code: Option<i64>,
        /// Postmark's message, if any, masked.
        message: Option<String>,
        /// Delay of a `Retry-After` header.
        retry_after: Option<Duration>,
    },
    /// Redirect. Not followed: a token is sent to one origin only.
    #[error("{host} answered {status} and redirects to {target}")]
    Redirected {
        /// Host that answered.
        host: String,
        /// HTTP status.
        status: u16,
        /// Scheme, host and port of its target.
        target: String,
    },
    /// The API is older than the operation.
    #[error("this API has no {what} of webhooks: it is older than August 2026")]
    NotOffered {
        /// Operation that is missing.
        what: &'static str,
    },
    /// The response does not come from Postmark.
    #[error("the answer of {host} ({status}) is not Postmark's: {what}")]
    NotPostmark {
        /// Host that answered.
        host: String,
        /// HTTP status.
        status: u16,
        /// Content type, size and first words of the response.
        what: String,
    },
    /// JSON, but not as documented.
    #[error("the answer of {host} ({status}) is not as documented: at {path}: {why}")]
    Shape {
        /// Host that answered.
        host: String,
        /// HTTP status.
        status: u16,
        /// Position in the document, such as `Webhooks[3].Triggers.Open`.
        path: String,
        /// Expected and actual kind of the value.
        why: String,
    },
}

impl ApiError {
    /// True if the webhook does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.is_not_found())
    }

    /// True if a create may have succeeded all the same.
    pub fn is_in_doubt(&self) -> bool {
        match self {
            Self::Http(error) => error.maybe_sent(),
            Self::Unavailable { status, .. } => *status >= 500,
            Self::NotPostmark { .. } | Self::Shape { .. } => true,
            Self::Refused(_) | Self::Redirected { .. } | Self::NotOffered { .. } => false,
        }
    }
}

/// Refusal by Postmark.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// Error code, from the header `X-PM-ApiErrorCode` or the body.
    pub code: Option<i64>,
    /// Postmark's message, masked.
    pub message: String,
    /// Results of the probe, for code 1364.
    pub verification: Option<Verification>,
    /// Number of times the request was sent.
    pub attempts: u32,
    /// The request named one webhook by its ID.
    pub of_webhook: bool,
}

impl Refusal {
    /// True if the webhook does not exist: 1352 by the published table, 1302 by the older codes, and
    /// some clients met a 404.
    pub fn is_not_found(&self) -> bool {
        matches!(self.code, Some(1352 | 1302)) || (self.status == 404 && self.of_webhook)
    }

    /// True if the token was refused: 401 or code 10.
    pub fn is_about_the_token(&self) -> bool {
        self.status == 401 || self.code == Some(10)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => {
                write!(f, "Postmark refused ({}, code {code}): {}", self.status, self.message)
            }
            None => write!(f, "Postmark refused ({}): {}", self.status, self.message),
        }
    }
}

impl std::error::Error for Refusal {}

/// Documented body of an error. Other clients have met the code as a string.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    #[serde(default, deserialize_with = "number_or_text")]
    error_code: Option<i64>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    results: Option<Value>,
}

fn number_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    })
}

/// Longest message that is kept, in characters.
const LONGEST_MESSAGE: usize = 500;

/// Error of a response with a status other than 2xx.
pub(super) fn refused(response: &Response, url: &Url) -> ApiError {
    let host = authority(url);
    let status = response.status;
    if (300..400).contains(&status) {
        let target = response
            .header("location")
            .map_or("nowhere".to_owned(), |l| origin(&mask::outside(l), url));
        return ApiError::Redirected { host, status, target };
    }
    let envelope = serde_json::from_slice::<Envelope>(&response.body).ok();
    let header_code = response.header("x-pm-apierrorcode").and_then(|c| c.trim().parse().ok());
    let code = header_code.or(envelope.as_ref().and_then(|e| e.error_code));
    let message = envelope.as_ref().and_then(|e| e.message.as_deref()).map(|m| {
        let message = mask::outside(start(m));
        message.chars().take(LONGEST_MESSAGE).collect::<String>()
    });
    if status == 429 || status >= 500 {
        let retry_after = response.retry_after();
        return ApiError::Unavailable { host, status, code, message, retry_after };
    }
    let has_results = envelope.as_ref().is_some_and(|e| e.results.is_some());
    if status != 401 && code.is_none() && message.is_none() && !has_results {
        return not_postmark(response, &host, "JSON, but not an error of Postmark's");
    }
    let code = code.or((has_results && status == 422).then_some(1364));
    ApiError::Refused(Box::new(Refusal {
        status,
        code,
        message: message.unwrap_or_else(|| "without a reason".to_owned()),
        verification: serde_json::from_slice(&response.body)
            .ok()
            .filter(|_| code == Some(1364))
            .map(Verification::masked),
        attempts: response.attempts,
        of_webhook: url.path().contains("/webhooks/"),
    }))
}

/// Error of a response that does not come from Postmark. `json` describes a JSON body, which is not
/// quoted: it may hold secrets.
pub(super) fn not_postmark(response: &Response, host: &str, json: &str) -> ApiError {
    let kind = mask::outside(response.header("content-type").unwrap_or("no content type"));
    let page = String::from_utf8_lossy(&response.body);
    // Before anything is cut: half a secret is not recognized.
    let text = mask::outside(start(&page));
    let words: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let beginning: String = words.trim_start_matches('\u{feff}').chars().take(120).collect();
    let bytes = response.body.len();
    let what = if beginning.is_empty() {
        "it is empty".to_owned()
    } else if beginning.starts_with(['{', '[']) {
        format!("{kind}, {bytes} bytes, {json}")
    } else {
        format!("{kind}, {bytes} bytes, beginning with {beginning:?}")
    };
    ApiError::NotPostmark { host: host.to_owned(), status: response.status, what }
}

/// The start of a text, long enough for what is shown of it.
fn start(text: &str) -> &str {
    let end = text.char_indices().nth(16 * LONGEST_MESSAGE).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}

/// Scheme, host and port of the target of a redirect, which may be relative.
fn origin(location: &str, url: &Url) -> String {
    match url.join(location) {
        Ok(target) if target.origin() == url.origin() => "another path of the same host".to_owned(),
        Ok(target) if target.has_host() => {
            format!("{}://{}", target.scheme(), authority(&target))
        }
        _ => "something that is no web address".to_owned(),
    }
}
