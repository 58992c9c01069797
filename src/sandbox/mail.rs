//! Sending: `/email` and its relatives, with Postmark's validation.

#![allow(clippy::indexing_slicing, reason = "a missing key of a JSON value reads as null")]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::clock;
use super::events::{Engine, Happening};
use super::ledger::{Bounce, Message};
use super::servers::Server;
use super::store::Suppression;
use super::streams::{self, StreamType};
use super::suppressions;
use super::wire::{self, FieldErrors, Fields, Outcome, Refusal};
use crate::event::{self, BounceType, Event, sample};

/// The token that validates mail and does nothing else.
pub(super) const TEST_TOKEN: &str = "POSTMARK_API_TEST";
/// Maximum number of mails in a batch (Postmark's Email API page).
const MAX_BATCH: usize = 500;
/// Maximum number of recipients of a mail, copies included.
const MAX_RECIPIENTS: usize = 50;
const MAX_SUBJECT: usize = 2000;
const MAX_TAG: usize = 1000;
const MAX_METADATA: usize = 10;
const MAX_METADATA_KEY: usize = 20;
const MAX_METADATA_VALUE: usize = 80;
/// Maximum size of a text or HTML body, in bytes.
const MAX_PART: usize = 5 * 1024 * 1024;
/// Domain whose addresses bounce as their local part says (Postmark's support article 1239).
const BOUNCE_DOMAIN: &str = "bounce-testing.postmarkapp.com";
/// Headers that have a field of their own.
const RESERVED_HEADERS: [&str; 6] = ["from", "to", "cc", "bcc", "subject", "reply-to"];
/// Attachments of these types are refused (Postmark's support article on attachments).
const FORBIDDEN_EXTENSIONS: [&str; 12] =
    ["exe", "bat", "cmd", "com", "cpl", "jar", "js", "lnk", "msi", "pif", "scr", "vbs"];

/// How mail names its content.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ContentKind {
    Bodies,
    /// A template and its model: stored, not rendered.
    Template,
}

/// A mail that passed validation.
struct Mail {
    message: Message,
    content: Value,
    /// Bounce type of the header `X-PM-Bounce-Type`.
    bounce_type: Option<String>,
}

/// POST /email and POST /email/withTemplate.
pub(super) fn send(
    engine: &Engine,
    server: &Server,
    token: &str,
    body: &[u8],
    kind: ContentKind,
) -> Outcome {
    let missing = Refusal::new(402, "Received invalid JSON input: the body is empty.");
    let object = wire::parse(body, FieldErrors::General, missing)?;
    send_one(engine, server, token, &object, kind, false)
}

/// POST /email/batch and POST /email/batchWithTemplates. Each mail has its own result.
pub(super) fn send_batch(
    engine: &Engine,
    server: &Server,
    token: &str,
    body: &[u8],
    kind: ContentKind,
) -> Outcome {
    let missing = || Refusal::new(402, "Received invalid JSON input: the body is empty.");
    let parsed = wire::parse_json(body)?.ok_or_else(missing)?;
    let list = match (&parsed, kind) {
        (Value::Array(list), ContentKind::Bodies) => list,
        (Value::Object(object), ContentKind::Template) => {
            let fields = Fields::new(object, FieldErrors::General);
            fields.list("Messages")?.ok_or_else(|| fields.refuse("'Messages'"))?
        }
        _ => return Err(FieldErrors::General.refuse("the body")),
    };
    if list.len() > MAX_BATCH {
        let message = format!("A batch may have at most {MAX_BATCH} messages.");
        return Err(Refusal::new(410, message));
    }
    let results = list.iter().map(|item| {
        let sent = match item {
            Value::Object(object) => send_one(engine, server, token, object, kind, true),
            _ => Err(FieldErrors::General.refuse("the message")),
        };
        sent.unwrap_or_else(|refusal| refusal.envelope())
    });
    Ok(results.collect())
}

