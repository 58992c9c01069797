//! Selects the events to post, and builds their bodies.

use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use serde_json::Value;

use crate::error::{Diagnose, Diagnosis, Exit};
use crate::event::sample::{Fit, SOME_SERVER, sample};
use crate::event::{BounceType, Event, Received};
use crate::fs::{self, FsError};
use crate::postmark::{Object, ServerId, StreamId, Trigger, TriggerSetting, Triggers};

/// Maximum size of a body, in bytes: base64 of 35 MB of inbound mail, with room to spare.
const MAX_BODY: u64 = 64 * 1024 * 1024;

/// Reason why a body cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SampleError {
    #[error(transparent)]
    File(#[from] FsError),
    #[error("cannot read standard input: {0}")]
    Stdin(std::io::Error),
    #[error("cannot set {0}: no event that would be posted has this field")]
    UnknownField(String),
    /// The body is not what Postmark would post.
    #[error("{origin}: {problem}")]
    Unusable {
        /// The file, or `standard input`.
        origin: String,
        problem: String,
    },
}

impl Diagnose for SampleError {
    fn diagnosis(&self) -> Diagnosis {
        let usage = Diagnosis::new(Exit::Usage);
        match self {
            Self::UnknownField(_) => usage.hint("see the fields of an event with --print"),
            Self::File(_) | Self::Stdin(_) | Self::Unusable { .. } => usage,
        }
    }
}

/// The user's own body, in place of a sample.
#[derive(Clone, Debug)]
pub(crate) struct CustomBody {
    /// The text as written.
    bytes: Vec<u8>,
    /// The JSON object in it.
    value: Value,
}

impl CustomBody {
    /// Reads a body from a file, or from standard input if the path is `-`.
    ///
    /// # Errors
    /// It cannot be read, is too large, or is not a JSON object.
    pub(crate) fn read(path: &Path, stdin: &mut dyn Read) -> Result<Self, SampleError> {
        let is_stdin = path.as_os_str() == "-";
        let origin =
            if is_stdin { "standard input".to_owned() } else { path.display().to_string() };
        let bytes = if is_stdin {
            let mut bytes = Vec::new();
            stdin.take(MAX_BODY + 1).read_to_end(&mut bytes).map_err(SampleError::Stdin)?;
            bytes
        } else {
            fs::read(path, MAX_BODY)?.bytes
        };
        let unusable = |problem: String| SampleError::Unusable { origin: origin.clone(), problem };
        if bytes.len() as u64 > MAX_BODY {
            return Err(unusable(format!("it is larger than {MAX_BODY} bytes")));
        }
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(value) if value.is_object() => Ok(Self { bytes, value }),
            Ok(_) => {
                Err(unusable("it is JSON, but not an object; Postmark posts objects".to_owned()))
            }
            // The position only: serde quotes the document, which may hold personal data.
            Err(e) => {
                Err(unusable(format!("it is not JSON (line {}, column {})", e.line(), e.column())))
            }
        }
    }
}

/// Options that select events and change their bodies.
#[derive(Clone, Debug, Default)]
pub(crate) struct SampleOptions {
    /// Events to post. If empty, one for each enabled trigger.
    pub(crate) events: Vec<Event>,
    /// A body in place of all samples.
    pub(crate) custom: Option<CustomBody>,
    pub(crate) set: Vec<FieldAssignment>,
    pub(crate) bounce_type: Option<BounceType>,
    /// Size of an attachment to inbound mail, in bytes.
    pub(crate) attachment_size: Option<usize>,
}

impl SampleOptions {
    /// Rejects an assignment to a field that no selected event can have, before any request is made.
    pub(crate) fn check(&self) -> Result<(), SampleError> {
        let mut triggers = Triggers::default();
        for trigger in Trigger::ALL {
            let mut setting = TriggerSetting::new(trigger, true);
            let option = trigger.option().map(|option| (option.to_owned(), true.into()));
            setting.options.extend(option);
            triggers.set(trigger, setting);
        }
        // An attachment adds no field, but is slow to build.
        let light = Self { attachment_size: None, ..self.clone() };
        let mut unused = light.assignments();
        light.bodies(&StreamId::outbound(), ServerId(SOME_SERVER), &triggers, &mut unused);
        Self::reject_unused(&unused)
    }

    /// All assignments, as the initial `unused` of [`Self::bodies`].
    pub(crate) fn assignments(&self) -> Vec<&FieldAssignment> {
        self.set.iter().collect()
    }

    /// Rejects an assignment that changed no body.
    pub(crate) fn reject_unused(unused: &[&FieldAssignment]) -> Result<(), SampleError> {
        match unused.first() {
            None => Ok(()),
            Some(assignment) => Err(SampleError::UnknownField(assignment.path())),
        }
    }

