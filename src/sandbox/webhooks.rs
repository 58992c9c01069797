//! Webhooks: `/webhooks`, with the checks of each request.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::servers::Server;
use super::statistics::Hour;
use super::store::Transaction;
use super::streams::{self, StreamType};
use super::verify::{self, ProbeResult};
use super::wire::{self, FieldErrors, Fields, Outcome, Refusal, is_http_url, query_value};
use super::{ApiVersion, statistics};

/// Maximum number of webhooks per stream (Postmark's article "How do modular webhooks work").
const MAX_PER_STREAM: usize = 10;
/// Maximum number of headers per webhook (same article).
const MAX_HEADERS: usize = 30;

/// The triggers in the API's order, each with its option beside `Enabled`.
pub(super) const TRIGGERS: [(&str, Option<&str>); 6] = [
    ("Open", Some("PostFirstOpenOnly")),
    ("Click", None),
    ("Delivery", None),
    ("Bounce", Some("IncludeContent")),
    ("SpamComplaint", Some("IncludeContent")),
    ("SubscriptionChange", None),
];

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Webhook {
    #[serde(rename = "ID")]
    pub(super) id: i64,
    pub(super) url: String,
    pub(super) message_stream: String,
    pub(super) verified: bool,
    /// `{Username, Password}` or null.
    pub(super) http_auth: Value,
    /// Each `{Name, Value}`.
    pub(super) http_headers: Vec<Value>,
    pub(super) triggers: Triggers,
    /// Requests to it, by the hour.
    pub(super) hours: Vec<Hour>,
}

/// One trigger of a webhook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Trigger {
    pub(super) enabled: bool,
    /// `PostFirstOpenOnly` or `IncludeContent`; false where the trigger has neither.
    pub(super) option: bool,
    /// The endpoint has passed verification for it.
    pub(super) verified: bool,
}

/// The six triggers, in the order of [`TRIGGERS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Triggers([Trigger; TRIGGERS.len()]);

impl Triggers {
    pub(super) fn from_names(make: impl Fn(&str) -> Trigger) -> Self {
        Self(TRIGGERS.map(|(name, _)| make(name)))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &Trigger)> {
        TRIGGERS.iter().map(|(name, _)| *name).zip(&self.0)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&'static str, &mut Trigger)> {
        TRIGGERS.iter().map(|(name, _)| *name).zip(&mut self.0)
    }

    pub(super) fn enabled(&self) -> impl Iterator<Item = (&'static str, &Trigger)> {
        self.iter().filter(|(_, trigger)| trigger.enabled)
    }

    fn to_json(self) -> Value {
        let triggers = TRIGGERS.iter().zip(&self.0).map(|((name, option), trigger)| {
            let mut answered = Map::new();
            answered.insert("Enabled".to_owned(), trigger.enabled.into());
            if let Some(option) = option {
                answered.insert((*option).to_owned(), trigger.option.into());
            }
            ((*name).to_owned(), Value::Object(answered))
        });
        Value::Object(triggers.collect())
    }
}

impl Webhook {
    /// The object in the API's responses: always with all six triggers (Postmark's Webhooks API page,
    /// "Get a webhook"). The older API had no `Status`.
    pub(super) fn to_json(&self, api: ApiVersion) -> Value {
        let mut answer = Map::new();
        let mut put = |name: &str, value: Value| answer.insert(name.to_owned(), value);
        put("ID", self.id.into());
        put("Url", self.url.clone().into());
        put("MessageStream", self.message_stream.clone().into());
        if api == ApiVersion::Current {
            put("Status", status_of(self.verified).into());
        }
        put("HttpAuth", self.http_auth.clone());
        put("HttpHeaders", self.http_headers.clone().into());
        put("Triggers", self.triggers.to_json());
        Value::Object(answer)
    }

    /// Marks one trigger as unverified. The webhook is unverified once all its triggers are.
    pub(super) fn pause(&mut self, name: &str) {
        for (trigger, setting) in self.triggers.iter_mut() {
            if trigger == name {
                setting.verified = false;
            }
        }
        self.verified = self.triggers.enabled().any(|(_, trigger)| trigger.verified);
    }

