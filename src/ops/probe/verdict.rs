//! What Postmark would make of an answer, and what an operator should look at.
//!
//! The rules are those of August 2026 (Postmark's overview of webhooks): any 2xx is a delivery, 408, 429,
//! 5xx and silence are tried again, every other 4xx drops the event at once. Inbound mail has rules of its
//! own: only 200 is promised to count, 403 ends it, and all else is tried again.

use std::time::Duration;

use super::{Credentials, Exchange, advice};
use crate::event::{Event, Received};
use crate::http::client::{self, HttpError};

/// From here on an answer is slow: Postmark gives up on an endpoint after some 15 to 30 seconds.
const SLOW: Duration = Duration::from_secs(2);

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The endpoint took it.
    Delivered,
    /// The endpoint refused it, and Postmark forgets it.
    Dropped,
    /// The endpoint was there, but Postmark will have to try again.
    Retried,
    /// There was nobody to talk to; Postmark tries again.
    Unreachable,
}

impl Outcome {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Dropped => "dropped",
            Self::Retried => "retried",
            Self::Unreachable => "unreachable",
        }
    }

    /// What Postmark does then, with its documented schedule.
    pub fn consequence(self, event: Option<Event>) -> &'static str {
        match (self, event == Some(Event::Inbound)) {
            (Self::Delivered, _) => "Postmark is done with it",
            (Self::Dropped, _) => "Postmark drops it at once and does not try again",
            (Self::Retried | Self::Unreachable, false) => {
                "Postmark tries again up to 9 times within about 72 minutes (after 1, 5, 15, 1, 5, \
                 10, 10, 10 and 15 minutes), then the event is lost"
            }
            (Self::Retried | Self::Unreachable, true) => {
                "Postmark tries again 10 times within about 10 hours (after 1, 5, 10, 10, 10, 15 and \
                 30 minutes, then 1, 2 and 6 hours), then the mail stands as Inbound Error in Activity"
            }
        }
    }
}

/// What is to be said of a post.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The check passed.
    pub success: bool,
    /// What Postmark would do; none for a probe with other credentials.
    pub outcome: Option<Outcome>,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// What happened.
    pub message: String,
    /// What an operator should look at.
    pub fix: Option<String>,
    /// What is worth knowing though it passed.
    pub warnings: Vec<String>,
}

/// Judges a post with the webhook's own credentials.
pub fn of_event(event: &Received, exchange: &Exchange) -> Verdict {
    let event = event.event();
    let (status, mut message, mut warnings) = match &exchange.answer {
        Ok(answer) => (Ok(answer.status), said(answer.status), Vec::new()),
        Err(HttpError::TooLarge { status, limit, .. }) => {
            let size =
                format!("the answer is larger than {limit} bytes; Postmark reads none of it");
            (Ok(*status), said(*status), vec![size])
        }
        Err(error) => (Err(error), error.to_string(), Vec::new()),
    };
    let outcome = match status {
        Ok(status) => outcome(status, event),
        Err(error) if is_unreachable(error) => Outcome::Unreachable,
        Err(_) => Outcome::Retried,
    };
    if let Some(why) = &exchange.stopped {
        message.push_str(&format!(": {why}"));
    }
    let success = outcome == Outcome::Delivered;
    let fix = match status {
        Ok(_) if success => None,
        Ok(status) => Some(advice::of_status(status)),
        Err(error) => Some(advice::of_silence(error)),
    };
    let not_200 = match (success, event, &status) {
        (true, Some(Event::Inbound), Ok(201..)) => {
            Some("of inbound mail only 200 is promised to count as delivered: answer exactly 200")
        }
        (true, _, Ok(201..)) => {
            Some("verification would fail: it wants exactly 200, though events take any 2xx")
        }
        _ => None,
    };
    warnings.extend(not_200.map(str::to_owned));
    warnings.extend(about_redirects(exchange));
    if exchange.took >= SLOW && exchange.answer.is_ok() {
        let took = exchange.took.as_secs_f32();
        warnings.push(format!(
            "the answer took {took:.1} s: answer at once and do the work afterwards, \
             since Postmark gives up after some 15 to 30 s and sends the event again"
        ));
    }
    Verdict { success, outcome: Some(outcome), status: status.ok(), message, fix, warnings }
}