fn send_one(
    engine: &Engine,
    server: &Server,
    token: &str,
    object: &Map<String, Value>,
    kind: ContentKind,
    is_batch: bool,
) -> Outcome {
    let now = engine.clock.now();
    let mut mail = validate(engine, server, object, kind)?;
    let all = mail.message.recipients.clone();
    let to = mail.message.to.iter().filter_map(|a| a.get("Email")?.as_str()).collect::<Vec<_>>();
    let answer = |message: &str, id: &str| {
        json!({
            "To": to.join(", "),
            "SubmittedAt": clock::eastern_precise(now),
            "MessageID": id,
            "ErrorCode": 0,
            "Message": message,
        })
    };
    if token == TEST_TOKEN {
        return Ok(answer("Test job accepted", &event::uuid()));
    }
    let stream = mail.message.stream.clone();
    let (inactive, active): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|address| engine.store.suppression(server.id, &stream, address).is_some());
    if active.is_empty() {
        return Err(Refusal::new(406, inactive_text(&inactive, is_batch)));
    }
    mail.message.recipients.clone_from(&active);
    let text = if inactive.is_empty() {
        "OK".to_owned()
    } else {
        format!(
            "Message OK, but will not deliver to these inactive addresses: {}. Inactive recipients \
             are ones that have generated a hard bounce, a spam complaint, or a manual suppression.",
            inactive.join(", ")
        )
    };
    let answer = answer(&text, &mail.message.id);
    let message = mail.message.clone();
    engine.ledger().add_message(mail.message, &mail.content).map_err(not_kept)?;
    for address in &active {
        deliver(engine, server, &message, address, mail.bounce_type.as_deref(), &mail.content)?;
    }
    Ok(answer)
}

pub(super) fn not_kept(error: String) -> Refusal {
    Refusal::fault(format!("The sandbox cannot keep its state: {error}."))
}

/// The text of code 406. Official clients read the addresses out of it.
fn inactive_text(addresses: &[String], is_batch: bool) -> String {
    let who = if is_batch { "a recipient that has" } else { "recipient(s) that have" };
    format!(
        "You tried to send to {who} been marked as inactive. Found inactive addresses: {}. Inactive \
         recipients are ones that have generated a hard bounce, a spam complaint, or a manual \
         suppression.{}",
        addresses.join(", "),
        if is_batch { " " } else { "" }
    )
}

