//! A webhook in its three forms: as returned by Postmark, as created, and as updated.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::{HookUrl, Object, Reveal, Secret, Secrets, StreamId, Trigger, mask};
use crate::http::client;

/// Webhook ID: a positive integer, unique on its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub struct WebhookId(pub i64);

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for WebhookId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<i64>() {
            Ok(number) if number > 0 => Ok(Self(number)),
            _ => Err("a webhook's ID is a positive number".to_owned()),
        }
    }
}

/// A webhook as returned by Postmark. Unknown keys are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Webhook {
    /// Webhook ID.
    #[serde(rename = "ID")]
    pub id: WebhookId,
    /// URL that events are posted to.
    pub url: HookUrl,
    /// Message stream whose events it receives.
    pub message_stream: StreamId,
    /// `verified` or `unverified`. Missing in the API before August 2026.
    #[serde(default)]
    pub status: Option<String>,
    /// HTTP authentication.
    #[serde(default, deserialize_with = "optional_auth")]
    pub http_auth: Option<HttpAuth>,
    /// Custom headers.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub http_headers: Vec<HttpHeader>,
    /// Trigger settings.
    pub triggers: Triggers,
    /// Unknown keys.
    #[serde(flatten)]
    pub extra: Object,
}

impl Webhook {
    /// The API's object. Unset credentials and headers have one form, whichever Postmark used:
    /// `HttpAuth` null, `HttpHeaders` empty.
    pub fn to_json(&self, reveal: Reveal) -> Value {
        let mut object = self.definition();
        object.shift_insert(0, "ID".to_owned(), self.id.0.into());
        if let Some(status) = &self.status {
            object.shift_insert(3, "Status".to_owned(), status.clone().into());
        }
        mask::object(&mut object, reveal);
        Value::Object(object)
    }

    /// All keys but `ID` and `Status`, secrets in clear.
    pub fn definition(&self) -> Object {
        let mut object = Object::new();
        object.insert("Url".to_owned(), self.url.expose().into());
        object.insert("MessageStream".to_owned(), self.message_stream.as_str().into());
        object.insert(
            "HttpAuth".to_owned(),
            self.http_auth.as_ref().map_or(Value::Null, HttpAuth::body),
        );
        object.insert("HttpHeaders".to_owned(), headers_body(&self.http_headers));
        object.insert("Triggers".to_owned(), Value::Object(self.triggers.body()));
        object.extend(self.extra.clone());
        object
    }

    /// Registers its secrets, which others may repeat.
    pub(super) fn register_secrets(&self) {
        register(Some(&self.url), self.http_auth.as_ref(), &self.http_headers);
    }

    /// True if a create with these values could have made this webhook.
    pub fn could_be(&self, new: &NewWebhook) -> bool {
        let stream = new.message_stream.as_ref().map_or("outbound", StreamId::as_str);
        self.message_stream.as_str() == stream
            && self.url.is_same_place(&new.url)
            && self.http_auth == new.http_auth
            && self.http_headers == new.http_headers
            && Trigger::ALL.into_iter().all(|trigger| {
                let wanted = new.triggers.iter().find(|(t, _)| *t == trigger);
                self.triggers.get(trigger).enabled == wanted.is_some_and(|(_, s)| s.enabled)
            })
    }
}

/// HTTP Basic authentication of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAuth {
    /// User name; not a secret.
    pub username: String,
    /// Password.
    pub password: Secret,
}

impl HttpAuth {
    fn body(&self) -> Value {
        json!({"Username": self.username, "Password": self.password.expose()})
    }
}

/// Unset credentials are null, a missing key, two nulls or two empty strings.
fn optional_auth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<HttpAuth>, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Wire {
        #[serde(default)]
        username: Option<String>,
        #[serde(default)]
        password: Option<String>,
    }
    let wire = Option::<Wire>::deserialize(deserializer)?;
    Ok(wire.and_then(|w| {
        let (username, password) = (w.username.unwrap_or_default(), w.password.unwrap_or_default());
        let is_set = !username.is_empty() || !password.is_empty();
        is_set.then(|| HttpAuth { username, password: Secret::new(password) })
    }))
}

fn null_is_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<Vec<T>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Custom header of a webhook. The value is treated as a secret: many are tokens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HttpHeader {
    /// Header name.
    pub name: String,
    /// Header value.
    pub value: Secret,
}

