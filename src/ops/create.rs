//! Creating a webhook once, and only once.

use std::time::Duration;

use crate::error::{Diagnose, Diagnosis, Exit, Hint};
use crate::postmark::{ApiError, NewWebhook, StreamId, Webhook, WebhookId, Writer};

/// How a create ended well.
#[derive(Debug)]
pub enum Created {
    /// Postmark answered with it.
    Answered(Box<Webhook>),
    /// The answer was lost, but the webhook is there.
    Found {
        /// The one webhook that is what was asked for.
        webhook: Box<Webhook>,
        /// True where it may have been there before: nobody had looked.
        maybe_older: bool,
    },
}

/// How a create did not.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Postmark refused it, or it never left.
    #[error(transparent)]
    Api(ApiError),
    /// The answer was lost, and the webhook is not there.
    #[error("the webhook was not created: Postmark has none like it")]
    NotCreated(#[source] ApiError),
    /// The answer was lost, and so is the truth.
    #[error("outcome unknown: the webhook may have been created{}", seen(.candidates))]
    Unknown {
        /// How the answer was lost.
        #[source]
        error: ApiError,
        /// The webhooks that could be it; none where they could not be listed.
        candidates: Vec<WebhookId>,
    },
}

impl Diagnose for CreateError {
    fn diagnosis(&self) -> Diagnosis {
        let unreachable = Diagnosis::new(Exit::Unreachable);
        match self {
            Self::Api(error) => error.diagnosis(),
            Self::NotCreated(_) => {
                unreachable.hint("create it with --if-absent, in case it still appears")
            }
            Self::Unknown { .. } => {
                unreachable.hint(Hint::command("look for it before you try again", "list"))
            }
        }
    }
}

fn seen(candidates: &[WebhookId]) -> String {
    match candidates {
        [] => ", and the webhooks could not be listed".to_owned(),
        ids => {
            let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
            format!("; webhooks {} are all like it", ids.join(", "))
        }
    }
}

/// Sends a create once. Where its answer is lost, the webhooks are listed and compared, in a time of
/// its own, instead of sending it again: Postmark knows no idempotency key, and takes duplicates.
///
/// `before` are the webhooks that were there beforehand, where somebody has looked.
pub fn create(
    writer: &Writer,
    new: &NewWebhook,
    before: Option<&[WebhookId]>,
) -> Result<Created, CreateError> {
    let error = match writer.create(new) {
        Ok(webhook) => return Ok(Created::Answered(Box::new(webhook))),
        Err(error) if error.is_in_doubt() => error,
        Err(error) => return Err(CreateError::Api(error)),
    };
    // A server that is still busy with the create may list it only a moment later.
    std::thread::sleep(Duration::from_millis(100));
    let Ok(webhooks) = writer.reader().list(None) else {
        return Err(CreateError::Unknown { error, candidates: Vec::new() });
    };
    let is_new = |w: &Webhook| before.is_none_or(|ids| !ids.contains(&w.id));
    let mut like: Vec<_> = webhooks.into_iter().filter(|w| w.could_be(new) && is_new(w)).collect();
    match (like.len(), like.pop()) {
        (1, Some(webhook)) => {
            Ok(Created::Found { webhook: Box::new(webhook), maybe_older: before.is_none() })
        }
        (0, _) => Err(CreateError::NotCreated(error)),
        (_, last) => {
            let candidates = like.iter().chain(&last).map(|w| w.id).collect();
            Err(CreateError::Unknown { error, candidates })
        }
    }
}

/// The webhooks with the same stream and URL, lowest ID first.
pub fn same_identity<'a>(
    webhooks: &'a [Webhook],
    new: &NewWebhook,
) -> impl Iterator<Item = &'a Webhook> {
    let stream = new.message_stream.as_ref().map_or("outbound", StreamId::as_str).to_owned();
    let mut same: Vec<_> = webhooks
        .iter()
        .filter(|w| w.message_stream.as_str() == stream && w.url.is_same_place(&new.url))
        .collect();
    same.sort_by_key(|w| w.id);
    same.into_iter()
}
