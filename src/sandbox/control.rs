//! The sandbox's own paths, `/_sandbox/*`: JSON, on the accepted hosts, without a token.
//!
//! * `GET /_sandbox/health` → `{"Status":"ok"}`; needs no Host and no Origin either.
//! * `GET /_sandbox/attempts` → `{"Attempts":[...]}`, oldest first: one row per attempt to post an event, or
//!   one with `Attempt` 0 and `Outcome` `Pending` if there was none yet. Keys: `Time`, `WebhookID` (null for
//!   a hook URL of the server), `Url` (without credentials and query), `Event` (key of the API, `Inbound`,
//!   `SMTPApiError`), `Recipient`, `MessageID`, `MessageStream`, `ServerID`, `TraceID`, `Attempt`, `Status`,
//!   `Outcome` (`Pending`, `Delivered`, `Retrying`, `Dropped`, `Exhausted`, `Blocked`), `Error`,
//!   `Milliseconds`, `NextAttempt`. Filters: `trace`, `message`, `webhook`, `event`, `recipient`, each with
//!   one value or several separated by commas, `failed=true`, and `token` for the server of a token.
//! * `POST /_sandbox/events` with `{"Event":"open", "MessageID", "Recipient", "MessageStream", ...}` makes an
//!   event happen on the server of the header `X-Postmark-Server-Token`, else on the first server. Without
//!   `MessageID` it is about a message that is made up and not stored; `From`, `Subject`, `Tag`, `Metadata`
//!   and `Facts` (fields of the body) may be given, for bounces `BounceType`, for clicks `Link`. →
//!   `{"Event", "MessageID", "Recipient", "Deliveries":[{"TraceID","WebhookID","Url"}],
//!   "Skipped":[{"WebhookID","Url","Reason"}]}`. The attempts follow at once; look at them with
//!   `GET /_sandbox/attempts?trace=...`.
//! * `GET /_sandbox/clock` → `{"Now","Speed","Pending","NextAttempt"}`. `POST /_sandbox/clock` with
//!   `{"Advance":"72m"}` moves the clock, makes every attempt that is due by then, and returns
//!   `{"Now","Attempts"}`.
//! * `POST /_sandbox/reset` puts the state back to the first server with its two examples → `{"Webhooks":[...]}`.

#![allow(clippy::indexing_slicing, reason = "a missing key of a JSON value reads as null")]

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::clock;
use super::events::{Dispatched, Engine, Happening, attempt_rows, shown_url};
use super::ledger::Message;
use super::mail;
use super::messages;
use super::servers::{self, Server};
use super::store::Suppression;
use super::suppressions;
use super::wire::{self, FieldErrors, Fields, Outcome, Refusal, query_value};
use crate::event::{self, BounceType, Event, sample};

/// GET /_sandbox/attempts.
#[allow(clippy::unnecessary_wraps, reason = "every path of the wire has this type")]
pub(super) fn attempts(engine: &Engine, query: &str) -> Outcome {
    let is_one_of = |key: &str, value: &Value| {
        query_value(query, key).is_none_or(|wanted| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            wanted.split(',').any(|one| plain(one) == plain(&text))
        })
    };
    let failed_only = query_value(query, "failed").is_some_and(|v| v.eq_ignore_ascii_case("true"));
    let server = query_value(query, "token").map(|token| engine.store.server(&token).id);
    let ledger = engine.ledger();
    let rows = ledger
        .events()
        .filter(|stored| server.is_none_or(|id| stored.outgoing.server == id))
        .flat_map(attempt_rows)
        .filter(|row| {
            is_one_of("trace", &row["TraceID"])
                && is_one_of("message", &row["MessageID"])
                && is_one_of("webhook", &row["WebhookID"])
                && is_one_of("event", &row["Event"])
                && is_one_of("recipient", &row["Recipient"])
                && (!failed_only
                    || !matches!(row["Outcome"].as_str(), Some("Delivered" | "Pending")))
        })
        .map(|mut row| {
            row["Url"] = shown_url(row["Url"].as_str().unwrap_or_default()).into();
            row
        });
    Ok(json!({ "Attempts": rows.collect::<Vec<_>>() }))
}