impl HttpHeader {
    /// True if the value is a secret, by the name or by itself.
    pub fn is_secret(&self) -> bool {
        mask::is_secret_header(&self.name, self.value.expose())
    }

    /// Refuses headers that no request can carry and those that the transport sets. The error never
    /// repeats the value.
    pub fn check(name: &str, value: &str) -> Result<(), String> {
        if !client::is_header_name(name) {
            return Err("a header's name has letters, digits and dashes only".to_owned());
        }
        const TRANSPORT: [&str; 5] =
            ["host", "content-length", "transfer-encoding", "connection", "content-type"];
        if TRANSPORT.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(format!("the header {name} is Postmark's own to set"));
        }
        if !client::is_header_value(value) {
            return Err(format!("the value of the header {name} holds a control character"));
        }
        if value.is_empty() {
            return Err(format!("the header {name} has no value"));
        }
        Ok(())
    }
}

fn register(url: Option<&HookUrl>, auth: Option<&HttpAuth>, headers: &[HttpHeader]) {
    let secrets = Secrets::of_run();
    if let Some(url) = url.filter(|url| url.expose().contains(['@', '?'])) {
        url.register_secrets();
    }
    if let Some(auth) = auth {
        secrets.add(auth.password.expose());
    }
    for header in headers.iter().filter(|header| header.is_secret()) {
        secrets.add_header(header.value.expose());
    }
}

fn headers_body(headers: &[HttpHeader]) -> Value {
    headers.iter().map(|h| json!({"Name": h.name, "Value": h.value.expose()})).collect()
}

/// Settings of one trigger, unknown options included.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct TriggerSetting {
    /// Events of this trigger are posted.
    #[serde(rename = "Enabled")]
    pub enabled: bool,
    /// `PostFirstOpenOnly`, `IncludeContent`, and unknown options.
    #[serde(flatten)]
    pub options: Object,
}

impl TriggerSetting {
    /// A trigger with its option written out as off: the default of a missing option is not documented.
    pub fn new(trigger: Trigger, enabled: bool) -> Self {
        let mut setting = Self { enabled, options: Object::new() };
        setting.complete(trigger);
        setting
    }

    /// Adds the trigger's documented option, off, if it is missing.
    pub fn complete(&mut self, trigger: Trigger) {
        if let Some(option) = trigger.option() {
            self.options.entry(option).or_insert(Value::Bool(false));
        }
    }

    /// State of the trigger's documented option.
    pub fn option(&self, trigger: Trigger) -> bool {
        trigger.option().and_then(|o| self.options.get(o)).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The API's object.
    pub fn body(&self) -> Value {
        let mut object = Object::new();
        object.insert("Enabled".to_owned(), self.enabled.into());
        object.extend(self.options.clone());
        Value::Object(object)
    }
}

/// Triggers of a webhook.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Triggers {
    #[serde(deserialize_with = "null_is_off")]
    open: TriggerSetting,
    #[serde(deserialize_with = "null_is_off")]
    click: TriggerSetting,
    #[serde(deserialize_with = "null_is_off")]
    delivery: TriggerSetting,
    #[serde(deserialize_with = "null_is_off")]
    bounce: TriggerSetting,
    #[serde(deserialize_with = "null_is_off")]
    spam_complaint: TriggerSetting,
    #[serde(deserialize_with = "null_is_off")]
    subscription_change: TriggerSetting,
    /// Unknown triggers.
    #[serde(flatten)]
    pub other: Object,
}

impl Triggers {
    /// Settings of a trigger.
    pub fn get(&self, trigger: Trigger) -> &TriggerSetting {
        match trigger {
            Trigger::Open => &self.open,
            Trigger::Click => &self.click,
            Trigger::Delivery => &self.delivery,
            Trigger::Bounce => &self.bounce,
            Trigger::SpamComplaint => &self.spam_complaint,
            Trigger::SubscriptionChange => &self.subscription_change,
        }
    }

    /// Enabled triggers.
    pub fn enabled(&self) -> Vec<Trigger> {
        Trigger::ALL.into_iter().filter(|t| self.get(*t).enabled).collect()
    }

