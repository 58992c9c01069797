//! Which path is which part of the API.

/// A path of the API. Names of streams and numbers are as the client wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Webhooks,
    Webhook(i64),
    Verify(i64),
    Statistics(i64),
    Server,
    Streams,
    Stream(String),
    Archive(String),
    Unarchive(String),
    Servers,
    ServerOfAccount(i64),
}

impl Route {
    /// Reads a path. Case does not matter, and neither does one slash at the end.
    pub(super) fn of(path: &str) -> Option<Self> {
        let path = path.to_ascii_lowercase();
        let path = path.strip_prefix('/')?;
        let path = path.strip_suffix('/').unwrap_or(path);
        let parts: Vec<&str> = path.split('/').collect();
        let stream = |id: &str| (!id.is_empty()).then(|| id.to_owned());
        Some(match *parts.as_slice() {
            ["webhooks"] => Self::Webhooks,
            ["webhooks", id] => Self::Webhook(number(id)?),
            ["webhooks", id, "verify"] => Self::Verify(number(id)?),
            ["webhooks", id, "statistics"] => Self::Statistics(number(id)?),
            ["server"] => Self::Server,
            ["message-streams"] => Self::Streams,
            ["message-streams", id] => Self::Stream(stream(id)?),
            ["message-streams", id, "archive"] => Self::Archive(stream(id)?),
            ["message-streams", id, "unarchive"] => Self::Unarchive(stream(id)?),
            ["servers"] => Self::Servers,
            ["servers", id] => Self::ServerOfAccount(number(id)?),
            _ => return None,
        })
    }

    /// The methods that it has, as an Allow header writes them.
    pub(super) fn methods(&self) -> &'static str {
        match self {
            Self::Webhooks | Self::Streams | Self::Servers => "GET, HEAD, POST, OPTIONS",
            Self::Webhook(_) | Self::ServerOfAccount(_) => "GET, HEAD, PUT, DELETE, OPTIONS",
            Self::Verify(_) | Self::Archive(_) | Self::Unarchive(_) => "POST, OPTIONS",
            Self::Statistics(_) => "GET, HEAD, OPTIONS",
            Self::Server => "GET, HEAD, PUT, OPTIONS",
            Self::Stream(_) => "GET, HEAD, PATCH, OPTIONS",
        }
    }
}

/// A number in a path. One that is too large for any ID stands for an ID that nothing has.
fn number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(-1))
}
