//! The five operations on webhooks, as far as they need nobody but the state.

use serde_json::{Value, json};

use super::answer::{Outcome, Refusal};
use super::choices::Age;
use super::fields::query_value;
use super::server::Server;
use super::state::State;
use super::stream::Kind;
use super::verify::{self, Probed};
use super::webhook::{self, Triggers, Webhook};
use super::wish::{self, Wish};
use super::{clock, statistics, streams};

/// Webhooks per stream (Postmark's article "How do modular webhooks work").
const MOST_PER_STREAM: usize = 10;

/// GET /webhooks.
pub(super) fn list(server: &Server, query: &str, age: Age) -> Outcome {
    let stream = match query_value(query, "MessageStream") {
        Some(id) => Some(streams::find(server, &id)?.id.clone()),
        None => None,
    };
    // No page documents this filter; the text of code 1362 speaks of its two values.
    let status = query_value(query, "status").filter(|_| age == Age::New);
    if status.as_deref().is_some_and(|s| s != "verified" && s != "unverified") {
        return Err(Refusal::new(1362, "The 'status' must be 'verified' or 'unverified'."));
    }
    let shown = server.webhooks.iter().filter(|webhook| {
        stream.as_ref().is_none_or(|id| *id == webhook.message_stream)
            && status.as_deref().is_none_or(|s| s == webhook::status(webhook.verified))
    });
    Ok(json!({ "Webhooks": shown.map(|webhook| webhook.answer(age)).collect::<Vec<_>>() }))
}

/// The webhook of an ID on a server. That of another server is as unknown as one that never was.
pub(super) fn find(server: &Server, id: i64, age: Age) -> Result<&Webhook, Refusal> {
    server.webhooks.iter().find(|webhook| webhook.id == id).ok_or_else(|| not_found(age))
}

fn not_found(age: Age) -> Refusal {
    let code = match age {
        Age::New => 1352,
        Age::Old => 1302,
    };
    Refusal::new(code, "The webhook for the provided 'ID' was not found.")
}

/// The webhook that a create would make, without an ID yet. It is not verified by anybody.
pub(super) fn planned(server: &Server, wish: &Wish, age: Age) -> Result<Webhook, Refusal> {
    let stream = streams::find(server, wish.message_stream.as_deref().unwrap_or("outbound"))?;
    if stream.kind == Kind::Inbound {
        let code = match age {
            Age::New => 1351,
            Age::Old => 1301,
        };
        return Err(Refusal::new(code, "You cannot create a webhook using an inbound stream."));
    }
    if stream.archived_at.is_some() {
        return Err(Refusal::new(1350, "You cannot create a webhook using an archived stream."));
    }
    let on_stream = server.webhooks.iter().filter(|w| w.message_stream == stream.id).count();
    if on_stream >= MOST_PER_STREAM {
        let message = format!("This stream has its maximum of {MOST_PER_STREAM} webhooks.");
        return Err(Refusal::new(1359, message));
    }
    let mut webhook = Webhook {
        id: 0,
        url: String::new(),
        message_stream: stream.id.clone(),
        verified: false,
        http_auth: Value::Null,
        http_headers: Vec::new(),
        triggers: Triggers::default(),
        hours: Vec::new(),
    };
    wish.apply(&mut webhook);
    Ok(webhook)
}

/// Makes a webhook as an edit wishes. Only the stream that it has may be named.
pub(super) fn change(webhook: &mut Webhook, wish: &Wish) -> Result<(), Refusal> {
    if wish.message_stream.as_ref().is_some_and(|stream| *stream != webhook.message_stream) {
        return Err(wish::fixed());
    }
    wish.apply(webhook);
    Ok(())
}

/// True where an edit has to be verified: the URL is another, or a trigger was switched on.
pub(super) fn needs_verification(before: &Webhook, after: &Webhook) -> bool {
    let switched_on = before
        .triggers
        .iter()
        .zip(after.triggers.iter())
        .any(|((_, b), (_, a))| a.enabled && !b.enabled);
    before.url != after.url || switched_on
}

/// Creates a webhook. `probed` is what its verification found, `None` where there was none.
pub(super) fn create(
    state: &mut State,
    token: &str,
    wish: &Wish,
    probed: Option<&[Probed]>,
    age: Age,
) -> Outcome {
    let mut webhook = planned(state.server(token), wish, age)?;
    webhook.id = state.take_webhook_id();
    match probed {
        Some(probed) => judge(&mut webhook, probed),
        // What was made before there was any verification counts as verified.
        None => webhook.mark(age == Age::Old),
    }
    let answer = webhook.answer(age);
    state.server_mut(token).webhooks.push(webhook);
    Ok(answer)
}

/// Edits a webhook. `probed` is what its verification found, `None` where there was none.
pub(super) fn edit(
    server: &mut Server,
    id: i64,
    wish: &Wish,
    probed: Option<&[Probed]>,
    age: Age,
) -> Outcome {
    let webhook = find_mut(server, id, age)?;
    change(webhook, wish)?;
    match probed {
        Some(probed) => judge(webhook, probed),
        None if age == Age::Old => webhook.mark(true),
        None if !wish.verify => webhook.mark(false),
        None => {}
    }
    Ok(webhook.answer(age))
}

/// Sets the status of a webhook and of its triggers to what its probes found, and reports that.
pub(super) fn verify(server: &mut Server, id: i64, probed: &[Probed], age: Age) -> Outcome {
    let webhook = find_mut(server, id, age)?;
    judge(webhook, probed);
    Ok(verify::report(webhook, probed))
}

fn find_mut(server: &mut Server, id: i64, age: Age) -> Result<&mut Webhook, Refusal> {
    server.webhooks.iter_mut().find(|webhook| webhook.id == id).ok_or_else(|| not_found(age))
}

fn judge(webhook: &mut Webhook, probed: &[Probed]) {
    webhook.verified = probed.iter().all(Probed::passed);
    for (name, trigger) in webhook.triggers.iter_mut() {
        trigger.verified =
            trigger.enabled && probed.iter().any(|probe| probe.trigger == name && probe.passed());
    }
    statistics::count(&mut webhook.hours, probed, clock::now());
}

/// DELETE /webhooks/{ID}.
pub(super) fn delete(server: &mut Server, id: i64, age: Age) -> Outcome {
    find(server, id, age)?;
    server.webhooks.retain(|webhook| webhook.id != id);
    Ok(json!({ "ErrorCode": 0, "Message": format!("Webhook {id} removed.") }))
}