    /// Names of the enabled triggers that are unknown.
    pub fn other_enabled(&self) -> impl Iterator<Item = &str> {
        let on = |value: &Value| value.get("Enabled").and_then(Value::as_bool) == Some(true);
        self.other.iter().filter(move |(_, value)| on(value)).map(|(name, _)| name.as_str())
    }

    fn body(&self) -> Object {
        let mut object = Object::new();
        for trigger in Trigger::ALL {
            object.insert(trigger.key().to_owned(), self.get(trigger).body());
        }
        object.extend(self.other.clone());
        object
    }
}

fn null_is_off<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TriggerSetting, D::Error> {
    Option::<TriggerSetting>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Body of `POST /webhooks`: only the fields that are set are sent.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// URL that events are posted to.
    pub url: HookUrl,
    /// Message stream. Postmark uses `outbound` where it is missing.
    pub message_stream: Option<StreamId>,
    /// HTTP authentication.
    pub http_auth: Option<HttpAuth>,
    /// Custom headers.
    pub http_headers: Vec<HttpHeader>,
    /// Settings of the named triggers.
    pub triggers: Vec<(Trigger, TriggerSetting)>,
    /// Unknown triggers of a file.
    pub other_triggers: Object,
    /// Unknown keys of a file.
    pub extra: Object,
    /// False saves it unverified: no probe, and no events until it is verified.
    pub verify: bool,
}

impl NewWebhook {
    /// Request body, secrets in clear.
    pub fn body(&self) -> Object {
        let mut body = Object::new();
        body.insert("Url".to_owned(), self.url.expose().into());
        if let Some(stream) = &self.message_stream {
            body.insert("MessageStream".to_owned(), stream.as_str().into());
        }
        if let Some(auth) = &self.http_auth {
            body.insert("HttpAuth".to_owned(), auth.body());
        }
        if !self.http_headers.is_empty() {
            body.insert("HttpHeaders".to_owned(), headers_body(&self.http_headers));
        }
        let mut triggers = triggers_body(&self.triggers);
        triggers.extend(self.other_triggers.clone());
        if !triggers.is_empty() {
            body.insert("Triggers".to_owned(), Value::Object(triggers));
        }
        body.extend(self.extra.clone());
        if !self.verify {
            body.insert("Verify".to_owned(), false.into());
        }
        body
    }

    /// The webhook that a create would make, with ID 0 and without a status.
    pub fn would_be(&self) -> Webhook {
        let mut triggers = Triggers { other: self.other_triggers.clone(), ..Triggers::default() };
        for trigger in Trigger::ALL {
            let named = self.triggers.iter().find(|(t, _)| *t == trigger);
            let setting = named.map(|(_, setting)| setting.clone());
            triggers.set(trigger, setting.unwrap_or_else(|| TriggerSetting::new(trigger, false)));
        }
        let outbound = || StreamId::outbound();
        Webhook {
            id: WebhookId(0),
            url: self.url.clone(),
            message_stream: self.message_stream.clone().unwrap_or_else(outbound),
            status: None,
            http_auth: self.http_auth.clone(),
            http_headers: self.http_headers.clone(),
            triggers,
            extra: self.extra.clone(),
        }
    }

    /// True if no trigger is enabled: no event would ever be posted.
    pub fn is_silent(&self) -> bool {
        self.other_triggers.is_empty() && !self.triggers.iter().any(|(_, s)| s.enabled)
    }
}

fn triggers_body(triggers: &[(Trigger, TriggerSetting)]) -> Object {
    triggers.iter().map(|(trigger, s)| (trigger.key().to_owned(), s.body())).collect()
}

/// Body of `PUT /webhooks/{Id}`: fields that are missing stay unchanged.
#[derive(Clone, Debug, Default)]
pub struct WebhookPatch {
    /// New URL.
    pub url: Option<HookUrl>,
    /// New credentials. `Some(None)` removes them.
    pub http_auth: Option<Option<HttpAuth>>,
    /// New list of headers. Postmark replaces the whole list.
    pub http_headers: Option<Vec<HttpHeader>>,
    /// Triggers that change, each with all its options.
    pub triggers: Vec<(Trigger, TriggerSetting)>,
    /// Unknown triggers of a file.
    pub other_triggers: Object,
    /// False saves it unverified: no probe, and no events until it is verified.
    pub verify: bool,
}

