//! Which events are to be posted to an endpoint, and what is different in them.

use serde_json::Value;

use super::own_sample::{BodyError, OwnBody};
use crate::event::sample::{Fit, SOME_SERVER, sample};
use crate::event::{BounceType, Event, Received};
use crate::ops::assignment::Assignment;
use crate::postmark::{ServerId, StreamId, Trigger, TriggerSetting, Triggers};

/// What is to be posted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// These events; none where the triggers decide.
    pub events: Vec<Event>,
    /// A body of the user's own, in place of all samples.
    pub own: Option<OwnBody>,
    /// Fields to change.
    pub set: Vec<Assignment>,
    /// What a bounce is.
    pub bounce: Option<BounceType>,
    /// The size of an attachment to inbound mail, in bytes.
    pub attachment: Option<usize>,
}

/// A body, and what it is.
pub type Body = (Received, Vec<u8>);

impl Wanted {
    /// Refuses a field that no body could have, before anything is asked of anybody.
    pub fn check(&self) -> Result<(), BodyError> {
        let mut triggers = Triggers::default();
        for trigger in Trigger::ALL {
            let mut setting = TriggerSetting::new(trigger, true);
            let option = trigger.option().map(|option| (option.to_owned(), true.into()));
            setting.options.extend(option);
            triggers.set(trigger, setting);
        }
        // The size of an attachment changes no field.
        let light = Self { attachment: None, ..self.clone() };
        let mut unused = light.all_set();
        light.bodies(&StreamId::outbound(), ServerId(SOME_SERVER), &triggers, &mut unused);
        Self::refuse(&unused)
    }

    /// The fields that are to be set: each is to be taken away once a body has it.
    pub fn all_set(&self) -> Vec<&Assignment> {
        self.set.iter().collect()
    }

    /// Refuses what no body had.
    pub fn refuse(unused: &[&Assignment]) -> Result<(), BodyError> {
        match unused.first() {
            None => Ok(()),
            Some(assignment) => Err(BodyError::NoField(assignment.path())),
        }
    }

    /// True where a body for these triggers names its server.
    pub fn names_server(&self, triggers: &Triggers) -> bool {
        let names_it =
            |event: &Event| !matches!(event, Event::Open | Event::Click | Event::Inbound);
        self.own.is_none() && self.chosen(triggers).iter().any(names_it)
    }

    /// The bodies for an endpoint. A body of the user's own stays as it is to the byte, unless a field is
    /// changed in it.
    pub fn bodies<'a>(
        &'a self,
        stream: &StreamId,
        server: ServerId,
        triggers: &Triggers,
        unused: &mut Vec<&'a Assignment>,
    ) -> Vec<Body> {
        if let Some(own) = &self.own {
            let mut value = own.value.clone();
            self.change(&mut value, unused);
            let as_it_is = self.set.is_empty().then(|| own.bytes.clone());
            let bytes = as_it_is.unwrap_or_else(|| value.to_string().into_bytes());
            return vec![(Received::of(&value), bytes)];
        }
        let fit = Fit {
            bounce: self.bounce.unwrap_or(BounceType::HARD),
            attachment: self.attachment,
            ..sample_fit(stream, server, triggers)
        };
        let events = self.chosen(triggers).into_iter();
        let bodies = events.map(|event| {
            let mut body = sample(event, &fit);
            self.change(&mut body, unused);
            (Received::Known(event), body.to_string().into_bytes())
        });
        bodies.collect()
    }

    fn change<'a>(&'a self, body: &mut Value, unused: &mut Vec<&'a Assignment>) {
        for assignment in &self.set {
            if assignment.apply(body) {
                unused.retain(|other| *other != assignment);
            }
        }
    }

    /// The events that are asked for, or those of the triggers that are on.
    fn chosen(&self, triggers: &Triggers) -> Vec<Event> {
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

/// What a sample for a webhook is made from.
pub(super) fn sample_fit(stream: &StreamId, server: ServerId, triggers: &Triggers) -> Fit {
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
