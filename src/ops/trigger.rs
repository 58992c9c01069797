//! Makes a real event happen, and follows it to the webhooks.
//!
//! On Postmark, mail to its test addresses makes bounces and deliveries, and a suppression makes a
//! subscription change; statistics show whether a webhook was posted to. On the sandbox, its own paths make
//! any event, and its attempts are the proof.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::event::{BounceType, Event, uuid};
use crate::postmark::activity::suppression_body;
use crate::postmark::{ApiError, Object, Reader, Statistics, StreamId, Webhook, WebhookId};

/// A request that makes the event happen, or undoes what it caused.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedRequest {
    /// HTTP method.
    pub method: &'static str,
    /// Path of the API.
    pub path: String,
    /// Body.
    pub body: Object,
}

/// An event to make.
#[derive(Clone, Debug)]
pub struct TriggerPlan {
    /// Kind of the event.
    pub event: Event,
    /// Recipient: made up, and new in each run, so that it is never suppressed already.
    pub recipient: String,
    /// Message stream.
    pub stream: StreamId,
    /// Requests that make it happen, in order.
    pub requests: Vec<PlannedRequest>,
    /// Request that removes a suppression it causes.
    pub cleanup: Option<PlannedRequest>,
    /// Number of events that each webhook receives.
    pub expected: f64,
}

/// What the plan depends on.
pub struct TriggerInput<'a> {
    /// Kind of the event.
    pub event: Event,
    /// Type of a bounce.
    pub bounce_type: BounceType,
    /// Sender of the mail.
    pub from: &'a str,
    /// Message stream.
    pub stream: &'a StreamId,
    /// Address of the server for inbound mail. Empty if it is unknown.
    pub inbound_address: &'a str,
}

/// Reason why Postmark cannot make an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTriggerable {
    /// Bounce testing turns spam complaints into hard bounces.
    #[error(
        "Postmark cannot make a spam complaint happen: its bounce testing makes a hard bounce of it"
    )]
    SpamComplaint,
    /// A recipient must open the mail.
    #[error("Postmark makes an open or a click only when a recipient does it")]
    Tracking,
    /// The server has no inbound address.
    #[error("the server has no inbound address")]
    NoInboundAddress,
}

impl TriggerPlan {
    /// The requests to Postmark.
    ///
    /// Recipients: bounces come from `bounce-testing.postmarkapp.com` with the header `X-PM-Bounce-Type`
    /// (Postmark's support article 1239), deliveries from `blackhole.postmarkapp.com` (article 1084).
    pub fn on_postmark(input: &TriggerInput<'_>) -> Result<Self, NotTriggerable> {
        let local = format!("pmhooks-{}", uuid().split('-').next().unwrap_or("0"));
        let suppressions = format!("/message-streams/{}/suppressions", input.stream);
        let suppression = |recipient: &str, path: String| PlannedRequest {
            method: "POST",
            path,
            body: suppression_body(recipient),
        };
        let removal = |recipient: &str| suppression(recipient, format!("{suppressions}/delete"));
        let mut expected = 1.0;
        let mut cleanup = None;
        let (recipient, requests) = match input.event {
            Event::Bounce | Event::SmtpApiError => {
                let kind = match input.event {
                    Event::SmtpApiError => BounceType::SMTP_API_ERROR,
                    _ => input.bounce_type,
                };
                let recipient = format!("{local}@bounce-testing.postmarkapp.com");
                // Only a hard bounce suppresses the address.
                cleanup = (kind.key == BounceType::HARD.key).then(|| removal(&recipient));
                let email = email(input, &recipient, Some(kind));
                (recipient, vec![email])
            }
            Event::Delivery => {
                let recipient = format!("{local}@blackhole.postmarkapp.com");
                let email = email(input, &recipient, None);
                (recipient, vec![email])
            }
            Event::SubscriptionChange => {
                let recipient = format!("{local}@example.com");
                let create = suppression(&recipient, suppressions.clone());
                let remove = removal(&recipient);
                // The suppression and its removal are an event each.
                expected = 2.0;
                cleanup = Some(remove.clone());
                (recipient, vec![create, remove])
            }
            Event::Inbound => {
                let address = input.inbound_address.split_once('@');
                let (hash, host) = address.ok_or(NotTriggerable::NoInboundAddress)?;
                let recipient = format!("{hash}+{local}@{host}");
                let email = email(input, &recipient, None);
                (recipient, vec![email])
            }
            Event::SpamComplaint => return Err(NotTriggerable::SpamComplaint),
            Event::Open | Event::Click => return Err(NotTriggerable::Tracking),
        };
        let stream = input.stream.clone();
        Ok(Self { event: input.event, recipient, stream, requests, cleanup, expected })
    }

