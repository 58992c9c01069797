//! Message streams: `/message-streams`.

use serde_json::{Value, json};

use super::answer::{Outcome, Refusal};
use super::clock;
use super::fields::{self, Fields, Wrong, query_value};
use super::server::Server;
use super::stream::{Kind, Stream, Unsubscribe};

/// Streams per server, the first three included (Postmark's Message Streams API page).
const MOST_STREAMS: usize = 10;
const LONGEST_ID: usize = 30;
const LONGEST_NAME: usize = 100;
const LONGEST_DESCRIPTION: usize = 1000;
/// An archived stream is purged after so many seconds: 45 days.
const PURGED_AFTER: u64 = 45 * 24 * 60 * 60;

fn read_kind(text: &str) -> Result<Kind, Refusal> {
    Kind::read(text).ok_or_else(|| Refusal::new(1221, "A valid 'MessageStreamType' is required."))
}

fn no_name() -> Refusal {
    Refusal::new(1223, "A 'Name' is required.")
}

fn no_body() -> Refusal {
    Refusal::new(402, "Received invalid JSON input: there is none.")
}

/// The stream of an ID; archived ones are found as well.
pub(super) fn find<'a>(server: &'a Server, id: &str) -> Result<&'a Stream, Refusal> {
    server.streams.iter().find(|stream| stream.id == id).ok_or_else(not_found)
}

fn find_mut<'a>(server: &'a mut Server, id: &str) -> Result<&'a mut Stream, Refusal> {
    server.streams.iter_mut().find(|stream| stream.id == id).ok_or_else(not_found)
}

fn not_found() -> Refusal {
    Refusal::new(1226, "The message stream for the provided 'ID' was not found.")
}

/// GET /message-streams.
pub(super) fn list(server: &Server, query: &str) -> Outcome {
    let kind = match query_value(query, "MessageStreamType") {
        Some(kind) if !kind.eq_ignore_ascii_case("All") => Some(read_kind(&kind)?),
        _ => None,
    };
    let archived = query_value(query, "IncludeArchivedStreams")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let shown: Vec<Value> = server
        .streams
        .iter()
        .filter(|stream| kind.is_none_or(|kind| stream.kind == kind))
        .filter(|stream| archived || stream.archived_at.is_none())
        .map(|stream| stream.answer(server.id))
        .collect();
    Ok(json!({ "TotalCount": shown.len(), "MessageStreams": shown }))
}

/// GET /message-streams/{ID}.
pub(super) fn get(server: &Server, id: &str) -> Outcome {
    find(server, id).map(|stream| stream.answer(server.id))
}

/// POST /message-streams.
pub(super) fn create(server: &mut Server, body: &[u8]) -> Outcome {
    let object = fields::parse(body, Wrong::General, no_body())?;
    let fields = Fields::new(&object, Wrong::General);
    let id = checked_id(fields.text("ID")?.unwrap_or_default())?;
    let name = fields.text("Name")?.ok_or_else(no_name)?;
    let kind = read_kind(fields.text("MessageStreamType")?.unwrap_or_default())?;
    if server.streams.iter().any(|stream| stream.id == id) {
        return Err(Refusal::new(1230, format!("A message stream '{id}' exists already.")));
    }
    if kind == Kind::Inbound {
        return Err(Refusal::new(1228, "A server can have only one inbound stream."));
    }
    if server.streams.len() >= MOST_STREAMS {
        let message = format!("This server has its maximum of {MOST_STREAMS} message streams.");
        return Err(Refusal::new(1225, message));
    }
    let mut stream = Stream::new(id, name, kind, &clock::eastern(clock::now()));
    describe(&mut stream, fields)?;
    let answer = stream.answer(server.id);
    server.streams.push(stream);
    Ok(answer)
}

