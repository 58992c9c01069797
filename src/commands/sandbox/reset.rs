//! `sandbox reset`: back to the two examples.

use crate::commands::Context;
use crate::commands::webhooks::Webhooks;
use crate::error::{CommandError, Exit, Result, ResultExt as _};
use crate::ops::session::sandbox_state;
use crate::postmark::Webhook;
use crate::sandbox;

/// Put the sandbox's two example webhooks back
///
/// Everything else in the sandbox is gone afterwards, its other servers too.
///
/// Examples:
///     pmhooks sandbox reset
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {}

/// Resets.
pub fn run(_: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<Webhooks>()?;
    let examples = sandbox::reset(&sandbox_state()?).context("cannot reset the sandbox")?;
    let webhooks: Result<Vec<Webhook>, _> =
        examples.into_iter().map(serde_json::from_value).collect();
    let webhooks = webhooks.map_err(|error| {
        CommandError::internal("the sandbox's examples are not webhooks")
            .with_causes([error.to_string()])
    })?;
    cx.ui.note("The sandbox is as it was at first:");
    cx.show(&Webhooks::list(webhooks))
}
