//! Reading mail: outbound messages, opens and clicks, bounces, delivery statistics.

#![allow(clippy::indexing_slicing, reason = "a missing key of a JSON value reads as null")]

use std::collections::BTreeMap;

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::clock;
use super::events::{Engine, Happening};
use super::ledger::{Bounce, Ledger, Message, StoredMessage};
use super::mail;
use super::servers::Server;
use super::suppressions;
use super::wire::{Outcome, Refusal, query_value};
use crate::event::Event;

/// Maximum page, and maximum of `count` + `offset` (Postmark's Messages and Bounce API pages).
const MAX_COUNT: usize = 500;
const MAX_WINDOW: usize = 10_000;

/// The page that a search asks for. `code` is that of a bad one.
fn page(query: &str, code: u16) -> Result<(usize, usize), Refusal> {
    let number = |key| query_value(query, key).and_then(|text| text.parse::<usize>().ok());
    match (number("count"), number("offset")) {
        (Some(count @ 1..=MAX_COUNT), Some(offset)) if count + offset <= MAX_WINDOW => {
            Ok((count, offset))
        }
        _ => Err(Refusal::new(
            code,
            format!(
                "'count' (1 to {MAX_COUNT}) and 'offset' are required, together at most {MAX_WINDOW}."
            ),
        )),
    }
}

/// The time filters of a search.
struct Period(Option<Timestamp>, Option<Timestamp>);

impl Period {
    fn of(query: &str, code: u16) -> Result<Self, Refusal> {
        let time = |key: &str, is_end| match query_value(query, key) {
            None => Ok(None),
            Some(text) => clock::from_query(&text, is_end)
                .map(Some)
                .ok_or_else(|| Refusal::new(code, format!("The '{key}' is not a valid date."))),
        };
        Ok(Self(time("fromdate", false)?, time("todate", true)?))
    }

    fn holds(&self, at: Timestamp) -> bool {
        self.0.is_none_or(|from| at >= from) && self.1.is_none_or(|to| at <= to)
    }
}

