//! `get`: webhooks by their IDs.

use super::webhooks::Webhooks;
use super::{Context, batch};
use crate::commands::options::WebhookIds;
use crate::error::{Exit, Result};

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

pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<Webhooks>()?;
    let ids = cx.ids_or_pick(&args.target.ids, "Which webhook?")?;
    let (webhooks, failed) = batch::get_webhooks(&ids, cx.session()?);
    if webhooks.is_empty() {
        return Err(batch::all_failed(failed, ids.len(), "shown"));
    }
    cx.show(&Webhooks { webhooks, single: ids.len() == 1 })?;
    if failed.is_empty() {
        return Ok(Exit::Done);
    }
    Err(batch::some_failed(&failed, ids.len(), "shown"))
}
