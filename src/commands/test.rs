//! `test`: sample events to a webhook's endpoint, judged as Postmark would judge the answers.

mod advice;
mod described;
mod prepare;
mod row;
mod send;
mod show;
mod tested;
mod view;

use super::{Context, batch};
use crate::commands::options::WebhooksOrAll;
use crate::commands::options::event::EventArgs;
use crate::commands::options::parse::{quiet_with, width};
use crate::commands::options::webhook::EndpointArgs;
use crate::error::{CommandError, Exit, Result};
use crate::term::Format;
use show::Printed;
use view::Tests;

/// Test an endpoint with sample events
///
/// Posts a sample of each enabled trigger's event to the webhook's own URL, from
/// this machine, as Postmark would: with its HttpAuth and headers, and a trace
/// ID. Says what Postmark would make of each answer, and what to look at where it
/// is not a delivery. Every sample says that it is a test; no Postmark token is
/// sent along.
///
/// With --url no webhook is needed, nor a profile or a token. With --check-auth
/// the endpoint must also refuse the event without credentials and with wrong
/// ones.
///
/// Examples:
///     pmhooks test 1234567
///     pmhooks test --all --check-auth
///     pmhooks test 1234567 --bounce-type SoftBounce --set Tag=welcome
///     pmhooks test 1234567 --event subscription-change \
///         --set SuppressSending=false --set SuppressionReason=null
///     pmhooks test --url http://localhost:3000/postmark --event all
///     pmhooks test --url http://localhost:3000/inbound --attachment-size 20MB
///     pmhooks test 1234567 --event bounce --print
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    target: WebhooksOrAll,
    /// The endpoint must also refuse the event without credentials and with wrong ones
    #[arg(long)]
    check_auth: bool,
    /// Show the bodies, and post nothing
    #[arg(long, conflicts_with_all = ["check_auth", "curl"])]
    print: bool,
    /// Show the commands that post the same with curl, and post nothing
    #[arg(long, conflicts_with = "check_auth")]
    curl: bool,
    /// How many events are posted at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = quiet_with(width))]
    concurrency: usize,
    #[command(flatten)]
    events: EventArgs,
    #[command(flatten)]
    endpoint: EndpointArgs,
}

/// Tests.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    if args.print {
        cx.check::<Printed>()?;
    } else {
        cx.check::<Tests>()?;
    }
    if args.curl && cx.ui.settings.format != Format::Table {
        return Err(CommandError::usage("--curl shows commands; it has no other --output"));
    }
    let (targets, failed) = prepare::targets(args, cx)?;
    if targets.is_empty() && !failed.is_empty() {
        let asked = failed.len();
        return Err(batch::all_failed(failed, asked, "tested"));
    }
    if targets.is_empty() {
        return Err(CommandError::new(Exit::NotFound, "there is no webhook to test"));
    }
    let exit = if args.print {
        show::bodies(&targets, cx)?
    } else if args.curl {
        show::commands(&targets, cx)?
    } else {
        send::all(&targets, args, cx)?
    };
    if failed.is_empty() {
        return Ok(exit);
    }
    Err(batch::some_failed(&failed, targets.len() + failed.len(), "tested"))
}
