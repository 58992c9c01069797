//! `edit`: only what changes, in place.

mod editor;
mod flags;

use super::Context;
use super::changes::ChangeReport;
use super::webhooks::Webhooks;
use crate::commands::options::Confirm;
use crate::commands::options::OneWebhookId;
use crate::commands::options::webhook::{WebhookArgs, idle_options};
use crate::error::{CommandError, Exit, Hint, Invocation, Result, ResultExt as _};
use crate::ops::change;
use crate::ops::edit::{self, Edited};
use crate::postmark::{Webhook, WebhookId, WebhookPatch};

/// Change a webhook
///
/// Sends only what changes; everything else stays as it is. Shows each field
/// before and after. Postmark probes the endpoint again where the URL or the
/// triggers change; if a probe fails, nothing is changed. A webhook's stream
/// cannot be changed.
///
/// Examples:
///     pmhooks edit 1234567 --url https://hooks.example.com/v2
///     pmhooks edit 1234567 --on bounce --include-content bounce --off open
///     pmhooks edit 1234567 --username postmark --password file:/run/secrets/pw
///     pmhooks edit 1234567 --header 'X-Env: staging' --remove-header X-Old
///     pmhooks edit 1234567 --editor
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    target: OneWebhookId,
    /// Edit the webhook as YAML, with the program in VISUAL or EDITOR; so too on a terminal where
    /// no change is given
    #[arg(long)]
    editor: bool,
    #[command(flatten)]
    confirm: Confirm,
    #[command(flatten)]
    webhook: WebhookArgs,
    /// Send no credentials any more
    #[arg(long, conflicts_with_all = ["username", "password"])]
    no_http_auth: bool,
    /// A header to send no more; can be repeated
    #[arg(long, value_name = "NAME")]
    remove_header: Vec<String>,
    /// Send no headers any more
    #[arg(long, conflicts_with = "remove_header")]
    no_headers: bool,
    /// The stream of a webhook cannot be changed
    #[arg(long, value_name = "ID", hide = true)]
    stream: Option<String>,
}

/// Edits.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<ChangeReport<Webhooks>>()?;
    if args.stream.is_some() {
        return Err(fixed_stream());
    }
    let is_empty = args.is_empty();
    // As with kubectl: somebody at a terminal who gives no change makes it in the editor.
    let in_editor = args.editor || (is_empty && cx.ui.settings.may_ask);
    if !in_editor && is_empty {
        return Err(CommandError::usage("nothing to change is given").hint(
            Hint::from("say what to change, as in --on bounce, or take --editor; see ")
                .run("edit --help"),
        ));
    }
    if in_editor && !is_empty {
        return Err(CommandError::usage("--editor takes no other change beside it"));
    }
    cx.may_write(&args.confirm)?;
    let editor = if in_editor { Some(editor::program(cx)?) } else { None };
    let given = args.given(cx)?;
    let id = match args.target.id {
        Some(id) => id,
        None => cx.pick("Which webhook is to be changed?")?,
    };
    let session = cx.session()?;
    let webhook = session.client.get(id);
    let webhook =
        webhook.with_context(|| format!("cannot get webhook {id} of {}", session.place()))?;
    let wish = match editor {
        Some(program) => editor::wish(&webhook, &program, cx)?,
        None => args.wish(&webhook, given)?,
    };
    let patch = WebhookPatch { verify: !args.webhook.no_verify, ..edit::needed(&webhook, wish) };
    let after = patch.applied_to(&webhook);
    let is_dry = args.confirm.dry_run;
    let show = |after: Webhook| {
        let changes = change::of_webhooks(&webhook, &after, cx.reveal());
        let after = Webhooks::one(after);
        cx.show_run(&ChangeReport { after, changes, shows_unchanged: false }, is_dry)
    };
    let newly = patch.triggers.iter().filter(|(t, _)| !webhook.triggers.get(*t).option(*t));
    for warning in idle_options(&newly.cloned().collect::<Vec<_>>()) {
        cx.ui.warn(&warning);
    }
    if patch.is_empty() {
        cx.ui.note(&format!("Webhook {id} is so already; nothing was sent."));
        return show(webhook.clone());
    }
    let Some(writer) = cx.authorize(&args.confirm, None)? else {
        cx.ui.note(&format!("Dry run: nothing was changed. Webhook {id} would change:"));
        return show(after);
    };
    cx.ui.interrupts.go_gently();
    let edited = edit::edit(&writer, id, &patch).map_err(|error| {
        let place = session.place();
        let what = if error.is_in_doubt() {
            format!("outcome unknown: webhook {id} of {place} may have been changed")
        } else {
            format!("cannot change webhook {id} of {place}")
        };
        CommandError::from(error).context(what)
    })?;
    match edited {
        Edited::Done(webhook) => {
            for field in change::of_webhooks(&webhook, &after, cx.reveal()) {
                cx.ui.warn(&format!(
                    "Postmark took the change, but {} is not as asked: {}",
                    field.path,
                    field.shown_from()
                ));
            }
            cx.ui.note(&format!("Changed webhook {id}:"));
            if args.webhook.no_verify && webhook.status.as_deref() == Some("unverified") {
                cx.warn_unverified(id);
            }
            show(webhook)
        }
        Edited::AuthStays(webhook) => {
            let only = WebhookPatch { http_auth: None, ..patch }.is_empty();
            show(webhook)?;
            Err(auth_stays(id, only))
        }
    }
}

fn fixed_stream() -> CommandError {
    CommandError::usage("the stream of a webhook cannot be changed")
        .hint(Hint::command(
            "make it anew on another",
            Invocation::new("get ID -o json --show-secrets")
                .pipe("create --from - --stream STREAM".into()),
        ))
        .hint(Hint::command("then delete the old one", "delete ID"))
}

fn auth_stays(id: WebhookId, only: bool) -> CommandError {
    let exit = if only { Exit::Refused } else { Exit::PartlyDone };
    CommandError::new(
        exit,
        format!("Postmark took the change, but webhook {id} still sends its credentials"),
    )
    .hint("the API has no documented way to remove them; Postmark's web page has")
    .hint(
        Hint::from("or make it anew: ")
            .run(Invocation::new("get").arg(id).args(["-o", "json", "--show-secrets"]))
            .text(", ")
            .run("create --from FILE")
            .text(", ")
            .run(Invocation::new("delete").arg(id)),
    )
}
