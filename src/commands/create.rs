//! `create`: a new webhook, once.

mod describe;
mod questions;

use std::path::PathBuf;

use super::Context;
use super::webhooks::Webhooks;
use crate::commands::options::Confirm;
use crate::commands::options::parse::{quiet_with, stream_id};
use crate::commands::options::webhook::{WebhookArgs, idle_options};
use crate::error::{Exit, Invocation, Result, ResultExt as _};
use crate::ops::create::{self, Created};
use crate::postmark::{StreamId, Webhook};

/// Make a webhook
///
/// Sends only what is given; a trigger that is not named is off. Postmark first
/// probes the endpoint once for each trigger, and each probe must be answered
/// with exactly 200; with --no-verify the webhook is saved without, and gets no
/// events until it is verified.
///
/// A password is never given on the command line: --password and --secret-header
/// name its source (env:NAME, file:PATH, or - for standard input).
///
/// Examples:
///     pmhooks create --url https://hooks.example.com/pm --on bounce,click
///     pmhooks create --url https://hooks.example.com/pm --stream broadcast \
///         --on all --username postmark --password env:HOOK_PASSWORD
///     pmhooks create --from webhook.json --if-absent
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Take the webhook from a file, JSON or YAML; - is standard input; flags come on top
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Change nothing where the stream has a webhook with this URL already: show that one
    #[arg(long)]
    if_absent: bool,
    #[command(flatten)]
    confirm: Confirm,
    #[command(flatten)]
    webhook: WebhookArgs,
    /// The message stream; without it the profile's, or outbound
    #[arg(long, value_name = "ID", help_heading = "The webhook", value_parser = quiet_with(stream_id))]
    stream: Option<StreamId>,
}

/// Creates.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<Webhooks>()?;
    describe::check_stdin(args)?;
    cx.may_write(&args.confirm)?;
    let new = describe::describe(args, cx)?;
    let writer = cx.authorize(&args.confirm, None)?;
    let session = cx.session()?;
    let is_dry = args.confirm.dry_run;
    let show = |webhook| cx.show_run(&Webhooks::one(webhook), is_dry);
    let mut before = None;
    if args.if_absent {
        let webhooks =
            session.client.list(None).context("cannot see whether the webhook is there")?;
        let mut same = create::same_identity(&webhooks, &new);
        if let Some(webhook) = same.next().cloned() {
            let more = same.count();
            if !webhook.could_be(&new) {
                let edit = Invocation::new("edit").arg(webhook.id).render(&cx.target_options);
                cx.ui.warn(&format!(
                    "it is not in all as asked; compare it, and `{edit}` if need be"
                ));
            }
            let also = if more > 0 { format!(" (and {more} more like it)") } else { String::new() };
            cx.ui.note(&format!(
                "Webhook {} is there already{also}; nothing was changed.",
                webhook.id
            ));
            return show(webhook);
        }
        before = Some(webhooks.iter().map(|w| w.id).collect::<Vec<_>>());
    }
    for warning in idle_options(&new.triggers) {
        cx.ui.warn(&warning);
    }
    if new.is_silent() {
        cx.ui.warn("no trigger is on, so this webhook gets nothing; name some with --on");
    }
    let Some(writer) = writer else {
        cx.ui.note("Dry run: nothing was changed. This webhook would be made:");
        return show(new.would_be());
    };
    cx.ui.interrupts.go_gently();
    let created = create::create(&writer, &new, before.as_deref()).with_context(|| {
        format!("cannot create the webhook {} in {}", new.url.masked(), session.place())
    })?;
    let webhook = announce(created, cx);
    if webhook.status.as_deref() == Some("unverified") {
        cx.warn_unverified(webhook.id);
    }
    show(webhook)
}

fn announce(created: Created, cx: &Context) -> Webhook {
    match created {
        Created::Answered(webhook) => {
            cx.ui.note(&format!("Created webhook {}.", webhook.id));
            *webhook
        }
        Created::Found { webhook, maybe_older } => {
            let older = if maybe_older { ", unless it was there before" } else { "" };
            cx.ui.warn(&format!(
                "Postmark's answer was lost, but webhook {} is there: it was created{older}",
                webhook.id
            ));
            *webhook
        }
    }
}
