//! Message streams: `/message-streams`.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::clock;
use super::servers::Server;
use super::wire::{self, FieldErrors, Fields, Outcome, Refusal, query_value};

/// Maximum number of streams per server, the default ones included (Postmark's Message Streams API page).
const MAX_STREAMS: usize = 10;
const MAX_ID: usize = 30;
const MAX_NAME: usize = 100;
const MAX_DESCRIPTION: usize = 1000;
/// Time from archiving to purging (Postmark's Message Streams API page).
const PURGED_AFTER: SignedDuration = SignedDuration::from_hours(45 * 24);

/// A message stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Stream {
    #[serde(rename = "ID")]
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    #[serde(rename = "MessageStreamType")]
    pub(super) kind: StreamType,
    pub(super) created_at: String,
    pub(super) updated_at: Option<String>,
    pub(super) archived_at: Option<String>,
    pub(super) expected_purge_date: Option<String>,
    pub(super) unsubscribe_handling_type: Unsubscribe,
}

/// Type of a message stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum StreamType {
    Transactional,
    Inbound,
    Broadcasts,
}

/// Who handles the request to unsubscribe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Unsubscribe {
    None,
    Postmark,
    Custom,
}

impl StreamType {
    fn as_str(self) -> &'static str {
        match self {
            Self::Transactional => "Transactional",
            Self::Inbound => "Inbound",
            Self::Broadcasts => "Broadcasts",
        }
    }

    /// Reads a word, without regard to case.
    pub(super) fn read(text: &str) -> Option<Self> {
        [Self::Transactional, Self::Inbound, Self::Broadcasts]
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(text))
    }
}

impl Unsubscribe {
    fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Postmark => "Postmark",
            Self::Custom => "Custom",
        }
    }

    /// Reads a word, without regard to case.
    pub(super) fn read(text: &str) -> Option<Self> {
        [Self::None, Self::Postmark, Self::Custom]
            .into_iter()
            .find(|unsubscribe| unsubscribe.as_str().eq_ignore_ascii_case(text))
    }

    /// Broadcasts always have unsubscribe handling.
    fn default_of(kind: StreamType) -> Self {
        if kind == StreamType::Broadcasts { Self::Postmark } else { Self::None }
    }
}

impl Stream {
    /// The three default streams of a server.
    pub(super) fn defaults(created_at: &str) -> Vec<Self> {
        let make = |id: &str, name: &str, kind| Self::new(id, name, kind, created_at);
        vec![
            make("outbound", "Default Transactional Stream", StreamType::Transactional),
            make("inbound", "Default Inbound Stream", StreamType::Inbound),
            make("broadcast", "Default Broadcast Stream", StreamType::Broadcasts),
        ]
    }

    /// A new stream.
    pub(super) fn new(id: &str, name: &str, kind: StreamType, created_at: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            description: None,
            kind,
            created_at: created_at.to_owned(),
            updated_at: None,
            archived_at: None,
            expected_purge_date: None,
            unsubscribe_handling_type: Unsubscribe::default_of(kind),
        }
    }

    /// The object in the API's responses.
    pub(super) fn to_json(&self, server_id: i64) -> Value {
        json!({
            "ID": self.id,
            "ServerID": server_id,
            "Name": self.name,
            "Description": self.description,
            "MessageStreamType": self.kind.as_str(),
            "CreatedAt": self.created_at,
            "UpdatedAt": self.updated_at,
            "ArchivedAt": self.archived_at,
            "ExpectedPurgeDate": self.expected_purge_date,
            "SubscriptionManagementConfiguration": {
                "UnsubscribeHandlingType": self.unsubscribe_handling_type.as_str(),
            },
        })
    }
}

fn read_kind(text: &str) -> Result<StreamType, Refusal> {
    StreamType::read(text)
        .ok_or_else(|| Refusal::new(1221, "A valid 'MessageStreamType' is required."))
}

fn no_name() -> Refusal {
    Refusal::new(1223, "A 'Name' is required.")
}

fn no_body() -> Refusal {
    Refusal::new(402, "WholeRequest invalid JSON input: there is none.")
}

/// The stream with an ID, matched without regard to case. Archived streams are found too.
pub(super) fn find<'a>(server: &'a Server, id: &str) -> Result<&'a Stream, Refusal> {
    server.streams.iter().find(|stream| stream.id.eq_ignore_ascii_case(id)).ok_or_else(not_found)
}

