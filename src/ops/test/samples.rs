//! Selects the events to post, and builds their bodies.

use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use serde_json::Value;

use crate::error::{Diagnose, Diagnosis, Exit};
use crate::event::sample::{Fit, SOME_SERVER, sample};
use crate::event::{BounceType, Event, Received};
use crate::fs::{self, FsError};
use crate::postmark::{ServerId, StreamId, Trigger, TriggerSetting, Triggers};

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
            self.assign(&mut value, unused);
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
            self.assign(&mut body, unused);
            (Received::Known(event), body.to_string().into_bytes())
        });
        bodies.collect()
    }

    fn assign<'a>(&'a self, body: &mut Value, unused: &mut Vec<&'a FieldAssignment>) {
        for assignment in &self.set {
            if assignment.apply(body) {
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

/// `Path=value`: a new value for one field of a body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldAssignment {
    /// Keys from the top level down; in an array, the index from 0.
    path: Vec<String>,
    value: Value,
}

impl FieldAssignment {
    /// The dotted path: `Client.Name`.
    pub(crate) fn path(&self) -> String {
        self.path.join(".")
    }

    /// Sets the field. Returns false, and changes nothing, if there is no such field.
    fn apply(&self, body: &mut Value) -> bool {
        let field = self.path.iter().try_fold(body, |inner, key| match inner {
            Value::Object(object) => object.get_mut(key),
            Value::Array(items) => key.parse::<usize>().ok().and_then(|i| items.get_mut(i)),
            _ => None,
        });
        match field {
            Some(field) => {
                *field = self.value.clone();
                true
            }
            None => false,
        }
    }
}

impl FromStr for FieldAssignment {
    type Err = String;

    /// Parses the value as JSON; anything else is a string.
    fn from_str(text: &str) -> Result<Self, String> {
        let Some((path, value)) = text.split_once('=').filter(|(path, _)| !path.is_empty()) else {
            return Err("it is written Path=value, as in Tag=welcome".to_owned());
        };
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        Ok(Self { path: path.split('.').map(str::to_owned).collect(), value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_assignment_changes_an_existing_field_and_adds_none() {
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
            assert_eq!(text.parse::<FieldAssignment>().unwrap().apply(&mut body), exists, "{text}");
        }
        assert_eq!(body, json!({"A": {"B": 2}, "L": [{"C": "a=b"}], "N": {"k": "v"}}));
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
