//! The paths of the API: those that the sandbox has, and those that only Postmark has.

use percent_encoding::percent_decode_str;

use super::guard::TokenKind;

/// A path of the API. IDs are as in the request.
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
    Email,
    EmailBatch,
    EmailTemplate,
    EmailTemplateBatch,
    Outbound,
    OutboundDetails(String),
    OutboundDump(String),
    /// Of all messages, or of one.
    Opens(Option<String>),
    Clicks(Option<String>),
    Bounces,
    Bounce(i64),
    BounceDump(i64),
    BounceActivate(i64),
    DeliveryStatistics,
    Suppressions(String),
    SuppressionsDelete(String),
    SuppressionsDump(String),
    /// The pixel of a message.
    Pixel(String),
    /// A tracked link: target, place in the mail, message.
    Link(String, String, String),
    Health,
    Attempts,
    Clock,
    Events,
    Reset,
    /// A path that Postmark has and the sandbox does not, as Postmark's documents write it.
    NotEmulated(&'static str),
    Unknown,
}

/// Paths of Postmark's API that the sandbox does not have. `{}` stands for an ID.
const NOT_EMULATED: [&str; 33] = [
    "/email/bulk",
    "/email/bulk/{}",
    "/bounces/tags",
    "/templates",
    "/templates/validate",
    "/templates/push",
    "/templates/{}",
    "/messages/inbound",
    "/messages/inbound/{}/details",
    "/messages/inbound/{}/bypass",
    "/messages/inbound/{}/retry",
    "/stats/outbound",
    "/stats/outbound/{}",
    "/stats/outbound/opens/{}",
    "/stats/outbound/clicks/{}",
    "/triggers/inboundrules",
    "/triggers/inboundrules/{}",
    "/triggers/tags",
    "/triggers/tags/{}",
    "/domains",
    "/domains/{}",
    "/domains/{}/verifyDkim",
    "/domains/{}/verifyReturnPath",
    "/domains/{}/verifySPF",
    "/domains/{}/rotateDKIM",
    "/senders",
    "/senders/{}",
    "/senders/{}/resend",
    "/senders/{}/verifySpf",
    "/senders/{}/requestNewDkim",
    "/data-removals",
    "/data-removals/{}",
    "/servers/{}/smtp-tokens",
];

/// First segments of the paths that need an account token.
const OF_THE_ACCOUNT: [&str; 4] = ["servers", "domains", "senders", "data-removals"];

impl Route {
    /// Reads a path, without regard to case and to one slash at the end.
    pub(super) fn of(path: &str) -> Self {
        let Some(path) = path.strip_prefix('/') else { return Self::Unknown };
        let path = path.strip_suffix('/').unwrap_or(path);
        let segments: Vec<String> = path.split('/').map(decoded).collect();
        let lower: Vec<String> = segments.iter().map(|s| s.to_ascii_lowercase()).collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
        let stream = || segments.get(1).cloned().unwrap_or_default();
        let segment = |at: usize| segments.get(at).cloned().unwrap_or_default();
        if lower.iter().any(|segment| segment.is_empty()) {
            return Self::Unknown;
        }
        let number = |id: &str, route: fn(i64) -> Self| number(id).map_or(Self::Unknown, route);
        match *lower.as_slice() {
            ["webhooks"] => Self::Webhooks,
            ["webhooks", id] => number(id, Self::Webhook),
            ["webhooks", id, "verify"] => number(id, Self::Verify),
            ["webhooks", id, "statistics"] => number(id, Self::Statistics),
            ["server"] => Self::Server,
            ["message-streams"] => Self::Streams,
            ["message-streams", _] => Self::Stream(stream()),
            ["message-streams", _, "archive"] => Self::Archive(stream()),
            ["message-streams", _, "unarchive"] => Self::Unarchive(stream()),
            ["message-streams", _, "suppressions"] => Self::Suppressions(stream()),
            ["message-streams", _, "suppressions", "delete"] => Self::SuppressionsDelete(stream()),
            ["message-streams", _, "suppressions", "dump"] => Self::SuppressionsDump(stream()),
            ["email"] => Self::Email,
            ["email", "batch"] => Self::EmailBatch,
            ["email", "withtemplate"] => Self::EmailTemplate,
            ["email", "batchwithtemplates"] => Self::EmailTemplateBatch,
            ["messages", "outbound"] => Self::Outbound,
            ["messages", "outbound", "opens"] => Self::Opens(None),
            ["messages", "outbound", "opens", id] => Self::Opens(Some(id.to_owned())),
            ["messages", "outbound", "clicks"] => Self::Clicks(None),
            ["messages", "outbound", "clicks", id] => Self::Clicks(Some(id.to_owned())),
            ["messages", "outbound", id, "details"] => Self::OutboundDetails(id.to_owned()),
            ["messages", "outbound", id, "dump"] => Self::OutboundDump(id.to_owned()),
            ["bounces"] => Self::Bounces,
            ["bounces", id] if id != "tags" => number(id, Self::Bounce),
            ["bounces", id, "dump"] => number(id, Self::BounceDump),
            ["bounces", id, "activate"] => number(id, Self::BounceActivate),
            ["deliverystats"] => Self::DeliveryStatistics,
            ["open", token] => match token.strip_prefix("v3_") {
                Some(id) => Self::Pixel(id.to_owned()),
                None => Self::Unknown,
            },
            ["3s", _, place, id] => Self::Link(segment(1), place.to_owned(), id.to_owned()),
            ["_sandbox", "health"] => Self::Health,
            ["_sandbox", "attempts"] => Self::Attempts,
            ["_sandbox", "clock"] => Self::Clock,
            ["_sandbox", "events"] => Self::Events,
            ["_sandbox", "reset"] => Self::Reset,
            ["servers"] => Self::Servers,
            ["servers", id] => number(id, Self::ServerOfAccount),
            _ => {
                let known = NOT_EMULATED.iter().find(|known| matches(known, &lower));
                known.map_or(Self::Unknown, |known| Self::NotEmulated(known))
            }
        }
    }

