//! How a plan looks in a person's eyes: each change with its fields below, like a diff.

use super::Planned;
use crate::error::Diagnose as _;
use crate::ops::apply::Outcome;
use crate::ops::plan::{Change, Deed};
use crate::term::Tone;
use crate::term::text::visible;

impl Planned {
    /// The plan as a person reads it: each change with its fields below, like a diff.
    pub fn prose(&self, color: bool) -> String {
        let mut lines = String::new();
        for (change, outcome) in self.rows() {
            let (sign, tone) = sign(change);
            let what = change.shown_url.clone();
            let what = what.unwrap_or_else(|| "the server's settings".to_owned());
            let mut head = vec![sign.to_owned()];
            head.extend(change.id().map(|id| id.to_string()));
            head.extend(change.shown_stream.clone());
            head.push(what);
            lines += &tone.paint(&visible(&head.join("  ")), color);
            if let Some(outcome) = outcome {
                let why = self.message(outcome).map(|why| format!(": {why}")).unwrap_or_default();
                let done = matches!(outcome, Outcome::Done(_));
                let tone = if done { Tone::Good } else { Tone::Bad };
                let said = format!("{}{}", outcome.name(), visible(&why));
                lines += &format!("  {}", tone.paint(&said, color));
            }
            lines.push('\n');
            let is_new = matches!(change.deed, Deed::Create(_));
            for field in
                change.fields.iter().filter(|field| !(is_new && IN_HEAD.contains(&&*field.path)))
            {
                let (path, to) = (visible(&field.path), field.shown_to());
                lines += &if is_new {
                    format!("    {path}: {}\n", visible(&to))
                } else {
                    let from = field.shown_from();
                    let (minus, plus) = (Tone::Bad, Tone::Good);
                    let from = minus.paint(&visible(&from), color);
                    format!("    {path}: {from} -> {}\n", plus.paint(&visible(&to), color))
                };
            }
        }
        lines
    }

    /// One line for a person.
    pub fn summary(&self) -> String {
        let counts = ["Create", "Update", "Delete"].map(|action| self.plan.count(action));
        summary(counts, self.plan.unchanged)
    }

    /// The webhooks that the manifest does not name, for a person; none where there is none.
    pub fn unmanaged(&self) -> Option<String> {
        let all = &self.plan.unmanaged;
        let ids: Vec<_> = all.iter().map(|webhook| webhook.id.to_string()).collect();
        let what = if all.len() == 1 { "1 webhook is" } else { "webhooks are" };
        let count = if all.len() == 1 { String::new() } else { format!("{} ", all.len()) };
        (!all.is_empty()).then(|| {
            format!(
                "{count}{what} not in the manifest and left alone: {} (--prune deletes them)",
                ids.join(", ")
            )
        })
    }
}

/// `2 to create, 1 to change, 0 to delete; 4 as they should be`.
pub(super) fn summary([create, update, delete]: [usize; 3], unchanged: usize) -> String {
    format!(
        "{create} to create, {update} to change, {delete} to delete; {unchanged} as they should be"
    )
}

/// What the first line of a new webhook says already.
const IN_HEAD: [&str; 2] = ["Url", "MessageStream"];

impl Planned {
    /// Why a change was not made. What Postmark says of it may repeat values of the environment.
    pub(super) fn message(&self, outcome: &Outcome) -> Option<String> {
        let message = message(outcome)?;
        Some(self.plan.redaction.text(&message).into_owned())
    }

    /// What was not made, and why, for the failure's causes.
    pub fn sentence(&self, change: &Change, outcome: &Outcome) -> String {
        let what = match (change.id(), &change.shown_url) {
            (Some(id), _) => format!("webhook {id}"),
            (None, Some(url)) => url.clone(),
            (None, None) => "the server's settings".to_owned(),
        };
        let why = self.message(outcome).unwrap_or_default();
        format!("{} {what}: {}: {why}", change.action(), outcome.name())
    }
}

fn message(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::NotReached(why) => Some((*why).to_owned()),
        Outcome::Done(_) => None,
        Outcome::Failed(error) | Outcome::Unknown(error) => {
            let mut sentences: Vec<String> = Vec::new();
            let mut cause: Option<&dyn std::error::Error> = Some(error);
            while let Some(error) = cause {
                sentences.push(error.to_string());
                cause = error.source();
            }
            // What each probe found, where Postmark refused for what its probes found.
            let more = error.diagnosis().details;
            let more =
                if more.is_empty() { String::new() } else { format!(" ({})", more.join("; ")) };
            Some(sentences.join(": ") + &more)
        }
    }
}

/// The sign and the word of a change, and its color.
pub(super) fn sign(change: &Change) -> (&'static str, Tone) {
    match change.deed {
        Deed::Create(_) => ("+ create", Tone::Good),
        Deed::Update { .. } | Deed::Server(_) => ("~ update", Tone::Warn),
        Deed::Delete(_) => ("- delete", Tone::Bad),
    }
}