fn validate(
    engine: &Engine,
    server: &Server,
    object: &Map<String, Value>,
    kind: ContentKind,
) -> Result<Mail, Refusal> {
    let fields = Fields::new(object, FieldErrors::General);
    let invalid = |text: String| Refusal::new(300, text);
    let from = addresses(fields.text("From")?.unwrap_or_default())
        .ok()
        .filter(|list| list.len() == 1)
        .ok_or_else(|| {
            let from = fields.text("From").ok().flatten().unwrap_or_default();
            invalid(format!("Invalid 'From' address: '{from}'."))
        })?;
    let list = |key: &str| {
        let text = fields.text(key)?.unwrap_or_default();
        addresses(text).map_err(|bad| invalid(format!("Invalid '{key}' address: '{bad}'.")))
    };
    let (to, cc, bcc) = (list("To")?, list("Cc")?, list("Bcc")?);
    list("ReplyTo")?;
    if to.is_empty() && cc.is_empty() && bcc.is_empty() {
        return Err(invalid("Zero recipients specified.".to_owned()));
    }
    if to.len() + cc.len() + bcc.len() > MAX_RECIPIENTS {
        return Err(invalid(format!("A message may have at most {MAX_RECIPIENTS} recipients.")));
    }
    let mut recipients: Vec<String> = Vec::new();
    for email in to.iter().chain(&cc).chain(&bcc).filter_map(|a| a.get("Email")?.as_str()) {
        if !recipients.iter().any(|known| known.eq_ignore_ascii_case(email)) {
            recipients.push(email.to_owned());
        }
    }
    let subject = fields.text("Subject")?.unwrap_or_default();
    if subject.chars().count() > MAX_SUBJECT {
        return Err(invalid(format!("The 'Subject' may have at most {MAX_SUBJECT} characters.")));
    }
    let tag = fields.text("Tag")?.unwrap_or_default();
    if tag.chars().count() > MAX_TAG {
        return Err(invalid(format!("The 'Tag' may have at most {MAX_TAG} characters.")));
    }
    let (text, html) = (fields.text("TextBody")?, fields.text("HtmlBody")?);
    let (template_id, template_alias) =
        (fields.integer("TemplateId")?, fields.text("TemplateAlias")?);
    let model = fields.object_value("TemplateModel")?;
    match kind {
        ContentKind::Bodies if text.is_none() && html.is_none() => {
            return Err(invalid("Provide either email TextBody or HtmlBody or both.".to_owned()));
        }
        ContentKind::Template if template_id.is_none() && template_alias.is_none() => {
            return Err(fields.refuse("'TemplateId' or 'TemplateAlias'"));
        }
        ContentKind::Template if model.is_none() => return Err(fields.refuse("'TemplateModel'")),
        _ => {}
    }
    if [text, html].into_iter().flatten().any(|part| part.len() > MAX_PART) {
        return Err(invalid(
            "The 'TextBody' and the 'HtmlBody' may have at most 5 MB each.".to_owned(),
        ));
    }
    let headers = headers(fields)?;
    let bounce_type = headers
        .iter()
        .find(|header| {
            header["Name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case("X-PM-Bounce-Type"))
        })
        .and_then(|header| header["Value"].as_str().map(str::to_owned));
    let attachments = attachments(fields)?;
    let track_links = track_links(fields, server)?;
    let stream = stream(server, fields.text("MessageStream")?.unwrap_or("outbound"))?;
    let flag = |key: &str| server.details.get(key).and_then(Value::as_bool).unwrap_or_default();
    let id = event::uuid();
    let content = json!({
        "TextBody": text.unwrap_or_default(),
        "HtmlBody": html.unwrap_or_default(),
        "ReplyTo": fields.text("ReplyTo")?.unwrap_or_default(),
        "Headers": headers,
        "Attachments": attachments,
        "TemplateId": template_id,
        "TemplateAlias": template_alias,
        "TemplateModel": model,
    });
    let names = attachments.iter().filter_map(|a| a["Name"].as_str().map(str::to_owned)).collect();
    let message = Message {
        id,
        server: server.id,
        stream,
        from: fields.text("From")?.unwrap_or_default().to_owned(),
        to,
        cc,
        bcc,
        recipients,
        subject: subject.to_owned(),
        tag: tag.to_owned(),
        metadata: metadata(fields)?,
        received_at: engine.clock.now(),
        track_opens: fields.flag("TrackOpens")?.unwrap_or_else(|| flag("TrackOpens")),
        track_links,
        attachments: names,
        sandboxed: server.details.get("DeliveryType").is_some_and(|kind| *kind == "Sandbox"),
    };
    let _ = from;
    Ok(Mail { message, content, bounce_type })
}

fn stream(server: &Server, id: &str) -> Result<String, Refusal> {
    let Ok(stream) = streams::find(server, id) else {
        let message = format!("The stream provided: '{id}' does not exist on this server.");
        return Err(Refusal::new(1235, message));
    };
    if stream.kind == StreamType::Inbound {
        let message = format!("The stream provided: '{id}' does not support sending.");
        return Err(Refusal::new(1236, message));
    }
    if stream.archived_at.is_some() {
        let message = format!("The stream provided: '{id}' is archived.");
        return Err(Refusal::new(1235, message));
    }
    Ok(stream.id.clone())
}

fn track_links(fields: Fields<'_>, server: &Server) -> Result<String, Refusal> {
    const WORDS: [&str; 4] = ["None", "HtmlAndText", "HtmlOnly", "TextOnly"];
    let own = server.details.get("TrackLinks").and_then(Value::as_str).unwrap_or("None");
    let Some(given) = fields.text("TrackLinks")? else { return Ok(own.to_owned()) };
    let found = WORDS.into_iter().find(|word| word.eq_ignore_ascii_case(given));
    found.map(str::to_owned).ok_or_else(|| fields.refuse("'TrackLinks'"))
}

fn metadata(fields: Fields<'_>) -> Result<Map<String, Value>, Refusal> {
    let Some(metadata) = fields.object_value("Metadata")? else { return Ok(Map::new()) };
    let invalid = |text: String| Refusal::new(300, text);
    if metadata.len() > MAX_METADATA {
        return Err(invalid(format!("'Metadata' may have at most {MAX_METADATA} entries.")));
    }
    let mut kept = Map::new();
    for (key, value) in metadata {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Null => String::new(),
            _ => return Err(fields.refuse("'Metadata'")),
        };
        if key.chars().count() > MAX_METADATA_KEY || text.chars().count() > MAX_METADATA_VALUE {
            return Err(invalid(format!(
                "'Metadata' keys may have at most {MAX_METADATA_KEY} characters, values at most \
                 {MAX_METADATA_VALUE}."
            )));
        }
        kept.insert(key.clone(), text.into());
    }
    Ok(kept)
}

