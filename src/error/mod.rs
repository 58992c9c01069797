//! Exit codes, and how each typed error ends a run: exit code and hints.

mod codes;
mod invocation;
mod work;

use std::io;

use serde_json::{Value, json};

use crate::config::ConfigError;
use crate::fs::FsError;
use crate::http::client::{HttpError, TlsTrouble};
use crate::ops::apply::{ApplyError, LockError};
use crate::ops::create::CreateError;
use crate::ops::definition::DefinitionError;
use crate::ops::document::DocumentError;
use crate::ops::guard::GuardError;
use crate::ops::manifest::ManifestError;
use crate::ops::plan::PlanError;
use crate::ops::plan::kept::KeptError;
use crate::ops::receive::ReceiveError;
use crate::ops::rotate::RotateError;
use crate::ops::rotate::generate::GenerateError;
use crate::ops::session::SessionError;
use crate::ops::temporary_webhook::TemporaryError;
use crate::ops::test::EndpointError;
use crate::ops::test::samples::SampleError;
use crate::postmark::Verdict;
use crate::postmark::{ApiError, Refusal};
use crate::sandbox::SandboxError;
use crate::term::prompt::PromptError;
pub use invocation::Invocation;

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
    Interrupted,
}

impl Exit {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 11] = [
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
        Self::Interrupted,
    ];

    /// The process's exit code.
    pub fn code(self) -> u8 {
        self.row().0
    }

    /// The `Kind` of a JSON error.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What it means, for help and manual.
    pub fn meaning(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> (u8, &'static str, &'static str) {
        match self {
            Self::Done => (0, "Done", "done; an empty list and a closed pipe included"),
            Self::Finding => (1, "Finding", "a check found something"),
            Self::Usage => {
                (2, "Usage", "a wrong flag or file, or an unsafe request; nothing was sent")
            }
            Self::NotSetUp => (3, "NotSetUp", "no token, unknown profile, unusable configuration"),
            Self::TokenRefused => (4, "TokenRefused", "Postmark refused the token"),
            Self::Refused => (5, "Refused", "Postmark refused the request"),
            Self::Unreachable => {
                (6, "Unreachable", "no usable answer: network, TLS, timeout, 429, 5xx")
            }
            Self::PartlyDone => {
                (7, "PartlyDone", "partly done; each part is listed with its outcome")
            }
            Self::NotFound => (8, "NotFound", "no such webhook"),
            Self::Machine => (9, "Machine", "a file, folder, port or lock could not be used"),
            Self::Interrupted => (130, "Interrupted", "interrupted, or answered no"),
        }
    }
}

/// The commands that can be for several profiles at once.
pub const FAN_OUT: [&str; 7] = ["list", "stats", "health", "lint", "diff", "apply", "streams"];

/// A failure as it is told: what was attempted, why it failed, what helps.
#[derive(Clone, Debug)]
pub struct CommandError {
    /// What the run ends with.
    pub exit: Exit,
    /// What was attempted.
    pub message: String,
    /// Why it failed, the nearest reason first.
    pub causes: Vec<String>,
    /// What helps.
    pub hints: Vec<String>,
    /// The HTTP status, where there was one.
    pub http_status: Option<u16>,
    /// Postmark's error code, where there was one.
    pub error_code: Option<i64>,
}

impl CommandError {
    /// A request that is refused before anything is sent.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A failure without a typed error below it.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            http_status: None,
            error_code: None,
        }
    }

    /// Standard input is wanted for two things.
    pub fn stdin_named_twice() -> Self {
        Self::usage("- (standard input) is named twice, but can be read only once")
    }

    /// Several profiles are named where one is meant.
    pub fn one_profile_only(message: impl Into<String>) -> Self {
        Self::usage(message)
            .hint("name one profile")
            .hint(format!("several profiles at once go with {}", FAN_OUT.join(", ")))
    }

    /// Adds what helps.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The documented object.
    pub fn to_json(&self, warnings: &[String]) -> Value {
        let mut error = json!({
            "Kind": self.exit.name(),
            "Message": self.message,
            "Causes": self.causes,
            "Hints": self.hints,
            "HttpStatus": self.http_status,
            "ErrorCode": self.error_code,
        });
        if let (false, Value::Object(error)) = (warnings.is_empty(), &mut error) {
            error.insert("Warnings".to_owned(), json!(warnings));
        }
        json!({ "Error": error })
    }
}

