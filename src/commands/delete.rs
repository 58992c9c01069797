//! `delete`: webhooks for good, with a way back.

mod outcomes;

use std::path::Path;

use super::{Context, webhooks};
use crate::commands::options::Confirm;
use crate::commands::options::WebhookIds;
use crate::error::{CommandError, Exit, Result, ResultExt as _};
use crate::ops::backup;
use crate::postmark::{Webhook, Writer};
use outcomes::DeleteReport;

/// Delete webhooks
///
/// Shows what will go and asks. Each definition is first written to a private
/// file, with its secrets, so that `pmhooks create --from FILE` can bring it
/// back, under a new ID. Of several webhooks all are tried, and each is reported.
///
/// Examples:
///     pmhooks delete 1234567
///     pmhooks delete 1234567 1234568 --yes
///     pmhooks delete 1234567 --yes --ignore-missing
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    target: WebhookIds,
    /// A webhook that does not exist is no failure
    #[arg(long)]
    ignore_missing: bool,
    #[command(flatten)]
    confirm: Confirm,
}

/// Deletes.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<DeleteReport>()?;
    if args.target.ids.is_empty() {
        cx.ui.must_ask("the webhook's ID", super::context::webhook_id())?;
    }
    cx.can_confirm(&args.confirm)?;
    let ids = cx.ids_or_pick(&args.target.ids, "Which webhook is to be deleted?")?;
    let session = cx.session()?;
    let (mut there, mut outcomes) =
        (Vec::new(), DeleteReport::new(args.confirm.dry_run, cx.ui.settings.quiet));
    for id in &ids {
        match session.client.get(*id) {
            Ok(webhook) => there.push(webhook),
            Err(error) if args.ignore_missing && error.is_not_found() => outcomes.missing(*id),
            Err(error) => {
                let what = format!("cannot get webhook {id} of {}", session.place());
                outcomes.failed(*id, CommandError::from(error).context(what));
            }
        }
    }
    if !there.is_empty() {
        let writer = confirm(&there, &args.confirm, cx)?;
        let place = session.target.name().map_or("environment".to_owned(), |name| name.to_string());
        let folder = backup::folder()?;
        cx.ui.interrupts.go_gently();
        for (index, webhook) in there.iter().enumerate() {
            cx.ui.progress(&format!("Deleting {} of {}…", index + 1, there.len()));
            let Some(writer) = &writer else {
                outcomes.done(webhook.id, "would be deleted".to_owned(), None);
                continue;
            };
            if cx.ui.interrupts.is_asked() {
                outcomes.not_reached(webhook.id);
            } else {
                match delete(webhook, writer, &folder, &place, cx) {
                    Ok((message, backup)) => outcomes.done(webhook.id, message, Some(backup)),
                    Err(error) => outcomes.failed(webhook.id, error),
                }
            }
        }
    }
    outcomes.finish(&ids, cx)
}

fn confirm(there: &[Webhook], confirm: &Confirm, cx: &Context) -> Result<Option<Writer>> {
    let would = if confirm.dry_run { "Dry run: would delete" } else { "About to delete" };
    for w in there {
        let triggers = webhooks::triggers_text(w);
        let url = w.url.masked();
        cx.ui.note(&format!(
            "{would} webhook {} of stream {}: {url} ({triggers})",
            w.id, w.message_stream
        ));
    }
    let question = match there {
        [one] => format!("Delete webhook {} of {}?", one.id, cx.session()?.place()),
        all => format!("Delete these {} webhooks of {}?", all.len(), cx.session()?.place()),
    };
    cx.authorize(confirm, Some(&question))
}

fn delete(
    webhook: &Webhook,
    writer: &Writer,
    folder: &Path,
    place: &str,
    cx: &Context,
) -> Result<(String, String)> {
    let id = webhook.id;
    let kept = backup::keep(folder, place, webhook)
        .with_context(|| format!("webhook {id} was not deleted: its definition cannot be kept"))?;
    let session = cx.session()?;
    let deleted = writer.delete(id).map_err(|error| {
        let place = session.place();
        let what = if error.is_in_doubt() {
            format!(
                "outcome unknown: webhook {id} of {place} may have been deleted; \
                 its definition is kept in {}",
                kept.display()
            )
        } else {
            format!("cannot delete webhook {id} of {place}")
        };
        CommandError::from(error).context(what)
    })?;
    let path = kept.display().to_string();
    let again = cx.target_options.of(session.target.name());
    cx.ui.note(&format!(
        "Deleted webhook {id}. Bring it back with: {again} create --from {}",
        shell_words::quote(&path)
    ));
    Ok((deleted.message, path))
}
