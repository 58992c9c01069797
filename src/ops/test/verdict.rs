//! Judges an answer by Postmark's rules, and advises what to look at.
//!
//! Rules of August 2026 (Postmark's overview of webhooks): any 2xx is a delivery; 408, 429, 5xx and no answer
//! are retried; every other 4xx drops the event at once. For inbound mail only 200 is documented as a success,
//! 403 drops it, and everything else is retried.

use std::time::Duration;

use super::{Attempt, Credentials};
use crate::event::{Event, Received};
use crate::http::client::{self, HttpError, TlsTrouble};
use crate::postmark::mask;

/// Answers from here on are slow. Postmark gives up after about 15 to 30 seconds.
const SLOW: Duration = Duration::from_secs(2);
/// The same for inbound mail, for which Postmark waits 2 minutes.
const SLOW_INBOUND: Duration = Duration::from_secs(15);

/// What Postmark would do after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum DeliveryOutcome {
    Delivered,
    /// Refused for good; Postmark does not retry.
    WouldDrop,
    /// The endpoint answered, but Postmark would retry.
    WouldRetry,
    /// No connection; Postmark would retry.
    Unreachable,
}

impl DeliveryOutcome {
    /// Name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::WouldDrop => "dropped",
            Self::WouldRetry => "retried",
            Self::Unreachable => "unreachable",
        }
    }

    /// What Postmark does next, with its documented retry schedule.
    pub(crate) fn consequence(self, event: Option<Event>) -> &'static str {
        match (self, event == Some(Event::Inbound)) {
            (Self::Delivered, _) => "Postmark is done with it",
            (Self::WouldDrop, _) => "Postmark drops it at once and does not try again",
            (Self::WouldRetry | Self::Unreachable, false) => {
                "Postmark tries again up to 9 times within about 72 minutes (after 1, 5, 15, 1, 5, \
                 10, 10, 10 and 15 minutes), then the event is lost"
            }
            (Self::WouldRetry | Self::Unreachable, true) => {
                "Postmark tries again 10 times within about 10 hours (after 1, 5, 10, 10, 10, 15 and \
                 30 minutes, then 1, 2 and 6 hours), then the mail stands as Inbound Error in Activity"
            }
        }
    }
}

/// The judgment of one attempt.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) success: bool,
    /// `None` for an attempt without the webhook's own credentials.
    pub(crate) outcome: Option<DeliveryOutcome>,
    /// HTTP status of the answer.
    pub(crate) status: Option<u16>,
    pub(crate) message: String,
    pub(crate) fix: Option<String>,
    pub(crate) warnings: Vec<String>,
}

