//! The transport: one function sends every call, one judges every response.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use super::error::{not_postmark, refused};
use super::{ApiError, ApiUrl, Object, Secret, mask};
use crate::http::client::{
    Header, HttpClient, Method, Request, Response, RetryPolicy, authority, parse_http_date,
};

/// Largest response that is read, in bytes.
const LARGEST_RESPONSE: usize = 16 * 1024 * 1024;

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// Limits of one call.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time of a call, including its retries and waits.
    pub timeout: Duration,
    /// Maximum number of retries.
    pub retries: u32,
}

/// Transport details of a response.
#[derive(Clone, Debug)]
pub struct ResponseInfo {
    /// `Date` header.
    pub date: Option<Timestamp>,
    /// Number of times the request was sent.
    pub attempts: u32,
    /// Total time, retries and waits included.
    pub took: Duration,
}

/// API address and token. The token travels in one header: Postmark refuses a request with both kinds.
#[derive(Clone)]
pub(super) struct Transport {
    pub(super) http: Arc<HttpClient>,
    pub(super) base: ApiUrl,
    pub(super) token_header: &'static str,
    pub(super) token: Secret,
    pub(super) limits: Limits,
}

impl Transport {
    /// Sends a call and reads its response.
    pub(super) fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<Object>,
    ) -> Result<T, ApiError> {
        self.call_with_info(method, path, query, body).0
    }

    /// [`Transport::call`], with the transport details of any response, errors included.
    pub(super) fn call_with_info<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<Object>,
    ) -> (Result<T, ApiError>, Option<ResponseInfo>) {
        let header = |name: &str, value: &str, secret| Header {
            name: name.to_owned(),
            value: Zeroizing::new(value.to_owned()),
            secret,
        };
        let mut headers = vec![
            header("Accept", "application/json", false),
            header("User-Agent", USER_AGENT, false),
            header(self.token_header, self.token.expose(), true),
        ];
        // Postmark's page asks for a content type on DELETE too, which has no body.
        if body.is_some() || method == Method::Delete {
            headers.push(header("Content-Type", "application/json", false));
        }
        let request = Request {
            method,
            url: self.base.join(path, query),
            is_redirected: false,
            addresses: None,
            headers,
            body: body.map(|b| Value::Object(b).to_string().into_bytes()),
            timeout: self.limits.timeout,
            retries: self.limits.retries,
            retry: if method == Method::Post {
                RetryPolicy::IfUnsent
            } else {
                RetryPolicy::Idempotent
            },
            limit: LARGEST_RESPONSE,
        };
        let started = Instant::now();
        let response = match self.http.send(&request) {
            Ok(response) => response,
            Err(error) => return (Err(error.into()), None),
        };
        let info = ResponseInfo {
            date: response.header("date").and_then(parse_http_date),
            attempts: response.attempts,
            took: started.elapsed(),
        };
        (judge(&response, &request.url), Some(info))
    }
}

fn judge<T: DeserializeOwned>(response: &Response, url: &Url) -> Result<T, ApiError> {
    if !(200..300).contains(&response.status) {
        return Err(refused(response, url));
    }
    let host = authority(url);
    let mut deserializer = serde_json::Deserializer::from_slice(&response.body);
    let value = serde_path_to_error::deserialize(&mut deserializer);
    let shape = |path: String, why: serde_json::Error| match why.classify() {
        serde_json::error::Category::Data => ApiError::Shape {
            host: host.clone(),
            status: response.status,
            path: if path == "." { "the top".to_owned() } else { path },
            why: mask::outside(&without_position(&why)).into_owned(),
        },
        _ => not_postmark(response, &host, &format!("broken JSON: {why}")),
    };
    let value = value.map_err(|e| shape(e.path().to_string(), e.into_inner()))?;
    deserializer.end().map_err(|e| shape(".".to_owned(), e))?;
    Ok(value)
}

/// Expected kind and actual kind of a value. Position and value are left out: a response is one line,
/// and the value may be a secret.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let Some((actual, expected)) = text.rsplit_once(", expected ") else { return text.to_owned() };
    let actual = actual.split(['"', '`']).next().unwrap_or_default().trim_end();
    let expected = match expected {
        "i64" => "a whole number",
        name if name.starts_with("struct ") => "an object",
        other => other,
    };
    format!("{actual}, expected {expected}")
}
