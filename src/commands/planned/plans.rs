//! The plans of a run as one report.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::view::ChangeObject;
use super::{Planned, prose};
use crate::commands::Context;
use crate::term::{Column, Report, Row, Tone};

/// The plans of a run, one per profile.
pub struct Plans {
    /// In the order in which the profiles are named.
    pub servers: Vec<Planned>,
    /// Whether it is said whose each change is.
    pub several: bool,
    /// The profile whose server the other's is compared with, where there is no manifest.
    pub wanted: Option<String>,
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
    pub fn text(&self, color: bool) -> String {
        let mut text = String::new();
        for planned in self.servers.iter().filter(|planned| !planned.plan.changes.is_empty()) {
            let title = match &self.wanted {
                Some(wanted) => format!("To make {} like {wanted}:", planned.name()),
                None => format!("Profile {}:", planned.name()),
            };
            if self.several || self.wanted.is_some() {
                text += &format!("{}\n", Tone::Strong.paint(&title, color));
            }
            text += &planned.prose(color);
        }
        text
    }
}

/// The plans in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PlansObject<'a> {
    changes: Vec<ChangeObject<'a>>,
    unmanaged: Vec<Unmanaged<'a>>,
    summary: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    wanted: Option<&'a str>,
}

/// A webhook that the manifest does not name.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Unmanaged<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
    #[serde(flatten)]
    webhook: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    create: usize,
    update: usize,
    delete: usize,
    unchanged: usize,
}

impl Serialize for Plans {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let unmanaged = self.servers.iter().flat_map(|planned| {
            planned.plan.unmanaged.iter().map(|webhook| Unmanaged {
                profile: self.several.then(|| planned.name()),
                webhook: planned.plan.redaction.webhook(webhook),
            })
        });
        PlansObject {
            changes: self.servers.iter().flat_map(Planned::objects).collect(),
            unmanaged: unmanaged.collect(),
            summary: Summary {
                create: self.count("Create"),
                update: self.count("Update"),
                delete: self.count("Delete"),
                unchanged: self.unchanged(),
            },
            wanted: self.wanted.as_deref(),
        }
        .serialize(serializer)
    }
}

impl Report for Plans {
    const COLUMNS: &'static [Column] = Planned::COLUMNS;
    const KEYS: &'static [&'static str] =
        &["Action", "Profile", "MessageStream", "Url", "ID", "Fields", "Result", "Message"];
    const HAS_PROFILES: bool = true;

    fn columns(&self) -> Vec<Column> {
        Column::with_profile(Self::COLUMNS.to_vec(), self.several || self.wanted.is_some())
    }

    fn rows(&self) -> Vec<Row> {
        let of = |planned: &Planned| {
            let rows = planned.table_rows().into_iter();
            rows.map(|row| row.of_profile(planned.name())).collect::<Vec<_>>()
        };
        self.servers.iter().flat_map(of).collect()
    }

    fn prose(&self, _width: u16, color: bool) -> Option<String> {
        Some(self.text(color))
    }

    fn empty_note(&self) -> &'static str {
        ""
    }
}
