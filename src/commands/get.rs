//! `get`: webhooks by their IDs.

use super::webhooks::Webhooks;
use super::{Context, several};
use crate::commands::options::WebhookIds;
use crate::error::{Exit, Result, ResultExt as _};

/// Show webhooks
///
/// Shows everything that Postmark says of a webhook. Passwords and header values
/// are masked unless --show-secrets is given.
///
/// Examples:
///     pmhooks get 1234567
///     pmhooks get 1234567 1234568 -o json
///     pmhooks get 1234567 -o json --show-secrets > webhook.json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    target: WebhookIds,
}

/// Gets.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<Webhooks>()?;
    let ids = cx.ids_or_pick(&args.target.ids, "Which webhook?")?;
    let session = cx.session()?;
    let (found, failed) = several::apart(ids.iter().map(|id| {
        let got = session.client.get(*id);
        got.with_context(|| format!("cannot get webhook {id} of {}", session.place()))
    }));
    if found.is_empty() {
        return Err(several::none_of(failed, ids.len(), "shown"));
    }
    cx.show(&Webhooks { webhooks: found, single: ids.len() == 1 })?;
    if failed.is_empty() {
        return Ok(Exit::Done);
    }
    Err(several::partly(&failed, ids.len(), "shown"))
}