/// Judges an attempt with the webhook's own credentials.
pub(crate) fn judge(event: &Received, attempt: &Attempt) -> Verdict {
    let event = event.event();
    let (status, mut message, mut warnings) = match &attempt.answer {
        Ok(answer) => (Ok(answer.status), phrase(answer.status), Vec::new()),
        Err(HttpError::TooLarge { status, limit, .. }) => {
            let size =
                format!("the answer is larger than {limit} bytes; Postmark reads none of it");
            (Ok(*status), phrase(*status), vec![size])
        }
        // A redirect may have led to a host that repeats a secret.
        Err(error) => (Err(error), mask::outside(&error.to_string()).into_owned(), Vec::new()),
    };
    let outcome = match status {
        Ok(status) => outcome(status, event),
        Err(error) if is_unreachable(error) => DeliveryOutcome::Unreachable,
        Err(_) => DeliveryOutcome::WouldRetry,
    };
    if let Some(why) = &attempt.refused_redirect {
        message.push_str(&format!(": {why}"));
    }
    let success = outcome == DeliveryOutcome::Delivered;
    let fix = match status {
        Ok(_) if success => None,
        Ok(status) => Some(advice_for_status(status)),
        Err(error) => Some(advice_for_error(error)),
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
    warnings.extend(redirect_warnings(attempt));
    if attempt.answer.is_ok() {
        warnings.extend(slow_warning(event, attempt.took));
    }
    Verdict { success, outcome: Some(outcome), status: status.ok(), message, fix, warnings }
}

/// Judges an attempt that the endpoint should reject. `names` lists the webhook's credentials.
pub(crate) fn judge_rejection(
    credentials: Credentials,
    names: &[String],
    attempt: &Attempt,
) -> Verdict {
    let how = if credentials == Credentials::Missing { "without" } else { "with wrong values of" };
    let what = names.join(" and ");
    let (mut success, mut fix, mut warnings) = (false, None, Vec::new());
    let status = match &attempt.answer {
        Ok(answer) => Some(answer.status),
        Err(HttpError::TooLarge { status, .. }) => Some(*status),
        Err(_) => None,
    };
    let message = match (status, &attempt.answer) {
        (Some(status @ (401 | 403)), _) => {
            success = true;
            format!("refused, as it should be: {}", phrase(status))
        }
        (Some(status @ 400..500), _) => {
            success = true;
            warnings.push(format!("a refusal is 401 or 403; the endpoint answers {status}"));
            format!("refused: {}", phrase(status))
        }
        (Some(status @ 200..300), _) => {
            fix = Some(format!(
                "anybody can post to it: let the endpoint check {what}, and answer 401"
            ));
            format!("accepted {how} {what}: {}", phrase(status))
        }
        (Some(status), _) => {
            fix = Some(format!("the endpoint should refuse a post {how} {what} with 401"));
            format!("neither accepted nor refused {how} {what}: {}", phrase(status))
        }
        (None, answer) => {
            let error = answer.as_ref().err();
            fix = error.map(advice_for_error);
            error.map(ToString::to_string).unwrap_or_default()
        }
    };
    Verdict { success, outcome: None, status, message, fix, warnings }
}

/// True if this machine's settings are at fault, so the attempt says nothing about the endpoint.
pub(crate) fn is_local_fault(error: &HttpError) -> bool {
    matches!(
        error,
        HttpError::Authorities { .. } | HttpError::ProxySetting { .. } | HttpError::Local { .. }
    )
}

fn outcome(status: u16, event: Option<Event>) -> DeliveryOutcome {
    match status {
        200..300 => DeliveryOutcome::Delivered,
        403 => DeliveryOutcome::WouldDrop,
        _ if event == Some(Event::Inbound) => DeliveryOutcome::WouldRetry,
        408 | 429 => DeliveryOutcome::WouldRetry,
        400..500 => DeliveryOutcome::WouldDrop,
        _ => DeliveryOutcome::WouldRetry,
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

fn slow_warning(event: Option<Event>, took: Duration) -> Option<String> {
    let is_inbound = event == Some(Event::Inbound);
    let (limit, patience) =
        if is_inbound { (SLOW_INBOUND, "2 minutes") } else { (SLOW, "about 15 to 30 s") };
    (took >= limit).then(|| {
        format!(
            "the answer took {:.1} s: answer at once and do the work afterwards, \
             since Postmark gives up after {patience} and sends the event again",
            took.as_secs_f32()
        )
    })
}

/// `Service Unavailable`.
fn phrase(status: u16) -> String {
    client::phrase(status).map_or_else(|| format!("the endpoint answered {status}"), str::to_owned)
}

fn redirect_warnings(attempt: &Attempt) -> Vec<String> {
    let Some(last) = attempt.redirects.last() else { return Vec::new() };
    let chain: Vec<_> =
        attempt.redirects.iter().map(|h| format!("{} to {}", h.status, h.url)).collect();
    let chain = chain.join(", then ");
    let mut warnings = vec![format!(
        "the endpoint redirects ({chain}); give the webhook the last of these URLs: {}",
        last.url
    )];
    if let Some(hop) = attempt.redirects.iter().find(|h| h.dropped_body) {
        warnings.push(format!(
            "after the {} the POST became a GET without a body, as HTTP clients do: \
             the event itself did not arrive",
            hop.status
        ));
    }
    if attempt.redirects.iter().any(|h| h.left_origin) {
        warnings.push(
            "a redirect leads to another origin: credentials and custom headers were not sent there"
                .to_owned(),
        );
    }
    warnings
}

/// Advice for a status that is not a success.
fn advice_for_status(status: u16) -> String {
    let advice = match status {
        300..400 => {
            "the endpoint redirects without saying where to, or too often: look at its routing, and \
             give the webhook the URL that answers in the end"
        }
        400 | 422 => {
            "the endpoint did not like the event itself: look at its log, and at the event \
             that was sent"
        }
        401 => {
            "the endpoint wants other credentials: compare the webhook's HttpAuth and headers with \
             what the endpoint expects"
        }
        403 => {
            "something refuses the post: a firewall or bot filter in front, a CSRF check, the \
             credentials, or a list of allowed addresses (if it names Postmark's alone, `pmhooks \
             verify` can test it, this machine cannot)"
        }
        404 | 410 => {
            "there is nothing at this path: look at the URL, at the routes of the endpoint, and at \
             what is deployed"
        }
        405 => {
            "there is something at this path, but not for POST: look for a slash too many or too few, \
             and at the routes of the endpoint"
        }
        408 => {
            "the endpoint did not get the whole request in its time: look at limits in front of it"
        }
        413 => {
            "the event is too large for the endpoint: raise the limit of the body's size, in front of \
             it too (inbound mail comes with up to 50 MB)"
        }
        415 => {
            "the endpoint does not take application/json: look at what it expects as Content-Type"
        }
        429 => "the endpoint limits how often it is called: exempt Postmark, or raise the limit",
        502..=504 => {
            "a proxy or load balancer answers in the endpoint's place: look whether the application \
             runs and answers in time"
        }
        500.. => "the endpoint failed: look at its log at this time, for the trace ID",
        _ => "look at the endpoint's log, and at the event that was sent",
    };
    advice.to_owned()
}

/// Advice where no answer arrived.
pub(crate) fn advice_for_error(error: &HttpError) -> String {
    let advice = match error {
        HttpError::Name { host } => {
            let host = mask::outside(host);
            return format!(
                "look for a typing mistake in {host}, and whether the name is in the public DNS"
            );
        }
        HttpError::Connect { to, .. } => {
            let to = mask::outside(to);
            return format!(
                "look whether the service runs and listens there ({to}), and whether a firewall lets \
                 Postmark in"
            );
        }
        HttpError::Proxy { .. } => {
            "that is the proxy of this machine (HTTPS_PROXY, ALL_PROXY); Postmark does not go \
             through it"
        }
        HttpError::Tls { trouble, .. } => match trouble {
            TlsTrouble::Date => "renew the certificate, and see why it was not renewed by itself",
            TlsTrouble::Host => {
                "get a certificate for the name in the webhook's URL, or use the name that it is for"
            }
            TlsTrouble::UnknownAuthority => {
                "serve the whole chain with the intermediate certificate, from an authority that \
                 everybody knows: Postmark does not know a company's own (--cacert trusts one here)"
            }
            TlsTrouble::Protocol => {
                "look whether this port speaks TLS 1.2 or 1.3 at all: it may be plain HTTP, or old"
            }
        },
        HttpError::ConnectTimeout { .. } => {
            "nothing even refused the connection: look whether a firewall swallows it (if it lets in \
             Postmark's addresses alone, `pmhooks verify` can test it, this machine cannot)"
        }
        HttpError::Timeout { .. } => {
            "answer at once and do the work afterwards (a longer --timeout shows whether it answers \
             at all)"
        }
        HttpError::NotHttp { .. } => {
            "look whether this port speaks HTTP: it may want https, or be another service"
        }
        _ => "the endpoint broke off: look at its log, and at what stands in front of it",
    };
    advice.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcome_follows_postmarks_rules() {
        let outbound = Some(Event::Bounce);
        for (status, expected) in [
            (200, DeliveryOutcome::Delivered),
            (204, DeliveryOutcome::Delivered),
            (304, DeliveryOutcome::WouldRetry),
            (400, DeliveryOutcome::WouldDrop),
            (401, DeliveryOutcome::WouldDrop),
            (403, DeliveryOutcome::WouldDrop),
            (408, DeliveryOutcome::WouldRetry),
            (410, DeliveryOutcome::WouldDrop),
            (429, DeliveryOutcome::WouldRetry),
            (500, DeliveryOutcome::WouldRetry),
            (599, DeliveryOutcome::WouldRetry),
        ] {
            assert_eq!(outcome(status, outbound), expected, "{status}");
        }
    }

    #[test]
    fn inbound_mail_is_tried_again_except_after_403() {
        let inbound = Some(Event::Inbound);
        for status in [400, 401, 404, 410, 422, 429, 500] {
            assert_eq!(outcome(status, inbound), DeliveryOutcome::WouldRetry, "{status}");
        }
        assert_eq!(outcome(403, inbound), DeliveryOutcome::WouldDrop);
        assert!(DeliveryOutcome::WouldRetry.consequence(inbound).contains("10 times"));
    }

    #[test]
    fn an_inbound_endpoint_may_take_15_seconds_and_others_2() {
        for (event, seconds, warns) in [
            (Event::Bounce, 1, false),
            (Event::Bounce, 2, true),
            (Event::Inbound, 14, false),
            (Event::Inbound, 15, true),
            (Event::Inbound, 119, true),
        ] {
            let warning = slow_warning(Some(event), Duration::from_secs(seconds));
            assert_eq!(warning.is_some(), warns, "{event} {seconds} s");
        }
        let inbound = slow_warning(Some(Event::Inbound), Duration::from_secs(20)).unwrap();
        assert!(inbound.contains("took 20.0 s") && inbound.contains("2 minutes"), "{inbound}");
    }
}
