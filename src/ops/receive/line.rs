//! A line of the record: what `replay` reads.

use std::io::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::to_writer;

use crate::ops::receive::receiver::Delivery;

/// Headers that say who posted, not what.
const CREDENTIALS: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];

/// Adds the line of a delivery. Nothing here fails: a `Vec` takes all that is written to it.
pub(super) fn add(delivery: &Delivery, lines: &mut Vec<u8>) {
    let time = humantime::format_rfc3339_millis(delivery.time);
    let _ = write!(lines, "{{\"Time\":\"{time}\",\"Method\":");
    let _ = to_writer(&mut *lines, delivery.method());
    lines.extend_from_slice(b",\"Path\":");
    let _ = to_writer(&mut *lines, delivery.path());
    lines.extend_from_slice(b",\"Headers\":[");
    let headers = delivery.headers().filter(|(name, _)| !CREDENTIALS.contains(name));
    for (index, (name, value)) in headers.enumerate() {
        if index > 0 {
            lines.push(b',');
        }
        lines.extend_from_slice(b"{\"Name\":\"");
        spell(name, lines);
        lines.extend_from_slice(b"\",\"Value\":");
        let _ = to_writer(&mut *lines, value.as_ref());
        lines.push(b'}');
    }
    lines.extend_from_slice(b"],");
    if let Ok(text) = std::str::from_utf8(delivery.body()) {
        lines.extend_from_slice(b"\"Body\":");
        let _ = to_writer(&mut *lines, text);
    } else {
        let text = BASE64_STANDARD.encode(delivery.body());
        let _ = write!(lines, "\"BodyBase64\":\"{text}\"");
    }
    lines.extend_from_slice(b"}\n");
}

/// A header's name as it is usually written: names arrive in lower case. They hold nothing that JSON
/// escapes.
fn spell(name: &str, lines: &mut Vec<u8>) {
    if let Some(rest) = name.strip_prefix("x-pm-") {
        lines.extend_from_slice(b"X-PM-");
        return spell(rest, lines);
    }
    let mut starts_word = true;
    for byte in name.bytes() {
        lines.push(if starts_word { byte.to_ascii_uppercase() } else { byte });
        starts_word = byte == b'-';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_postmark_does() {
        for (name, spelled) in [
            ("x-pm-webhook-trace-id", "X-PM-Webhook-Trace-Id"),
            ("content-type", "Content-Type"),
            ("host", "Host"),
        ] {
            let mut written = Vec::new();
            spell(name, &mut written);
            assert_eq!(written, spelled.as_bytes());
        }
    }
}