fn headers(fields: Fields<'_>) -> Result<Vec<Value>, Refusal> {
    let mut headers = Vec::new();
    for item in fields.list("Headers")?.into_iter().flatten() {
        let object = item.as_object().ok_or_else(|| fields.refuse("'Headers'"))?;
        let header = Fields::new(object, FieldErrors::General);
        let name = header.text("Name")?.unwrap_or_default();
        let value = header.text_or_empty("Value")?.unwrap_or_default();
        if name.is_empty() {
            return Err(fields.refuse("'Headers'"));
        }
        if RESERVED_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            let message = format!("The header '{name}' has a field of its own.");
            return Err(Refusal::new(300, message));
        }
        headers.push(json!({ "Name": name, "Value": value }));
    }
    Ok(headers)
}

fn attachments(fields: Fields<'_>) -> Result<Vec<Value>, Refusal> {
    let mut attachments = Vec::new();
    for item in fields.list("Attachments")?.into_iter().flatten() {
        let object = item.as_object().ok_or_else(|| fields.refuse("'Attachments'"))?;
        let attachment = Fields::new(object, FieldErrors::General);
        let name = attachment.text("Name")?.unwrap_or_default();
        let content = attachment.text("Content")?.unwrap_or_default();
        if name.is_empty() {
            return Err(Refusal::new(300, "An attachment needs a 'Name'."));
        }
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        if FORBIDDEN_EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str()) {
            let message = format!("Attachments with the file type '{extension}' are not allowed.");
            return Err(Refusal::new(411, message));
        }
        let clean: String = content.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let Ok(bytes) = BASE64_STANDARD.decode(&clean) else {
            return Err(Refusal::new(300, format!("The content of '{name}' is not base64.")));
        };
        attachments.push(json!({
            "Name": name,
            "Content": clean,
            "ContentType": attachment.text("ContentType")?.unwrap_or("application/octet-stream"),
            "ContentLength": bytes.len(),
            "ContentID": attachment.text("ContentID")?.unwrap_or_default(),
        }));
    }
    Ok(attachments)
}

