//! A rotation as far as it came, and what it is called.

use crate::ops::rotate::check::Checked;
use crate::ops::rotate::{Deed, Outcome, Turn};

/// A rotation, as far as it came.
pub(super) struct Rotation {
    /// The webhooks.
    pub(super) turns: Vec<Turn>,
    /// What the tests found, one per webhook; nothing where there were none.
    pub(super) checked: Vec<Checked>,
    /// What became of each; nothing where nothing was changed.
    pub(super) outcomes: Option<Vec<Outcome>>,
}

/// A webhook with all that is known of it.
pub(super) struct Row<'a> {
    pub(super) turn: &'a Turn,
    pub(super) checked: Option<&'a Checked>,
    pub(super) outcome: Option<&'a Outcome>,
}

impl Rotation {
    /// How many webhooks are to be changed.
    pub(super) fn count(&self) -> usize {
        self.turns.iter().filter(|turn| turn.changes()).count()
    }

    /// True where no endpoint would lose an event.
    pub(super) fn passed(&self) -> bool {
        self.checked.iter().all(Checked::passed)
    }

    /// The webhooks.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.turns.iter().enumerate().map(|(index, turn)| Row {
            turn,
            checked: self.checked.get(index),
            outcome: self.outcomes.as_ref().and_then(|outcomes| outcomes.get(index)),
        })
    }

    /// The word for what became of a webhook, or would.
    pub(super) fn result(&self, row: &Row<'_>) -> &'static str {
        match (row.outcome, &row.turn.deed) {
            (Some(outcome), _) => outcome.name(),
            (None, Deed::Skip(_)) => "Skipped",
            (None, Deed::Change(_)) if self.passed() => "Done",
            (None, Deed::Change(_)) => "NotReached",
        }
    }

    /// Why it came to that, where it is not plain.
    pub(super) fn message(&self, row: &Row<'_>) -> Option<String> {
        let message = match (row.outcome, &row.turn.deed) {
            (_, Deed::Skip(why)) => why.reason().to_owned(),
            (None | Some(Outcome::Done(_) | Outcome::Skipped(_)), _) => return None,
            (Some(Outcome::NotReached), _) => {
                let mut all = self.outcomes.iter().flatten();
                let failed = all.any(|outcome| outcome.error().is_some() || outcome.is_stuck());
                if failed { "another webhook failed" } else { "interrupted" }.to_owned()
            }
            (Some(Outcome::Failed(error)), _) => error.to_string(),
            (Some(Outcome::PutBack), _) => "it has the old credentials again".to_owned(),
            (Some(Outcome::NotPutBack(error)), _) => {
                format!("it has the new credentials still: {error}")
            }
            (Some(Outcome::Unknown(error)), _) => {
                format!("outcome unknown: it may have the new credentials: {error}")
            }
        };
        Some(message)
    }
}
