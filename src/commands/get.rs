//! `get`: webhooks by their IDs.

use anyhow::{Context as _, Error, Result};

use super::Context;
use crate::args::target::WebhookIds;
use crate::failure::{Exit, Failure, explain};
use crate::ui::Webhooks;

/// Show webhooks
///
/// Shows everything that Postmark says of a webhook. Passwords and header values are masked
/// unless --show-secrets is given.
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
        return Err(together(failed));
    }
    let single = ids.len() == 1;
    let view = Webhooks { single, ..Webhooks::list(found, cx.reveal()) };
    cx.show(&view)?;
    if failed.is_empty() { Ok(Exit::Done) } else { Err(partly(&failed, ids.len()).into()) }
}

/// The first failure stands for all, where nothing went well.
fn together(mut failed: Vec<Error>) -> Error {
    if failed.len() == 1 {
        return failed.remove(0);
    }
    let mut all = failed.iter().map(explain);
    let first = all.next().unwrap_or_else(|| Failure::usage("there is no ID"));
    let causes = all.map(|f| f.message).collect();
    Failure { causes, ..first }.into()
}

fn partly(failed: &[Error], of: usize) -> Failure {
    let mut failure = Failure::new(
        Exit::PartlyDone,
        format!("{} of {of} webhooks could not be shown", failed.len()),
    );
    failure.causes = failed.iter().map(|error| format!("{error:#}")).collect();
    failure
}
