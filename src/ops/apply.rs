//! A plan made true: creates before updates before deletes, a bounded number at a time.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::create::{self, CreateError, Created};
use super::edit::{self, Edited};
use super::plan::{Change, Deed, Plan};
use super::session::Session;
use super::{backup, fanout};
use crate::config::ConfigError;
use crate::config::resolve::state_folder;
use crate::error::{Diagnose, Diagnosis, Exit};
use crate::fs::{FsError, Lock};
use crate::postmark::{ApiError, WebhookId, Writer};

/// So long a run waits for another one to end.
const LOCK_WAIT: Duration = Duration::from_secs(2);

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A webhook could not be made.
    #[error(transparent)]
    Create(CreateError),
    /// Postmark refused the change, or was not reached.
    #[error(transparent)]
    Api(ApiError),
    /// What would have been deleted could not be kept first.
    #[error("its definition cannot be kept, so it was not deleted")]
    Backup(#[source] FsError),
    /// The credentials that should be gone are still sent.
    #[error("Postmark took the change, but the webhook still sends its credentials")]
    AuthStays,
}

impl Diagnose for ApplyError {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Create(error) => error.diagnosis(),
            Self::Api(error) => error.diagnosis(),
            Self::Backup(error) => error.diagnosis(),
            Self::AuthStays => Diagnosis::new(Exit::Refused).hint(
                "the API has no documented way to remove credentials; Postmark's web page has",
            ),
        }
    }
}

/// What became of a change.
#[derive(Debug)]
pub enum Outcome {
    /// It is made; of a new webhook the ID.
    Done(Option<WebhookId>),
    /// It is not made.
    Failed(ApplyError),
    /// Nobody knows.
    Unknown(ApplyError),
    /// Its turn did not come; why.
    NotReached(&'static str),
}

impl Outcome {
    /// The word of the report.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Done(_) => "Done",
            Self::Failed(_) => "Failed",
            Self::Unknown(_) => "Unknown",
            Self::NotReached(_) => "NotReached",
        }
    }

    /// Why the change was not made.
    pub fn error(&self) -> Option<&ApplyError> {
        match self {
            Self::Failed(error) | Self::Unknown(error) => Some(error),
            Self::Done(_) | Self::NotReached(_) => None,
        }
    }
}

/// How a plan is carried out.
pub struct Way<'a> {
    /// How many changes are made at the same time.
    pub width: usize,
    /// Where the definitions of deleted webhooks are kept.
    pub backups: &'a Path,
    /// What the server is called in the names of these.
    pub place: &'a str,
    /// The webhooks that were there when the plan was made.
    pub before: &'a [WebhookId],
    /// Whether somebody wants the run to end: what is in flight ends, nothing more begins.
    pub is_stopped: &'a (dyn Fn() -> bool + Sync),
}

/// Why a server could not be kept to oneself.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// There is no place for the lock.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Somebody else has it, or it cannot be made.
    #[error(transparent)]
    Disk(#[from] FsError),
}

impl Diagnose for LockError {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Config(error) => error.diagnosis(),
            Self::Disk(error) => error.diagnosis(),
        }
    }
}

/// Keeps other runs off a server while it is changed: two would each plan without the other's changes.
/// Free again when it is dropped. `command` is the one that is running, for those who have to wait.
pub fn lock(session: &Session, command: &str) -> Result<Lock, LockError> {
    let holder = format!("another `pmhooks {command}` (process {})", std::process::id());
    Ok(Lock::beside(&locked_name(session)?, &holder, LOCK_WAIT, |_| false)?)
}

/// The name that stands for a server among the locks.
fn locked_name(session: &Session) -> Result<PathBuf, ConfigError> {
    let pinned = session.target.profile().and_then(|profile| profile.server_id);
    let name = match (pinned, session.target.name()) {
        (Some(id), _) => format!("server-{id}"),
        (None, Some(name)) => format!("profile-{name}"),
        (None, None) => "environment".to_owned(),
    };
    Ok(state_folder()?.join("locks").join(name))
}

/// Carries out a plan. The outcomes are in the order of its changes.
///
/// Nothing is deleted where a change before it failed: the webhook that was to take over may be missing.
pub fn apply(writer: &Writer, plan: &Plan, way: &Way<'_>) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(plan.changes.len());
    for phase in plan.changes.chunk_by(|a, b| rank(a) == rank(b)) {
        let is_delete = phase.iter().any(|change| matches!(change.deed, Deed::Delete(_)));
        let failed = outcomes.iter().any(|outcome| !matches!(outcome, Outcome::Done(_)));
        outcomes.extend(fanout::map(phase, way.width, |change| {
            if (way.is_stopped)() {
                return Outcome::NotReached("interrupted");
            }
            if is_delete && failed {
                return Outcome::NotReached("a change before it was not made");
            }
            carry_out(writer, change, way)
        }));
    }
    outcomes
}

fn rank(change: &Change) -> u8 {
    match change.deed {
        Deed::Server(_) => 0,
        Deed::Create(_) => 1,
        Deed::Update { .. } => 2,
        Deed::Delete(_) => 3,
    }
}

fn carry_out(writer: &Writer, change: &Change, way: &Way<'_>) -> Outcome {
    match &change.deed {
        Deed::Server(patch) => judged(writer.update_server(patch).map(|_| None)),
        Deed::Create(new) => match create::create(writer, new, Some(way.before)) {
            Ok(Created::Answered(webhook) | Created::Found { webhook, .. }) => {
                Outcome::Done(Some(webhook.id))
            }
            Err(error @ CreateError::Unknown { .. }) => Outcome::Unknown(ApplyError::Create(error)),
            Err(error) => Outcome::Failed(ApplyError::Create(error)),
        },
        Deed::Update { id, patch, .. } => match edit::edit(writer, *id, patch) {
            Ok(Edited::Done(_)) => Outcome::Done(None),
            Ok(Edited::AuthStays(_)) => Outcome::Failed(ApplyError::AuthStays),
            Err(error) => judged(Err(error)),
        },
        Deed::Delete(webhook) => match backup::keep(way.backups, way.place, webhook) {
            Err(error) => Outcome::Failed(ApplyError::Backup(error)),
            Ok(_) => match writer.delete(webhook.id) {
                // Somebody else was faster, and nothing is left to do.
                Err(error) if error.is_not_found() => Outcome::Done(None),
                deleted => judged(deleted.map(|_| None)),
            },
        },
    }
}

fn judged(result: Result<Option<WebhookId>, ApiError>) -> Outcome {
    match result {
        Ok(id) => Outcome::Done(id),
        Err(error) if error.is_in_doubt() => Outcome::Unknown(ApplyError::Api(error)),
        Err(error) => Outcome::Failed(ApplyError::Api(error)),
    }
}
