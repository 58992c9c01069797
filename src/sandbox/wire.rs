//! The wire format: how requests are read and how responses and refusals are written.

use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use hyper::{Response, StatusCode};
use serde_json::{Map, Value, json};
use url::{Url, form_urlencoded};

use crate::event;

/// How long an idle connection stays open. Clients are told in a `Keep-Alive` header.
pub(super) const KEEP_ALIVE_SECONDS: u64 = 10;

/// `ErrorCode` of errors that Postmark's table of codes does not know is this plus the HTTP status. The
/// bare HTTP numbers mean other things there (405 is "out of credits"), and 0 means success.
const OWN_CODES: u16 = 9000;

/// The body of a 200, or a refusal.
pub(super) type Outcome = Result<Value, Refusal>;

/// The refusal of a request, with the API's error code.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    status: StatusCode,
    code: u16,
    message: String,
    /// Body instead of `ErrorCode` and `Message` alone.
    body: Option<Value>,
    /// Methods of the path.
    allow: Option<&'static str>,
}

impl Refusal {
    /// A 422: the API's answer to any fault in a request's content.
    pub(super) fn new(code: u16, message: impl Into<String>) -> Self {
        Self::with_status(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    /// A 401 with code 10: no token, an invalid one, or one of the wrong kind.
    pub(super) fn token(message: impl Into<String>) -> Self {
        Self::with_status(StatusCode::UNAUTHORIZED, 10, message)
    }

    /// A refusal for which Postmark's table has no code.
    pub(super) fn http(status: StatusCode, message: impl Into<String>) -> Self {
        Self::with_status(status, OWN_CODES + status.as_u16(), message)
    }

    /// A 500 with code 101: the sandbox failed.
    pub(super) fn fault(message: impl Into<String>) -> Self {
        Self::with_status(StatusCode::INTERNAL_SERVER_ERROR, 101, message)
    }

    /// A 405 that names the methods of the path.
    pub(super) fn method(allow: &'static str) -> Self {
        let message = format!("This path accepts only {allow}.");
        let refusal = Self::http(StatusCode::METHOD_NOT_ALLOWED, message);
        Self { allow: Some(allow), ..refusal }
    }

    /// A 422 with code 1364. Its body is the verification report (Postmark's Webhooks API page, "Create
    /// a webhook"). Postmark documents the code in the header alone; postmark.js reads it from the body.
    pub(super) fn not_verified(report: Value) -> Self {
        let mut body = Map::from_iter([("ErrorCode".to_owned(), json!(1364))]);
        if let Value::Object(report) = report {
            body.extend(report);
        }
        Self { body: Some(Value::Object(body)), ..Self::new(1364, "") }
    }

    /// `ErrorCode` and `Message`, as in a response or in the result of one mail of a batch.
    pub(super) fn envelope(&self) -> Value {
        json!({ "ErrorCode": self.code, "Message": self.message })
    }

    pub(super) fn with_status(status: StatusCode, code: u16, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), body: None, allow: None }
    }
}

/// The response to a request.
pub(super) fn respond(outcome: Outcome) -> Response<Bytes> {
    let refusal = match outcome {
        Ok(body) => return json_response(StatusCode::OK, &body),
        Err(refusal) => refusal,
    };
    let envelope = refusal.envelope();
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
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private"));
    if let Ok(timeout) = HeaderValue::from_str(&format!("timeout={KEEP_ALIVE_SECONDS}")) {
        headers.insert(HeaderName::from_static("keep-alive"), timeout);
    }
    if let Ok(id) = HeaderValue::from_str(&event::uuid()) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    response
}

