//! A step at work on a connection.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use super::Shared;
use crate::support::http::{self, Recorded, Wire};
use crate::support::step::{Act, Cut, Drip, Step};

pub(super) struct Acting<'a> {
    pub(super) wire: &'a mut dyn Wire,
    /// The connection.
    pub(super) id: usize,
    pub(super) shared: &'a Shared,
    pub(super) step: Step,
}

impl Acting<'_> {
    /// Does what the step says; `true` if the connection may be used again.
    pub(super) fn act(mut self, request: Option<&Recorded>) -> io::Result<bool> {
        self.shared.pause(self.step.delay)?;
        let step = self.step.clone();
        match step.act {
            Act::Answer { status, body } => return self.answer(status, &body, request),
            Act::Raw(bytes) => {
                self.send(&bytes, self.step.drip)?;
                // Closing with something unread would be a reset, which can overtake the bytes.
                self.wire.socket().shutdown(Shutdown::Write)?;
                self.hang()?;
            }
            Act::Hang => self.hang()?,
            Act::Close => {}
            Act::Reset => self.reset()?,
            Act::EndlessBody => {
                self.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n", None)?;
                self.send(b"Transfer-Encoding: chunked\r\n\r\n", None)?;
                self.endlessly(&[b"10000\r\n", &b" ".repeat(1 << 16)[..], b"\r\n"].concat())?;
            }
            Act::EndlessHeaders => {
                self.send(b"HTTP/1.1 200 OK\r\n", None)?;
                self.endlessly(&b"X-Filler: 0123456789abcdef\r\n".repeat(100))?;
            }
            Act::EndlessInterim => {
                self.endlessly(&b"HTTP/1.1 102 Processing\r\n\r\n".repeat(100))?;
            }
            Act::Forward { upstream, and_answer } => {
                let request = request.ok_or(io::ErrorKind::InvalidInput)?;
                let (start, headers, body) = self.forward(&upstream, request)?;
                if and_answer {
                    let status =
                        start.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(502);
                    self.step.headers.extend(headers.into_iter().filter(|(n, _)| !is_framing(n)));
                    return self.answer(status, &body, Some(request));
                }
            }
            Act::Tunnel(to) => self.tunnel(to)?,
        }
        Ok(false)
    }

    fn answer(&mut self, status: u16, body: &[u8], request: Option<&Recorded>) -> io::Result<bool> {
        let asked_to_close = request
            .and_then(|request| request.header("connection"))
            .is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let close = asked_to_close || self.shared.wants_a_new_connection();
        let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
        for (name, value) in &self.step.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let mut body = body.to_vec();
        let bodyless = status == 204 || status == 304 || (100..200).contains(&status);
        if self.step.chunked {
            head += "Transfer-Encoding: chunked\r\n";
            let size = format!("{:x}\r\n", body.len());
            let last: &[u8] = if body.is_empty() { b"\r\n" } else { b"\r\n0\r\n\r\n" };
            body = [size.as_bytes(), &body, last].concat();
        } else if !bodyless {
            let length = self.step.claimed_length.unwrap_or(body.len() as u64);
            let _ = write!(head, "Content-Length: {length}\r\n");
        }
        head += if close { "Connection: close\r\n\r\n" } else { "\r\n" };
        self.send(head.as_bytes(), self.step.drip_headers)?;

        let part = self.step.cut.map_or(body.len(), |(length, _)| length.min(body.len()));
        self.send(&body[..part], self.step.drip)?;
        match self.step.cut {
            None => return Ok(!close),
            Some((_, Cut::Close)) => {}
            Some((_, Cut::Reset)) => self.reset()?,
            Some((_, Cut::Stall)) => self.hang()?,
        }
        Ok(false)
    }

    fn send(&mut self, bytes: &[u8], drip: Option<Drip>) -> io::Result<()> {
        let size = drip.map_or(bytes.len(), |drip| drip.bytes).max(1);
        for part in bytes.chunks(size) {
            if let Some(drip) = drip {
                self.shared.pause(drip.every)?;
            }
            // Counted first: a client that has taken a part must find it counted.
            self.shared.sent.fetch_add(part.len() as u64, Ordering::Relaxed);
            self.wire.write_all(part)?;
            self.wire.flush()?;
        }
        Ok(())
    }

    fn endlessly(&mut self, part: &[u8]) -> io::Result<()> {
        loop {
            self.send(part, self.step.drip)?;
        }
    }

    /// Neither sends nor closes until the client does, or until the test ends.
    fn hang(&mut self) -> io::Result<()> {
        let mut socket = self.wire.socket();
        io::copy(&mut socket, &mut io::sink()).map(drop)
    }

    /// A close that lingers for no time is a reset.
    fn reset(&mut self) -> io::Result<()> {
        socket2::SockRef::from(self.wire.socket()).set_linger(Some(Duration::ZERO))?;
        self.shared.forget(self.id);
        Ok(())
    }

    fn forward(&self, upstream: &str, request: &Recorded) -> io::Result<http::Answer> {
        let authority = upstream.trim_start_matches("http://").trim_end_matches('/');
        let mut head = format!("{request} HTTP/1.1\r\nHost: {authority}\r\n");
        for (name, value) in &request.headers {
            if !is_framing(name) && !name.eq_ignore_ascii_case("host") {
                let _ = write!(head, "{name}: {value}\r\n");
            }
        }
        if !request.body.is_empty() {
            let _ = write!(head, "Content-Length: {}\r\n", request.body.len());
        }
        head += "Connection: close\r\n\r\n";
        let mut socket = TcpStream::connect(authority)?;
        self.shared.remember(self.id, &socket)?;
        socket.write_all(&[head.as_bytes(), &request.body].concat())?;
        http::read_answer(&mut socket)
    }

    fn tunnel(&mut self, to: SocketAddr) -> io::Result<()> {
        let far = TcpStream::connect(to)?;
        self.shared.remember(self.id, &far)?;
        self.send(b"HTTP/1.1 200 Connection established\r\n\r\n", None)?;
        let near = self.wire.socket();
        thread::scope(|scope| {
            scope.spawn(|| pump(&far, near));
            pump(near, &far);
        });
        Ok(())
    }
}

fn pump(mut from: &TcpStream, mut to: &TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

/// Headers that belong to a connection, not to a message.
fn is_framing(name: &str) -> bool {
    ["connection", "content-length", "transfer-encoding"]
        .iter()
        .any(|framing| name.eq_ignore_ascii_case(framing))
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        407 => "Proxy Authentication Required",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
