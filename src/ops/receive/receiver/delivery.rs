//! What was posted.

use std::borrow::Cow;
use std::time::SystemTime;

use hyper::body::Bytes;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;

/// Something that was posted.
#[derive(Debug)]
pub struct Delivery {
    /// When it was whole.
    pub time: SystemTime,
    head: Parts,
    body: Bytes,
}

impl Delivery {
    pub(super) fn new(head: Parts, body: Bytes) -> Self {
        Self { time: SystemTime::now(), head, body }
    }

    /// The method.
    pub fn method(&self) -> &str {
        self.head.method.as_str()
    }

    /// The path and the query, as they came.
    pub fn path(&self) -> &str {
        self.head.uri.path_and_query().map_or("/", |path| path.as_str())
    }

    /// The headers in their order, names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.head.headers.iter().map(|(name, value)| (name.as_str(), text(value)))
    }

    /// The first header of a name.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.head.headers.get(name).map(text)
    }

    /// How many bytes it holds while it waits: of its body and of its head.
    pub fn weight(&self) -> usize {
        let headers = self.head.headers.iter();
        let headers: usize = headers.map(|(name, value)| name.as_str().len() + value.len()).sum();
        self.body.len() + self.path().len() + headers
    }

    /// The body, to the byte.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

/// A value as text: UTF-8, or else each byte a character.
fn text(value: &HeaderValue) -> Cow<'_, str> {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(value.as_bytes().iter().copied().map(char::from).collect()),
    }
}
