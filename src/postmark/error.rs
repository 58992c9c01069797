//! Why a call to Postmark did not end as it should.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use url::Url;

use crate::http::client::{Answer, HttpError, authority};
use crate::postmark::{Verification, mask};

/// A call that failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No complete answer came.
    #[error(transparent)]
    HttpClient(#[from] HttpError),
    /// Postmark refused, with its reason.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// Postmark is busy or broken: 429 or 5xx, still so after the retries.
    #[error("{host} answered {status}{}", .message.as_deref().map(|m| format!(": {m}")).unwrap_or_default())]
    Unavailable {
        /// Who answered.
        host: String,
        /// The HTTP status.
        status: u16,
        /// Postmark's error code, if it gave one.
        code: Option<i64>,
        /// Postmark's words, if it gave any.
        message: Option<String>,
        /// How long Postmark asked to wait.
        retry_after: Option<Duration>,
    },
    /// The answer was a redirect. A token is never sent after one.
    #[error("{host} answered {status} and redirects to {target}")]
    Redirected {
        /// Who answered.
        host: String,
        /// The HTTP status.
        status: u16,
        /// Scheme, host and port that it points at.
        target: String,
    },
    /// The API is older than what was asked of it.
    #[error("this API has no {what} of webhooks: it is older than August 2026")]
    NotOffered {
        /// What it lacks.
        what: &'static str,
    },
    /// The answer is not one of Postmark's.
    #[error("the answer of {host} ({status}) is not Postmark's: {what}")]
    NotPostmark {
        /// Who answered.
        host: String,
        /// The HTTP status.
        status: u16,
        /// What it is instead: kind, size and the first words.
        what: String,
    },
    /// The answer is JSON, but not of the documented shape.
    #[error("the answer of {host} ({status}) is not as documented: at {path}: {why}")]
    Shape {
        /// Who answered.
        host: String,
        /// The HTTP status.
        status: u16,
        /// Where in the document, as in `Webhooks[3].Triggers.Open`.
        path: String,
        /// What is wrong there.
        why: String,
    },
}

impl ApiError {
    /// True where Postmark says that there is no such webhook.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.is_not_found())
    }

    /// True where a create may have been carried out all the same.
    pub fn is_in_doubt(&self) -> bool {
        match self {
            Self::HttpClient(error) => error.maybe_sent(),
            Self::Unavailable { status, .. } => *status >= 500,
            Self::NotPostmark { .. } | Self::Shape { .. } => true,
            Self::Refused(_) | Self::Redirected { .. } | Self::NotOffered { .. } => false,
        }
    }
}

/// What Postmark refused, and why.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Postmark's error code, from the header `X-PM-ApiErrorCode` or the body.
    pub code: Option<i64>,
    /// Postmark's own words.
    pub message: String,
    /// For 1364: what each probe found.
    pub verification: Option<Verification>,
    /// How often the request was sent.
    pub attempts: u32,
    /// The request was about one webhook, by its ID.
    pub of_webhook: bool,
}

impl Refusal {
    /// True where there is no such webhook: 1352 by the published table, 1302 by the codes of before,
    /// and some clients met a 404.
    pub fn is_not_found(&self) -> bool {
        matches!(self.code, Some(1352 | 1302)) || (self.status == 404 && self.of_webhook)
    }

    /// True where the token is not accepted: 401, code 10.
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

/// The documented body of an error. Other clients have met the code as a text.
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

/// No message of Postmark's own is longer than this, in characters.
const LONGEST_MESSAGE: usize = 500;

/// Makes the error of an answer that is not a success.
pub(super) fn refused(answer: &Answer, asked: &Url) -> ApiError {
    let host = authority(asked);
    let status = answer.status;
    if (300..400).contains(&status) {
        let target = answer.header("location").map_or("nowhere".to_owned(), |l| origin(l, asked));
        return ApiError::Redirected { host, status, target };
    }
    let envelope = serde_json::from_slice::<Envelope>(&answer.body).ok();
    let header_code = answer.header("x-pm-apierrorcode").and_then(|c| c.trim().parse().ok());
    let code = header_code.or(envelope.as_ref().and_then(|e| e.error_code));
    let message = envelope.as_ref().and_then(|e| e.message.as_deref()).map(|m| {
        let message = mask::text(m);
        message.chars().take(LONGEST_MESSAGE).collect::<String>()
    });
    if status == 429 || status >= 500 {
        let retry_after = answer.retry_after();
        return ApiError::Unavailable { host, status, code, message, retry_after };
    }
    let has_results = envelope.as_ref().is_some_and(|e| e.results.is_some());
    if status != 401 && code.is_none() && message.is_none() && !has_results {
        return not_postmark(answer, &host, "JSON, but not an error of Postmark's");
    }
    let code = code.or((has_results && status == 422).then_some(1364));
    ApiError::Refused(Box::new(Refusal {
        status,
        code,
        message: message.unwrap_or_else(|| "without a reason".to_owned()),
        verification: serde_json::from_slice(&answer.body).ok().filter(|_| code == Some(1364)),
        attempts: answer.attempts,
        of_webhook: asked.path().contains("/webhooks/"),
    }))
}

/// Makes the error of an answer that Postmark would not give. `json` says what is wrong with it if it is
/// JSON: that may hold secrets, so it is not quoted.
pub(super) fn not_postmark(answer: &Answer, host: &str, json: &str) -> ApiError {
    let kind = answer.header("content-type").unwrap_or("no content type");
    let text = String::from_utf8_lossy(&answer.body);
    let words: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let start: String = words.trim_start_matches('\u{feff}').chars().take(120).collect();
    let bytes = answer.body.len();
    let what = if start.is_empty() {
        "it is empty".to_owned()
    } else if start.starts_with(['{', '[']) {
        format!("{kind}, {bytes} bytes, {json}")
    } else {
        format!("{kind}, {bytes} bytes, beginning with {:?}", mask::text(&start))
    };
    ApiError::NotPostmark { host: host.to_owned(), status: answer.status, what }
}

/// Scheme, host and port of what a redirect points at, which may be relative.
fn origin(location: &str, asked: &Url) -> String {
    match asked.join(location) {
        Ok(target) if target.origin() == asked.origin() => {
            "another path of the same host".to_owned()
        }
        Ok(target) if target.has_host() => {
            format!("{}://{}", target.scheme(), authority(&target))
        }
        _ => "something that is no web address".to_owned(),
    }
}
