//! Activity of a server: bounces, messages and their events, suppressions. Postmark keeps it for 45 days by
//! default (7 to 365 with the retention add-on). Rows are kept as Postmark answers them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;

use super::{ApiError, Object, Reader, StreamId, Writer};
use crate::http::client::Method;

/// Largest page: `count` is at most 500 (Bounce API and Messages API).
pub const PAGE: usize = 500;

/// Number of rows of a search that can be reached: `count` + `offset` is at most 10 000 (Bounce API and
/// Messages API).
pub const REACHABLE: usize = 10_000;

/// A search of Postmark's. Each one is limited to one message stream (`outbound` unless it is named).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Search {
    /// `GET /bounces`.
    Bounces,
    /// `GET /messages/outbound`.
    Messages,
    /// `GET /messages/inbound`.
    InboundMessages,
    /// `GET /messages/outbound/opens`.
    Opens,
    /// `GET /messages/outbound/clicks`.
    Clicks,
}

impl Search {
    fn path(self) -> &'static [&'static str] {
        match self {
            Self::Bounces => &["bounces"],
            Self::Messages => &["messages", "outbound"],
            Self::InboundMessages => &["messages", "inbound"],
            Self::Opens => &["messages", "outbound", "opens"],
            Self::Clicks => &["messages", "outbound", "clicks"],
        }
    }
}

/// Filter of a search.
#[derive(Clone, Debug, Default)]
pub struct SearchFilter {
    /// Message stream. `None` leaves it to Postmark (`outbound`).
    pub stream: Option<StreamId>,
    /// Earliest time, inclusive.
    pub from: Option<Timestamp>,
    /// Latest time, inclusive.
    pub to: Option<Timestamp>,
    /// More parameters of the search, such as `type` and `status`.
    pub more: Vec<(&'static str, String)>,
}

/// One page of a search.
#[derive(Clone, Debug, Deserialize)]
pub struct Page {
    /// Number of rows that match the filter, on all pages.
    #[serde(rename = "TotalCount")]
    pub total: usize,
    /// Rows of this page. Of inbound mail, the table of the Messages API names them `Messages` and its
    /// example `InboundMessages`.
    #[serde(
        rename = "Messages",
        alias = "InboundMessages",
        alias = "Bounces",
        alias = "Opens",
        alias = "Clicks"
    )]
    pub rows: Vec<Object>,
}

/// Search filters are in Eastern time with daylight saving (Bounce API, `fromdate`), to the second.
pub fn eastern_time() -> TimeZone {
    // The rule of the United States since 2007, so that no time zone database is needed.
    TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap_or(TimeZone::UTC)
}

/// A time as a search filter takes it.
fn filter_time(time: Timestamp) -> String {
    time.to_zoned(eastern_time()).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

impl Reader {
    /// One page of a search, `offset` rows from its start. `count` is at most [`PAGE`].
    ///
    /// Fails with code 1000 if `count` + `offset` is more than [`REACHABLE`].
    pub fn search(
        &self,
        search: Search,
        filter: &SearchFilter,
        count: usize,
        offset: usize,
    ) -> Result<Page, ApiError> {
        let mut query = vec![("count", count.to_string()), ("offset", offset.to_string())];
        query.extend(filter.stream.as_ref().map(|s| ("messagestream", s.to_string())));
        query.extend(filter.from.map(|time| ("fromdate", filter_time(time))));
        query.extend(filter.to.map(|time| ("todate", filter_time(time))));
        query.extend(filter.more.iter().cloned());
        let query: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.transport.call(Method::Get, search.path(), &query, None)
    }

    /// `GET /messages/outbound/{MessageID}/details`: the message with its `MessageEvents`.
    pub fn message(&self, id: &str) -> Result<Object, ApiError> {
        self.transport.call(Method::Get, &["messages", "outbound", id, "details"], &[], None)
    }

    /// `GET /messages/outbound/opens/{MessageID}` or `.../clicks/{MessageID}`: one page.
    pub fn tracked(&self, search: Search, id: &str, offset: usize) -> Result<Page, ApiError> {
        let (count, offset) = (PAGE.to_string(), offset.to_string());
        let query = [("count", count.as_str()), ("offset", offset.as_str())];
        let path: Vec<&str> = search.path().iter().copied().chain([id]).collect();
        self.transport.call(Method::Get, &path, &query, None)
    }

    /// `GET /message-streams/{stream}/suppressions/dump`: all suppressions of a stream. Not paged.
    pub fn suppressions(&self, stream: &StreamId) -> Result<Vec<Object>, ApiError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Dump {
            suppressions: Vec<Object>,
        }
        let path = ["message-streams", stream.as_str(), "suppressions", "dump"];
        let dump: Dump = self.transport.call(Method::Get, &path, &[], None)?;
        Ok(dump.suppressions)
    }
}

impl Writer {
    /// `POST /email`: sends one message. Not retried once it may have arrived.
    pub fn send_email(&self, email: &Object) -> Result<Object, ApiError> {
        self.reader().transport.call(Method::Post, &["email"], &[], Some(email.clone()))
    }

    /// `POST /message-streams/{stream}/suppressions`, or `.../suppressions/delete`: suppresses sending to an
    /// address, or allows it again. A refusal of the address is in the response, not an error.
    pub fn set_suppression(
        &self,
        stream: &StreamId,
        address: &str,
        suppress: bool,
    ) -> Result<Object, ApiError> {
        let mut path = vec!["message-streams", stream.as_str(), "suppressions"];
        path.extend((!suppress).then_some("delete"));
        let body = suppression_body(address);
        self.reader().transport.call(Method::Post, &path, &[], Some(body))
    }

    /// `PUT /messages/inbound/{MessageID}/retry`: Postmark posts a failed inbound message again.
    pub fn retry_inbound(&self, id: &str) -> Result<Object, ApiError> {
        let path = ["messages", "inbound", id, "retry"];
        self.reader().transport.call(Method::Put, &path, &[], Some(Object::new()))
    }
}

/// Body of the two calls that change suppressions.
pub fn suppression_body(address: &str) -> Object {
    let mut entry = Object::new();
    entry.insert("EmailAddress".to_owned(), address.into());
    let mut body = Object::new();
    body.insert("Suppressions".to_owned(), vec![Value::Object(entry)].into());
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filter_times_are_eastern_with_daylight_saving() {
        for (time, expected) in [
            ("2026-07-01T12:00:00Z", "2026-07-01T08:00:00"),
            ("2026-11-28T12:00:00Z", "2026-11-28T07:00:00"),
            // Clocks go back on 1 November 2026 at 06:00 UTC and forward on 14 March 2027 at 07:00 UTC.
            ("2026-11-01T05:59:59Z", "2026-11-01T01:59:59"),
            ("2026-11-01T06:00:00Z", "2026-11-01T01:00:00"),
            ("2027-03-14T06:59:59Z", "2027-03-14T01:59:59"),
            ("2027-03-14T07:00:00Z", "2027-03-14T03:00:00"),
        ] {
            assert_eq!(filter_time(time.parse().unwrap()), expected, "{time}");
        }
    }
}
