//! One endpoint of a test, with its events.

use serde::{Serialize, Serializer};

use super::prepare::Target;
use super::row::Row;
use crate::postmark::WebhookId;

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
}

/// An endpoint in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct EndpointObject<'a> {
    #[serde(rename = "ID")]
    id: Option<WebhookId>,
    url: &'a str,
    success: bool,
    results: &'a [Row],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl Serialize for Tested<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        EndpointObject {
            id: self.target.id,
            url: &self.target.url,
            success: self.passed(),
            results: &self.results,
            warnings: self.own_warnings(),
        }
        .serialize(serializer)
    }
}