impl std::fmt::Display for CommandError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}

/// True where somebody closed the pipe that data was going to: no failure, but the end.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// Makes the failure of an error: its sentences, and exit code and advice by the typed error within.
pub fn explain(error: &anyhow::Error) -> CommandError {
    let mut sentences: Vec<String> = Vec::new();
    for cause in error.chain() {
        let sentence = cause.to_string();
        // An error that quotes its cause has said it.
        if !sentences.last().is_some_and(|said| said.ends_with(&sentence)) {
            sentences.push(sentence);
        }
    }
    let mut failure = error
        .chain()
        .find_map(judge)
        .unwrap_or_else(|| CommandError::new(Exit::Machine, String::new()));
    let mut sentences = sentences.into_iter();
    failure.message = sentences.next().unwrap_or_default();
    failure.causes = sentences.chain(failure.causes).collect();
    failure
}

/// What a typed error by itself would end with, and what helps.
pub fn of(error: &(dyn std::error::Error + 'static)) -> CommandError {
    judge(error).unwrap_or_else(|| CommandError::new(Exit::Machine, String::new()))
}

/// The table: a typed error's exit code, its advice, and what more there is to say.
fn judge(error: &(dyn std::error::Error + 'static)) -> Option<CommandError> {
    let failure = CommandError::new;
    if let Some(known) = error.downcast_ref::<CommandError>() {
        return Some(known.clone());
    }
    if let Some(error) = error.downcast_ref::<ManifestError>() {
        return Some(work::manifest(error));
    }
    if let Some(error) = error.downcast_ref::<RotateError>() {
        return Some(work::rotate(error));
    }
    if let Some(error) = error.downcast_ref::<GenerateError>() {
        return Some(work::generate(error));
    }
    if let Some(error) = error.downcast_ref::<KeptError>() {
        return Some(kept(error));
    }
    if let Some(error) = error.downcast_ref::<PlanError>() {
        return Some(work::plan(error));
    }
    if let Some(error) = error.downcast_ref::<ReceiveError>() {
        return Some(work::receive(error));
    }
    if let Some(error) = error.downcast_ref::<LockError>() {
        return match error {
            LockError::Config(error) => Some(config(error)),
            LockError::Disk(error) => Some(fs(error)),
        };
    }
    if let Some(error) = error.downcast_ref::<ApplyError>() {
        return match error {
            ApplyError::Create(error) => judge(error),
            ApplyError::Api(error) => Some(api(error)),
            ApplyError::Backup(error) => Some(fs(error)),
            ApplyError::AuthStays => Some(failure(Exit::Refused, "").hint(
                "the API has no documented way to remove credentials; Postmark's web page has",
            )),
        };
    }
    if let Some(error) = error.downcast_ref::<CreateError>() {
        return match error {
            CreateError::Api(error) => Some(api(error)),
            CreateError::NotCreated(_) => Some(
                failure(Exit::Unreachable, "")
                    .hint("create it with --if-absent, in case it still appears"),
            ),
            CreateError::Unknown { .. } => Some(
                failure(Exit::Unreachable, "")
                    .hint("look for it before you try again: `pmhooks list`"),
            ),
        };
    }
    if let Some(error) = error.downcast_ref::<TemporaryError>() {
        return work::temporary(error);
    }
    if let Some(error) = error.downcast_ref::<ApiError>() {
        return Some(api(error));
    }
    if let Some(error) = error.downcast_ref::<HttpError>() {
        return Some(net(error));
    }
    if let Some(error) = error.downcast_ref::<GuardError>() {
        return Some(work::guard(error));
    }
    if let Some(error) = error.downcast_ref::<SessionError>() {
        return match error {
            SessionError::Config(error) => Some(config(error)),
            SessionError::Sandbox(error) => Some(sandbox(error)),
        };
    }
    if let Some(error) = error.downcast_ref::<ConfigError>() {
        return Some(config(error));
    }
    if let Some(error) = error.downcast_ref::<SandboxError>() {
        return Some(sandbox(error));
    }
    if let Some(error) = error.downcast_ref::<PromptError>() {
        return Some(prompt(error));
    }
    if let Some(error) = error.downcast_ref::<SampleError>() {
        let refused = failure(Exit::Usage, "");
        return Some(match error {
            SampleError::UnknownField(_) => refused.hint("see the fields of an event with --print"),
            _ => refused,
        });
    }
    if error.is::<DefinitionError>() || error.is::<DocumentError>() || error.is::<EndpointError>() {
        return Some(failure(Exit::Usage, ""));
    }
    if let Some(error) = error.downcast_ref::<FsError>() {
        return Some(fs(error));
    }
    if error.is::<io::Error>() {
        return Some(failure(Exit::Machine, ""));
    }
    None
}

fn fs(error: &FsError) -> CommandError {
    let failure = CommandError::new(Exit::Machine, "");
    match error {
        FsError::Link { .. } => {
            failure.hint("links are not followed when a file is written; name the file itself")
        }
        FsError::Foreign { .. } => {
            failure.hint("name another file, or run this as the user that it belongs to")
        }
        FsError::NotALock { .. } => failure.hint("move that file away, or name another file"),
        FsError::Io { .. }
        | FsError::NotAFile { .. }
        | FsError::TooLarge { .. }
        | FsError::Locked { .. } => failure,
    }
}

fn kept(error: &KeptError) -> CommandError {
    match error {
        KeptError::Disk(error) => fs(error),
        KeptError::Manifest(error) => work::manifest(error),
        KeptError::Stale(_)
        | KeptError::Unbound(_)
        | KeptError::OtherServer { .. }
        | KeptError::OtherVersion { .. } => CommandError::new(Exit::Usage, "")
            .hint("make it anew: `pmhooks diff FILE --plan-out FILE`"),
        KeptError::Foreign(_) | KeptError::Unread(_) => CommandError::new(Exit::Usage, ""),
    }
}

fn api(error: &ApiError) -> CommandError {
    match error {
        ApiError::Http(error) => net(error),
        ApiError::Refused(refusal) => refused(refusal),
        ApiError::Unavailable { status, code, retry_after, .. } => {
            let mut failure = CommandError::new(Exit::Unreachable, "");
            failure.http_status = Some(*status);
            failure.error_code = *code;
            match retry_after {
                Some(wait) => {
                    failure.hint(format!("try again in {}", humantime::format_duration(*wait)))
                }
                None if *status == 429 => {
                    failure.hint("try again in a minute; Postmark asks for less")
                }
                None => failure
                    .hint("try again later; https://status.postmarkapp.com says how Postmark is"),
            }
        }
        ApiError::Redirected { status, .. } => {
            let mut failure = CommandError::new(Exit::Unreachable, "");
            failure.http_status = Some(*status);
            failure.hint(
                "a token never follows a redirect; check the API's address: `pmhooks profile list --columns name,api-url`",
            )
        }
        ApiError::NotOffered { .. } => {
            let mut failure = CommandError::new(Exit::Refused, "");
            failure.http_status = Some(404);
            failure
        }
        ApiError::NotPostmark { status, .. } | ApiError::Shape { status, .. } => {
            let mut failure = CommandError::new(Exit::Unreachable, "");
            failure.http_status = Some(*status);
            failure.hint("something else may answer there: a proxy, a login page, a wrong address")
        }
    }
}

fn refused(refusal: &Refusal) -> CommandError {
    let exit = if refusal.is_about_the_token() {
        Exit::TokenRefused
    } else if refusal.is_not_found() {
        Exit::NotFound
    } else {
        Exit::Refused
    };
    let mut failure = CommandError::new(exit, "");
    failure.http_status = Some(refusal.status);
    failure.error_code = refusal.code;
    if let Some(verification) = &refusal.verification {
        failure.causes = verification.results.iter().map(Verdict::describe).collect();
    }
    failure.hints = codes::hints(refusal);
    failure
}

fn net(error: &HttpError) -> CommandError {
    let unreachable = || CommandError::new(Exit::Unreachable, "");
    match error {
        HttpError::Authorities { .. } | HttpError::ProxySetting { .. } => {
            CommandError::new(Exit::Usage, "")
        }
        HttpError::Local { .. } => CommandError::new(Exit::Machine, ""),
        HttpError::Tls { trouble: TlsTrouble::UnknownAuthority, .. } => {
            unreachable().hint("a company's own authority is added with --cacert FILE")
        }
        HttpError::Timeout { .. } | HttpError::ConnectTimeout { .. } => {
            unreachable().hint("give it more time with --timeout, as in --timeout 2m")
        }
        HttpError::Proxy { .. } => unreachable()
            .hint("the proxy is the one in HTTPS_PROXY or ALL_PROXY; NO_PROXY names exceptions"),
        HttpError::Name { .. } => {
            unreachable().hint("the address comes from --api-url, the profile, or POSTMARK_API_URL")
        }
        _ => unreachable(),
    }
}

fn config(error: &ConfigError) -> CommandError {
    let not_set_up = || CommandError::new(Exit::NotSetUp, "");
    match error {
        ConfigError::NoToken { profiles } if !profiles.is_empty() => not_set_up()
            .hint(name_one(profiles))
            .hint("or make one the default: `pmhooks profile use NAME`"),
        ConfigError::Several { .. } => CommandError::one_profile_only(""),
        ConfigError::NoProfiles => not_set_up().hint("add one: `pmhooks profile add NAME`"),
        ConfigError::SandboxByDefault => not_set_up()
            .hint("name it, as in `pmhooks -p sandbox list`, or choose: `pmhooks profile use NAME`"),
        ConfigError::NoToken { .. } => not_set_up()
            .hint("set one up: `pmhooks profile add NAME`")
            .hint("or give one for this run in the environment: POSTMARK_SERVER_TOKEN")
            .hint("or try everything without one: `pmhooks -p sandbox list`"),
        ConfigError::UnknownProfile { .. } => {
            not_set_up().hint("see them: `pmhooks profile list`; add one: `pmhooks profile add NAME`")
        }
        ConfigError::ForeignOrigin { .. } => CommandError::usage("").hint(
            "if the token is good there too, make a profile of it: `pmhooks profile add NAME --api-url URL`",
        ),
        ConfigError::Refused(_) => CommandError::usage(""),
        ConfigError::Unopened(error) => CommandError { exit: Exit::NotSetUp, ..fs(error) },
        ConfigError::Unreadable { .. }
        | ConfigError::Broken { .. } | ConfigError::Variable { .. } | ConfigError::NoHome(_) => not_set_up(),
        ConfigError::Disk(error) => fs(error),
    }
}

fn name_one(profiles: &[String]) -> String {
    let first = profiles.first().map_or("NAME", String::as_str);
    let of =
        if profiles.len() > 1 { format!(" of {}", profiles.join(", ")) } else { String::new() };
    format!("name one{of}, as in `pmhooks -p {first} list`")
}

fn sandbox(error: &SandboxError) -> CommandError {
    let failure = CommandError::new(Exit::Machine, "");
    match error {
        SandboxError::InUse { .. } => failure.hint(
            "use it with --api-url and a token in POSTMARK_SERVER_TOKEN, or end it with Ctrl-C",
        ),
        SandboxError::State { .. } => failure
            .hint("`pmhooks sandbox reset` puts the profile's own state aside and starts anew")
            .hint("a file of --state is yours: move it away"),
        SandboxError::Disk(error) => fs(error),
        SandboxError::Port { .. } | SandboxError::Start(_) => failure,
    }
}

fn prompt(error: &PromptError) -> CommandError {
    match error {
        PromptError::NobodyThere { instead, .. } => {
            CommandError::usage("").hint(format!("give {instead}"))
        }
        PromptError::Declined(_) => CommandError::new(Exit::Interrupted, ""),
        PromptError::Terminal(_) | PromptError::Editor { .. } => {
            CommandError::new(Exit::Machine, "")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_its_own_and_in_order() {
        let codes: Vec<_> = Exit::ALL.map(Exit::code).into();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 130]);
    }

    #[test]
    fn a_sentence_is_not_said_twice() {
        let error = ApiError::Http(HttpError::Name { host: "h".to_owned() });
        let failure = explain(&anyhow::Error::from(error).context("cannot list the webhooks"));
        assert_eq!(failure.message, "cannot list the webhooks");
        assert_eq!(failure.causes, ["the name h cannot be resolved"]);
        assert_eq!(failure.exit, Exit::Unreachable);
    }
}