/// `spam-complaint` and `SpamComplaint` are the same; other values compare without regard to case.
fn plain(text: &str) -> String {
    let lower = text.trim().to_ascii_lowercase();
    if lower.contains('@') { lower } else { lower.replace(['-', '_'], "") }
}

/// GET /_sandbox/clock.
#[allow(clippy::unnecessary_wraps, reason = "every path of the wire has this type")]
pub(super) fn clock(engine: &Engine) -> Outcome {
    let ledger = engine.ledger();
    Ok(json!({
        "Now": clock::utc(engine.clock.now()),
        "Speed": engine.clock.speed(),
        "Pending": ledger.events().filter(|event| event.due.is_some()).count(),
        "NextAttempt": ledger.next_due(false).map(clock::utc),
    }))
}

/// POST /_sandbox/clock.
pub(super) async fn advance(engine: &Arc<Engine>, body: &[u8]) -> Outcome {
    let missing = Refusal::new(402, "A body with 'Advance' is required.");
    let object = wire::parse(body, FieldErrors::General, missing)?;
    let fields = Fields::new(&object, FieldErrors::General);
    let by = fields.text("Advance")?.and_then(|text| text.parse::<SignedDuration>().ok());
    let by = by.filter(|by| !by.is_negative()).ok_or_else(|| fields.refuse("'Advance'"))?;
    let attempts = engine.advance(by).await;
    engine.store.keep_clock(engine.clock.offset())?;
    Ok(json!({ "Now": clock::utc(engine.clock.now()), "Attempts": attempts }))
}

/// POST /_sandbox/reset.
pub(super) fn reset(engine: &Engine) -> Outcome {
    engine.ledger().clear();
    engine.store.reset()?;
    Ok(json!({ "Webhooks": servers::example_webhooks() }))
}

/// POST /_sandbox/events.
pub(super) fn happen(engine: &Engine, server: &Server, body: &[u8]) -> Outcome {
    let missing = Refusal::new(402, "A body with 'Event' is required.");
    let object = wire::parse(body, FieldErrors::General, missing)?;
    let fields = Fields::new(&object, FieldErrors::General);
    let event = fields.text("Event")?.and_then(|text| text.parse::<Event>().ok());
    let event = event.ok_or_else(|| {
        let names = Event::ALL.map(Event::name).join(", ");
        fields.refuse(&format!("'Event' (one of {names})"))
    })?;
    let message = match fields.text("MessageID")? {
        Some(id) => {
            let ledger = engine.ledger();
            let stored = ledger.message(server.id, id);
            let unknown = || Refusal::new(701, "This message does not exist.");
            stored.ok_or_else(unknown)?.message.clone()
        }
        None => made_up(engine, server, fields)?,
    };
    let first = message.recipients.first().cloned().unwrap_or_default();
    let recipient = fields.text("Recipient")?.map_or(first, str::to_owned);
    let before = engine.ledger().next_event_id();
    let kind = match fields.text("BounceType")? {
        None => BounceType::HARD,
        Some(text) => text.parse::<BounceType>().map_err(|_| fields.refuse("'BounceType'"))?,
    };
    let skipped = match event {
        Event::Open => {
            let agent = fields.text("UserAgent")?;
            messages::open(engine, server, &message, &recipient, agent)?.skipped
        }
        Event::Click => {
            let link = fields.text("Link")?.unwrap_or("https://www.example.com/pmhooks-test");
            let agent = fields.text("UserAgent")?;
            messages::click(engine, server, &message, &recipient, link, "HTML", agent)?.skipped
        }
        Event::Bounce => {
            mail::bounce(engine, server, &message, &recipient, kind)?;
            Vec::new()
        }
        Event::SpamComplaint => {
            let kind = "SpamComplaint".parse().unwrap_or(BounceType::HARD);
            mail::bounce(engine, server, &message, &recipient, kind)?;
            Vec::new()
        }
        Event::SubscriptionChange => {
            let is_on = fields.flag("SuppressSending")?.unwrap_or(true);
            if is_on {
                let origin = fields.text("Origin")?.unwrap_or("Recipient");
                let now = engine.clock.now();
                let suppression = Suppression::new(&recipient, "ManualSuppression", origin, now);
                suppressions::add(engine, server, &message.stream, suppression, Some(&message))?;
            } else {
                suppressions::remove(engine, server, &message.stream, &recipient)?;
            }
            Vec::new()
        }
        Event::Delivery | Event::Inbound | Event::SmtpApiError => {
            plain_event(engine, server, event, &message, &recipient, fields)?.skipped
        }
    };
    let ledger = engine.ledger();
    let made = ledger.events().filter(|stored| stored.outgoing.id >= before);
    let deliveries = made.map(|stored| {
        json!({
            "TraceID": stored.outgoing.trace_id,
            "WebhookID": stored.outgoing.webhook,
            "Url": shown_url(&stored.outgoing.url),
            "Event": stored.outgoing.event,
        })
    });
    let skipped = skipped.iter().map(|skipped| {
        json!({
            "WebhookID": skipped.webhook,
            "Url": shown_url(&skipped.url),
            "Reason": skipped.reason,
        })
    });
    Ok(json!({
        "Event": event.key(),
        "MessageID": message.id,
        "Recipient": recipient,
        "Deliveries": deliveries.collect::<Vec<_>>(),
        "Skipped": skipped.collect::<Vec<_>>(),
    }))
}