    /// The request to the sandbox.
    pub fn on_sandbox(input: &TriggerInput<'_>) -> Self {
        let recipient = format!("pmhooks-{}@example.com", uuid().split('-').next().unwrap_or("0"));
        let mut body = Object::new();
        body.insert("Event".to_owned(), input.event.name().into());
        body.insert("Recipient".to_owned(), recipient.clone().into());
        if input.event != Event::Inbound {
            body.insert("MessageStream".to_owned(), input.stream.as_str().into());
        }
        if input.event == Event::Bounce {
            body.insert("BounceType".to_owned(), input.bounce_type.key.into());
        }
        let causes_suppression = match input.event {
            Event::Bounce => input.bounce_type.key == BounceType::HARD.key,
            Event::SubscriptionChange | Event::SpamComplaint => true,
            _ => false,
        };
        let path = format!("/message-streams/{}/suppressions/delete", input.stream);
        let cleanup = causes_suppression.then(|| PlannedRequest {
            method: "POST",
            path,
            body: suppression_body(&recipient),
        });
        let request = PlannedRequest { method: "POST", path: "/_sandbox/events".to_owned(), body };
        Self {
            event: input.event,
            recipient,
            stream: input.stream.clone(),
            requests: vec![request],
            cleanup,
            expected: 1.0,
        }
    }
}

fn email(input: &TriggerInput<'_>, recipient: &str, kind: Option<BounceType>) -> PlannedRequest {
    let body = json!({
        "From": input.from,
        "To": recipient,
        "Subject": "pmhooks trigger",
        "TextBody": "This message was sent by pmhooks to test a webhook.",
        "Tag": "pmhooks",
        "MessageStream": input.stream.as_str(),
    });
    let mut body = body.as_object().cloned().unwrap_or_default();
    if let Some(kind) = kind {
        let headers = json!([{"Name": "X-PM-Bounce-Type", "Value": kind.key}]);
        body.insert("Headers".to_owned(), headers);
    }
    PlannedRequest { method: "POST", path: "/email".to_owned(), body }
}

/// The verified webhooks of a stream that have the trigger of an event enabled.
pub fn receivers(webhooks: Vec<Webhook>, event: Event) -> Vec<Webhook> {
    let key = trigger_key(event);
    let receives = |webhook: &Webhook| {
        let is_on = webhook.triggers.enabled().iter().any(|trigger| trigger.key() == key);
        is_on && webhook.status.as_deref().is_none_or(|status| status == "verified")
    };
    webhooks.into_iter().filter(receives).collect()
}

/// Key of the trigger that posts an event. SMTP API errors are posted as bounces.
pub fn trigger_key(event: Event) -> &'static str {
    if event == Event::SmtpApiError { Event::Bounce.key() } else { event.key() }
}

/// Outcome of the event at one webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum TriggerOutcome {
    /// The endpoint accepted the event.
    Delivered,
    /// The endpoint did not accept it.
    Failed,
    /// Nothing was posted before the wait ended.
    NotPosted,
    /// The statistics do not tell.
    Unclear,
}