    /// True if a body for these triggers has a `ServerID`.
    pub(crate) fn needs_server_id(&self, triggers: &Triggers) -> bool {
        let has_server_id =
            |event: &Event| !matches!(event, Event::Open | Event::Click | Event::Inbound);
        self.custom.is_none() && self.selected(triggers).iter().any(has_server_id)
    }

    /// The events for an endpoint with their bodies. Removes from `unused` each assignment that changed one.
    ///
    /// A custom body without assignments keeps its bytes.
    pub(crate) fn bodies<'a>(
        &'a self,
        stream: &StreamId,
        server: ServerId,
        triggers: &Triggers,
        unused: &mut Vec<&'a FieldAssignment>,
    ) -> Vec<(Received, Vec<u8>)> {
        if let Some(custom) = &self.custom {
            let mut value = custom.value.clone();
            let event = Received::of(&value).event();
            self.assign(&mut value, event, unused);
            let unchanged = self.set.is_empty().then(|| custom.bytes.clone());
            let bytes = unchanged.unwrap_or_else(|| value.to_string().into_bytes());
            return vec![(Received::of(&value), bytes)];
        }
        let fit = Fit {
            bounce: self.bounce_type.unwrap_or(BounceType::HARD),
            attachment: self.attachment_size,
            ..sample_fit(stream, server, triggers)
        };
        let events = self.selected(triggers).into_iter();
        let bodies = events.map(|event| {
            let mut body = sample(event, &fit);
            self.assign(&mut body, Some(event), unused);
            (Received::Known(event), body.to_string().into_bytes())
        });
        bodies.collect()
    }

    fn assign<'a>(
        &'a self,
        body: &mut Value,
        event: Option<Event>,
        unused: &mut Vec<&'a FieldAssignment>,
    ) {
        for assignment in &self.set {
            if assignment.apply(body, event) {
                unused.retain(|other| *other != assignment);
            }
        }
    }

    fn selected(&self, triggers: &Triggers) -> Vec<Event> {
        if self.events.is_empty() {
            return triggers.enabled().into_iter().map(Event::from).collect();
        }
        self.events.clone()
    }
}

impl From<Trigger> for Event {
    fn from(trigger: Trigger) -> Self {
        match trigger {
            Trigger::Open => Self::Open,
            Trigger::Click => Self::Click,
            Trigger::Delivery => Self::Delivery,
            Trigger::Bounce => Self::Bounce,
            Trigger::SpamComplaint => Self::SpamComplaint,
            Trigger::SubscriptionChange => Self::SubscriptionChange,
        }
    }
}

/// The properties of a webhook that its samples reflect.
pub(crate) fn sample_fit(stream: &StreamId, server: ServerId, triggers: &Triggers) -> Fit {
    let is_set = |trigger| triggers.get(trigger).option(trigger);
    let content = [Trigger::Bounce, Trigger::SpamComplaint].into_iter().filter(|t| is_set(*t));
    Fit {
        stream: stream.to_string(),
        server: server.0,
        first_open_only: is_set(Trigger::Open),
        content: content.map(Event::from).collect(),
        bounce: BounceType::HARD,
        attachment: None,
    }
}

/// Documented fields that Postmark leaves out of some events (its pages on each webhook).
fn optional_fields(event: Event) -> &'static [&'static str] {
    match event {
        Event::Inbound => &["RawEmail"],
        Event::Bounce | Event::SpamComplaint | Event::SmtpApiError => {
            &["Content", "Tag", "CanActivate"]
        }
        Event::Delivery | Event::SubscriptionChange => &["Tag"],
        Event::Open | Event::Click => &[
            "Tag",
            "ServerID",
            "Geo.CountryISOCode",
            "Geo.Country",
            "Geo.RegionISOCode",
            "Geo.Region",
            "Geo.City",
            "Geo.Zip",
            "Geo.Coords",
            "Geo.IP",
        ],
    }
}

/// The map in each event but inbound mail that has the sender's keys. Its values are strings.
const METADATA: &str = "Metadata";

/// `Path=value`: a new value for one field of a body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldAssignment {
    /// Keys from the top level down; in an array, the index from 0.
    path: Vec<String>,
    value: Value,
    /// The value as written.
    text: String,
}

impl FieldAssignment {
    /// The dotted path: `Client.Name`.
    pub(crate) fn path(&self) -> String {
        self.path.join(".")
    }

    /// Sets a field that exists, an optional field of the event, or an entry of its metadata. Returns false,
    /// and changes nothing, if there is no such field.
    fn apply(&self, body: &mut Value, event: Option<Event>) -> bool {
        self.replace(body) || event.is_some_and(|event| self.insert(body, event))
    }

    fn replace(&self, body: &mut Value) -> bool {
        let field = self.path.iter().try_fold(body, |inner, key| match inner {
            Value::Object(object) => object.get_mut(key),
            Value::Array(items) => key.parse::<usize>().ok().and_then(|i| items.get_mut(i)),
            _ => None,
        });
        match field {
            Some(field) => {
                let is_metadata = self.path.len() > 1 && self.path.starts_with(&[METADATA.into()]);
                *field = if is_metadata { self.text.clone().into() } else { self.value.clone() };
                true
            }
            None => false,
        }
    }

