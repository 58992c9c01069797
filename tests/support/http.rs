//! The server's half of HTTP/1.1, read from any stream and kept to the byte.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// A connection, in clear or inside TLS.
pub(super) trait Wire: Read + Write {
    fn socket(&self) -> &TcpStream;
}

impl Wire for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Wire for rustls::StreamOwned<rustls::ServerConnection, TcpStream> {
    fn socket(&self) -> &TcpStream {
        self.get_ref()
    }
}

/// A request as it was received.
#[derive(Clone)]
pub struct Recorded {
    pub method: String,
    /// The request target with its query, as sent: `/webhooks?MessageStream=outbound`.
    pub path: String,
    /// Names and values in the order and the case in which they came.
    pub headers: Vec<(String, String)>,
    /// The body, out of its chunks if it came in some.
    pub body: Vec<u8>,
    /// Every byte of the request.
    pub raw: Vec<u8>,
    /// Which connection of the server it came on, from 0.
    pub connection: usize,
    /// When its last byte came, counted from the start of the server.
    pub at: Duration,
}

impl Recorded {
    /// The value of a header that may be there once; several fail the test.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "several {name} headers in\n{self:?}");
        value
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("the body is not JSON: {e}\n{self:?}"))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// `GET /webhooks`
impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// The bytes, as text.
impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.raw))
    }
}

/// Reads one request; `None` if the connection ended before one began. `kept` holds what was read
/// beyond the last one. `count` is told of every byte.
pub(super) fn read_request(
    wire: &mut dyn Wire,
    kept: &mut Vec<u8>,
    count: &mut dyn FnMut(usize),
) -> io::Result<Option<Recorded>> {
    let mut source = Source { wire, bytes: std::mem::take(kept), at: 0, count };
    let Some(head) = source.head()? else { return Ok(None) };
    let (start, headers) = split_head(&head);
    let find = |name: &str| headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));

    if find("expect").is_some() {
        source.wire.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let body = source.body(&headers, false)?;

    let mut words = start.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let path = words.next().unwrap_or_default().to_owned();
    *kept = source.bytes.split_off(source.at);
    let raw = source.bytes;
    Ok(Some(Recorded { method, path, headers, body, raw, connection: 0, at: Duration::ZERO }))
}

/// Reads one answer: its first line, its headers, its body.
pub(super) fn read_answer(wire: &mut dyn Wire) -> io::Result<Answer> {
    let mut source = Source { wire, bytes: Vec::new(), at: 0, count: &mut |_| {} };
    let head = source.head()?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let (start, headers) = split_head(&head);
    let body = source.body(&headers, true)?;
    Ok((start, headers, body))
}

type Headers = Vec<(String, String)>;
pub(super) type Answer = (String, Headers, Vec<u8>);

fn split_head(head: &str) -> (String, Headers) {
    let mut lines = head.trim_end().split("\r\n");
    let start = lines.next().unwrap_or_default().to_owned();
    let split = |line: &str| match line.split_once(':') {
        Some((name, value)) => (name.to_owned(), value.trim().to_owned()),
        None => (line.to_owned(), String::new()),
    };
    (start, lines.map(split).collect())
}

/// All bytes of one message, and how many of them were understood.
struct Source<'a> {
    wire: &'a mut dyn Wire,
    bytes: Vec<u8>,
    at: usize,
    count: &'a mut dyn FnMut(usize),
}

impl Source<'_> {
    /// Reads on; `false` at the end of the stream.
    fn more(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 1 << 14];
        let count = match self.wire.read(&mut buffer) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => return Ok(true),
            other => other?,
        };
        (self.count)(count);
        self.bytes.extend_from_slice(&buffer[..count]);
        Ok(count > 0)
    }

    fn must_have_more(&mut self) -> io::Result<()> {
        if self.more()? { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// The first line and the headers, up to the empty line.
    fn head(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = find(&self.bytes[self.at..], b"\r\n\r\n") {
                let head = self.take(end + 4);
                return Ok(Some(String::from_utf8_lossy(&head).into_owned()));
            }
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    fn body(&mut self, headers: &Headers, until_the_end: bool) -> io::Result<Vec<u8>> {
        let find = |name: &str| headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        if find("transfer-encoding").is_some_and(|(_, value)| value == "chunked") {
            return self.chunks();
        }
        if let Some((_, length)) = find("content-length") {
            return self.exactly(length.parse().map_err(io::Error::other)?);
        }
        if until_the_end {
            while self.more()? {}
            return Ok(self.take(self.bytes.len() - self.at));
        }
        Ok(Vec::new())
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(io::Error::other)?;
            if size == 0 {
                while !self.line()?.is_empty() {}
                return Ok(body);
            }
            body.extend(self.exactly(size)?);
            self.line()?;
        }
    }

    fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = find(&self.bytes[self.at..], b"\r\n") {
                let line = self.take(end + 2);
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            self.must_have_more()?;
        }
    }

    fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.bytes.len() - self.at < length {
            self.must_have_more()?;
        }
        Ok(self.take(length))
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        self.at += length;
        self.bytes[self.at - length..self.at].to_vec()
    }
}

pub(super) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
