//! The plans of a run as one report.

use serde_json::{Value, json};

use super::{Planned, prose};
use crate::commands::Context;
use crate::postmark::Reveal;
use crate::term::{Cell, Column, Report, Table, Tone};

/// The plans of a run, one per profile.
pub struct Plans {
    /// In the order in which the profiles are named.
    pub servers: Vec<Planned>,
    /// Whether it is said whose each change is.
    pub several: bool,
    /// The profile whose server the other's is compared with, where there is no manifest.
    pub wanted: Option<String>,
    /// Nothing of this has happened, on purpose.
    pub dry_run: bool,
}

impl Plans {
    /// How many changes there are.
    pub fn changes(&self) -> usize {
        self.servers.iter().map(|planned| planned.plan.changes.len()).sum()
    }

    /// How many changes have this action.
    pub fn count(&self, action: &str) -> usize {
        self.servers.iter().map(|planned| planned.plan.count(action)).sum()
    }

    fn unchanged(&self) -> usize {
        self.servers.iter().map(|planned| planned.plan.unchanged).sum()
    }

    /// One line for a person: `2 to create, 1 to change, 0 to delete; 4 as they should be`.
    pub fn summary(&self) -> String {
        let counts = ["Create", "Update", "Delete"].map(|action| self.count(action));
        prose::summary(counts, self.unchanged())
    }

    /// Says what a user should know of the plans.
    pub fn warn(&self, cx: &Context) {
        for planned in &self.servers {
            for warning in &planned.plan.warnings {
                cx.ui.warn(&format!("{}{warning}", self.whose(planned)));
            }
        }
    }

    /// Names the webhooks that the manifest does not name.
    pub fn tell_unmanaged(&self, cx: &Context) {
        for planned in &self.servers {
            if let Some(sentence) = planned.unmanaged() {
                cx.ui.note(&format!("{}{sentence}", self.whose(planned)));
            }
        }
    }

    /// What stands before a sentence about one of several: `staging: `.
    pub fn whose(&self, planned: &Planned) -> String {
        if self.several { format!("{}: ", planned.name()) } else { String::new() }
    }

    /// The plans as a person reads them, each under its profile's name where there are several.
    pub fn prose(&self, colour: bool) -> String {
        let mut text = String::new();
        for planned in self.servers.iter().filter(|planned| !planned.plan.changes.is_empty()) {
            let title = match &self.wanted {
                Some(wanted) => format!("To make {} like {wanted}:", planned.name()),
                None => format!("Profile {}:", planned.name()),
            };
            if self.several || self.wanted.is_some() {
                text += &format!("{}\n", Tone::Strong.paint(&title, colour));
            }
            text += &planned.prose(colour);
        }
        text
    }
}

impl Report for Plans {
    const COLUMNS: &'static [Column] = Planned::COLUMNS;
    const HAS_PROFILES: bool = true;

    fn json(&self) -> Value {
        let unmanaged = self.servers.iter().flat_map(|planned| {
            planned.plan.unmanaged.iter().map(|webhook| {
                let mut value = webhook.to_json(Reveal::Masked);
                if let (true, Value::Object(object)) = (self.several, &mut value) {
                    object.shift_insert(0, "Profile".to_owned(), planned.name().into());
                }
                value
            })
        });
        let mut report = json!({
            "Changes": self.servers.iter().flat_map(Planned::changes_json).collect::<Vec<_>>(),
            "Unmanaged": unmanaged.collect::<Vec<_>>(),
            "Summary": {
                "Create": self.count("Create"),
                "Update": self.count("Update"),
                "Delete": self.count("Delete"),
                "Unchanged": self.unchanged(),
            },
        });
        if let Value::Object(object) = &mut report {
            if let Some(wanted) = &self.wanted {
                object.insert("Wanted".to_owned(), wanted.as_str().into());
            }
            if self.dry_run {
                object.insert("DryRun".to_owned(), true.into());
            }
        }
        report
    }

    fn table(&self) -> Table {
        let tables =
            self.servers.iter().map(|planned| (Cell::new(planned.name()), planned.table()));
        Table::by_profile(tables, self.several || self.wanted.is_some())
    }

    fn prose(&self, colour: bool) -> Option<String> {
        Some(self.prose(colour))
    }

    fn ids(&self) -> Vec<String> {
        self.servers.iter().flat_map(Planned::ids).collect()
    }

    fn nothing(&self) -> &'static str {
        ""
    }
}
