//! Access: the Host and Origin of a request, and its token.
//!
//! Only programs of this machine get an answer. A web page can send requests to loopback, and through a
//! name of its own that resolves to it (DNS rebinding) it can read the responses. The first carries a
//! foreign Origin, the second a foreign Host.

use hyper::header::{HOST, HeaderValue, ORIGIN};
use hyper::http::request::Parts;
use hyper::{HeaderMap, StatusCode, Version};

use super::mail;
use super::wire::Refusal;

const SERVER_TOKEN: &str = "X-Postmark-Server-Token";
const ACCOUNT_TOKEN: &str = "X-Postmark-Account-Token";

/// Refuses a request that is addressed to, or comes from, another machine or site.
/// `allowed` are names of hosts besides loopback's, in lower case.
pub(super) fn check_host(head: &Parts, allowed: &[String]) -> Result<(), Refusal> {
    let is_own = |authority: &str| is_loopback(authority) || is_named(authority, allowed);
    if let Some(authority) = head.uri.authority()
        && !is_own(authority.as_str())
    {
        return Err(refuse("a target of another machine"));
    }
    let mut hosts = head.headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if head.version < Version::HTTP_11 => {}
        (None, _) => return Err(refuse("no Host header")),
        (Some(_), Some(_)) => return Err(refuse("two Host headers")),
        (Some(host), None) if host.to_str().is_ok_and(is_own) => {}
        (Some(_), None) => return Err(refuse("a Host header of another machine")),
    }
    let is_foreign = |origin: &str| {
        let origin = origin.to_ascii_lowercase();
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        !authority.is_some_and(is_own)
    };
    let mut origins = head.headers.get_all(ORIGIN).iter();
    if origins.any(|origin| origin.to_str().map_or(true, is_foreign)) {
        return Err(refuse("an Origin header of another site"));
    }
    Ok(())
}

fn refuse(fault: &str) -> Refusal {
    let message = format!(
        "The sandbox answers only programs of its own machine; this request has {fault}. \
         Use http://127.0.0.1 or http://localhost with its port, or start it with --allow-host."
    );
    Refusal::http(StatusCode::FORBIDDEN, message)
}

/// True for `localhost`, `127.0.0.1` and `[::1]`, with or without a port.
fn is_loopback(authority: &str) -> bool {
    let (name, port) = authority
        .rsplit_once(':')
        .filter(|(_, port)| !port.contains(']'))
        .unwrap_or((authority, ""));
    let is_port = port.bytes().all(|b| b.is_ascii_digit()) && port.len() <= 5;
    is_port && (name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]")
}

/// True for an allowed name, with or without a port.
fn is_named(authority: &str, allowed: &[String]) -> bool {
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        _ => (authority, ""),
    };
    port.bytes().all(|b| b.is_ascii_digit())
        && allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
}

/// Kind of token that a path needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Server,
    Account,
    /// Sending: a server token, or the one that only validates.
    Mail,
    /// A path that is not emulated: either kind.
    Any,
    /// A path of the sandbox's own.
    None,
}

/// Checks the token of a request: any UUID is one. Returns it in lower case, since the API compares
/// tokens without regard to case.
pub(super) fn token(headers: &HeaderMap, kind: TokenKind) -> Result<String, Refusal> {
    let has = |name| headers.contains_key(name);
    match kind {
        TokenKind::Server if has(SERVER_TOKEN) && has(ACCOUNT_TOKEN) => Err(Refusal::token(
            "Please do not include Account API Token for Server API Token calls.",
        )),
        TokenKind::Account if has(SERVER_TOKEN) && has(ACCOUNT_TOKEN) => Err(Refusal::token(
            "Please do not include Server API Token for Account API Token calls.",
        )),
        TokenKind::None => Ok(String::new()),
        TokenKind::Mail if headers.get(SERVER_TOKEN).is_some_and(is_test_token) => {
            Ok(mail::TEST_TOKEN.to_owned())
        }
        TokenKind::Mail => token(headers, TokenKind::Server),
        TokenKind::Server => only_value(headers, SERVER_TOKEN, ACCOUNT_TOKEN, "Server"),
        TokenKind::Account => only_value(headers, ACCOUNT_TOKEN, SERVER_TOKEN, "Account"),
        TokenKind::Any => only_value(headers, SERVER_TOKEN, ACCOUNT_TOKEN, "Server")
            .or_else(|_| only_value(headers, ACCOUNT_TOKEN, SERVER_TOKEN, "Account")),
    }
}

fn is_test_token(value: &HeaderValue) -> bool {
    value.as_bytes().eq_ignore_ascii_case(mail::TEST_TOKEN.as_bytes())
}

/// The server token of a request to a path that needs none.
pub(super) fn optional_token(headers: &HeaderMap) -> Option<String> {
    headers.get(SERVER_TOKEN).and_then(|value| value.to_str().ok()).and_then(canonical_uuid)
}

fn only_value(
    headers: &HeaderMap,
    wanted: &str,
    other: &str,
    kind: &str,
) -> Result<String, Refusal> {
    let mut values = headers.get_all(wanted).iter();
    let (first, second) = (values.next(), values.next());
    if first.is_none() && !headers.contains_key(other) {
        return Err(Refusal::token(format!(
            "No Account or Server API tokens were supplied in the HTTP headers. \
             This call needs {wanted}."
        )));
    }
    let token = first.filter(|_| second.is_none()).and_then(|value| value.to_str().ok());
    token
        .and_then(canonical_uuid)
        .ok_or_else(|| Refusal::token(format!("Request does not contain a valid {kind} token.")))
}

/// A UUID in lower case. `None` if the text is not one.
pub(super) fn canonical_uuid(text: &str) -> Option<String> {
    let is_uuid = text.len() == 36
        && text.char_indices().all(|(at, c)| match at {
            8 | 13 | 18 | 23 => c == '-',
            _ => c.is_ascii_hexdigit(),
        });
    is_uuid.then(|| text.to_ascii_lowercase())
}
