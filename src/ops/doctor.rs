//! Why a webhook receives nothing: Postmark's troubleshooting list, walked step by step, each step with
//! its result and what to do next. Whatever fails is a result; only what makes the question void is an error.

mod answers;
mod api;
pub mod bundle;
mod endpoint;
mod here;
mod postmark;
mod settings;

use std::sync::Arc;

use crate::config::env::Environment;
use crate::config::profile::ProfileName;
use crate::config::resolve::Wanted;
use crate::error::{Diagnose, Hint, TargetOptions};
use crate::http::client::HttpClient;
use crate::ops::finding::{Finding, Level};
use crate::ops::session::Session;
use crate::postmark::{ApiError, Limits, Server, Webhook, WebhookId, Writer};

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Pass,
    /// It works, but is worth a look.
    Warn,
    /// It is broken.
    Fail,
    /// It could not be looked at, or was not to be.
    Skipped,
}

impl Outcome {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skipped => "skipped",
        }
    }
}

/// A part of the walk: what comes before Postmark's list, then its five questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Part {
    Setup,
    Reachable,
    Settings,
    Answers,
    Postmark,
    Requests,
}

impl Part {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Reachable => "reachable",
            Self::Settings => "settings",
            Self::Answers => "answers",
            Self::Postmark => "postmark",
            Self::Requests => "requests",
        }
    }

    /// The heading for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Setup => "This machine and Postmark's API",
            Self::Reachable => "1. Is the endpoint reachable?",
            Self::Settings => "2. Is the webhook set up right?",
            Self::Answers => "3. What does the endpoint answer?",
            Self::Postmark => "4. What does Postmark say?",
            Self::Requests => "5. What arrives at your side?",
        }
    }
}

/// A step that was taken.
#[derive(Clone, Debug)]
pub struct Check {
    /// Which part of the walk it belongs to.
    pub part: Part,
    /// Which step: a stable word, and the rule of a finding.
    pub rule: &'static str,
    /// What came of it.
    pub outcome: Outcome,
    /// That in a sentence.
    pub message: String,
    /// What to do next, each with its command.
    pub next: Vec<String>,
}

/// A step before it has its place in the walk.
struct Step(Outcome, String, Vec<String>);

impl Step {
    /// A step that an error ended.
    fn of_error(error: &impl Diagnose) -> Self {
        Self::fail(error.to_string()).hints(&error.diagnosis().hints)
    }

    fn pass(message: impl Into<String>) -> Self {
        Self(Outcome::Pass, message.into(), Vec::new())
    }

    fn warn(message: impl Into<String>) -> Self {
        Self(Outcome::Warn, message.into(), Vec::new())
    }

    fn fail(message: impl Into<String>) -> Self {
        Self(Outcome::Fail, message.into(), Vec::new())
    }

    fn skipped(message: impl Into<String>) -> Self {
        Self(Outcome::Skipped, message.into(), Vec::new())
    }

    fn next(mut self, next: impl Into<String>) -> Self {
        self.2.push(next.into());
        self
    }

    fn nexts(mut self, next: impl IntoIterator<Item = String>) -> Self {
        self.2.extend(next);
        self
    }

    /// Adds the hints of an error.
    fn hints(mut self, hints: &[Hint]) -> Self {
        self.2.extend(hints.iter().map(|hint| hint.render(&TargetOptions::default())));
        self
    }
}

/// The walk so far.
#[derive(Clone, Debug, Default)]
pub struct DoctorReport {
    /// The steps, in their order.
    pub checks: Vec<Check>,
    /// The webhook that it is about.
    pub webhook: Option<Webhook>,
    /// Whose it is.
    pub profile: Option<ProfileName>,
}

impl DoctorReport {
    fn add(&mut self, part: Part, rule: &'static str, step: Step) {
        let Step(outcome, message, next) = step;
        self.checks.push(Check { part, rule, outcome, message, next });
    }

