//! How a run ends: exit codes, hints, and the error that a command returns.
//!
//! Every error enum says by [`Diagnose`] what the run ends with. Those of `ops`, `term` and `commands` do so
//! beside themselves, those of the layers below in the files of this folder. `?` turns any of them into a
//! [`CommandError`], so an error without a diagnosis does not compile.

mod config;
mod fs;
mod hint;
mod http;
mod postmark;
mod sandbox;

use std::error::Error;
use std::fmt::{self, Display};
use std::io;

use serde::Serialize;

use crate::http::client::HttpError;
use crate::postmark::{ApiError, mask};

pub use hint::{Hint, Invocation, TargetOptions};

/// How a run ends. The numbers are a promise to scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Exit {
    Done,
    Finding,
    Usage,
    NotSetUp,
    TokenRefused,
    Refused,
    Unreachable,
    PartlyDone,
    NotFound,
    Machine,
    Internal,
    Interrupted,
    /// The exit code of the command that `sandbox run` ran.
    OfCommand(u8),
}

impl Exit {
    /// Every exit, in the order of the codes.
    pub const ALL: [Self; 12] = [
        Self::Done,
        Self::Finding,
        Self::Usage,
        Self::NotSetUp,
        Self::TokenRefused,
        Self::Refused,
        Self::Unreachable,
        Self::PartlyDone,
        Self::NotFound,
        Self::Machine,
        Self::Internal,
        Self::Interrupted,
    ];

    /// The exit code of the process.
    pub fn code(self) -> u8 {
        self.row().0
    }

    /// The `Kind` of a JSON error.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// The meaning, for help and manual.
    pub fn meaning(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> (u8, &'static str, &'static str) {
        match self {
            Self::Done => (0, "Done", "success; an empty list and a closed pipe included"),
            Self::Finding => (1, "Finding", "a check found a problem"),
            Self::Usage => {
                (2, "Usage", "invalid option or file, or an unsafe request; nothing was sent")
            }
            Self::NotSetUp => {
                (3, "NotSetUp", "no token, unknown profile or unusable configuration")
            }
            Self::TokenRefused => (4, "TokenRefused", "Postmark refused the token"),
            Self::Refused => (5, "Refused", "Postmark refused the request"),
            Self::Unreachable => {
                (6, "Unreachable", "no usable answer: network, TLS, timeout, 429, 5xx")
            }
            Self::PartlyDone => {
                (7, "PartlyDone", "partly done; each part is listed with its outcome")
            }
            Self::NotFound => (8, "NotFound", "webhook not found"),
            Self::Machine => (9, "Machine", "a file, folder, port or lock could not be used"),
            Self::Internal => (70, "Internal", "internal error (a bug; please report)"),
            Self::OfCommand(code) => (code, "OfCommand", "exit code of the command that was run"),
            Self::Interrupted => (130, "Interrupted", "canceled or interrupted"),
        }
    }
}

/// Result of a command, or of a step of one.
pub type Result<T, E = CommandError> = std::result::Result<T, E>;

/// An error that knows how it ends a run.
///
/// Implementations match exhaustively, and pass on the whole diagnosis of an error that they wrap.
pub trait Diagnose: Error {
    /// How the error ends the run, and what helps.
    fn diagnosis(&self) -> Diagnosis;
}

/// How an error ends the run, and what helps.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// The exit code.
    pub exit: Exit,
    /// What helps, the most likely first.
    pub hints: Vec<Hint>,
    /// Reasons that stand side by side, where the chain of sources has room for one only.
    pub details: Vec<String>,
    /// HTTP status of the response, if there was one.
    pub http_status: Option<u16>,
    /// Postmark's error code, if it gave one.
    pub error_code: Option<i64>,
}

impl Diagnosis {
    /// A diagnosis without hints.
    pub fn new(exit: Exit) -> Self {
        Self { exit, hints: Vec::new(), details: Vec::new(), http_status: None, error_code: None }
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds reasons.
    #[must_use]
    pub fn details(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(details);
        self
    }

    /// Adds the HTTP status and Postmark's error code.
    #[must_use]
    pub fn response(mut self, http_status: u16, error_code: Option<i64>) -> Self {
        self.http_status = Some(http_status);
        self.error_code = error_code;
        self
    }

    /// Several profiles are named where one is required.
    pub fn one_profile_only() -> Self {
        Self::new(Exit::Usage)
            .hint("name one profile")
            .hint(Hint::from("several profiles at once go with ").fan_out_commands())
    }
}

/// The error of a command: a chain of what was attempted and why it failed, with its diagnosis.
#[derive(Debug)]
pub struct CommandError {
    chain: anyhow::Error,
    diagnosis: Diagnosis,
}

impl<E: Diagnose + Send + Sync + 'static> From<E> for CommandError {
    fn from(error: E) -> Self {
        Self { diagnosis: error.diagnosis(), chain: error.into() }
    }
}