/// An event whose body follows from the message, and from `Facts`.
fn plain_event(
    engine: &Engine,
    server: &Server,
    event: Event,
    message: &Message,
    recipient: &str,
    fields: Fields<'_>,
) -> Result<Dispatched, Refusal> {
    let now = engine.clock.now();
    let mut facts = mail::message_facts(message);
    let mut stream = message.stream.clone();
    let mut message_id = Some(message.id.clone());
    let mut set = |key: &str, value: Value| facts.insert(key.to_owned(), value);
    match event {
        Event::Delivery => {
            set("Recipient", recipient.into());
            set("DeliveredAt", clock::utc(now).into());
        }
        Event::SmtpApiError => {
            set("Email", recipient.into());
            set("BouncedAt", clock::utc(now).into());
            set("ID", engine.ledger().next_bounce_id().into());
            // Mail that was not accepted has no ID.
            set("MessageID", sample::made_up(Event::SmtpApiError, "MessageID"));
            message_id = None;
        }
        _ => {
            let address = server.details.get("InboundAddress").and_then(Value::as_str);
            let address = fields.text("Recipient")?.or(address).unwrap_or_default();
            let full = json!([{ "Email": address, "Name": "", "MailboxHash": "" }]);
            set("To", address.into());
            set("ToFull", full);
            set("OriginalRecipient", address.into());
            set("Date", sample::mail_date(now).into());
            "inbound".clone_into(&mut stream);
        }
    }
    if let Some(given) = fields.object_value("Facts")? {
        facts.extend(given.clone());
    }
    let happening = Happening {
        event,
        stream,
        recipient: recipient.to_owned(),
        message_id,
        facts,
        is_repeated_open: false,
    };
    engine.dispatch(server, happening).map_err(mail::not_kept)
}

/// A message that was never sent, for an event about none in particular.
fn made_up(engine: &Engine, server: &Server, fields: Fields<'_>) -> Result<Message, Refusal> {
    // A new address each time: none is suppressed by an earlier event.
    let unique = event::uuid();
    let unique = format!("pmhooks-{}@example.com", unique.get(..8).unwrap_or_default());
    let recipient = fields.text("Recipient")?.map_or(unique, str::to_owned);
    let stream = fields.text("MessageStream")?.unwrap_or("outbound");
    let stream = super::streams::find(server, stream)?.id.clone();
    Ok(Message {
        id: event::uuid(),
        server: server.id,
        stream,
        from: fields.text("From")?.unwrap_or("sender@example.com").to_owned(),
        to: vec![json!({ "Email": recipient, "Name": "" })],
        cc: Vec::new(),
        bcc: Vec::new(),
        recipients: vec![recipient],
        subject: fields.text("Subject")?.unwrap_or("[pmhooks sandbox] Test").to_owned(),
        tag: fields.text("Tag")?.unwrap_or_default().to_owned(),
        metadata: fields.object_value("Metadata")?.cloned().unwrap_or_else(Map::new),
        received_at: engine.clock.now(),
        track_opens: false,
        track_links: "None".to_owned(),
        attachments: Vec::new(),
        sandboxed: false,
    })
}