    fn insert(&self, body: &mut Value, event: Event) -> bool {
        let Value::Object(body) = body else { return false };
        let (map, key, value) = match self.path.as_slice() {
            // A key of metadata may contain dots.
            [map, key @ ..] if map == METADATA && !key.is_empty() && event != Event::Inbound => {
                (Some(map), key.join("."), Value::from(self.text.as_str()))
            }
            [key] => (None, key.clone(), self.value.clone()),
            [map, key] => (Some(map), key.clone(), self.value.clone()),
            _ => return false,
        };
        let is_metadata = map.is_some_and(|map| map == METADATA) && event != Event::Inbound;
        if !is_metadata && !optional_fields(event).contains(&self.path().as_str()) {
            return false;
        }
        let fields = match map {
            None => Some(body),
            Some(map) => {
                let map = body.entry(map.clone()).or_insert(Value::Null);
                if map.is_null() {
                    *map = Value::Object(Object::new());
                }
                map.as_object_mut()
            }
        };
        let inserted = fields.map(|fields| fields.insert(key, value));
        inserted.is_some()
    }
}

impl FromStr for FieldAssignment {
    type Err = String;

    /// Parses the value as JSON; anything else is a string.
    fn from_str(text: &str) -> Result<Self, String> {
        let Some((path, value)) = text.split_once('=').filter(|(path, _)| !path.is_empty()) else {
            return Err("it is written Path=value, as in Tag=welcome".to_owned());
        };
        let (text, path) = (value.to_owned(), path.split('.').map(str::to_owned).collect());
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        Ok(Self { path, value, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_assignment_without_an_event_changes_existing_fields_only() {
        let mut body = json!({"A": {"B": 1}, "L": [{"C": "x"}], "N": null});
        for (text, exists) in [
            ("A.B=2", true),
            ("L.0.C=a=b", true),
            ("N={\"k\": \"v\"}", true),
            ("A.D=1", false),
            ("L.1=1", false),
            ("A.B.C=1", false),
            ("L.x=1", false),
        ] {
            assert_eq!(
                text.parse::<FieldAssignment>().unwrap().apply(&mut body, None),
                exists,
                "{text}"
            );
        }
        assert_eq!(body, json!({"A": {"B": 2}, "L": [{"C": "a=b"}], "N": {"k": "v"}}));
    }

    #[test]
    fn optional_fields_and_metadata_can_be_added() {
        let set = |event, text: &str| {
            let mut body = json!({"Metadata": null, "Geo": {"City": "Oslo"}, "List": []});
            let assignment = text.parse::<FieldAssignment>().unwrap();
            assignment.apply(&mut body, Some(event)).then_some(body)
        };
        for (event, text, pointer, value) in [
            (Event::Inbound, "RawEmail=From: x", "/RawEmail", json!("From: x")),
            (Event::Bounce, "Content=x", "/Content", json!("x")),
            (Event::SpamComplaint, "Tag=null", "/Tag", Value::Null),
            (Event::Open, "Geo.IP=192.0.2.9", "/Geo/IP", json!("192.0.2.9")),
            (Event::Click, "ServerID=7", "/ServerID", json!(7)),
            (Event::Delivery, "Metadata.userid=1", "/Metadata/userid", json!("1")),
            (Event::Delivery, "Metadata.a.b=true", "/Metadata/a.b", json!("true")),
            (Event::SubscriptionChange, "Metadata.x={}", "/Metadata/x", json!("{}")),
        ] {
            let body = set(event, text);
            assert_eq!(body.unwrap().pointer(pointer), Some(&value), "{event} {text}");
        }
        for (event, text) in [
            (Event::Bounce, "RawEmail=x"),
            (Event::Inbound, "Metadata.a=1"),
            (Event::Inbound, "Content=x"),
            (Event::Open, "Geo.Planet=x"),
            (Event::Delivery, "Geo.IP=x"),
            (Event::Delivery, "Metadate.a=1"),
            (Event::Delivery, "List.0=1"),
        ] {
            assert_eq!(set(event, text), None, "{event} {text}");
        }
    }

    #[test]
    fn a_value_is_parsed_as_json_or_else_taken_as_a_string() {
        for (text, value) in [
            ("X=true", json!(true)),
            ("X=null", Value::Null),
            ("X=\"true\"", json!("true")),
            ("X=4323372036854775807", json!(4_323_372_036_854_775_807_i64)),
            ("X=", json!("")),
            ("X=it's", json!("it's")),
        ] {
            assert_eq!(text.parse::<FieldAssignment>().unwrap().value, value, "{text}");
        }
        assert!("X".parse::<FieldAssignment>().is_err());
        assert!("=1".parse::<FieldAssignment>().is_err());
    }
}
