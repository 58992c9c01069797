//! What Postmark found when it probed an endpoint.

use serde::Deserialize;

use super::{Object, mask};

/// The answer of a verification: its own operation's, and the body of a 422/1364.
///
/// Everything may be missing: the two documented samples differ, and an unreachable endpoint has no
/// documented `StatusCode`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Verification {
    /// True only if every enabled trigger was answered with exactly 200.
    #[serde(default)]
    pub success: Option<bool>,
    /// What was found, a trigger each; not necessarily all of them.
    #[serde(default)]
    pub results: Vec<Verdict>,
    /// A summary such as `1/2 triggers verified successfully`.
    #[serde(default)]
    pub message: Option<String>,
    /// What else Postmark says of it.
    #[serde(flatten)]
    pub extra: Object,
}

impl Verification {
    /// True where the endpoint passed. Where Postmark does not say so itself, its results do.
    pub fn passed(&self) -> bool {
        let all = || !self.results.is_empty() && self.results.iter().all(|r| r.success);
        self.success.unwrap_or_else(all)
    }
}

/// What one trigger's probe was answered with.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Verdict {
    /// The trigger's key in the API.
    pub trigger_type: String,
    /// True where the endpoint answered exactly 200.
    pub success: bool,
    /// The HTTP status, where there was an answer.
    #[serde(default)]
    pub status_code: Option<i64>,
    /// The status phrase, or a sentence.
    #[serde(default)]
    pub message: Option<String>,
    /// What else Postmark says of it.
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
        let why = message.map(|m| format!(" ({})", mask::text(m))).unwrap_or_default();
        format!("{}: {verdict}{status}{why}", self.trigger_type)
    }
}
