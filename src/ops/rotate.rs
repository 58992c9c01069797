//! Other credentials for many webhooks: one by one, and back again where one fails.

pub mod back;
pub mod check;
pub mod generate;

use crate::error::{Diagnose, Diagnosis, Exit, Hint};
use crate::postmark::{ApiError, HttpAuth, HttpHeader, Secret, Webhook, WebhookPatch, Writer};

const UNVERIFIED: &str = "unverified";

/// The new secret, and where it goes.
#[derive(Clone, Debug)]
pub enum Fresh {
    /// HttpAuth: the password, and the user name where that changes too.
    Auth {
        /// None leaves each webhook its own.
        username: Option<String>,
        /// The same for all.
        password: Secret,
    },
    /// The value of a header that a webhook has.
    Header(HttpHeader),
}

/// A webhook, and what is to be done with it.
#[derive(Clone, Debug)]
pub struct Turn {
    /// As it is before.
    pub webhook: Webhook,
    /// What is to be done.
    pub deed: Deed,
}

/// What is to be done with a webhook.
#[derive(Clone, Debug)]
pub enum Deed {
    /// It gets the new secret.
    Change(Box<Change>),
    /// It stays as it is.
    Skip(Skip),
}

/// A change, and the way back.
#[derive(Clone, Debug)]
pub struct Change {
    /// What is sent.
    pub patch: WebhookPatch,
    /// What gives the webhook its old secret again.
    pub back: WebhookPatch,
}

/// Why a webhook stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// There is nothing to put the new secret into.
    Carrier(&'static str),
    /// It has the new secret already, from a run before.
    SoAlready,
}

impl Skip {
    /// The reason, in words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Carrier(why) => why,
            Self::SoAlready => "it is so already",
        }
    }
}

impl Turn {
    /// True where the webhook is to be changed.
    pub fn changes(&self) -> bool {
        matches!(self.deed, Deed::Change(_))
    }
}

impl Fresh {
    /// What is to be done with a webhook. `verify` is whether Postmark may probe its endpoint.
    pub fn turn(&self, webhook: Webhook, verify: bool) -> Turn {
        let was_good = webhook.status.as_deref() != Some(UNVERIFIED);
        let forth = WebhookPatch { verify, ..WebhookPatch::default() };
        // One that was unverified could not be put back with a probe.
        let back = WebhookPatch { verify: was_good, ..WebhookPatch::default() };
        let change = match self {
            Self::Auth { username, password } => {
                let Some(old) = &webhook.http_auth else {
                    let deed = Deed::Skip(Skip::Carrier("it has no HttpAuth"));
                    return Turn { webhook, deed };
                };
                let username = username.clone().unwrap_or_else(|| old.username.clone());
                let new = HttpAuth { username, password: password.clone() };
                Change {
                    patch: WebhookPatch { http_auth: Some(Some(new)), ..forth },
                    back: WebhookPatch { http_auth: Some(Some(old.clone())), ..back },
                }
            }
            Self::Header(new) => {
                let is_it = |header: &HttpHeader| header.name.eq_ignore_ascii_case(&new.name);
                let old = webhook.http_headers.clone();
                if !old.iter().any(is_it) {
                    let deed = Deed::Skip(Skip::Carrier("it has no such header"));
                    return Turn { webhook, deed };
                }
                let mut headers = old.clone();
                headers.iter_mut().filter(|h| is_it(h)).for_each(|h| h.value = new.value.clone());
                Change {
                    patch: WebhookPatch { http_headers: Some(headers), ..forth },
                    back: WebhookPatch { http_headers: Some(old), ..back },
                }
            }
        };
        let deed = if carries(&webhook, &change.patch) {
            Deed::Skip(Skip::SoAlready)
        } else {
            Deed::Change(Box::new(change))
        };
        Turn { webhook, deed }
    }
}

/// True where a webhook has what a patch would give it.
fn carries(webhook: &Webhook, patch: &WebhookPatch) -> bool {
    patch.http_auth.as_ref().is_none_or(|auth| *auth == webhook.http_auth)
        && patch.http_headers.as_ref().is_none_or(|headers| *headers == webhook.http_headers)
}

/// Why a webhook did not get the new secret.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// It could not be looked at just before.
    #[error("it cannot be looked at once more: {0}")]
    Look(#[source] ApiError),
    /// It is not as it was when its endpoint was tested.
    #[error("somebody else has changed it meanwhile")]
    Moved,
    /// Postmark refused the change, or was not reached.
    #[error(transparent)]
    Change(ApiError),
    /// Postmark took the change, but stopped its events.
    #[error("Postmark took the change, but has the webhook as unverified: no event would come")]
    Unverified,
}