    /// Sets the status of the webhook and of its enabled triggers.
    pub(super) fn mark(&mut self, verified: bool) {
        self.verified = verified;
        for (_, trigger) in self.triggers.iter_mut() {
            trigger.verified = trigger.enabled && verified;
        }
    }
}

/// `Status` of a webhook or a trigger.
pub(super) fn status_of(verified: bool) -> &'static str {
    if verified { "verified" } else { "unverified" }
}

/// The changes that a POST or a PUT asks for. `None` leaves a field unchanged.
pub(super) struct WebhookRequest {
    /// In an edit only.
    id: Option<i64>,
    pub(super) url: Option<String>,
    pub(super) message_stream: Option<String>,
    /// Null removes.
    http_auth: Option<Value>,
    /// An empty list removes.
    http_headers: Option<Vec<Value>>,
    triggers: [TriggerChange; TRIGGERS.len()],
    /// Whether the endpoint is to be results first.
    pub(super) verify: bool,
}

/// The requested changes of one trigger.
#[derive(Clone, Copy, Default)]
struct TriggerChange {
    enabled: Option<bool>,
    option: Option<bool>,
}

impl WebhookRequest {
    /// Reads the body of a create.
    pub(super) fn of_create(body: &[u8], query: &str, api: ApiVersion) -> Result<Self, Refusal> {
        let object = wire::parse(body, FieldErrors::Webhook, no_body())?;
        let fields = Fields::new(&object, FieldErrors::Webhook);
        if fields.has("ID") {
            return Err(Refusal::new(1356, "The 'ID' must not be sent when creating a webhook."));
        }
        let request = Self::read(fields, query, api)?;
        if request.url.is_none() {
            return Err(no_url());
        }
        Ok(request)
    }

    /// Reads the body of an edit. The ID in it may only be the one in the path.
    pub(super) fn of_edit(
        body: &[u8],
        query: &str,
        id: i64,
        api: ApiVersion,
    ) -> Result<Self, Refusal> {
        let object = wire::parse(body, FieldErrors::Webhook, no_body())?;
        let request = Self::read(Fields::new(&object, FieldErrors::Webhook), query, api)?;
        if request.id.is_some_and(|given| given != id) {
            return Err(fixed());
        }
        Ok(request)
    }

