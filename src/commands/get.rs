//! `get`: webhooks by their IDs.

use anyhow::{Context as _, Error, Result};

use super::Context;
use crate::args::target::WebhookIds;
use crate::failure::{Exit, Failure, explain};
use crate::ui::Webhooks;

/// Show webhooks
///
/// Shows everything that Postmark says of a webhook. Passwords and header values are
/// masked unless --show-secrets is given.
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
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    for id in &ids {
        let got = session.client.get(*id);
        match got.with_context(|| format!("cannot get webhook {id} of {}", session.place())) {
            Ok(webhook) => found.push(webhook),
            Err(error) => failed.push(error),
        }
    }
    if found.is_empty() {
        return Err(none_of(failed, ids.len()));
    }
    let single = ids.len() == 1;
    let view = Webhooks { single, ..Webhooks::list(found, cx.reveal()) };
    cx.show(&view)?;
    if failed.is_empty() {
        return Ok(Exit::Done);
    }
    let message = format!("{} of {} webhooks could not be shown", failed.len(), ids.len());
    Err(Failure { causes: sentences(&failed), ..Failure::new(Exit::PartlyDone, message) }.into())
}

/// Where nothing went well, a single failure is itself, and of several the first decides what the run
/// ends with.
fn none_of(mut failed: Vec<Error>, asked: usize) -> Error {
    if failed.len() == 1 {
        return failed.remove(0);
    }
    let message = format!("none of the {asked} webhooks could be shown");
    let first = failed.first().map_or_else(|| Failure::usage("there is no ID"), explain);
    Failure { message, causes: sentences(&failed), ..first }.into()
}

fn sentences(failed: &[Error]) -> Vec<String> {
    failed.iter().map(|error| format!("{error:#}")).collect()
}
