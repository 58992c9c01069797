//! `sandbox reset`: puts the first state back.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::webhooks::Webhooks;
use crate::error::{CommandError, Exit, Result, ResultExt as _};
use crate::ops::emulator::Emulator;
use crate::ops::session::sandbox_state;
use crate::postmark::Webhook;
use crate::sandbox::{self, SandboxError};

/// Reset the sandbox to its two example webhooks
///
/// Removes everything else: other servers, mail, suppressions, events.
///
/// Examples:
///     pmhooks sandbox reset
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Address of the sandbox [default: the running server, else the state]
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<SocketAddr>,
}

pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<Webhooks>()?;
    let failed = "cannot reset the sandbox";
    let state = sandbox_state()?;
    let running = match args.address.map_or_else(|| sandbox::reset(&state).map(Some), |_| Ok(None))
    {
        Err(SandboxError::InUse { address: Some(address), .. }) => Some(address),
        Err(error) => return Err(error).context(failed),
        Ok(Some(examples)) => return show(examples, cx),
        Ok(None) => args.address,
    };
    let emulator = Emulator::open(running, cx.net.clone()).context(failed)?;
    let answer = emulator.post("/_sandbox/reset", &json!({})).context(failed)?;
    let examples = answer.get("Webhooks").and_then(Value::as_array);
    show(examples.cloned().unwrap_or_default(), cx)
}

fn show(examples: Vec<Value>, cx: &Context) -> Result<Exit> {
    let webhooks: Result<Vec<Webhook>, _> =
        examples.into_iter().map(serde_json::from_value).collect();
    let webhooks = webhooks.map_err(|error| {
        CommandError::internal("the sandbox's examples are not webhooks")
            .with_causes([error.to_string()])
    })?;
    cx.ui.note("Sandbox reset.");
    cx.show(&Webhooks::list(webhooks))
}
