//! What a POST or a PUT asks a webhook to be, checked by itself: the stored webhooks play no part yet.

use serde_json::{Value, json};

use super::answer::Refusal;
use super::choices::Age;
use super::fields::{self, Fields, Wrong, is_http_url};
use super::webhook::{TRIGGERS, Webhook};

/// Headers per webhook (Postmark's article "How do modular webhooks work").
const MOST_HEADERS: usize = 30;

/// The wanted changes. `None` leaves a field as it is.
pub(super) struct Wish {
    /// PUT only.
    id: Option<i64>,
    pub(super) url: Option<String>,
    pub(super) message_stream: Option<String>,
    /// Null removes.
    http_auth: Option<Value>,
    /// An empty list removes.
    http_headers: Option<Vec<Value>>,
    triggers: [Change; TRIGGERS.len()],
    /// Whether the endpoint is to be probed first.
    pub(super) verify: bool,
}

/// The wanted changes of one trigger.
#[derive(Clone, Copy, Default)]
struct Change {
    enabled: Option<bool>,
    option: Option<bool>,
}

impl Wish {
    /// Reads the body of a create.
    pub(super) fn of_create(body: &[u8], age: Age) -> Result<Self, Refusal> {
        let object = fields::parse(body, Wrong::Webhook, no_body())?;
        let fields = Fields::new(&object, Wrong::Webhook);
        if fields.has("ID") {
            return Err(Refusal::new(1356, "The 'ID' must not be sent when creating a webhook."));
        }
        let wish = Self::read(fields, age)?;
        if wish.url.is_none() {
            return Err(no_url());
        }
        Ok(wish)
    }

    /// Reads the body of an edit. The ID in it may only be the one in the path.
    pub(super) fn of_edit(body: &[u8], id: i64, age: Age) -> Result<Self, Refusal> {
        let object = fields::parse(body, Wrong::Webhook, no_body())?;
        let wish = Self::read(Fields::new(&object, Wrong::Webhook), age)?;
        if wish.id.is_some_and(|given| given != id) {
            return Err(fixed());
        }
        Ok(wish)
    }

    fn read(fields: Fields<'_>, age: Age) -> Result<Self, Refusal> {
        if age == Age::New && fields.has("Status") {
            return Err(Refusal::new(1363, "The 'Status' cannot be set."));
        }
        // The older API knew no verification, and so did not look at the field.
        let verify = age == Age::New && fields.flag("Verify")?.unwrap_or(true);
        Ok(Self {
            id: fields.integer("ID")?,
            url: fields.text("Url")?.map(checked_url).transpose()?,
            message_stream: fields.text("MessageStream")?.map(str::to_owned),
            http_auth: http_auth(fields)?,
            http_headers: http_headers(fields)?,
            triggers: triggers(fields)?,
            verify,
        })
    }

    /// Makes the webhook as wished: a header list as a whole, a trigger by its named fields
    /// (Postmark's Webhooks API page, "Edit a webhook").
    pub(super) fn apply(&self, webhook: &mut Webhook) {
        if let Some(url) = &self.url {
            webhook.url.clone_from(url);
        }
        if let Some(auth) = &self.http_auth {
            webhook.http_auth = auth.clone();
        }
        if let Some(headers) = &self.http_headers {
            webhook.http_headers.clone_from(headers);
        }
        for ((_, trigger), change) in webhook.triggers.iter_mut().zip(&self.triggers) {
            trigger.enabled = change.enabled.unwrap_or(trigger.enabled);
            trigger.option = change.option.unwrap_or(trigger.option);
            trigger.verified &= trigger.enabled;
        }
    }
}

fn no_body() -> Refusal {
    Refusal::new(1355, "A body is required.")
}

fn no_url() -> Refusal {
    Refusal::new(1354, "A valid 'Url' is required.")
}

pub(super) fn fixed() -> Refusal {
    Refusal::new(1357, "The 'ID' and the 'MessageStream' of a webhook cannot be updated.")
}

fn checked_url(text: &str) -> Result<String, Refusal> {
    if is_http_url(text) { Ok(text.to_owned()) } else { Err(no_url()) }
}

/// A pair replaces, a pair of empty strings removes, and half a pair is no value.
fn http_auth(fields: Fields<'_>) -> Result<Option<Value>, Refusal> {
    let Some(auth) = fields.object("HttpAuth")? else { return Ok(None) };
    match (auth.text("Username")?, auth.text("Password")?) {
        (None, None) => Ok(None),
        (Some(""), Some("")) => Ok(Some(Value::Null)),
        (Some(user), Some(password)) => Ok(Some(json!({ "Username": user, "Password": password }))),
        _ => Err(fields.refuse("HttpAuth, which needs both Username and Password")),
    }
}

fn http_headers(fields: Fields<'_>) -> Result<Option<Vec<Value>>, Refusal> {
    let Some(list) = fields.list("HttpHeaders")? else { return Ok(None) };
    if list.len() > MOST_HEADERS {
        // The limit is documented without a code; this is the nearest.
        let message = format!("HttpHeaders, which may be at most {MOST_HEADERS}");
        return Err(fields.refuse(&message));
    }
    list.iter().map(|item| http_header(item, fields)).collect::<Result<_, _>>().map(Some)
}

fn http_header(item: &Value, fields: Fields<'_>) -> Result<Value, Refusal> {
    let header = item.as_object().ok_or_else(|| fields.refuse("HttpHeaders"))?;
    let header = Fields::new(header, Wrong::Webhook);
    let name = header.text("Name")?.unwrap_or_default();
    let value = header.text("Value")?.unwrap_or_default();
    if hyper::header::HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err(Refusal::new(1358, "A valid 'Name' is required for each HttpHeader."));
    }
    if hyper::header::HeaderValue::from_str(value).is_err() {
        return Err(fields.refuse("HttpHeaders, of which a Value cannot stand in a header"));
    }
    Ok(json!({ "Name": name, "Value": value }))
}

fn triggers(fields: Fields<'_>) -> Result<[Change; TRIGGERS.len()], Refusal> {
    let mut changes = [Change::default(); TRIGGERS.len()];
    let Some(given) = fields.object("Triggers")? else { return Ok(changes) };
    if let Some(unknown) = given.names().find(|name| TRIGGERS.iter().all(|(n, _)| n != name)) {
        // A trigger that no stream has is one that this stream does not support.
        let message = format!("The trigger '{unknown}' is not supported by this message stream.");
        return Err(Refusal::new(1353, message));
    }
    for ((name, option), change) in TRIGGERS.iter().zip(&mut changes) {
        let Some(trigger) = given.object(name)? else { continue };
        change.enabled = trigger.flag("Enabled")?;
        if let Some(option) = option {
            change.option = trigger.flag(option)?;
        }
    }
    Ok(changes)
}