/// Judges a post that should have been refused.
pub fn of_credentials(
    credentials: Credentials,
    carriers: &[String],
    exchange: &Exchange,
) -> Verdict {
    let how = if credentials == Credentials::Missing { "without" } else { "with wrong values of" };
    let what = carriers.join(" and ");
    let (mut success, mut fix, mut warnings) = (false, None, Vec::new());
    let status = match &exchange.answer {
        Ok(answer) => Some(answer.status),
        Err(HttpError::TooLarge { status, .. }) => Some(*status),
        Err(_) => None,
    };
    let message = match (status, &exchange.answer) {
        (Some(status @ (401 | 403)), _) => {
            success = true;
            format!("refused, as it should be: {}", said(status))
        }
        (Some(status @ 400..500), _) => {
            success = true;
            warnings.push(format!("a refusal is 401 or 403; the endpoint answers {status}"));
            format!("refused: {}", said(status))
        }
        (Some(status @ 200..300), _) => {
            fix = Some(format!(
                "anybody can post to it: let the endpoint check {what}, and answer 401"
            ));
            format!("accepted {how} {what}: {}", said(status))
        }
        (Some(status), _) => {
            fix = Some(format!("the endpoint should refuse a post {how} {what} with 401"));
            format!("neither accepted nor refused {how} {what}: {}", said(status))
        }
        (None, answer) => {
            let error = answer.as_ref().err();
            fix = error.map(advice::of_silence);
            error.map(ToString::to_string).unwrap_or_default()
        }
    };
    Verdict { success, outcome: None, status, message, fix, warnings }
}

/// What an operator should look at where there was no answer.
pub fn advice(error: &HttpError) -> String {
    advice::of_silence(error)
}

/// True where this machine's own settings are at fault, so that nothing was learnt of the endpoint.
pub fn is_own_fault(error: &HttpError) -> bool {
    matches!(
        error,
        HttpError::Authorities { .. } | HttpError::ProxySetting { .. } | HttpError::Local { .. }
    )
}

fn outcome(status: u16, event: Option<Event>) -> Outcome {
    match status {
        200..300 => Outcome::Delivered,
        403 => Outcome::Dropped,
        _ if event == Some(Event::Inbound) => Outcome::Retried,
        408 | 429 => Outcome::Retried,
        400..500 => Outcome::Dropped,
        _ => Outcome::Retried,
    }
}

fn is_unreachable(error: &HttpError) -> bool {
    matches!(
        error,
        HttpError::Name { .. }
            | HttpError::Connect { .. }
            | HttpError::ConnectTimeout { .. }
            | HttpError::Proxy { .. }
            | HttpError::Tls { .. }
    )
}

/// `Service Unavailable`.
fn said(status: u16) -> String {
    client::phrase(status).map_or_else(|| format!("the endpoint answered {status}"), str::to_owned)
}

fn about_redirects(exchange: &Exchange) -> Vec<String> {
    let Some(last) = exchange.hops.last() else { return Vec::new() };
    let chain: Vec<_> =
        exchange.hops.iter().map(|h| format!("{} to {}", h.status, h.url)).collect();
    let chain = chain.join(", then ");
    let mut warnings = vec![format!(
        "the endpoint redirects ({chain}); give the webhook the last of these URLs: {}",
        last.url
    )];
    if let Some(hop) = exchange.hops.iter().find(|h| h.lost_body) {
        warnings.push(format!(
            "after the {} the POST became a GET without a body, as HTTP clients do: \
             the event itself did not arrive",
            hop.status
        ));
    }
    if exchange.hops.iter().any(|h| h.left_origin) {
        warnings.push(
            "a redirect leads to another origin: credentials and custom headers were not sent there"
                .to_owned(),
        );
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcome_follows_postmarks_rules() {
        let outbound = Some(Event::Bounce);
        for (status, expected) in [
            (200, Outcome::Delivered),
            (204, Outcome::Delivered),
            (304, Outcome::Retried),
            (400, Outcome::Dropped),
            (401, Outcome::Dropped),
            (403, Outcome::Dropped),
            (408, Outcome::Retried),
            (410, Outcome::Dropped),
            (429, Outcome::Retried),
            (500, Outcome::Retried),
            (599, Outcome::Retried),
        ] {
            assert_eq!(outcome(status, outbound), expected, "{status}");
        }
    }

    #[test]
    fn inbound_mail_is_tried_again_except_after_403() {
        let inbound = Some(Event::Inbound);
        for status in [400, 401, 404, 410, 422, 429, 500] {
            assert_eq!(outcome(status, inbound), Outcome::Retried, "{status}");
        }
        assert_eq!(outcome(403, inbound), Outcome::Dropped);
        assert!(Outcome::Retried.consequence(inbound).contains("10 times"));
    }
}