/// Reads a list of addresses: `"Name, of" <a@b.example>, c@d.example`. Fails with the first bad one.
pub(super) fn addresses(text: &str) -> Result<Vec<Value>, String> {
    let mut parts = vec![String::new()];
    let (mut is_quoted, mut is_escaped) = (false, false);
    for c in text.chars() {
        match c {
            ',' if !is_quoted => {
                parts.push(String::new());
                continue;
            }
            '"' if !is_escaped => is_quoted = !is_quoted,
            _ => {}
        }
        is_escaped = c == '\\' && !is_escaped;
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    let read = |part: &str| {
        let (name, email) = match part.strip_suffix('>').and_then(|p| p.rsplit_once('<')) {
            Some((name, email)) => (name.trim(), email.trim()),
            None => ("", part),
        };
        let name = name.strip_prefix('"').and_then(|n| n.strip_suffix('"')).unwrap_or(name);
        let name = name.replace("\\\"", "\"").replace("\\\\", "\\");
        is_email(email)
            .then(|| json!({ "Email": email, "Name": name }))
            .ok_or_else(|| part.to_owned())
    };
    parts.map(read).collect()
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_bad = |c: char| c.is_whitespace() || c.is_control() || "<>()[]\\,;:\"@".contains(c);
    let is_label =
        |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    !local.is_empty()
        && text.len() <= 320
        && !local.contains(is_bad)
        && !domain.contains(is_bad)
        && domain.contains('.')
        && domain.split('.').all(is_label)
}

/// Delivers a mail to one recipient, or bounces it.
fn deliver(
    engine: &Engine,
    server: &Server,
    message: &Message,
    address: &str,
    bounce_type: Option<&str>,
    content: &Value,
) -> Result<(), Refusal> {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    if domain.eq_ignore_ascii_case(BOUNCE_DOMAIN) && !message.sandboxed {
        let kind = bounce_type_of(bounce_type.unwrap_or(local));
        return bounce(engine, server, message, address, kind).map(drop);
    }
    let now = engine.clock.now();
    let details = "smtp;250 2.0.0 OK: accepted by the sandbox";
    let event = json!({
        "Recipient": address,
        "Type": "Delivered",
        "ReceivedAt": clock::eastern_precise(now),
        "Details": {
            "DeliveryMessage": details,
            "DestinationServer": format!("mx.{domain}"),
            "DestinationIP": "192.0.2.25",
        },
    });
    engine.ledger().add_message_event(&message.id, event).map_err(not_kept)?;
    let mut facts = message_facts(message);
    facts.insert("Recipient".to_owned(), address.into());
    facts.insert("DeliveredAt".to_owned(), clock::utc(now).into());
    facts.insert("Details".to_owned(), details.into());
    dispatch(engine, server, Event::Delivery, message, address, facts)?;
    let hash = server.details.get("InboundHash").and_then(Value::as_str).unwrap_or_default();
    let own = local.split('+').next().unwrap_or(local);
    if !hash.is_empty() && own.eq_ignore_ascii_case(hash) && domain.starts_with("inbound.") {
        receive(engine, server, message, address, content)?;
    }
    Ok(())
}

/// The type that a header or a local part names, without regard to case and underscores. Anything else
/// is a hard bounce, a spam complaint too (Postmark's support article 1239).
fn bounce_type_of(text: &str) -> BounceType {
    let found = text.parse::<BounceType>().unwrap_or(BounceType::HARD);
    if found.key == "SpamComplaint" { BounceType::HARD } else { found }
}

/// Facts that the events of a message share.
pub(super) fn message_facts(message: &Message) -> Map<String, Value> {
    Map::from_iter([
        ("Tag".to_owned(), message.tag.clone().into()),
        ("Metadata".to_owned(), message.metadata.clone().into()),
        ("Subject".to_owned(), message.subject.clone().into()),
        ("From".to_owned(), address_of(&message.from).into()),
    ])
}

/// The bare address of `Name <address>`.
pub(super) fn address_of(text: &str) -> String {
    let list = addresses(text).unwrap_or_default();
    let email = list.first().and_then(|a| a.get("Email")).and_then(Value::as_str);
    email.unwrap_or(text).to_owned()
}

pub(super) fn dispatch(
    engine: &Engine,
    server: &Server,
    event: Event,
    message: &Message,
    recipient: &str,
    facts: Map<String, Value>,
) -> Result<(), Refusal> {
    let happening = Happening {
        event,
        stream: message.stream.clone(),
        recipient: recipient.to_owned(),
        message_id: Some(message.id.clone()),
        facts,
        is_repeated_open: false,
    };
    engine.dispatch(server, happening).map(drop).map_err(not_kept)
}

/// Bounces a message: the bounce, its event, and the suppression that comes with some types.
pub(super) fn bounce(
    engine: &Engine,
    server: &Server,
    message: &Message,
    address: &str,
    kind: BounceType,
) -> Result<i64, Refusal> {
    let now = engine.clock.now();
    let is_complaint = kind.key == "SpamComplaint";
    let details = match kind.key {
        "HardBounce" => "smtp;550 5.1.1 The email account that you tried to reach does not exist.",
        "SoftBounce" => "smtp;452 4.2.2 The email account that you tried to reach is over quota.",
        _ => "Generated by the pmhooks sandbox",
    };
    let content = format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@example.com\r\nTo: {}\r\nSubject: {}\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{address}: {details}\r\n",
        address_of(&message.from),
        if is_complaint { "Abuse report" } else { "Undelivered Mail Returned to Sender" },
    );
    let mut ledger = engine.ledger();
    let id = ledger.next_bounce_id();
    let mut facts = message_facts(message);
    facts.extend(sample::bounce_facts(kind));
    facts.insert("ID".to_owned(), id.into());
    facts.insert("Email".to_owned(), address.into());
    facts.insert("Details".to_owned(), details.into());
    let mut object = facts.clone();
    object.insert("BouncedAt".to_owned(), clock::eastern_precise(now).into());
    object.insert("MessageID".to_owned(), message.id.clone().into());
    object.insert("MessageStream".to_owned(), message.stream.clone().into());
    object.insert("ServerID".to_owned(), server.id.into());
    if is_complaint {
        // The API leaves it out for complaints (Postmark's Bounce API page).
        object.shift_remove("From");
    }
    let stored = Bounce { id, server: server.id, at: now, object, content: content.clone() };
    ledger.add_bounce(stored).map_err(not_kept)?;
    let event = json!({
        "Recipient": address,
        "Type": "Bounced",
        "ReceivedAt": clock::eastern_precise(now),
        "Details": { "Summary": details, "BounceID": id.to_string() },
    });
    ledger.add_message_event(&message.id, event).map_err(not_kept)?;
    drop(ledger);
    facts.insert("BouncedAt".to_owned(), clock::utc(now).into());
    facts.insert("Content".to_owned(), content.into());
    let event = match kind.key {
        "SpamComplaint" => Event::SpamComplaint,
        "SMTPApiError" => Event::SmtpApiError,
        _ => Event::Bounce,
    };
    dispatch(engine, server, event, message, address, facts)?;
    if kind.inactive {
        let reason = if is_complaint { "SpamComplaint" } else { "HardBounce" };
        let suppression = Suppression::new(address, reason, "Recipient", now);
        suppressions::add(engine, server, &message.stream, suppression, Some(message))?;
    }
    Ok(id)
}

