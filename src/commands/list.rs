//! `list`: the webhooks of a server, or of several.

use super::Context;
use super::webhooks::Webhooks;
use crate::commands::options::StreamFilter;
use crate::error::{Exit, Result, ResultExt as _};
use crate::term::ByProfile;

/// List the webhooks of a server
///
/// Lists all of them, or those of one message stream. A stream that does not
/// exist is an error, not an empty list.
///
/// Of several profiles all are listed, and it is said whose each webhook is. A
/// profile that fails does not hide the others; the run then ends with 7.
///
/// Examples:
///     pmhooks list
///     pmhooks list --stream broadcast
///     pmhooks list -p staging,production
///     pmhooks list --all-profiles --columns profile,id,url
///     pmhooks list --columns id,url,status
///     pmhooks list -o ids | xargs -r pmhooks get -o json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    filter: StreamFilter,
}

/// Lists.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<ByProfile<Webhooks>>()?;
    let stream = args.filter.stream.as_ref();
    let batch = cx.each("listed", |session| {
        let webhooks = session.client.list(stream);
        webhooks.with_context(|| format!("cannot list the webhooks of {}", session.place()))
    })?;
    batch.show(cx, Webhooks::list)
}