impl Diagnose for RotateError {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Look(error) | Self::Change(error) => error.diagnosis(),
            Self::Moved => Diagnosis::new(Exit::Usage),
            Self::Unverified => Diagnosis::new(Exit::Refused)
                .hint(Hint::command("see what Postmark finds at the endpoint", "verify ID")),
        }
    }
}

impl RotateError {
    /// True where the webhook may have the new secret all the same.
    fn may_be_done(&self) -> bool {
        match self {
            Self::Look(_) | Self::Moved => false,
            Self::Change(error) => error.is_in_doubt(),
            Self::Unverified => true,
        }
    }
}

/// What became of a webhook.
#[derive(Debug)]
pub enum Outcome {
    /// It has the new secret.
    Done(Box<Webhook>),
    /// It was not to be changed.
    Skipped(Skip),
    /// Its turn did not come.
    NotReached,
    /// It has the old secret, since it could not be given the new one.
    Failed(RotateError),
    /// It had the new secret, and has the old one again.
    PutBack,
    /// It has the new secret still: putting the old one back failed.
    NotPutBack(ApiError),
    /// Nobody knows which one it has.
    Unknown(RotateError),
}

impl Outcome {
    /// The word of the report.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Done(_) => "Done",
            Self::Skipped(_) => "Skipped",
            Self::NotReached => "NotReached",
            Self::Failed(_) => "Failed",
            Self::PutBack => "PutBack",
            Self::NotPutBack(_) => "NotPutBack",
            Self::Unknown(_) => "Unknown",
        }
    }

    /// Why the run did not go on.
    pub fn error(&self) -> Option<&RotateError> {
        match self {
            Self::Failed(error) | Self::Unknown(error) => Some(error),
            _ => None,
        }
    }

    /// True where the old secret should be there and is not.
    pub fn is_stuck(&self) -> bool {
        matches!(self, Self::NotPutBack(_) | Self::Unknown(_))
    }
}

/// Changes the webhooks one by one. The first failure ends it, and those before get the old secret again.
/// Where somebody wants the run to end, it ends as it is: either secret is good.
pub fn rotate(
    writer: &Writer,
    turns: &[Turn],
    is_stopped: &dyn Fn() -> bool,
    begin: &dyn Fn(&Webhook),
) -> Vec<Outcome> {
    let mut failed = false;
    let mut outcomes = Vec::with_capacity(turns.len());
    for turn in turns {
        outcomes.push(match &turn.deed {
            Deed::Skip(why) => Outcome::Skipped(*why),
            Deed::Change(_) if failed || is_stopped() => Outcome::NotReached,
            Deed::Change(it) => {
                begin(&turn.webhook);
                match change(writer, &turn.webhook, &it.patch) {
                    Ok(webhook) => Outcome::Done(Box::new(webhook)),
                    Err(error) => {
                        failed = true;
                        after(writer, &turn.webhook, &it.back, error)
                    }
                }
            }
        });
    }
    let all = turns.iter().zip(&mut outcomes).rev();
    for (turn, outcome) in all.filter(|_| failed) {
        if let (Deed::Change(it), Outcome::Done(_)) = (&turn.deed, &outcome) {
            *outcome = put_back(writer, &turn.webhook, &it.back)
                .map_or_else(Outcome::NotPutBack, |()| Outcome::PutBack);
        }
    }
    outcomes
}

fn change(writer: &Writer, before: &Webhook, patch: &WebhookPatch) -> Result<Webhook, RotateError> {
    let now = writer.reader().get(before.id).map_err(RotateError::Look)?;
    let is_same = now.url == before.url
        && now.http_auth == before.http_auth
        && now.http_headers == before.http_headers;
    if !is_same {
        return Err(RotateError::Moved);
    }
    let after = writer.update(before.id, patch).map_err(RotateError::Change)?;
    let is_unverified = |webhook: &Webhook| webhook.status.as_deref() == Some(UNVERIFIED);
    if patch.verify && is_unverified(&after) && !is_unverified(before) {
        return Err(RotateError::Unverified);
    }
    Ok(after)
}

/// What a failed change means: where it may have been made, it is unmade.
fn after(writer: &Writer, webhook: &Webhook, back: &WebhookPatch, error: RotateError) -> Outcome {
    if !error.may_be_done() {
        return Outcome::Failed(error);
    }
    match (put_back(writer, webhook, back), error) {
        (Ok(()), error) => Outcome::Failed(error),
        (Err(why), RotateError::Unverified) => Outcome::NotPutBack(why),
        (Err(_), error) => Outcome::Unknown(error),
    }
}

/// Gives a webhook its old secret again. Where that is refused, it may still have it.
fn put_back(writer: &Writer, webhook: &Webhook, back: &WebhookPatch) -> Result<(), ApiError> {
    let Err(error) = writer.update(webhook.id, back) else { return Ok(()) };
    match writer.reader().get(webhook.id) {
        Ok(now) if carries(&now, back) => Ok(()),
        _ => Err(error),
    }
}