/// True if a filter of the query is not given or accepted by `accepts`.
fn filter(query: &str, key: &str, accepts: impl FnOnce(&str) -> bool) -> bool {
    query_value(query, key).is_none_or(|value| accepts(&value))
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

/// GET /messages/outbound.
pub(super) fn search(engine: &Engine, server: &Server, query: &str) -> Outcome {
    let (count, offset) = page(query, 700)?;
    let period = Period::of(query, 700)?;
    let ledger = engine.ledger();
    let found = ledger.messages(server.id).filter(|stored| {
        let message = &stored.message;
        period.holds(message.received_at)
            && filter(query, "recipient", |r| message.recipients.iter().any(|a| contains(a, r)))
            && filter(query, "fromemail", |f| contains(&message.from, f))
            && filter(query, "tag", |tag| message.tag == tag)
            && filter(query, "subject", |s| contains(&message.subject, s))
            && filter(query, "status", |s| s.eq_ignore_ascii_case("sent"))
            && filter(query, "messagestream", |s| message.stream.eq_ignore_ascii_case(s))
            && has_metadata(query, message)
    });
    let found: Vec<_> = found.collect();
    let rows = found.iter().skip(offset).take(count).map(|stored| Value::Object(summary(stored)));
    Ok(json!({ "TotalCount": found.len(), "Messages": rows.collect::<Vec<_>>() }))
}

/// `metadata_order=1007` finds messages whose metadata has `order` = `1007`.
fn has_metadata(query: &str, message: &Message) -> bool {
    form_urlencoded::parse(query.as_bytes()).all(|(key, value)| {
        let Some(name) = key.to_ascii_lowercase().strip_prefix("metadata_").map(str::to_owned)
        else {
            return true;
        };
        let mut entries = message.metadata.iter();
        entries.any(|(key, known)| key.eq_ignore_ascii_case(&name) && *known == *value)
    })
}

fn summary(stored: &StoredMessage) -> Map<String, Value> {
    let message = &stored.message;
    let object = json!({
        "Tag": message.tag,
        "MessageID": message.id,
        "To": message.to,
        "Cc": message.cc,
        "Bcc": message.bcc,
        "Recipients": message.recipients,
        "ReceivedAt": clock::eastern_precise(message.received_at),
        "From": message.from,
        "Subject": message.subject,
        "Attachments": message.attachments,
        "Status": "Sent",
        "TrackOpens": message.track_opens,
        "TrackLinks": message.track_links,
        "Metadata": message.metadata,
        "Sandboxed": message.sandboxed,
        "MessageStream": message.stream,
    });
    match object {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn unknown_message() -> Refusal {
    Refusal::new(701, "This message does not exist.")
}

/// GET /messages/outbound/{id}/details. Pixel and links lead to the sandbox at `base`.
pub(super) fn details(engine: &Engine, server: &Server, id: &str, base: &str) -> Outcome {
    let mut ledger = engine.ledger();
    let stored = ledger.message(server.id, id).ok_or_else(unknown_message)?;
    let (message, position) = (stored.message.clone(), stored.position);
    let mut object = summary(stored);
    object.insert("MessageEvents".to_owned(), stored.events.clone().into());
    let content = ledger.content(position);
    let (text, html) = bodies(&message, &content, base);
    object.insert("Body".to_owned(), source(&message, &content, &text, &html).into());
    object.insert("TextBody".to_owned(), text.into());
    object.insert("HtmlBody".to_owned(), html.into());
    for key in ["TemplateId", "TemplateAlias", "TemplateModel"] {
        if let Some(value) = content.get(key).filter(|value| !value.is_null()) {
            object.insert(key.to_owned(), value.clone());
        }
    }
    Ok(Value::Object(object))
}

/// GET /messages/outbound/{id}/dump.
pub(super) fn dump(engine: &Engine, server: &Server, id: &str, base: &str) -> Outcome {
    let details = details(engine, server, id, base)?;
    Ok(json!({ "Body": details["Body"] }))
}

/// The mail as text, for reading: headers and bodies, without the attachments' content.
fn source(message: &Message, content: &Value, text: &str, html: &str) -> String {
    let emails = |list: &[Value]| {
        list.iter().filter_map(|a| a["Email"].as_str()).collect::<Vec<_>>().join(", ")
    };
    let mut lines = vec![
        format!("From: {}", message.from),
        format!("To: {}", emails(&message.to)),
        format!("Subject: {}", message.subject),
        format!("Message-ID: <{}@mtasv.net>", message.id),
        format!("X-PM-Message-Id: {}", message.id),
        format!("X-PM-Message-Stream: {}", message.stream),
    ];
    for header in content["Headers"].as_array().into_iter().flatten() {
        let (name, value) = (header["Name"].as_str(), header["Value"].as_str());
        lines.push(format!("{}: {}", name.unwrap_or_default(), value.unwrap_or_default()));
    }
    format!("{}\r\n\r\n{text}\r\n{html}", lines.join("\r\n"))
}

/// Text and HTML as delivered: with a pixel if opens are tracked, and tracked links.
fn bodies(message: &Message, content: &Value, base: &str) -> (String, String) {
    let part = |key: &str| content[key].as_str().unwrap_or_default().to_owned();
    let (mut text, mut html) = (part("TextBody"), part("HtmlBody"));
    if matches!(message.track_links.as_str(), "HtmlAndText" | "HtmlOnly") {
        html = with_tracked_links(&html, &message.id, base, "\"", true);
    }
    if matches!(message.track_links.as_str(), "HtmlAndText" | "TextOnly") {
        text = with_tracked_links(&text, &message.id, base, " \t\r\n<>", false);
    }
    if message.track_opens && !html.is_empty() {
        let pixel = format!(
            "<img src=\"{base}/open/v3_{}\" width=\"1\" height=\"1\" border=\"0\" alt=\"\" />",
            message.id
        );
        let at = html.rfind("</body>").unwrap_or(html.len());
        html.insert_str(at, &pixel);
    }
    (text, html)
}

/// Replaces each `http` and `https` link, up to one of `ends`. In HTML only those in `href="..."`.
fn with_tracked_links(text: &str, id: &str, base: &str, ends: &str, is_html: bool) -> String {
    let mut tracked = String::with_capacity(text.len());
    let mut rest = text;
    let start = |rest: &str| {
        if is_html {
            return rest.find("href=\"http").map(|at| at + "href=\"".len());
        }
        [rest.find("http://"), rest.find("https://")].into_iter().flatten().min()
    };
    while let Some(at) = start(rest) {
        let (before, link) = rest.split_at(at);
        tracked.push_str(before);
        let end = link.find(|c| ends.contains(c)).unwrap_or(link.len());
        let (link, after) = link.split_at(end);
        let target = if is_html { link.replace("&amp;", "&") } else { link.to_owned() };
        let target = utf8_percent_encode(&target, NON_ALPHANUMERIC);
        let place = if is_html { "h" } else { "t" };
        tracked.push_str(&format!("{base}/3s/{target}/{place}/{id}"));
        rest = after;
    }
    tracked.push_str(rest);
    tracked
}

/// GET /open/{token}: the pixel. Counts an open of the first recipient, or of `?recipient=`.
pub(super) fn pixel(engine: &Engine, server: &Server, id: &str, query: &str, agent: &str) {
    let message = engine.ledger().message(server.id, id).map(|stored| stored.message.clone());
    let Some(message) = message else { return };
    // A pixel is answered whatever becomes of the event.
    let _ = open(engine, server, &message, &recipient(&message, query), Some(agent));
}

/// The target of a tracked link, after counting a click.
pub(super) fn follow(
    engine: &Engine,
    server: &Server,
    id: &str,
    link: &str,
    query: &str,
    agent: &str,
    is_text: bool,
) -> Option<String> {
    let link = percent_decode_str(link).decode_utf8().ok()?.into_owned();
    let message = engine.ledger().message(server.id, id).map(|stored| stored.message.clone())?;
    let recipient = recipient(&message, query);
    let place = if is_text { "Text" } else { "HTML" };
    let _ = click(engine, server, &message, &recipient, &link, place, Some(agent));
    Some(link)
}

fn recipient(message: &Message, query: &str) -> String {
    let named = query_value(query, "recipient");
    let known = named.filter(|n| message.recipients.iter().any(|r| r.eq_ignore_ascii_case(n)));
    known.or_else(|| message.recipients.first().cloned()).unwrap_or_default()
}

/// An open of a message. Postmark keeps the first one per recipient and posts each.
pub(super) fn open(
    engine: &Engine,
    server: &Server,
    message: &Message,
    recipient: &str,
    agent: Option<&str>,
) -> Result<super::events::Dispatched, Refusal> {
    let now = engine.clock.now();
    let is_known =
        |row: &Value| row["Recipient"].as_str().is_some_and(|r| r.eq_ignore_ascii_case(recipient));
    let is_first = {
        let ledger = engine.ledger();
        ledger.message(server.id, &message.id).is_none_or(|m| !m.opens.iter().any(is_known))
    };
    let mut facts = mail::message_facts(message);
    facts.insert("FirstOpen".to_owned(), is_first.into());
    facts.insert("Recipient".to_owned(), recipient.into());
    facts.insert("ReceivedAt".to_owned(), clock::utc(now).into());
    if let Some(agent) = agent {
        facts.insert("UserAgent".to_owned(), agent.into());
    }
    if is_first {
        let row = engagement(Event::Open, server, message, facts.clone());
        let mut ledger = engine.ledger();
        ledger.add_open(&message.id, row).map_err(mail::not_kept)?;
        let event = json!({
            "Recipient": recipient,
            "Type": "Opened",
            "ReceivedAt": clock::eastern_precise(now),
            "Details": { "Summary": "Email opened" },
        });
        ledger.add_message_event(&message.id, event).map_err(mail::not_kept)?;
    }
    let happening = Happening {
        event: Event::Open,
        stream: message.stream.clone(),
        recipient: recipient.to_owned(),
        message_id: Some(message.id.clone()),
        facts,
        is_repeated_open: !is_first,
    };
    engine.dispatch(server, happening).map_err(mail::not_kept)
}

/// A click. Postmark posts one per recipient and link.
pub(super) fn click(
    engine: &Engine,
    server: &Server,
    message: &Message,
    recipient: &str,
    link: &str,
    place: &str,
    agent: Option<&str>,
) -> Result<super::events::Dispatched, Refusal> {
    let now = engine.clock.now();
    let is_known = |row: &Value| {
        row["Recipient"].as_str().is_some_and(|r| r.eq_ignore_ascii_case(recipient))
            && row["OriginalLink"] == link
    };
    let is_repeated = {
        let ledger = engine.ledger();
        ledger.message(server.id, &message.id).is_some_and(|m| m.clicks.iter().any(is_known))
    };
    if is_repeated {
        return Ok(super::events::Dispatched { skipped: Vec::new() });
    }
    let mut facts = mail::message_facts(message);
    facts.insert("ClickLocation".to_owned(), place.into());
    facts.insert("OriginalLink".to_owned(), link.into());
    facts.insert("Recipient".to_owned(), recipient.into());
    facts.insert("ReceivedAt".to_owned(), clock::utc(now).into());
    if let Some(agent) = agent {
        facts.insert("UserAgent".to_owned(), agent.into());
    }
    let row = engagement(Event::Click, server, message, facts.clone());
    let event = json!({
        "Recipient": recipient,
        "Type": "LinkClicked",
        "ReceivedAt": clock::eastern_precise(now),
        "Details": { "Summary": "Tracked link clicked", "Link": link, "ClickLocation": place },
    });
    {
        let mut ledger = engine.ledger();
        ledger.add_click(&message.id, row).map_err(mail::not_kept)?;
        ledger.add_message_event(&message.id, event).map_err(mail::not_kept)?;
    }
    let happening = Happening {
        event: Event::Click,
        stream: message.stream.clone(),
        recipient: recipient.to_owned(),
        message_id: Some(message.id.clone()),
        facts,
        is_repeated_open: false,
    };
    engine.dispatch(server, happening).map_err(mail::not_kept)
}

/// The row of an open or a click in the API: the event's body.
fn engagement(
    event: Event,
    server: &Server,
    message: &Message,
    mut facts: Map<String, Value>,
) -> Value {
    facts.insert("MessageStream".to_owned(), message.stream.clone().into());
    facts.insert("MessageID".to_owned(), message.id.clone().into());
    facts.insert("ServerID".to_owned(), server.id.into());
    crate::event::sample::build(event, facts)
}

/// GET /messages/outbound/opens and /clicks, of all messages or of one.
pub(super) fn engagements(
    engine: &Engine,
    server: &Server,
    is_click: bool,
    id: Option<&str>,
    query: &str,
) -> Outcome {
    let (count, offset) = page(query, 700)?;
    let ledger = engine.ledger();
    let messages: Vec<&StoredMessage> = match id {
        Some(id) => vec![ledger.message(server.id, id).ok_or_else(unknown_message)?],
        None => ledger.messages(server.id).collect(),
    };
    let text_of = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let rows: Vec<&Value> = messages
        .iter()
        .flat_map(|m| if is_click { &m.clicks } else { &m.opens })
        .filter(|row| {
            filter(query, "recipient", |r| contains(&text_of(row, "Recipient"), r))
                && filter(query, "tag", |tag| text_of(row, "Tag") == tag)
                && filter(query, "messagestream", |s| {
                    text_of(row, "MessageStream").eq_ignore_ascii_case(s)
                })
        })
        .collect();
    let shown: Vec<_> = rows.iter().skip(offset).take(count).collect();
    let key = if is_click { "Clicks" } else { "Opens" };
    Ok(json!({ "TotalCount": rows.len(), key: shown }))
}

/// A bounce as in the API's responses: `Inactive` is the present state of the address.
fn bounce_json(engine: &Engine, bounce: &Bounce) -> Value {
    let mut object = bounce.object.clone();
    let text = |key: &str| bounce.object.get(key).and_then(Value::as_str).unwrap_or_default();
    let (stream, email) = (text("MessageStream"), text("Email"));
    let is_suppressed = engine.store.suppression(bounce.server, stream, email).is_some();
    let was_inactive = bounce.object.get("Inactive") == Some(&Value::Bool(true));
    object.insert("Inactive".to_owned(), (was_inactive && is_suppressed).into());
    Value::Object(object)
}

/// GET /bounces.
pub(super) fn bounces(engine: &Engine, server: &Server, query: &str) -> Outcome {
    let (count, offset) = page(query, 1000)?;
    let period = Period::of(query, 1000)?;
    let ledger = engine.ledger();
    let found: Vec<Value> = ledger
        .bounces(server.id)
        .filter(|bounce| period.holds(bounce.at))
        .map(|bounce| bounce_json(engine, bounce))
        .filter(|bounce| {
            let text = |key: &str| bounce[key].as_str().unwrap_or_default();
            filter(query, "type", |kind| text("Type").eq_ignore_ascii_case(kind))
                && filter(query, "inactive", |flag| {
                    bounce["Inactive"].as_bool() == flag.to_ascii_lowercase().parse().ok()
                })
                && filter(query, "emailFilter", |email| contains(text("Email"), email))
                && filter(query, "tag", |tag| text("Tag") == tag)
                && filter(query, "messageID", |id| text("MessageID").eq_ignore_ascii_case(id))
                && filter(query, "messagestream", |s| text("MessageStream").eq_ignore_ascii_case(s))
        })
        .collect();
    let shown: Vec<_> = found.iter().skip(offset).take(count).collect();
    Ok(json!({ "TotalCount": found.len(), "Bounces": shown }))
}

fn find_bounce<'a>(ledger: &'a Ledger, server: &Server, id: i64) -> Result<&'a Bounce, Refusal> {
    let unknown = || Refusal::new(1001, "The bounce does not exist.");
    ledger.bounce(server.id, id).ok_or_else(unknown)
}

/// GET /bounces/{id}.
pub(super) fn bounce(engine: &Engine, server: &Server, id: i64) -> Outcome {
    let bounce = find_bounce(&engine.ledger(), server, id)?.clone();
    let mut object = bounce_json(engine, &bounce);
    object["Content"] = bounce.content.into();
    Ok(object)
}

/// GET /bounces/{id}/dump.
pub(super) fn bounce_dump(engine: &Engine, server: &Server, id: i64) -> Outcome {
    let bounce = find_bounce(&engine.ledger(), server, id)?.clone();
    let has_dump = bounce.object.get("DumpAvailable") == Some(&Value::Bool(true));
    Ok(json!({ "Body": if has_dump { bounce.content } else { String::new() } }))
}

/// PUT /bounces/{id}/activate.
pub(super) fn activate(engine: &Engine, server: &Server, id: i64) -> Outcome {
    let bounce = find_bounce(&engine.ledger(), server, id)?.clone();
    if bounce.object.get("CanActivate") != Some(&Value::Bool(true)) {
        return Err(Refusal::new(1003, "This bounce cannot be reactivated."));
    }
    let text = |key: &str| bounce.object.get(key).and_then(Value::as_str).unwrap_or_default();
    suppressions::remove(engine, server, text("MessageStream"), text("Email"))?;
    Ok(json!({ "Message": "OK", "Bounce": bounce_json(engine, &bounce) }))
}

/// GET /deliverystats.
#[allow(clippy::unnecessary_wraps, reason = "every path of the wire has this type")]
pub(super) fn delivery_statistics(engine: &Engine, server: &Server) -> Outcome {
    let ledger = engine.ledger();
    let mut types: BTreeMap<(i64, String, String), u64> = BTreeMap::new();
    let (mut inactive, mut total) = (0_u64, 0_u64);
    for bounce in ledger.bounces(server.id) {
        let object = bounce_json(engine, bounce);
        let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
        let code = object["TypeCode"].as_i64().unwrap_or_default();
        *types.entry((code, text("Type"), text("Name"))).or_default() += 1;
        inactive += u64::from(object["Inactive"] == true);
        total += 1;
    }
    // postmark-python requires type and code in each row, the one for all included.
    let mut rows = vec![json!({ "Type": "All", "TypeCode": 0, "Name": "All", "Count": total })];
    rows.extend(
        types
            .into_iter()
            .map(|((code, kind, name), count)| {
                json!({ "Type": kind, "TypeCode": code, "Name": name, "Count": count })
            }),
    );
    Ok(json!({ "InactiveMails": inactive, "Bounces": rows }))
}