/// Receives a mail that was sent to the server's own inbound address.
fn receive(
    engine: &Engine,
    server: &Server,
    message: &Message,
    address: &str,
    content: &Value,
) -> Result<(), Refusal> {
    let with_hash = |list: &[Value]| -> Vec<Value> {
        let mut list = list.to_vec();
        for item in &mut list {
            let email = item["Email"].as_str().unwrap_or_default().to_owned();
            item["MailboxHash"] = mailbox_hash(&email).into();
        }
        list
    };
    let texts = |list: &[Value]| {
        let text = |a: &Value| {
            let (email, name) =
                (a["Email"].as_str().unwrap_or(""), a["Name"].as_str().unwrap_or(""));
            if name.is_empty() { email.to_owned() } else { format!("\"{name}\" <{email}>") }
        };
        list.iter().map(text).collect::<Vec<_>>().join(", ")
    };
    let from = addresses(&message.from).unwrap_or_default();
    let from_full = with_hash(&from).into_iter().next().unwrap_or_default();
    let mut headers = vec![
        json!({ "Name": "X-Spam-Status", "Value": "No" }),
        json!({ "Name": "X-Spam-Score", "Value": "-0.1" }),
    ];
    headers.extend(content["Headers"].as_array().cloned().unwrap_or_default());
    let facts = json!({
        "FromName": from_full["Name"],
        "From": from_full["Email"],
        "FromFull": from_full,
        "To": texts(&message.to),
        "ToFull": with_hash(&message.to),
        "Cc": texts(&message.cc),
        "CcFull": with_hash(&message.cc),
        "Bcc": "",
        "BccFull": [],
        "OriginalRecipient": address,
        "Subject": message.subject,
        "MessageID": event::uuid(),
        "ReplyTo": content["ReplyTo"],
        "MailboxHash": mailbox_hash(address),
        "Date": sample::mail_date(engine.clock.now()),
        "TextBody": content["TextBody"],
        "HtmlBody": content["HtmlBody"],
        "StrippedTextReply": "",
        "Tag": message.tag,
        "Headers": headers,
        "Attachments": content["Attachments"],
    });
    let Value::Object(facts) = facts else { return Ok(()) };
    let happening = Happening {
        event: Event::Inbound,
        stream: "inbound".to_owned(),
        recipient: address.to_owned(),
        message_id: facts.get("MessageID").and_then(Value::as_str).map(str::to_owned),
        facts,
        is_repeated_open: false,
    };
    engine.dispatch(server, happening).map(drop).map_err(not_kept)
}

/// The part of an address between `+` and `@`.
fn mailbox_hash(email: &str) -> &str {
    let local = email.rsplit_once('@').map_or(email, |(local, _)| local);
    local.split_once('+').map_or("", |(_, hash)| hash)
}