impl WebhookPatch {
    /// True if nothing changes.
    pub fn is_empty(&self) -> bool {
        self.url.is_none()
            && self.http_auth.is_none()
            && self.http_headers.is_none()
            && self.triggers.is_empty()
            && self.other_triggers.is_empty()
    }

    pub(super) fn register_secrets(&self) {
        let auth = self.http_auth.as_ref().and_then(Option::as_ref);
        register(self.url.as_ref(), auth, self.http_headers.as_deref().unwrap_or_default());
    }

    /// True if the credentials are removed.
    pub fn removes_auth(&self) -> bool {
        matches!(self.http_auth, Some(None))
    }

    /// Request body, secrets in clear.
    ///
    /// Removing credentials is not documented. Two empty strings are what another client sends, and
    /// null means "unchanged" elsewhere; the caller checks that they are gone.
    pub fn body(&self) -> Object {
        let mut body = Object::new();
        if let Some(url) = &self.url {
            body.insert("Url".to_owned(), url.expose().into());
        }
        if let Some(auth) = &self.http_auth {
            let none = || json!({"Username": "", "Password": ""});
            body.insert("HttpAuth".to_owned(), auth.as_ref().map_or_else(none, HttpAuth::body));
        }
        if let Some(headers) = &self.http_headers {
            body.insert("HttpHeaders".to_owned(), headers_body(headers));
        }
        let mut triggers = triggers_body(&self.triggers);
        triggers.extend(self.other_triggers.clone());
        if !triggers.is_empty() {
            body.insert("Triggers".to_owned(), Value::Object(triggers));
        }
        if !self.verify {
            body.insert("Verify".to_owned(), false.into());
        }
        body
    }

    /// Fields that the patch names, before and after, secrets in clear.
    pub fn touched(&self, webhook: &Webhook) -> (Object, Object) {
        let (mut before, mut after) = (Object::new(), Object::new());
        let mut touch = |key: &str, is: Value, will_be: Value| {
            before.insert(key.to_owned(), is);
            after.insert(key.to_owned(), will_be);
        };
        if let Some(url) = &self.url {
            touch("Url", webhook.url.expose().into(), url.expose().into());
        }
        if let Some(auth) = &self.http_auth {
            let body = |auth: &Option<HttpAuth>| auth.as_ref().map_or(Value::Null, HttpAuth::body);
            touch("HttpAuth", body(&webhook.http_auth), body(auth));
        }
        if let Some(headers) = &self.http_headers {
            touch("HttpHeaders", headers_body(&webhook.http_headers), headers_body(headers));
        }
        let (mut is, mut will_be) = (Object::new(), Object::new());
        let touched = |trigger| self.triggers.iter().find(|(touched, _)| *touched == trigger);
        for (trigger, setting) in Trigger::ALL.into_iter().filter_map(touched) {
            is.insert(trigger.key().to_owned(), webhook.triggers.get(*trigger).body());
            will_be.insert(trigger.key().to_owned(), setting.body());
        }
        for (name, setting) in &self.other_triggers {
            is.insert(name.clone(), webhook.triggers.other.get(name).cloned().unwrap_or_default());
            will_be.insert(name.clone(), setting.clone());
        }
        touch("Triggers", is.into(), will_be.into());
        (before, after)
    }

    /// The webhook after the patch.
    pub fn applied_to(&self, webhook: &Webhook) -> Webhook {
        let mut after = webhook.clone();
        if let Some(url) = &self.url {
            after.url = url.clone();
        }
        if let Some(auth) = &self.http_auth {
            after.http_auth.clone_from(auth);
        }
        if let Some(headers) = &self.http_headers {
            after.http_headers.clone_from(headers);
        }
        for (trigger, setting) in &self.triggers {
            after.triggers.set(*trigger, setting.clone());
        }
        after.triggers.other.extend(self.other_triggers.clone());
        after
    }
}

impl Triggers {
    /// Replaces a trigger's settings.
    pub fn set(&mut self, trigger: Trigger, setting: TriggerSetting) {
        let place = match trigger {
            Trigger::Open => &mut self.open,
            Trigger::Click => &mut self.click,
            Trigger::Delivery => &mut self.delivery,
            Trigger::Bounce => &mut self.bounce,
            Trigger::SpamComplaint => &mut self.spam_complaint,
            Trigger::SubscriptionChange => &mut self.subscription_change,
        };
        *place = setting;
    }
}