/// Outcome at a webhook, with an explanation.
#[derive(Clone, Debug, PartialEq)]
pub struct TriggerResult {
    /// Webhook. `None` for a hook URL of the server.
    pub id: Option<WebhookId>,
    /// URL, masked.
    pub url: String,
    /// Outcome.
    pub outcome: TriggerOutcome,
    /// Explanation.
    pub message: String,
    /// The sandbox does not post to this host, so that the event counts neither as posted nor as failed.
    pub is_blocked: bool,
}

/// Counters of a trigger in Postmark's statistics. `None` if there are none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counters {
    success: f64,
    failure: f64,
}

impl Counters {
    /// Counters of a trigger. A trigger without requests is not listed.
    pub fn of(statistics: &Statistics, key: &str) -> Self {
        let metrics = statistics.of(key);
        let number = |name: &str| metrics.number(name).unwrap_or(0.0);
        Self { success: number("SuccessCount"), failure: number("FailureCount") }
    }
}

/// Judges the counters before and after. `None` while nothing has changed.
pub fn judge(
    before: Option<Counters>,
    now: Option<Counters>,
    expected: f64,
) -> Option<(TriggerOutcome, String)> {
    let (Some(before), Some(now)) = (before, now) else {
        return Some((TriggerOutcome::Unclear, "the API has no statistics".to_owned()));
    };
    let (success, failure) = (now.success - before.success, now.failure - before.failure);
    if success < 0.0 || failure < 0.0 {
        let why = "the counters fell: events of the last day left the statistics";
        return Some((TriggerOutcome::Unclear, why.to_owned()));
    }
    if success + failure > expected {
        let why = format!("{} requests were counted, {expected} are ours", success + failure);
        return Some((TriggerOutcome::Unclear, why));
    }
    if failure > 0.0 {
        let why = format!("{failure} of {expected} requests failed");
        return Some((TriggerOutcome::Failed, why));
    }
    (success >= expected).then(|| {
        (TriggerOutcome::Delivered, "consistent with delivery: SuccessCount rose".to_owned())
    })
}

