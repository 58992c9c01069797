//! `listen`: what is shown, recorded and answered; who is refused; how it ends.

mod forwarding;
mod hostile;
mod load;
mod recording;
mod refusing;
mod register;
mod senders;
mod showing;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::support::*;

const BOUNCE: &str = r#"{"RecordType":"Bounce","Type":"HardBounce","Details":"smtp;550 5.1.1 no such user","Email":"gone@example.com","MessageStream":"outbound","MessageID":"m-1","BouncedAt":"2026-11-20T09:30:15Z"}"#;
const DELIVERY: &str = r#"{"RecordType":"Delivery","Recipient":"kim@example.com","Details":"250 ok","MessageStream":"outbound","MessageID":"m-2","DeliveredAt":"2026-11-20T09:30:15Z"}"#;

/// A world where clock times are hidden.
fn world() -> TestEnv {
    let mut env = TestEnv::new();
    env.redact("[CLOCK]", r"(?m)^(?<redacted>\d\d:\d\d:\d\d(?:\.\d+Z?)?)");
    env
}

/// Starts it on a free port; returns it with its address.
fn listen(env: &TestEnv, flags: &str) -> (Running, String) {
    let running = env.spawn(format!("listen --address 127.0.0.1:0 {flags}"));
    let url = running.wait_for_url();
    (running, url)
}

/// What ends a listener as its user does.
fn end(running: Running) -> Transcript {
    running.interrupt();
    running.finish_within(Duration::from_secs(3))
}

/// Sends bytes to a listener, and reads until it closes.
fn talk(url: &str, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = connect(url);
    // Whoever is refused early is closed before all is sent.
    let _ = stream.write_all(bytes.as_ref());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// A POST; returns its status.
fn post(url: &str, headers: &[&str], body: impl AsRef<[u8]>) -> u16 {
    let headers: String = headers.iter().flat_map(|header| [header, "\r\n"]).collect();
    let length = body.as_ref().len();
    let head = format!(
        "POST /hook HTTP/1.1\r\nHost: tunnel.example.com\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    status(&talk(url, [head.as_bytes(), body.as_ref()].concat()))
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// What a record holds.
fn recorded(env: &TestEnv, name: &str) -> Vec<Value> {
    env.read(name).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
