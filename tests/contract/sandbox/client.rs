//! A tiny raw HTTP client, and a sandbox to point it at.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use pmhooks::sandbox::{self, BUILT_IN_TOKEN, Options, Sandbox, State};
use serde_json::Value;

pub const OTHER_TOKEN: &str = "11111111-2222-4333-8444-aaaaaaaaaaaa";
/// The header line of the built-in token, for raw requests.
pub const BUILT_IN: &str = "X-Postmark-Server-Token: 5eed0000-0000-4000-8000-000000000001\r\n";

/// Options for a sandbox in memory that lets every endpoint pass.
pub fn options() -> Options {
    Options::new(State::Memory)
}

pub fn start() -> Api {
    start_with(options())
}

pub fn start_with(options: Options) -> Api {
    Api { sandbox: sandbox::start(options).expect("the sandbox starts") }
}

/// A running sandbox.
pub struct Api {
    pub sandbox: Sandbox,
}

impl Api {
    pub fn address(&self) -> SocketAddr {
        self.sandbox.address()
    }

    /// A call with the built-in token. An empty body is none.
    pub fn call(&self, method: &str, path: &str, body: &str) -> Answer {
        self.call_as(BUILT_IN_TOKEN, method, path, body)
    }

    pub fn call_as(&self, token: &str, method: &str, path: &str, body: &str) -> Answer {
        call(self.address(), method, path, &[("X-Postmark-Server-Token", token)], body)
    }

    pub fn account(&self, method: &str, path: &str, body: &str) -> Answer {
        let header = [("X-Postmark-Account-Token", OTHER_TOKEN)];
        call(self.address(), method, path, &header, body)
    }

    /// A call that must succeed, and its JSON.
    pub fn ok(&self, method: &str, path: &str, body: &str) -> Value {
        self.call(method, path, body).ok()
    }

    pub fn ids(&self) -> Vec<i64> {
        let list = self.ok("GET", "/webhooks", "");
        let webhooks = list["Webhooks"].as_array().expect("a list");
        webhooks.iter().map(|w| w["ID"].as_i64().expect("an integer")).collect()
    }
}

/// One answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// The HTTP status and the code, which header and body agree on.
    pub fn refusal(&self) -> (u16, i64) {
        let header = self.header("x-pm-apierrorcode").expect("a code in the header");
        let code: i64 = header.parse().expect("a number");
        assert_eq!(self.json()["ErrorCode"], code, "{self:?}");
        assert!(self.json()["Message"].as_str().is_some_and(|m| !m.is_empty()), "{self:?}");
        (self.status, code)
    }
}

/// Sends one request and reads its answer.
pub fn call(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() || matches!(method, "POST" | "PUT" | "PATCH") {
        request += &format!("Content-Length: {}\r\n", body.len());
    }
    request += "Connection: close\r\n\r\n";
    request += body;
    let mut stream = connect(address);
    stream.write_all(request.as_bytes()).expect("the request is taken");
    let mut reader = BufReader::new(stream);
    let answer = read_answer(&mut reader, method == "HEAD").expect("an answer");
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).expect("the end");
    assert!(rest.is_empty(), "bytes after the answer: {rest:?}");
    answer
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("a time limit");
    stream
}

/// Sends bytes as they are and reads whatever comes until the other side closes.
pub fn raw(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(address);
    // The other side may close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

/// The status in a raw answer, `None` where the connection was closed without one.
pub fn status_of(raw: &[u8]) -> Option<u16> {
    let text = String::from_utf8_lossy(raw);
    text.strip_prefix("HTTP/1.1 ")
        .or_else(|| text.strip_prefix("HTTP/1.0 "))?
        .get(..3)?
        .parse()
        .ok()
}

/// Reads one answer, interim ones skipped; `None` where the connection ends before its head.
pub fn read_answer(reader: &mut BufReader<TcpStream>, headless_body: bool) -> Option<Answer> {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let status: u16 = line.split(' ').nth(1)?.parse().ok()?;
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').expect("a header");
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        if status == 100 {
            continue;
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.map_or(0, |(_, value)| value.parse().expect("a length"));
        let mut body = vec![0; if headless_body { 0 } else { length }];
        reader.read_exact(&mut body).ok()?;
        return Some(Answer { status, headers, body });
    }
}
