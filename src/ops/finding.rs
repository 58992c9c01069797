//! Findings of `health`, `lint` and `doctor`.

use crate::config::profile::ProfileName;
use crate::postmark::Webhook;

/// Severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Info,
    Warning,
    Error,
}

impl Level {
    /// Name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A problem and how to fix it.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// Stable name of the rule.
    pub(crate) rule: &'static str,
    pub(crate) level: Level,
    /// `None` if the finding is about the server.
    pub(crate) webhook: Option<Webhook>,
    /// `None` if the token came from the environment.
    pub(crate) profile: Option<ProfileName>,
    pub(crate) message: String,
    /// What to do, with commands in backquotes.
    pub(crate) fix: String,
}