fn find_mut<'a>(server: &'a mut Server, id: &str) -> Result<&'a mut Stream, Refusal> {
    server
        .streams
        .iter_mut()
        .find(|stream| stream.id.eq_ignore_ascii_case(id))
        .ok_or_else(not_found)
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
        .map(|stream| stream.to_json(server.id))
        .collect();
    Ok(json!({ "TotalCount": shown.len(), "MessageStreams": shown }))
}

/// GET /message-streams/{ID}.
pub(super) fn get(server: &Server, id: &str) -> Outcome {
    find(server, id).map(|stream| stream.to_json(server.id))
}

/// POST /message-streams.
pub(super) fn create(server: &mut Server, body: &[u8], now: Timestamp) -> Outcome {
    let object = wire::parse(body, FieldErrors::General, no_body())?;
    let fields = Fields::new(&object, FieldErrors::General);
    let id = checked_id(fields.text("ID")?.unwrap_or_default())?;
    let name = fields.text("Name")?.ok_or_else(no_name)?;
    let kind = read_kind(fields.text("MessageStreamType")?.unwrap_or_default())?;
    if find(server, id).is_ok() {
        return Err(Refusal::new(1230, format!("A message stream '{id}' already exists.")));
    }
    if kind == StreamType::Inbound {
        return Err(Refusal::new(1228, "A server can have only one inbound stream."));
    }
    if server.streams.len() >= MAX_STREAMS {
        let message = format!("This server has its maximum of {MAX_STREAMS} message streams.");
        return Err(Refusal::new(1225, message));
    }
    let mut stream = Stream::new(id, name, kind, &clock::eastern(now));
    describe(&mut stream, fields)?;
    let answer = stream.to_json(server.id);
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
    if id.len() > MAX_ID
        || !id.starts_with(|c: char| c.is_ascii_lowercase())
        || !id.chars().all(known)
    {
        let message = format!(
            "The 'ID' must start with a letter and hold at most {MAX_ID} lower-case letters, \
             digits, '-' and '_'."
        );
        return Err(Refusal::new(1227, message));
    }
    Ok(id)
}

/// Sets the fields that create and edit share.
fn describe(stream: &mut Stream, fields: Fields<'_>) -> Result<(), Refusal> {
    if let Some(name) = fields.text("Name")? {
        if name.trim().is_empty() {
            return Err(no_name());
        }
        if name.chars().count() > MAX_NAME {
            return Err(Refusal::new(1224, "The 'Name' is too long."));
        }
        name.clone_into(&mut stream.name);
    }
    if let Some(description) = fields.text("Description")? {
        if description.chars().count() > MAX_DESCRIPTION {
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

/// True for text with an HTML tag: `<` directly before a letter, `/` or `!`.
fn has_markup(text: &str) -> bool {
    let mut follows = text
        .char_indices()
        .filter(|(_, c)| *c == '<')
        .filter_map(|(at, _)| text.get(at + 1..).and_then(|rest| rest.chars().next()));
    follows.any(|c| c.is_ascii_alphabetic() || c == '/' || c == '!')
}

/// PATCH /message-streams/{ID}.
pub(super) fn edit(server: &mut Server, id: &str, body: &[u8], now: Timestamp) -> Outcome {
    let object = wire::parse(body, FieldErrors::General, no_body())?;
    let server_id = server.id;
    let stream = find_mut(server, id)?;
    describe(stream, Fields::new(&object, FieldErrors::General))?;
    stream.updated_at = Some(clock::eastern(now));
    Ok(stream.to_json(server_id))
}

/// POST /message-streams/{ID}/archive. Webhooks of the stream are kept: Postmark does not document what
/// happens to them.
pub(super) fn archive(server: &mut Server, id: &str, now: Timestamp) -> Outcome {
    let server_id = server.id;
    let stream = find_mut(server, id)?;
    if stream.kind == StreamType::Inbound || stream.id == "outbound" {
        let message = "The default transactional stream and the inbound stream cannot be archived.";
        return Err(Refusal::new(1229, message));
    }
    if stream.archived_at.is_none() {
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
pub(super) fn unarchive(server: &mut Server, id: &str, now: Timestamp) -> Outcome {
    let server_id = server.id;
    let stream = find_mut(server, id)?;
    let purge_date = stream.expected_purge_date.take();
    if purge_date.and_then(|date| date.parse().ok()).is_some_and(|date: Timestamp| date <= now) {
        return Err(Refusal::new(1232, "This message stream can no longer be unarchived."));
    }
    stream.archived_at = None;
    Ok(stream.to_json(server_id))
}
