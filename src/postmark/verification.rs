//! Results of Postmark's probe of an endpoint.

use serde::Deserialize;

use super::{Object, mask};

/// Response of `POST /webhooks/{Id}/verify`, and body of a 422 with code 1364.
///
/// Any key may be missing: the two documented samples differ, and no `StatusCode` is documented for an
/// unreachable endpoint.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Verification {
    /// True only if every enabled trigger got exactly 200.
    #[serde(default)]
    pub success: Option<bool>,
    /// Result per trigger. Not every trigger is necessarily listed.
    #[serde(default)]
    pub results: Vec<Verdict>,
    /// Summary such as `1/2 triggers verified successfully`.
    #[serde(default)]
    pub message: Option<String>,
    /// Unknown keys.
    #[serde(flatten)]
    pub extra: Object,
}

impl Verification {
    /// Masks the secrets that Postmark's words repeat.
    pub(super) fn masked(mut self) -> Self {
        let mask = |message: &mut Option<String>| {
            if let Some(text) = message {
                *text = mask::outside(text).into_owned();
            }
        };
        mask(&mut self.message);
        mask::postmarks_object(&mut self.extra);
        for verdict in &mut self.results {
            mask(&mut verdict.message);
            mask::postmarks_object(&mut verdict.extra);
        }
        self
    }

    /// True if the endpoint passed: by `Success`, or by the results where that is missing.
    pub fn passed(&self) -> bool {
        let all = || !self.results.is_empty() && self.results.iter().all(|r| r.success);
        self.success.unwrap_or_else(all)
    }
}

/// Result of the probe for one trigger.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Verdict {
    /// Key in the API's `Triggers` object.
    pub trigger_type: String,
    /// True if the endpoint answered exactly 200.
    pub success: bool,
    /// HTTP status. Missing or 0 without a response.
    #[serde(default)]
    pub status_code: Option<i64>,
    /// Status phrase, or a sentence.
    #[serde(default)]
    pub message: Option<String>,
    /// Unknown keys.
    #[serde(flatten)]
    pub extra: Object,
}

impl Verdict {
    /// One line: `Bounce: failed, answered 503 (Service Unavailable)`.
    pub fn describe(&self) -> String {
        let verdict = if self.success { "passed" } else { "failed" };
        let status = match self.status_code {
            Some(code) if code > 0 => format!(", answered {code}"),
            _ if self.success => String::new(),
            _ => ", no answer".to_owned(),
        };
        let message = self.message.as_deref().filter(|m| !m.is_empty());
        let why = message.map(|m| format!(" ({})", mask::outside(m))).unwrap_or_default();
        format!("{}: {verdict}{status}{why}", self.trigger_type)
    }
}