    /// How many steps ended so.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.checks.iter().filter(|check| check.outcome == outcome).count()
    }

    /// What was found: the steps that failed, and those that are worth a look.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let found = self.checks.iter().filter_map(|check| {
            let level = match check.outcome {
                Outcome::Fail => Level::Error,
                Outcome::Warn => Level::Warning,
                Outcome::Pass | Outcome::Skipped => return None,
            };
            let is_about_it = check.part != Part::Setup;
            Some(Finding {
                rule: check.rule,
                level,
                webhook: self.webhook.clone().filter(|_| is_about_it),
                profile: self.profile.clone(),
                message: check.message.clone(),
                fix: check.next.join("; "),
            })
        });
        found.collect()
    }
}

/// What is to be looked at of a webhook.
#[derive(Clone, Copy, Debug)]
pub struct Wishes {
    /// The webhook.
    pub id: WebhookId,
    /// Post the samples to its endpoint.
    pub test: bool,
    /// Have Postmark probe the endpoint.
    pub verify: bool,
}

/// What a walk needs.
pub struct Doctor<'a> {
    /// What the command line says of the target.
    pub wanted: &'a Wanted,
    /// The environment.
    pub environment: &'a Environment,
    /// The sender of requests.
    pub net: &'a Arc<HttpClient>,
    /// What a call may take.
    pub limits: Limits,
    /// Who is told of each step as it begins.
    pub tell: &'a dyn Fn(&str),
}

/// A server that answers, to ask about a webhook.
struct Ready {
    session: Session,
    server: Server,
    webhooks: Vec<Webhook>,
}

impl Doctor<'_> {
    /// Looks at this machine and at the API, and then at a webhook, as far as it can.
    ///
    /// `authorize` opens the server for the probe of `--verify`.
    ///
    /// # Errors
    /// The webhook does not exist, or the probe is not authorized.
    pub fn walk<E: From<ApiError>>(
        &self,
        wishes: Option<&Wishes>,
        authorize: impl FnOnce(&Session) -> Result<Writer, E>,
    ) -> Result<DoctorReport, E> {
        let mut report = DoctorReport::default();
        let target = self.here(&mut report);
        let ready = self.api(target, wishes, &mut report);
        if let Some(wishes) = wishes {
            let session = ready.as_ref().map(|ready| &ready.session).filter(|_| wishes.verify);
            let writer = session.map(authorize).transpose()?;
            self.webhook(wishes, ready, writer.as_ref(), &mut report)?;
        }
        Ok(report)
    }

    /// The five questions about a webhook.
    fn webhook(
        &self,
        wishes: &Wishes,
        ready: Option<Ready>,
        writer: Option<&Writer>,
        report: &mut DoctorReport,
    ) -> Result<(), ApiError> {
        let id = wishes.id;
        let Some(ready) = ready else {
            let step = Step::skipped("it cannot be asked about before the steps above pass");
            report.add(Part::Reachable, "webhook", step);
            return Ok(());
        };
        (self.tell)(&format!("Getting webhook {id}…"));
        let webhook = match ready.session.client.get(id) {
            Ok(webhook) => webhook,
            Err(error) if error.is_not_found() => return Err(error),
            Err(error) => {
                let step = Step::fail(error.to_string()).hints(&error.diagnosis().hints);
                report.add(Part::Reachable, "webhook", step);
                return Ok(());
            }
        };
        report.webhook = Some(webhook.clone());
        let reached = self.endpoint(&webhook, report);
        self.settings(&webhook, &ready, report);
        self.answers(&webhook, &ready, wishes, reached, report);
        self.postmark(&webhook, &ready, writer, wishes.id, report);
        let step = Step::skipped(
            "only your side can see it: compare your request log with what Postmark posts",
        );
        report.add(
            Part::Requests,
            "requests",
            step.next(format!("`pmhooks test {id} --print` shows each body, and posts nothing"))
                .next("`pmhooks listen --forward URL` in front of it shows what arrives"),
        );
        Ok(())
    }
}
