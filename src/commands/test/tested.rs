//! One endpoint of a test, with its events.

use serde_json::Value;

use super::prepare::Target;
use super::row::Row;
use crate::postmark::Object;

/// What became of the events to one endpoint.
pub struct Tested<'a> {
    /// The endpoint.
    pub target: &'a Target,
    /// What is to be known of it.
    pub warnings: Vec<String>,
    /// An event each.
    pub results: Vec<Row>,
    /// No authentication, though it was to be checked.
    pub is_open: bool,
}

impl Tested<'_> {
    /// True where every event passed, and every check.
    pub fn passed(&self) -> bool {
        !self.is_open && !self.results.is_empty() && self.results.iter().all(|r| r.verdict.success)
    }

    /// What is to be known of the endpoint itself.
    pub fn own_warnings(&self) -> Vec<String> {
        let silent = self
            .results
            .is_empty()
            .then_some("no trigger is on, so nothing was posted; name an event with --event");
        let open = self.is_open.then_some(
            "the webhook carries no authentication at all: anybody who knows the URL can post to it; \
             give it some with --username and --password, or a secret header",
        );
        self.warnings
            .iter()
            .cloned()
            .chain([silent, open].into_iter().flatten().map(str::to_owned))
            .collect()
    }

    /// The documented shape.
    pub fn to_json(&self) -> Value {
        let mut object = Object::new();
        object.insert("ID".to_owned(), self.target.id.map(|id| id.0).into());
        object.insert("Url".to_owned(), self.target.url.clone().into());
        object.insert("Success".to_owned(), self.passed().into());
        object.insert("Results".to_owned(), self.results.iter().map(Row::to_json).collect());
        if !self.own_warnings().is_empty() {
            object.insert("Warnings".to_owned(), self.own_warnings().into());
        }
        Value::Object(object)
    }
}