    fn read(fields: Fields<'_>, query: &str, api: ApiVersion) -> Result<Self, Refusal> {
        if api == ApiVersion::Current && fields.has("Status") {
            return Err(Refusal::new(1363, "The 'Status' cannot be set."));
        }
        // The text of code 1364 names the query parameter, the page the field: both work. The older API
        // had no verification and ignored the field.
        let in_query =
            query_value(query, "Verify").is_none_or(|v| !v.eq_ignore_ascii_case("false"));
        let verify =
            api == ApiVersion::Current && fields.flag("Verify")?.unwrap_or(true) && in_query;
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

    /// Changes a webhook: the header list as a whole, a trigger by its named fields (Postmark's
    /// Webhooks API page, "Edit a webhook").
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

fn fixed() -> Refusal {
    Refusal::new(1357, "The 'ID' and the 'MessageStream' of a webhook cannot be updated.")
}

fn checked_url(text: &str) -> Result<String, Refusal> {
    if is_http_url(text) { Ok(text.to_owned()) } else { Err(no_url()) }
}

/// A pair replaces, a pair of empty strings removes, and half a pair is invalid.
fn http_auth(fields: Fields<'_>) -> Result<Option<Value>, Refusal> {
    let Some(auth) = fields.object("HttpAuth")? else { return Ok(None) };
    match (auth.text_or_empty("Username")?, auth.text_or_empty("Password")?) {
        (None, None) => Ok(None),
        (Some(""), Some("")) => Ok(Some(Value::Null)),
        (Some(user), Some(password)) => Ok(Some(json!({ "Username": user, "Password": password }))),
        _ => Err(fields.refuse("HttpAuth, which needs both Username and Password")),
    }
}

fn http_headers(fields: Fields<'_>) -> Result<Option<Vec<Value>>, Refusal> {
    let Some(list) = fields.list("HttpHeaders")? else { return Ok(None) };
    if list.len() > MAX_HEADERS {
        // Postmark documents the limit without a code; this is the nearest.
        let message = format!("HttpHeaders, which may be at most {MAX_HEADERS}");
        return Err(fields.refuse(&message));
    }
    list.iter().map(|item| http_header(item, fields)).collect::<Result<_, _>>().map(Some)
}

fn http_header(item: &Value, fields: Fields<'_>) -> Result<Value, Refusal> {
    let header = item.as_object().ok_or_else(|| fields.refuse("HttpHeaders"))?;
    let header = Fields::new(header, FieldErrors::Webhook);
    let name = header.text("Name")?.unwrap_or_default();
    let value = header.text_or_empty("Value")?.unwrap_or_default();
    if hyper::header::HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err(Refusal::new(1358, "A valid 'Name' is required for each HttpHeader."));
    }
    if hyper::header::HeaderValue::from_str(value).is_err() {
        return Err(fields.refuse("HttpHeaders, of which a Value cannot stand in a header"));
    }
    Ok(json!({ "Name": name, "Value": value }))
}

fn triggers(fields: Fields<'_>) -> Result<[TriggerChange; TRIGGERS.len()], Refusal> {
    let mut changes = [TriggerChange::default(); TRIGGERS.len()];
    let Some(given) = fields.object("Triggers")? else { return Ok(changes) };
    if let Some(unknown) =
        given.names().find(|name| TRIGGERS.iter().all(|(n, _)| !n.eq_ignore_ascii_case(name)))
    {
        // An unknown trigger is one that this stream does not support.
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

/// GET /webhooks.
pub(super) fn list(server: &Server, query: &str, api: ApiVersion) -> Outcome {
    let stream = match query_value(query, "MessageStream") {
        Some(id) => Some(streams::find(server, &id)?.id.clone()),
        None => None,
    };
    // No page documents this filter; the text of code 1362 speaks of its two values.
    let status = query_value(query, "Status")
        .filter(|_| api == ApiVersion::Current)
        .map(|status| status.to_ascii_lowercase());
    if status.as_deref().is_some_and(|s| s != "verified" && s != "unverified") {
        return Err(Refusal::new(1362, "The 'status' must be 'verified' or 'unverified'."));
    }
    let shown = server.webhooks.iter().filter(|webhook| {
        stream.as_ref().is_none_or(|id| *id == webhook.message_stream)
            && status.as_deref().is_none_or(|s| s == status_of(webhook.verified))
    });
    Ok(json!({ "Webhooks": shown.map(|webhook| webhook.to_json(api)).collect::<Vec<_>>() }))
}

/// The webhook with an ID. A webhook of another server is not found.
pub(super) fn find(server: &Server, id: i64, api: ApiVersion) -> Result<&Webhook, Refusal> {
    server.webhooks.iter().find(|webhook| webhook.id == id).ok_or_else(|| not_found(api))
}

fn not_found(api: ApiVersion) -> Refusal {
    let code = match api {
        ApiVersion::Current => 1352,
        ApiVersion::Legacy => 1302,
    };
    Refusal::new(code, "The webhook for the provided 'ID' was not found.")
}

/// The webhook that a create would make, without an ID and unverified.
pub(super) fn planned(
    server: &Server,
    request: &WebhookRequest,
    api: ApiVersion,
) -> Result<Webhook, Refusal> {
    let stream = streams::find(server, request.message_stream.as_deref().unwrap_or("outbound"))?;
    if stream.kind == StreamType::Inbound {
        let code = match api {
            ApiVersion::Current => 1351,
            ApiVersion::Legacy => 1301,
        };
        return Err(Refusal::new(code, "You cannot create a webhook using an inbound stream."));
    }
    if stream.archived_at.is_some() {
        return Err(Refusal::new(1350, "You cannot create a webhook using an archived stream."));
    }
    let on_stream = server.webhooks.iter().filter(|w| w.message_stream == stream.id).count();
    if on_stream >= MAX_PER_STREAM {
        let message = format!("This stream has its maximum of {MAX_PER_STREAM} webhooks.");
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
    request.apply(&mut webhook);
    Ok(webhook)
}

/// Applies an edit. A stream in it must be the present one.
pub(super) fn change(webhook: &mut Webhook, request: &WebhookRequest) -> Result<(), Refusal> {
    if request
        .message_stream
        .as_ref()
        .is_some_and(|stream| !stream.eq_ignore_ascii_case(&webhook.message_stream))
    {
        return Err(fixed());
    }
    request.apply(webhook);
    Ok(())
}

/// True if an edit must be verified: it changes the URL or enables a trigger.
pub(super) fn needs_verification(before: &Webhook, after: &Webhook) -> bool {
    let switched_on = before
        .triggers
        .iter()
        .zip(after.triggers.iter())
        .any(|((_, b), (_, a))| a.enabled && !b.enabled);
    before.url != after.url || switched_on
}

/// Creates a webhook. `results` are those of its verification, if there was one.
pub(super) fn create(
    state: &mut Transaction<'_>,
    token: &str,
    request: &WebhookRequest,
    results: Option<&[ProbeResult]>,
    api: ApiVersion,
) -> Outcome {
    let mut webhook = planned(&state.server(token), request, api)?;
    webhook.id = state.take_webhook_id();
    match results {
        Some(results) => judge(&mut webhook, results, state.now),
        // Webhooks from before verification existed count as verified.
        None => webhook.mark(api == ApiVersion::Legacy),
    }
    let answer = webhook.to_json(api);
    state.server_mut(token).webhooks.push(webhook);
    Ok(answer)
}

/// Edits a webhook. `results` are those of its verification, if there was one.
pub(super) fn edit(
    server: &mut Server,
    now: Timestamp,
    id: i64,
    request: &WebhookRequest,
    results: Option<&[ProbeResult]>,
    api: ApiVersion,
) -> Outcome {
    let webhook = find_mut(server, id, api)?;
    change(webhook, request)?;
    match results {
        Some(results) => judge(webhook, results, now),
        None if api == ApiVersion::Legacy => webhook.mark(true),
        None if !request.verify => webhook.mark(false),
        None => {}
    }
    Ok(webhook.to_json(api))
}

/// Sets the status of a webhook and of its triggers by the results of its probes.
pub(super) fn verify(
    server: &mut Server,
    now: Timestamp,
    id: i64,
    results: &[ProbeResult],
    api: ApiVersion,
) -> Outcome {
    let webhook = find_mut(server, id, api)?;
    judge(webhook, results, now);
    Ok(verify::report(webhook, results))
}

fn find_mut(server: &mut Server, id: i64, api: ApiVersion) -> Result<&mut Webhook, Refusal> {
    server.webhooks.iter_mut().find(|webhook| webhook.id == id).ok_or_else(|| not_found(api))
}

fn judge(webhook: &mut Webhook, results: &[ProbeResult], now: Timestamp) {
    webhook.verified = results.iter().all(ProbeResult::passed);
    for (name, trigger) in webhook.triggers.iter_mut() {
        trigger.verified =
            trigger.enabled && results.iter().any(|probe| probe.trigger == name && probe.passed());
    }
    statistics::count(&mut webhook.hours, results, now);
}

/// DELETE /webhooks/{ID}.
pub(super) fn delete(server: &mut Server, id: i64, api: ApiVersion) -> Outcome {
    find(server, id, api)?;
    server.webhooks.retain(|webhook| webhook.id != id);
    Ok(json!({ "ErrorCode": 0, "Message": format!("Webhook {id} removed.") }))
}