fn checked_id(id: &str) -> Result<&str, Refusal> {
    if id.is_empty() {
        return Err(Refusal::new(1222, "An 'ID' is required."));
    }
    if id == "all" {
        return Err(Refusal::new(1237, "The 'ID' is reserved."));
    }
    if id.starts_with("pm-") {
        return Err(Refusal::new(1233, "The 'ID' must not start with 'pm-'."));
    }
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if id.len() > LONGEST_ID
        || !id.starts_with(|c: char| c.is_ascii_lowercase())
        || !id.chars().all(known)
    {
        let message = format!(
            "The 'ID' must start with a letter and hold at most {LONGEST_ID} lower-case letters, \
             digits, '-' and '_'."
        );
        return Err(Refusal::new(1227, message));
    }
    Ok(id)
}

/// Sets what create and edit have in common.
fn describe(stream: &mut Stream, fields: Fields<'_>) -> Result<(), Refusal> {
    if let Some(name) = fields.text("Name")? {
        if name.trim().is_empty() {
            return Err(no_name());
        }
        if name.chars().count() > LONGEST_NAME {
            return Err(Refusal::new(1224, "The 'Name' is too long."));
        }
        name.clone_into(&mut stream.name);
    }
    if let Some(description) = fields.text("Description")? {
        if description.chars().count() > LONGEST_DESCRIPTION {
            return Err(Refusal::new(1231, "The 'Description' is too long."));
        }
        if has_markup(description) {
            return Err(Refusal::new(1234, "The 'Description' must not contain HTML."));
        }
        stream.description = Some(description.to_owned());
    }
    if let Some(management) = fields.object("SubscriptionManagementConfiguration")?
        && let Some(unsubscribe) = management.text("UnsubscribeHandlingType")?
    {
        stream.unsubscribe_handling_type = Unsubscribe::read(unsubscribe)
            .ok_or_else(|| Refusal::new(1240, "The 'UnsubscribeHandlingType' is not valid."))?;
    }
    Ok(())
}

/// True for text with a tag: `<` straight before a letter, `/` or `!`.
fn has_markup(text: &str) -> bool {
    let mut follows = text
        .char_indices()
        .filter(|(_, c)| *c == '<')
        .filter_map(|(at, _)| text.get(at + 1..).and_then(|rest| rest.chars().next()));
    follows.any(|c| c.is_ascii_alphabetic() || c == '/' || c == '!')
}

/// PATCH /message-streams/{ID}.
pub(super) fn edit(server: &mut Server, id: &str, body: &[u8]) -> Outcome {
    let object = fields::parse(body, Wrong::General, no_body())?;
    let server_id = server.id;
    let stream = find_mut(server, id)?;
    describe(stream, Fields::new(&object, Wrong::General))?;
    stream.updated_at = Some(clock::eastern(clock::now()));
    Ok(stream.answer(server_id))
}

/// POST /message-streams/{ID}/archive. Its webhooks are kept: what Postmark does with them is not
/// documented.
pub(super) fn archive(server: &mut Server, id: &str) -> Outcome {
    let server_id = server.id;
    let stream = find_mut(server, id)?;
    if stream.kind == Kind::Inbound || stream.id == "outbound" {
        let message = "The default transactional stream and the inbound stream cannot be archived.";
        return Err(Refusal::new(1229, message));
    }
    if stream.archived_at.is_none() {
        let now = clock::now();
        stream.archived_at = Some(clock::eastern(now));
        stream.expected_purge_date = Some(clock::eastern(now + PURGED_AFTER));
    }
    Ok(json!({
        "ID": stream.id,
        "ServerID": server_id,
        "ExpectedPurgeDate": stream.expected_purge_date,
    }))
}

/// POST /message-streams/{ID}/unarchive.
pub(super) fn unarchive(server: &mut Server, id: &str) -> Outcome {
    let server_id = server.id;
    let stream = find_mut(server, id)?;
    if stream
        .expected_purge_date
        .take()
        .is_some_and(|purged| purged <= clock::eastern(clock::now()))
    {
        return Err(Refusal::new(1232, "This message stream can no longer be unarchived."));
    }
    stream.archived_at = None;
    Ok(stream.answer(server_id))
}