/// Waits until every webhook has an outcome, or until `deadline`. Statistics are read every `interval`.
#[allow(clippy::too_many_arguments, reason = "each is used as it is")]
pub fn watch(
    client: &Reader,
    webhooks: &[Webhook],
    before: &[Option<Counters>],
    plan: &TriggerPlan,
    deadline: Instant,
    interval: Duration,
    is_interrupted: &dyn Fn() -> bool,
    progress: &dyn Fn(usize),
) -> Result<Vec<TriggerResult>, ApiError> {
    let key = trigger_key(plan.event);
    let mut found: Vec<Option<(TriggerOutcome, String)>> = vec![None; webhooks.len()];
    loop {
        for ((webhook, before), outcome) in webhooks.iter().zip(before).zip(&mut found) {
            if outcome.is_none() {
                let now = counters(client, webhook.id, key)?;
                *outcome = judge(*before, now, plan.expected);
            }
        }
        progress(found.iter().flatten().count());
        if found.iter().all(Option::is_some) || Instant::now() >= deadline || is_interrupted() {
            break;
        }
        let until = (Instant::now() + interval).min(deadline);
        while Instant::now() < until && !is_interrupted() {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    let not_posted = || (TriggerOutcome::NotPosted, "no request was counted".to_owned());
    let results = webhooks.iter().zip(found).map(|(webhook, outcome)| {
        let (outcome, message) = outcome.unwrap_or_else(not_posted);
        let url = webhook.url.masked();
        TriggerResult { id: Some(webhook.id), url, outcome, message, is_blocked: false }
    });
    Ok(results.collect())
}

/// Counters of a webhook's trigger. `None` if the API has no statistics (before August 2026).
pub fn counters(client: &Reader, id: WebhookId, key: &str) -> Result<Option<Counters>, ApiError> {
    match client.statistics(id) {
        Ok(statistics) => Ok(Some(Counters::of(&statistics, key))),
        Err(ApiError::NotOffered { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Results where the sandbox posted the event to nobody: the webhooks it skipped, with the reason.
pub fn skipped_results(answer: &Value) -> Vec<TriggerResult> {
    let skipped = answer.get("Skipped").and_then(Value::as_array).into_iter().flatten();
    let result = |row: &Value| {
        let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        TriggerResult {
            id: row.get("WebhookID").and_then(Value::as_i64).map(WebhookId),
            url: text("Url"),
            outcome: TriggerOutcome::NotPosted,
            message: text("Reason"),
            is_blocked: false,
        }
    };
    skipped.map(result).collect()
}

/// Result of an attempt of the sandbox.
pub fn attempt_result(row: &Value) -> TriggerResult {
    let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default();
    let status = row.get("Status").and_then(Value::as_u64);
    let outcome = match text("Outcome") {
        "Delivered" => TriggerOutcome::Delivered,
        "Pending" | "Blocked" => TriggerOutcome::NotPosted,
        _ => TriggerOutcome::Failed,
    };
    let message = match (outcome, status) {
        (TriggerOutcome::NotPosted, _) if text("Outcome") == "Blocked" => {
            "blocked: the host is not an allowed target of the sandbox".to_owned()
        }
        (TriggerOutcome::NotPosted, _) => "no attempt was made yet".to_owned(),
        (TriggerOutcome::Failed, Some(status)) => {
            format!("answered {status} ({})", text("Outcome").to_lowercase())
        }
        (TriggerOutcome::Failed, None) => text("Error").to_owned(),
        (_, Some(status)) => format!("answered {status}"),
        (_, None) => String::new(),
    };
    TriggerResult {
        id: row.get("WebhookID").and_then(Value::as_i64).map(WebhookId),
        url: text("Url").to_owned(),
        outcome,
        message,
        is_blocked: text("Outcome") == "Blocked",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::unnecessary_wraps, reason = "as `judge` takes it")]
    fn counters(success: f64, failure: f64) -> Option<Counters> {
        Some(Counters { success, failure })
    }

    #[test]
    fn counters_decide_on_the_outcome() {
        let before = counters(10.0, 2.0);
        for (now, expected, outcome) in [
            (counters(10.0, 2.0), 1.0, None),
            (counters(11.0, 2.0), 1.0, Some(TriggerOutcome::Delivered)),
            (counters(11.0, 2.0), 2.0, None),
            (counters(12.0, 2.0), 2.0, Some(TriggerOutcome::Delivered)),
            (counters(10.0, 3.0), 1.0, Some(TriggerOutcome::Failed)),
            (counters(11.0, 3.0), 2.0, Some(TriggerOutcome::Failed)),
            (counters(12.0, 2.0), 1.0, Some(TriggerOutcome::Unclear)),
            (counters(9.0, 2.0), 1.0, Some(TriggerOutcome::Unclear)),
            (None, 1.0, Some(TriggerOutcome::Unclear)),
        ] {
            let judged = judge(before, now, expected).map(|(outcome, _)| outcome);
            assert_eq!(judged, outcome, "{now:?} of {expected}");
        }
    }

    #[test]
    fn only_a_hard_bounce_and_a_suppression_are_cleaned_up() {
        let stream = StreamId::outbound();
        let plan = |event, bounce_type| {
            TriggerPlan::on_postmark(&TriggerInput {
                event,
                bounce_type,
                from: "shop@example.com",
                stream: &stream,
                inbound_address: "hash@inbound.postmarkapp.com",
            })
        };
        let soft: BounceType = "SoftBounce".parse().unwrap();
        assert!(plan(Event::Bounce, soft).unwrap().cleanup.is_none());
        assert!(plan(Event::Bounce, BounceType::HARD).unwrap().cleanup.is_some());
        assert!(plan(Event::SubscriptionChange, soft).unwrap().cleanup.is_some());
        let inbound = plan(Event::Inbound, soft).unwrap();
        assert!(inbound.recipient.starts_with("hash+pmhooks-"), "{}", inbound.recipient);
        for event in [Event::SpamComplaint, Event::Open, Event::Click] {
            assert!(plan(event, soft).is_err());
        }
    }
}
