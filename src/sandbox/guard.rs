//! Only this machine's own programs are answered: no web page may talk to the sandbox.
//!
//! A page can send requests to loopback, and with a name of its own that points there (DNS rebinding)
//! it can read the answers. The first carries a foreign Origin, the second a foreign Host.

use hyper::header::{HOST, ORIGIN};
use hyper::{Request, StatusCode, Version};

use super::answer::Refusal;

/// Refuses a request that is addressed to, or comes from, anybody but this machine.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), Refusal> {
    if let Some(authority) = request.uri().authority()
        && !is_loopback(authority.as_str())
    {
        return Err(refuse("a target of another machine"));
    }
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if request.version() < Version::HTTP_11 => {}
        (None, _) => return Err(refuse("no Host header")),
        (Some(_), Some(_)) => return Err(refuse("two Host headers")),
        (Some(host), None) if host.to_str().is_ok_and(is_loopback) => {}
        (Some(_), None) => return Err(refuse("a Host header of another machine")),
    }
    let foreign = |origin: &str| {
        let origin = origin.to_ascii_lowercase();
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        !authority.is_some_and(is_loopback)
    };
    let mut origins = request.headers().get_all(ORIGIN).iter();
    if origins.any(|origin| origin.to_str().map_or(true, foreign)) {
        return Err(refuse("an Origin header of another site"));
    }
    Ok(())
}

fn refuse(what: &str) -> Refusal {
    let message = format!(
        "The sandbox answers only programs of its own machine; this request has {what}. \
         Use http://127.0.0.1 or http://localhost with its port."
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
