//! A webhook in its three forms: as Postmark answers it, as it is made, and as it is changed.

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::{HookUrl, Object, Reveal, Secret, StreamId, Trigger, WebhookId, mask};

/// A webhook as Postmark answers it. Keys that are not known here are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Webhook {
    /// Its number on this server.
    #[serde(rename = "ID")]
    pub id: WebhookId,
    /// Where it posts to.
    pub url: HookUrl,
    /// The stream whose events it gets.
    pub message_stream: StreamId,
    /// `verified` or `unverified`; missing in the older API.
    #[serde(default)]
    pub status: Option<String>,
    /// The credentials that it sends.
    #[serde(default, deserialize_with = "optional_auth")]
    pub http_auth: Option<HttpAuth>,
    /// The headers that it sends besides.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub http_headers: Vec<HttpHeader>,
    /// What it is switched on for.
    pub triggers: Triggers,
    /// What else Postmark says of it.
    #[serde(flatten)]
    pub extra: Object,
}

impl Webhook {
    /// The API's object. "None" has one shape here, whichever Postmark used: `HttpAuth` null,
    /// `HttpHeaders` empty.
    pub fn to_json(&self, reveal: Reveal) -> Value {
        let mut object = self.definition();
        object.shift_insert(0, "ID".to_owned(), self.id.0.into());
        if let Some(status) = &self.status {
            object.shift_insert(3, "Status".to_owned(), status.clone().into());
        }
        mask::object(&mut object, reveal);
        Value::Object(object)
    }

    /// Everything but `ID` and `Status`, secrets in clear.
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

    /// True where this could be what a create with these values made.
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

/// The user name and password that a webhook sends as Basic authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAuth {
    /// The user name: not a secret.
    pub username: String,
    /// The password.
    pub password: Secret,
}

impl HttpAuth {
    fn body(&self) -> Value {
        json!({"Username": self.username, "Password": self.password.expose()})
    }
}

/// Unset credentials come as null, as a missing key, as two nulls or as two empty texts.
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

/// A header that a webhook sends. Its value is a secret: many are tokens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HttpHeader {
    /// The header's name.
    pub name: String,
    /// The header's value.
    pub value: Secret,
}

impl HttpHeader {
    /// Refuses what no request can carry, or what would replace a header of the transport's own. The
    /// error never repeats the value.
    pub fn check(name: &str, value: &str) -> Result<(), String> {
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(is_token) {
            return Err("a header's name has letters, digits and dashes only".to_owned());
        }
        const TRANSPORT: [&str; 5] =
            ["host", "content-length", "transfer-encoding", "connection", "content-type"];
        if TRANSPORT.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(format!("the header {name} is Postmark's own to set"));
        }
        if value.chars().any(|c| c.is_control() && c != '\t') {
            return Err(format!("the value of the header {name} holds a control character"));
        }
        if value.is_empty() {
            return Err(format!("the header {name} has no value"));
        }
        Ok(())
    }
}

fn headers_body(headers: &[HttpHeader]) -> Value {
    headers.iter().map(|h| json!({"Name": h.name, "Value": h.value.expose()})).collect()
}

/// One trigger's settings: whether it is on, and its options with those that are not known here.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct TriggerSetting {
    /// Whether its events are posted.
    #[serde(rename = "Enabled")]
    pub enabled: bool,
    /// `PostFirstOpenOnly`, `IncludeContent`, and whatever Postmark may add.
    #[serde(flatten)]
    pub options: Object,
}

impl TriggerSetting {
    /// A trigger with its option off, written out: what a missing option means is not documented.
    pub fn new(trigger: Trigger, enabled: bool) -> Self {
        let mut setting = Self { enabled, options: Object::new() };
        setting.complete(trigger);
        setting
    }

    /// Writes the trigger's documented option out where it is missing.
    pub fn complete(&mut self, trigger: Trigger) {
        if let Some(option) = trigger.option() {
            self.options.entry(option).or_insert(Value::Bool(false));
        }
    }

    /// Whether the trigger's documented option is on.
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

/// All triggers of a webhook.
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
    /// Triggers that are not known here.
    #[serde(flatten)]
    pub other: Object,
}

impl Triggers {
    /// A trigger's settings.
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

    /// The triggers that are on.
    pub fn enabled(&self) -> Vec<Trigger> {
        Trigger::ALL.into_iter().filter(|t| self.get(*t).enabled).collect()
    }

    /// The names of the triggers that are on and not known here.
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

/// A webhook that is to be made: only what is given is sent.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// Where it posts to.
    pub url: HookUrl,
    /// Its stream; Postmark takes `outbound` where none is given.
    pub message_stream: Option<StreamId>,
    /// The credentials that it sends.
    pub http_auth: Option<HttpAuth>,
    /// The headers that it sends.
    pub http_headers: Vec<HttpHeader>,
    /// The triggers that are named.
    pub triggers: Vec<(Trigger, TriggerSetting)>,
    /// Triggers that are not known here, from a file.
    pub other_triggers: Object,
    /// Keys that are not known here, from a file.
    pub extra: Object,
    /// False saves it without a probe, and without any event until it is verified.
    pub verify: bool,
}

impl NewWebhook {
    /// The request's body, secrets in clear.
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

    /// The webhook as it would be, with the ID 0 and without a status.
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

    /// True where no trigger is on, so that nothing would ever be posted.
    pub fn is_silent(&self) -> bool {
        self.other_triggers.is_empty() && !self.triggers.iter().any(|(_, s)| s.enabled)
    }
}

fn triggers_body(triggers: &[(Trigger, TriggerSetting)]) -> Object {
    triggers.iter().map(|(trigger, s)| (trigger.key().to_owned(), s.body())).collect()
}

/// What changes in a webhook: `PUT /webhooks/{Id}` leaves alone what it does not name.
#[derive(Clone, Debug, Default)]
pub struct Patch {
    /// A new URL.
    pub url: Option<HookUrl>,
    /// New credentials, or none any more.
    pub http_auth: Option<Option<HttpAuth>>,
    /// The whole new list: Postmark replaces it.
    pub http_headers: Option<Vec<HttpHeader>>,
    /// The triggers that change, each with all its options.
    pub triggers: Vec<(Trigger, TriggerSetting)>,
    /// Triggers that are not known here, from a file.
    pub other_triggers: Object,
    /// False saves it without a probe, and without any event until it is verified.
    pub verify: bool,
}

impl Patch {
    /// True where nothing changes.
    pub fn is_empty(&self) -> bool {
        self.url.is_none()
            && self.http_auth.is_none()
            && self.http_headers.is_none()
            && self.triggers.is_empty()
            && self.other_triggers.is_empty()
    }

    /// True where the credentials are taken away.
    pub fn removes_auth(&self) -> bool {
        matches!(self.http_auth, Some(None))
    }

    /// The request's body, secrets in clear.
    ///
    /// How credentials are removed is not documented. Two empty texts are what another client sends,
    /// and null means "unchanged" elsewhere; so the caller checks that they are gone.
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

    /// What it touches, as it is and as it would be: no more of the webhook than that, secrets in clear.
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

    /// The webhook as it would be afterwards.
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
