//! `list`: the webhooks of a server.

use anyhow::{Context as _, Result};

use super::Context;
use crate::args::target::StreamFilter;
use crate::failure::Exit;
use crate::ui::Webhooks;

/// List the webhooks of a server
///
/// Lists all of them, or those of one message stream. A stream that does not
/// exist is an error, not an empty list.
///
/// Examples:
///     pmhooks list
///     pmhooks list --stream broadcast
///     pmhooks list --columns id,url,status
///     pmhooks list -o ids | xargs -r pmhooks get -o json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment, visible_alias = "ls")]
pub struct Args {
    #[command(flatten)]
    filter: StreamFilter,
}

/// Lists.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<Webhooks>()?;
    let session = cx.session()?;
    let webhooks = session
        .client
        .list(args.filter.stream.as_ref())
        .with_context(|| format!("cannot list the webhooks of {}", session.place()))?;
    cx.show(&Webhooks::list(webhooks, cx.reveal()))
}
