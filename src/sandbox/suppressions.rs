//! Suppressions: `/message-streams/{stream}/suppressions`.

use serde_json::{Map, Value, json};

use super::clock;
use super::events::{Engine, Happening};
use super::ledger::Message;
use super::mail;
use super::servers::Server;
use super::store::Suppression;
use super::streams;
use super::wire::{self, FieldErrors, Fields, Outcome, Refusal, query_value};
use crate::event::Event;

/// Maximum number of addresses per request (Postmark's Suppressions API page).
const MAX_ADDRESSES: usize = 50;
const REASONS: [&str; 3] = ["HardBounce", "SpamComplaint", "ManualSuppression"];
const ORIGINS: [&str; 3] = ["Recipient", "Customer", "Admin"];

/// GET /message-streams/{stream}/suppressions/dump.
pub(super) fn dump(engine: &Engine, server: &Server, stream: &str, query: &str) -> Outcome {
    let stream = streams::find(server, stream)?.id.clone();
    let word = |key: &str, words: &[&str], code: u16| match query_value(query, key) {
        None => Ok(None),
        Some(given) => {
            let found = words.iter().find(|word| word.eq_ignore_ascii_case(&given));
            let message = format!("The '{key}' must be one of {}.", words.join(", "));
            found.map(|word| Some((*word).to_owned())).ok_or_else(|| Refusal::new(code, message))
        }
    };
    let reason = word("SuppressionReason", &REASONS, 1404)?;
    let origin = word("Origin", &ORIGINS, 1405)?;
    let email = query_value(query, "EmailAddress").map(|email| email.to_lowercase());
    let time = |key: &str, is_end: bool| match query_value(query, key) {
        None => Ok(None),
        Some(text) => clock::from_query(&text, is_end)
            .map(Some)
            .ok_or_else(|| Refusal::new(1407, format!("The '{key}' is not a valid date."))),
    };
    let (from, to) = (time("FromDate", false)?, time("ToDate", true)?);
    let shown = engine.store.suppressions(server.id, &stream).into_iter().filter(|s| {
        reason.as_ref().is_none_or(|reason| *reason == s.reason)
            && origin.as_ref().is_none_or(|origin| *origin == s.origin)
            && email.as_ref().is_none_or(|email| s.email.to_lowercase() == *email)
            && from.is_none_or(|from| s.created_at >= from)
            && to.is_none_or(|to| s.created_at <= to)
    });
    let rows = shown.map(|s| {
        json!({
            "EmailAddress": s.email,
            "SuppressionReason": s.reason,
            "Origin": s.origin,
            "CreatedAt": clock::eastern(s.created_at),
        })
    });
    Ok(json!({ "Suppressions": rows.collect::<Vec<_>>() }))
}

/// POST /message-streams/{stream}/suppressions, and POST .../delete.
pub(super) fn change(
    engine: &Engine,
    server: &Server,
    stream: &str,
    body: &[u8],
    is_delete: bool,
) -> Outcome {
    let no_body = || Refusal::new(1409, "A body with 'Suppressions' is required.");
    let object = wire::parse(body, FieldErrors::General, no_body())?;
    let stream = streams::find(server, stream)?.id.clone();
    let fields = Fields::new(&object, FieldErrors::General);
    let list = fields.list("Suppressions")?.ok_or_else(no_body)?;
    if list.len() > MAX_ADDRESSES {
        let message = format!("At most {MAX_ADDRESSES} addresses are accepted per request.");
        return Err(Refusal::new(1410, message));
    }
    let mut results = Vec::new();
    for item in list {
        let object = item.as_object().ok_or_else(|| fields.refuse("'Suppressions'"))?;
        let email =
            Fields::new(object, FieldErrors::General).text("EmailAddress")?.unwrap_or_default();
        let failed =
            |why: &str| json!({ "EmailAddress": email, "Status": "Failed", "Message": why });
        let is_valid = mail::addresses(email)
            .is_ok_and(|list| list.len() == 1 && list.first().is_some_and(|a| a["Email"] == email));
        let known = engine.store.suppression(server.id, &stream, email);
        let result = if !is_valid {
            failed("An invalid email address was provided.")
        } else if is_delete {
            match known {
                Some(known) if !known.can_be_deleted() => {
                    failed("You do not have the required authority to change this suppression.")
                }
                _ => {
                    remove(engine, server, &stream, email)?;
                    json!({ "EmailAddress": email, "Status": "Deleted", "Message": null })
                }
            }
        } else {
            let now = engine.clock.now();
            let new = Suppression::new(email, "ManualSuppression", "Customer", now);
            add(engine, server, &stream, new, None)?;
            json!({ "EmailAddress": email, "Status": "Suppressed", "Message": null })
        };
        results.push(result);
    }
    Ok(json!({ "Suppressions": results }))
}

/// Adds a suppression and makes its event. Does nothing if the address is suppressed already.
pub(super) fn add(
    engine: &Engine,
    server: &Server,
    stream: &str,
    suppression: Suppression,
    cause: Option<&Message>,
) -> Result<(), Refusal> {
    if !engine.store.suppress(server, stream, suppression.clone())? {
        return Ok(());
    }
    let mut facts = cause.map_or_else(without_message, mail::message_facts);
    facts.insert("SuppressSending".to_owned(), true.into());
    facts.insert("SuppressionReason".to_owned(), suppression.reason.clone().into());
    facts.insert("Origin".to_owned(), suppression.origin.clone().into());
    changed(engine, server, stream, &suppression.email, facts, cause)
}

/// Removes a suppression and makes its event. Does nothing if the address is not suppressed.
pub(super) fn remove(
    engine: &Engine,
    server: &Server,
    stream: &str,
    email: &str,
) -> Result<(), Refusal> {
    if !engine.store.unsuppress(server.id, stream, email)? {
        return Ok(());
    }
    let mut facts = without_message();
    facts.insert("SuppressSending".to_owned(), false.into());
    facts.insert("SuppressionReason".to_owned(), Value::Null);
    facts.insert("Origin".to_owned(), "Customer".into());
    changed(engine, server, stream, email, facts, None)
}

fn without_message() -> Map<String, Value> {
    Map::from_iter([
        ("Tag".to_owned(), Value::Null),
        ("Metadata".to_owned(), json!({})),
        ("MessageID".to_owned(), Value::Null),
    ])
}

fn changed(
    engine: &Engine,
    server: &Server,
    stream: &str,
    email: &str,
    mut facts: Map<String, Value>,
    cause: Option<&Message>,
) -> Result<(), Refusal> {
    let now = engine.clock.now();
    if let Some(message) = cause {
        let is_on = facts.get("SuppressSending") == Some(&Value::Bool(true));
        let event = json!({
            "Recipient": email,
            "Type": "SubscriptionChanged",
            "ReceivedAt": clock::eastern_precise(now),
            "Details": {
                "Origin": facts.get("Origin"),
                "SuppressSending": if is_on { "True" } else { "False" },
            },
        });
        engine.ledger().add_message_event(&message.id, event).map_err(mail::not_kept)?;
    }
    facts.insert("Recipient".to_owned(), email.into());
    facts.insert("ChangedAt".to_owned(), clock::utc(now).into());
    let happening = Happening {
        event: Event::SubscriptionChange,
        stream: stream.to_owned(),
        recipient: email.to_owned(),
        message_id: cause.map(|message| message.id.clone()),
        facts,
        is_repeated_open: false,
    };
    engine.dispatch(server, happening).map(drop).map_err(mail::not_kept)
}