    /// The methods of the path, as in an `Allow` header.
    pub(super) fn methods(&self) -> &'static str {
        match self {
            Self::Webhooks | Self::Streams | Self::Servers | Self::Clock => {
                "GET, HEAD, POST, OPTIONS"
            }
            Self::Webhook(_) | Self::ServerOfAccount(_) => "GET, HEAD, PUT, DELETE, OPTIONS",
            Self::Verify(_)
            | Self::Archive(_)
            | Self::Unarchive(_)
            | Self::Email
            | Self::EmailBatch
            | Self::EmailTemplate
            | Self::EmailTemplateBatch
            | Self::Suppressions(_)
            | Self::SuppressionsDelete(_)
            | Self::Events
            | Self::Reset => "POST, OPTIONS",
            Self::Statistics(_)
            | Self::Outbound
            | Self::OutboundDetails(_)
            | Self::OutboundDump(_)
            | Self::Opens(_)
            | Self::Clicks(_)
            | Self::Bounces
            | Self::Bounce(_)
            | Self::BounceDump(_)
            | Self::DeliveryStatistics
            | Self::SuppressionsDump(_)
            | Self::Pixel(_)
            | Self::Link(..)
            | Self::Health
            | Self::Attempts => "GET, HEAD, OPTIONS",
            Self::BounceActivate(_) => "PUT, OPTIONS",
            Self::Server => "GET, HEAD, PUT, OPTIONS",
            Self::Stream(_) => "GET, HEAD, PATCH, OPTIONS",
            Self::NotEmulated(_) | Self::Unknown => "",
        }
    }

    /// True for a path of the sandbox's own: faults and latency do not concern it.
    pub(super) fn is_control(&self) -> bool {
        matches!(self, Self::Health | Self::Attempts | Self::Clock | Self::Events | Self::Reset)
    }

    /// Kind of token that the path needs.
    pub(super) fn token_kind(&self) -> TokenKind {
        match self {
            Self::Servers | Self::ServerOfAccount(_) => TokenKind::Account,
            Self::NotEmulated(path) => {
                let first = path.split('/').nth(1).unwrap_or_default();
                if OF_THE_ACCOUNT.contains(&first) || *path == "/templates/push" {
                    TokenKind::Account
                } else {
                    TokenKind::Server
                }
            }
            Self::Unknown => TokenKind::Any,
            Self::Email | Self::EmailBatch | Self::EmailTemplate | Self::EmailTemplateBatch => {
                TokenKind::Mail
            }
            Self::Pixel(_)
            | Self::Link(..)
            | Self::Health
            | Self::Attempts
            | Self::Clock
            | Self::Events
            | Self::Reset => TokenKind::None,
            _ => TokenKind::Server,
        }
    }
}

/// A segment with its percent escapes decoded. An escaped slash stays escaped: it separates nothing.
fn decoded(segment: &str) -> String {
    match percent_decode_str(segment).decode_utf8() {
        Ok(text) if !text.contains(|c: char| c == '/' || c.is_control()) => text.into_owned(),
        _ => segment.to_owned(),
    }
}

fn matches(pattern: &str, lower: &[&str]) -> bool {
    let parts = pattern.split('/').skip(1);
    parts.clone().count() == lower.len()
        && parts.zip(lower).all(|(part, given)| part == "{}" || part.eq_ignore_ascii_case(given))
}

/// An ID in a path. A number too large for any ID becomes -1, which no entity has.
fn number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(-1))
}
