//! The way to the API: all calls go out through one function, all answers are judged by another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use super::ApiError;
use super::error::{not_postmark, refused};
use crate::http::client::{Answer, Header, HttpClient, Method, Repeat, Request, authority};
use crate::postmark::{ApiUrl, MASK, Object, Secret};

/// No answer of Postmark's is larger than this, in bytes.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;

/// What a call may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The time of a call with its retries and waits.
    pub timeout: Duration,
    /// How often a call is repeated at most.
    pub retries: u32,
}

/// What the transport heard of an answer.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Its `Date`.
    pub date: Option<String>,
    /// How often the request was sent for it.
    pub attempts: u32,
    /// All that it took, retries and waits included.
    pub took: Duration,
}

/// One token's way to the API. It goes by one header: with both tokens in a request Postmark refuses it.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) net: Arc<HttpClient>,
    pub(super) base: ApiUrl,
    /// The header that the token travels in.
    pub(super) header: &'static str,
    pub(super) token: Secret,
    pub(super) limits: Limits,
}

impl Line {
    /// Sends a call and reads its answer.
    pub(super) fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<Object>,
    ) -> Result<T, ApiError> {
        self.heard(method, path, query, body).0
    }

    /// [`Line::call`], with what the transport heard of the answer.
    pub(super) fn heard<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<Object>,
    ) -> (Result<T, ApiError>, Option<Heard>) {
        let header = |name: &str, value: &str, secret| Header {
            name: name.to_owned(),
            value: Zeroizing::new(value.to_owned()),
            secret,
        };
        let mut headers = vec![
            header("Accept", "application/json", false),
            header("User-Agent", concat!("pmhooks/", env!("CARGO_PKG_VERSION")), false),
            header(self.header, self.token.expose(), true),
        ];
        // Postmark's page asks for a content type on a delete too, which has no body.
        if body.is_some() || method == Method::Delete {
            headers.push(header("Content-Type", "application/json", false));
        }
        let request = Request {
            method,
            url: self.base.join(path, query),
            is_redirected: false,
            headers,
            body: body.map(|b| Value::Object(b).to_string().into_bytes()),
            timeout: self.limits.timeout,
            retries: self.limits.retries,
            repeat: if method == Method::Post { Repeat::OnlyIfUnsent } else { Repeat::Always },
            limit: LARGEST_ANSWER,
        };
        let started = Instant::now();
        let answer = match self.net.send(&request) {
            Ok(answer) => without_token(answer, &self.token),
            Err(error) => return (Err(error.into()), None),
        };
        let heard = Heard {
            date: answer.header("date").map(str::to_owned),
            attempts: answer.attempts,
            took: started.elapsed(),
        };
        (judge(&answer, &request.url), Some(heard))
    }
}

/// Some pages of proxies show the request that they refuse, and errors quote pages.
fn without_token(mut answer: Answer, token: &Secret) -> Answer {
    let is_data = (200..300).contains(&answer.status) && answer.body.starts_with(b"{");
    if !is_data {
        let page = String::from_utf8_lossy(&answer.body);
        if page.contains(token.expose()) {
            answer.body = page.replace(token.expose(), MASK).into_bytes();
        }
    }
    answer
}

fn judge<T: DeserializeOwned>(answer: &Answer, asked: &Url) -> Result<T, ApiError> {
    if !(200..300).contains(&answer.status) {
        return Err(refused(answer, asked));
    }
    let host = authority(asked);
    let mut deserializer = serde_json::Deserializer::from_slice(&answer.body);
    let value = serde_path_to_error::deserialize(&mut deserializer);
    let shape = |path: String, why: serde_json::Error| match why.classify() {
        serde_json::error::Category::Data => ApiError::Shape {
            host: host.clone(),
            status: answer.status,
            path: if path == "." { "the top".to_owned() } else { path },
            why: without_place(&why),
        },
        _ => not_postmark(answer, &host, &format!("broken JSON: {why}")),
    };
    let value = value.map_err(|e| shape(e.path().to_string(), e.into_inner()))?;
    deserializer.end().map_err(|e| shape(".".to_owned(), e))?;
    Ok(value)
}

/// What was expected and what kind of value came instead. Line and column of a one-line answer help
/// nobody, and the value itself might be a secret.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let Some((came, expected)) = text.rsplit_once(", expected ") else { return text.to_owned() };
    let came = came.split(['"', '`']).next().unwrap_or_default().trim_end();
    let expected = match expected {
        "i64" => "a whole number",
        name if name.starts_with("struct ") => "an object",
        other => other,
    };
    format!("{came}, expected {expected}")
}
