//! Before anything is changed: does each endpoint take the new secret, and the old one still?

use super::{Deed, Turn};
use crate::error::{Diagnose, Diagnosis};
use crate::event::sample::sample;
use crate::event::{Event, Received};
use crate::http::client::HttpError;
use crate::ops::fanout;
use crate::ops::test::samples::sample_fit;
use crate::ops::test::verdict::{self, Verdict};
use crate::ops::test::{
    Attempt, Credentials, Endpoint, EndpointError, EventSender, NOT_PUBLIC, OutgoingEvent,
};
use crate::postmark::{Secrets, ServerId, Webhook, WebhookId, mask};

/// So many events are posted at the same time.
const WIDTH: usize = 4;

/// With which secret an event is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// With the one to come.
    New,
    /// With the one that the webhook has.
    Old,
    /// With one that nobody gave out.
    Wrong,
}

impl Who {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 3] = [Self::New, Self::Old, Self::Wrong];

    /// The word of the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "New",
            Self::Old => "Old",
            Self::Wrong => "Wrong",
        }
    }
}

/// What an endpoint made of an event.
#[derive(Clone, Debug)]
pub struct Check {
    /// With which secret it was posted.
    pub who: Who,
    /// What it was.
    pub event: Received,
    /// What came of it.
    pub(crate) verdict: Verdict,
}

/// What is known of an endpoint. Nothing is where the webhook is not to be changed, or gets no events.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// One per secret.
    pub checks: Vec<Check>,
    /// What is to be known besides.
    pub warnings: Vec<String>,
}

impl Checked {
    /// What came of the event with this secret.
    pub fn of(&self, who: Who) -> Option<&Check> {
        self.checks.iter().find(|check| check.who == who)
    }

    /// True where the endpoint takes both secrets, so that no event can be lost.
    pub fn passed(&self) -> bool {
        [Who::New, Who::Old].iter().all(|who| self.of(*who).is_none_or(|c| c.verdict.success))
    }
}

/// An endpoint that cannot be posted to.
#[derive(Debug, thiserror::Error)]
#[error("cannot post to webhook {id}")]
pub struct Unusable {
    /// The webhook.
    pub id: WebhookId,
    /// Why not.
    #[source]
    pub(crate) why: EndpointError,
}

impl Diagnose for Unusable {
    fn diagnosis(&self) -> Diagnosis {
        self.why.diagnosis()
    }
}

/// An endpoint, an event for it, and the ways to post it.
struct Probe {
    turn: usize,
    post: OutgoingEvent,
    new: Endpoint,
    old: Endpoint,
}

/// Everything that is to be posted, found out before anything is.
pub struct Probes {
    probes: Vec<Probe>,
    turns: usize,
}

impl Probes {
    /// A sample for the endpoint of each webhook that is to be changed: of the first trigger that is on.
    pub fn new(turns: &[Turn], server: ServerId) -> Result<Self, Unusable> {
        let mut probes = Vec::new();
        for (turn, Turn { webhook, deed }) in turns.iter().enumerate() {
            let (Deed::Change(change), Some(event)) = (deed, event(webhook)) else {
                continue;
            };
            let unusable = |why| Unusable { id: webhook.id, why };
            let endpoint = |w: &Webhook| {
                Endpoint::new(&w.url, w.http_auth.as_ref(), &w.http_headers).map_err(unusable)
            };
            let fit = sample_fit(&webhook.message_stream, server, &webhook.triggers);
            let body = sample(event, &fit).to_string().into_bytes();
            probes.push(Probe {
                turn,
                post: OutgoingEvent::new(Received::Known(event), body),
                new: endpoint(&change.patch.applied_to(webhook))?,
                old: endpoint(webhook)?,
            });
        }
        Ok(Self { probes, turns: turns.len() })
    }

    /// How many events there are to post.
    pub fn count(&self) -> usize {
        self.probes.len() * Who::ALL.len()
    }

    /// Posts them. One [`Checked`] per turn, in their order; an error is about this machine alone.
    pub(crate) fn run(
        &self,
        prober: &EventSender,
        begin: impl Fn() + Sync,
    ) -> Result<Vec<Checked>, HttpError> {
        let jobs: Vec<_> =
            self.probes.iter().flat_map(|probe| Who::ALL.map(|who| (probe, who))).collect();
        let exchanges = fanout::map(&jobs, WIDTH, |(probe, who)| {
            begin();
            prober.send(&probe.endpoint(*who), &probe.post)
        });
        let mut all: Vec<Checked> = (0..self.turns).map(|_| Checked::default()).collect();
        for ((probe, who), exchange) in jobs.into_iter().zip(exchanges) {
            match exchange.answer {
                Err(error) if verdict::is_local_fault(&error) => return Err(error),
                answer => {
                    let exchange = Attempt { answer, ..exchange };
                    if let Some(checked) = all.get_mut(probe.turn) {
                        probe.add(checked, who, &exchange);
                    }
                }
            }
        }
        Ok(all)
    }
}

impl Probe {
    fn endpoint(&self, who: Who) -> Endpoint {
        match who {
            Who::New => self.new.clone(),
            Who::Old => self.old.clone(),
            Who::Wrong => self.new.with_credentials(Credentials::Wrong),
        }
    }

    fn add(&self, checked: &mut Checked, who: Who, exchange: &Attempt) {
        let verdict = match who {
            Who::New | Who::Old => verdict::judge(&self.post.event, exchange),
            Who::Wrong => {
                verdict::judge_rejection(Credentials::Wrong, &self.new.credential_names(), exchange)
            }
        };
        // At once: one of them would tear the other where they have a word in common.
        let secrets = Secrets::default();
        let both = [self.new.secrets(), self.old.secrets()].concat();
        for secret in &both {
            secrets.add_header(secret);
        }
        let clean = |text: &str| mask::outside(&secrets.mask(text)).into_owned();
        let verdict = Verdict {
            message: clean(&verdict.message),
            fix: verdict.fix.as_deref().map(clean),
            warnings: verdict.warnings.iter().map(|w| clean(w)).collect(),
            ..verdict
        };
        let own = exchange.was_internal().then(|| NOT_PUBLIC.to_owned());
        let of_event = verdict.warnings.iter().filter(|_| who == Who::New).cloned();
        for warning in self.new.warnings.iter().cloned().chain(own).chain(of_event) {
            if !checked.warnings.contains(&warning) {
                checked.warnings.push(warning);
            }
        }
        checked.checks.push(Check { who, event: self.post.event.clone(), verdict });
    }
}

/// The event to try a webhook's endpoint with; none where it gets no events that could be lost.
fn event(webhook: &Webhook) -> Option<Event> {
    let known = webhook.triggers.enabled().into_iter().next().map(Event::from);
    known.or_else(|| webhook.triggers.other_enabled().next().map(|_| Event::Delivery))
}