/// The response to OPTIONS: the methods of a path. It never has a CORS header, so that a page of another
/// origin learns nothing more.
pub(super) fn options(allow: &'static str) -> Response<Bytes> {
    let mut response = json_response(StatusCode::OK, &json!({}));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

/// The response of a `status` fault, with the API's code for that status.
pub(super) fn faulty(status: StatusCode) -> Response<Bytes> {
    if status.is_success() {
        return json_response(status, &json!({}));
    }
    let refusal = match status.as_u16() {
        401 => Refusal::token("Request does not contain a valid Server token."),
        429 => Refusal::with_status(status, 429, "Too many requests. Please slow down."),
        500 => Refusal::fault("An unexpected error has occurred."),
        503 => Refusal::with_status(status, 100, "The API is offline for maintenance."),
        _ => Refusal::http(status, "A fault requested with --fault."),
    };
    respond(Err(refusal))
}

/// The body of the response to a request that is not HTTP. The status stands in the head already.
pub(super) fn malformed(status: u16) -> Bytes {
    let message = match status {
        431 => "The headers of the request are too large.",
        414 => "The path of the request is too long.",
        _ => "The request is not valid HTTP/1.1.",
    };
    json!({ "ErrorCode": OWN_CODES + status, "Message": message }).to_string().into()
}

/// A transparent GIF of one pixel.
pub(super) fn pixel() -> Response<Bytes> {
    const GIF: &[u8] =
        b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\
        \x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";
    let mut response = Response::new(Bytes::from_static(GIF));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("image/gif"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A redirect to the target of a tracked link. `None` if no header can hold it.
pub(super) fn redirect(target: &str) -> Option<Response<Bytes>> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(LOCATION, HeaderValue::from_str(target).ok()?);
    Some(response)
}

/// The page of an intermediary between client and API: HTML instead of JSON.
pub(super) fn page() -> Response<Bytes> {
    const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\
        <body><h1>Sign in to use this network</h1></body></html>\n";
    let mut response = Response::new(Bytes::from_static(PAGE.as_bytes()));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// The error code for a field whose value has the wrong JSON type.
#[derive(Clone, Copy)]
pub(super) enum FieldErrors {
    /// Code 1361, which the Webhooks API has of its own.
    Webhook,
    /// Code 403, for the rest of the API.
    General,
}

impl FieldErrors {
    pub(super) fn refuse(self, field: &str) -> Refusal {
        match self {
            Self::Webhook => Refusal::new(1361, format!("Invalid value for the field: {field}.")),
            Self::General => Refusal::new(403, format!("Invalid request field(s): {field}.")),
        }
    }
}

/// The JSON object of a request's body. `missing` is the refusal if there is none.
pub(super) fn parse(
    body: &[u8],
    errors: FieldErrors,
    missing: Refusal,
) -> Result<Map<String, Value>, Refusal> {
    match parse_json(body)? {
        None | Some(Value::Null) => Err(missing),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(errors.refuse("the body, which must be an object")),
    }
}

/// The JSON of a request's body, a byte order mark ignored. `None` if the body is empty.
pub(super) fn parse_json(body: &[u8]) -> Result<Option<Value>, Refusal> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.trim_ascii().is_empty() {
        return Ok(None);
    }
    let invalid = |why: String| Refusal::new(402, format!("Received invalid JSON input: {why}."));
    if body.starts_with(b"\xff\xfe") || body.starts_with(b"\xfe\xff") {
        return Err(invalid("the body is UTF-16, not UTF-8".to_owned()));
    }
    serde_json::from_slice(body).map(Some).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        invalid(match error.classify() {
            serde_json::error::Category::Eof => format!("it ends too early, at {place}"),
            _ => format!("syntax error at {place}"),
        })
    })
}

/// An object of a request, with typed look-ups.
///
/// Keys match without regard to case, as in Postmark's API. A key that is null or an empty string counts
/// as not given, unless the look-up says otherwise.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    errors: FieldErrors,
}

impl<'a> Fields<'a> {
    pub(super) fn new(object: &'a Map<String, Value>, errors: FieldErrors) -> Self {
        Self { object, errors }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// The value of a key; null and `""` are not given.
    fn value(&self, name: &str) -> Option<&'a Value> {
        self.value_or_empty(name).filter(|value| *value != "")
    }

    fn value_or_empty(&self, name: &str) -> Option<&'a Value> {
        let exact = self.object.get(name).filter(|value| !value.is_null());
        exact.or_else(|| {
            let mut others = self.object.iter().filter(|(_, value)| !value.is_null());
            others.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        })
    }

    fn typed<T>(
        &self,
        name: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| self.refuse(name)),
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        self.typed(name, Value::as_str)
    }

    /// A text for which the empty string is a value.
    pub(super) fn text_or_empty(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        match self.value_or_empty(name) {
            None => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or_else(|| self.refuse(name)),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.typed(name, Value::as_bool)
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.typed(name, Value::as_i64)
    }

    pub(super) fn list(&self, name: &str) -> Result<Option<&'a Vec<Value>>, Refusal> {
        self.typed(name, Value::as_array)
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<Fields<'a>>, Refusal> {
        let object = self.typed(name, Value::as_object)?;
        Ok(object.map(|object| Fields::new(object, self.errors)))
    }

    /// An object whose keys keep their spelling, such as metadata.
    pub(super) fn object_value(
        &self,
        name: &str,
    ) -> Result<Option<&'a Map<String, Value>>, Refusal> {
        self.typed(name, Value::as_object)
    }

    /// The keys that are given, as spelled in the request.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.object.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name.as_str())
    }

    /// The refusal of a field whose value has the right type but is not acceptable.
    pub(super) fn refuse(&self, name: &str) -> Refusal {
        self.errors.refuse(name)
    }
}

/// The value of a query key, matched without regard to case. An empty value counts as not given.
pub(super) fn query_value(query: &str, key: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name.eq_ignore_ascii_case(key))
        .map(|(_, value)| value.into_owned())
        .filter(|value| !value.is_empty())
}

/// True for an `http` or `https` URL with a host.
pub(super) fn is_http_url(text: &str) -> bool {
    // The parser ignores surrounding spaces and line breaks, which a real request could not.
    let is_clean = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    is_clean
        && Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