impl CommandError {
    /// An error without a typed error below it.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self::with_diagnosis(message, Diagnosis::new(exit))
    }

    /// An error that ends the run as `diagnosis` says.
    pub fn with_diagnosis(message: impl Into<String>, diagnosis: Diagnosis) -> Self {
        Self { chain: anyhow::Error::msg(message.into()), diagnosis }
    }

    /// A request that is refused before anything is sent.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A state that only a bug of this program explains.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Exit::Internal, message)
    }

    /// Standard input is named as the source of two things.
    pub fn stdin_named_twice() -> Self {
        Self::usage("- (standard input) is named twice, but can be read only once")
    }

    /// Several profiles are named where one is required.
    pub fn one_profile_only(message: impl Into<String>) -> Self {
        Self::with_diagnosis(message, Diagnosis::one_profile_only())
    }

    /// Says what was attempted when the error occurred.
    #[must_use]
    pub fn context(self, attempt: impl Into<String>) -> Self {
        Self { chain: self.chain.context(attempt.into()), ..self }
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Hint>) -> Self {
        self.diagnosis.hints.push(hint.into());
        self
    }

    /// Replaces the hints.
    #[must_use]
    pub fn with_hints(mut self, hints: Vec<Hint>) -> Self {
        self.diagnosis.hints = hints;
        self
    }

    /// Adds reasons, after those of the chain.
    #[must_use]
    pub fn with_causes(mut self, causes: impl IntoIterator<Item = String>) -> Self {
        self.diagnosis.details.extend(causes);
        self
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        self.diagnosis.exit
    }

    /// What helps.
    pub fn hints(&self) -> &[Hint] {
        &self.diagnosis.hints
    }

    /// How the error ends the run.
    pub fn diagnosis(&self) -> &Diagnosis {
        &self.diagnosis
    }

    /// What was attempted: the first sentence.
    ///
    /// Secrets are masked where these are the words of Postmark or an endpoint.
    pub fn message(&self) -> String {
        let message = self.chain.to_string();
        let first = self.chain.chain().next();
        let is_outside =
            first.is_some_and(|first| first.is::<ApiError>() || first.is::<HttpError>());
        if is_outside { mask::outside(&message).into_owned() } else { message }
    }

    /// Why it failed, the nearest reason first. Secrets are masked: a cause may quote what somebody else
    /// wrote.
    pub fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut last = self.message();
        for cause in self.chain.chain().skip(1).map(ToString::to_string) {
            // An error that quotes its cause has said it.
            if !last.ends_with(&cause) {
                causes.push(cause.clone());
                last = cause;
            }
        }
        causes.extend(self.diagnosis.details.iter().cloned());
        causes.iter().map(|cause| mask::outside(cause).into_owned()).collect()
    }

    /// The error of this type in the chain.
    pub fn find<E: Error + Send + Sync + 'static>(&self) -> Option<&E> {
        self.chain.chain().find_map(<dyn Error>::downcast_ref)
    }

    /// True if the reader of standard output closed the pipe, which is not an error but the end.
    pub fn is_closed_pipe(&self) -> bool {
        let mut causes = self.chain.chain().filter_map(<dyn Error>::downcast_ref::<io::Error>);
        causes.any(|error| error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The documented JSON object. Hints are those of a run with these options.
    pub fn to_report(
        &self,
        target: &TargetOptions,
        warnings: Vec<String>,
    ) -> impl Serialize + use<> {
        let Diagnosis { exit, hints, http_status, error_code, .. } = &self.diagnosis;
        Report {
            error: Body {
                kind: exit.name(),
                message: self.message(),
                causes: self.causes(),
                hints: hints.iter().map(|hint| hint.render(target)).collect(),
                http_status: *http_status,
                error_code: *error_code,
                warnings,
            },
        }
    }
}

/// `{}` is the first sentence, `{:#}` the whole chain.
impl Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.chain, f)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Report {
    error: Body,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    kind: &'static str,
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
    http_status: Option<u16>,
    error_code: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Says what was attempted, where a result is an error.
pub trait ResultExt<T> {
    /// Says what was attempted.
    fn context(self, attempt: impl Into<String>) -> Result<T>;
    /// Says what was attempted; the sentence is made only for an error.
    fn with_context<S: Into<String>>(self, attempt: impl FnOnce() -> S) -> Result<T>;
}

impl<T, E: Into<CommandError>> ResultExt<T> for Result<T, E> {
    fn context(self, attempt: impl Into<String>) -> Result<T> {
        self.map_err(|error| error.into().context(attempt))
    }

    fn with_context<S: Into<String>>(self, attempt: impl FnOnce() -> S) -> Result<T> {
        self.map_err(|error| error.into().context(attempt()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::client::HttpError;
    use crate::postmark::ApiError;

    #[test]
    fn exit_codes_are_unique_and_ascending() {
        let codes: Vec<_> = Exit::ALL.map(Exit::code).into();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 70, 130]);
    }

    #[test]
    fn context_keeps_the_diagnosis_and_a_quoted_cause_is_not_repeated() {
        let result = Err::<(), _>(ApiError::Http(HttpError::Name { host: "h".to_owned() }));
        let error = result.context("cannot list the webhooks").unwrap_err();
        assert_eq!(error.message(), "cannot list the webhooks");
        assert_eq!(error.causes(), ["the name h cannot be resolved"]);
        assert_eq!(error.exit(), Exit::Unreachable);
        let quoting = CommandError::usage("it ends: so").context("it ends: so").with_causes([]);
        assert!(quoting.causes().is_empty());
    }
}
