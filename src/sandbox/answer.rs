//! What is said to a client: the API's answers and its refusals.

use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use super::uuid;

/// A body for a 200, or a refusal.
pub(super) type Outcome = Result<Value, Refusal>;

/// A request that is not done, with the code that the API has for it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    status: StatusCode,
    code: u16,
    message: String,
    /// What is answered instead of the usual `ErrorCode` and `Message`.
    body: Option<Value>,
    /// The methods that a path has.
    allow: Option<&'static str>,
}

impl Refusal {
    /// A 422, which is how the API answers whatever is wrong with a request's content.
    pub(super) fn new(code: u16, message: impl Into<String>) -> Self {
        Self::with_status(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    /// A 401 with code 10: no token, a wrong one, or one of the wrong kind.
    pub(super) fn token(message: impl Into<String>) -> Self {
        Self::with_status(StatusCode::UNAUTHORIZED, 10, message)
    }

    /// A refusal that the API's table of codes does not know. Its `ErrorCode` is 0, because the HTTP
    /// numbers mean other things there (405 is "out of credits").
    pub(super) fn http(status: StatusCode, message: impl Into<String>) -> Self {
        Self::with_status(status, 0, message)
    }

    /// A 500 with code 101: it is our fault.
    pub(super) fn fault(message: impl Into<String>) -> Self {
        Self::with_status(StatusCode::INTERNAL_SERVER_ERROR, 101, message)
    }

    /// A 405 that names the methods which the path does have.
    pub(super) fn method(allow: &'static str) -> Self {
        let message = format!("This path answers only to {allow}.");
        let refusal = Self::http(StatusCode::METHOD_NOT_ALLOWED, message);
        Self { allow: Some(allow), ..refusal }
    }

    /// A 422 with code 1364. Its body is the report of the verification, and the code stands in the
    /// header alone (Postmark's Webhooks API page, "Create a webhook").
    pub(super) fn not_verified(report: Value) -> Self {
        Self { body: Some(report), ..Self::new(1364, "") }
    }

    fn with_status(status: StatusCode, code: u16, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), body: None, allow: None }
    }
}

/// The answer to a request.
pub(super) fn respond(outcome: Outcome) -> Response<Bytes> {
    let refusal = match outcome {
        Ok(body) => return json_response(StatusCode::OK, &body),
        Err(refusal) => refusal,
    };
    let envelope = json!({ "ErrorCode": refusal.code, "Message": refusal.message });
    let mut response = json_response(refusal.status, &refusal.body.unwrap_or(envelope));
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("x-pm-apierrorcode"), HeaderValue::from(refusal.code));
    if let Some(allow) = refusal.allow {
        headers.insert(ALLOW, HeaderValue::from_static(allow));
    }
    response
}

fn json_response(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    mark(&mut response);
    response
}

/// The answer to OPTIONS: which methods a path has. Never a CORS header, so that no page of another
/// origin learns more than that.
pub(super) fn options(allow: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    mark(&mut response);
    response
}

/// An answer that a fault asked for, with the code that the API has for its status.
pub(super) fn faulty(status: StatusCode) -> Response<Bytes> {
    if status.is_success() {
        return json_response(status, &json!({}));
    }
    let (code, message) = match status.as_u16() {
        401 => (10, "Request does not contain a valid Server token."),
        429 => (429, "Too many requests. Please slow down."),
        500 => (101, "An unexpected error has occurred."),
        503 => (100, "The API is offline for maintenance."),
        _ => (0, "A fault that was asked for."),
    };
    respond(Err(Refusal::with_status(status, code, message)))
}

/// What somebody between the client and the API answers: a page, not JSON.
pub(super) fn page() -> Response<Bytes> {
    const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\
        <body><h1>Sign in to use this network</h1></body></html>\n";
    let mut response = Response::new(Bytes::from_static(PAGE.as_bytes()));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

fn mark(response: &mut Response<Bytes>) {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private"));
    if let Ok(id) = HeaderValue::from_str(&uuid::random()) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
}
