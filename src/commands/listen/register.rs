//! The temporary webhook of `listen --register`.

use std::net::SocketAddr;

use super::Context;
use crate::commands::options::Confirm;
use crate::commands::options::parse::{quiet, quiet_with, stream_id};
use crate::commands::options::webhook::{TriggerArgs, idle_options};
use crate::commands::webhooks::triggers_text;
use crate::config::profile::ProfileName;
use crate::error::{CommandError, Hint, Invocation, Result, ResultExt as _};
use crate::ops::create::CreateError;
use crate::ops::receive::Listener;
use crate::ops::session::Session;
use crate::ops::temporary_webhook::{
    self, CleanUp, NewTemporaryWebhook, ServerKey, TemporaryError, TemporaryWebhook,
};
use crate::postmark::{HookUrl, StreamId, WebhookId, Writer};

/// Options of the temporary webhook.
#[derive(Debug, clap::Args)]
pub(super) struct RegisterArgs {
    /// Create a webhook for --public-url, and delete it at the end
    #[arg(long, requires = "public_url")]
    register: bool,
    /// URL at which Postmark reaches this listener, such as the https URL of a tunnel
    #[arg(long, value_name = "URL", requires = "register", value_parser = quiet::<HookUrl>())]
    public_url: Option<HookUrl>,
    /// Message stream [default: the profile's, else outbound]
    #[arg(long, value_name = "ID", requires = "register", value_parser = quiet_with(stream_id))]
    stream: Option<StreamId>,
    #[command(flatten)]
    triggers: TriggerArgs,
    /// Confirm the webhook on a protected profile by its name
    #[arg(long, value_name = "PROFILE", requires = "register", value_parser = quiet::<ProfileName>())]
    confirm: Vec<ProfileName>,
}

/// A temporary webhook that may be created.
pub(super) struct Registration {
    server: ServerKey,
    pub(super) webhook: NewTemporaryWebhook,
    writer: Writer,
}

/// Checks the options and the guards of the profile. `None` without `--register`.
pub(super) fn prepare(args: &RegisterArgs, cx: &Context) -> Result<Option<Registration>> {
    let Some(url) = args.public_url.clone().filter(|_| args.register) else {
        let misplaced = "the options of triggers require --register";
        return if args.triggers.is_empty() {
            Ok(None)
        } else {
            Err(CommandError::usage(misplaced))
        };
    };
    if url.has_credentials() {
        return Err(CommandError::usage(
            "--public-url has credentials; this run generates its own",
        ));
    }
    if url.is_plain_http() && !url.is_loopback() {
        return Err(CommandError::usage(
            "--public-url is http: events and credentials could be read on the way",
        )
        .hint("use the https URL of the tunnel"));
    }
    let triggers = args.triggers.settings(None).map_err(CommandError::usage)?;
    if !triggers.iter().any(|(_, setting)| setting.enabled) {
        return Err(CommandError::usage("no trigger is on, so Postmark would post nothing")
            .hint("name triggers: --on bounce,delivery, or --on all"));
    }
    for warning in idle_options(&triggers) {
        cx.ui.warn(&warning);
    }
    let confirm = Confirm { confirm: args.confirm.clone(), dry_run: false };
    cx.may_write(&confirm)?;
    let writer = cx.write(&args.confirm, None)?;
    let session = cx.session()?;
    let server = ServerKey::of(session).context("cannot identify the server")?;
    let stream = args.stream.clone();
    let stream = stream.or_else(|| session.target.profile().and_then(|p| p.stream.clone()));
    let webhook = NewTemporaryWebhook::new(server.clone(), url, stream, triggers)?;
    Ok(Some(Registration { server, webhook, writer }))
}

/// Deletes what earlier runs left behind, then creates the webhook. Requests that arrive meanwhile are
/// Postmark's verification.
pub(super) fn create(
    registration: &Registration,
    listener: &Listener,
    cx: &Context,
) -> Result<TemporaryWebhook> {
    let Registration { server, webhook, writer } = registration;
    let session = cx.session()?;
    match temporary_webhook::clean_up(writer, server) {
        Ok(outcomes) => outcomes.iter().for_each(|outcome| report_clean_up(outcome, cx)),
        Err(error) => {
            let attempt = "cannot look for the temporary webhooks of earlier runs";
            cx.ui.warn(&format!("{attempt}: {error}"));
        }
    }
    listener.set_verifying(true);
    let created = webhook.create(writer);
    listener.set_verifying(false);
    let place = session.place();
    let url = webhook.request.url.masked();
    let created = created.map_err(|error| not_created(error, &url, listener.address(), cx))?;
    let webhook = &created.webhook;
    if created.was_looked_up {
        cx.ui
            .warn(&format!("Postmark's response was lost, but webhook {} was created", webhook.id));
    }
    cx.ui.note(&format!(
        "Created temporary webhook {} of stream {} in {place} ({}) for {url}.",
        webhook.id,
        webhook.message_stream,
        triggers_text(webhook),
    ));
    if webhook.status.as_deref() == Some("unverified") {
        cx.ui.warn("the webhook is not verified: Postmark sends no events until it is");
    }
    Ok(created)
}

/// Deletes the webhook at the end.
pub(super) fn delete(temporary: TemporaryWebhook, cx: &Context) -> Result<()> {
    let id = temporary.webhook.id;
    temporary.delete().map_err(|error| not_deleted(error, id, cx))?;
    cx.ui.note(&format!("Deleted temporary webhook {id}."));
    Ok(())
}

fn report_clean_up(outcome: &CleanUp, cx: &Context) {
    match outcome {
        CleanUp::Deleted(id) => {
            cx.ui.note(&format!("Deleted temporary webhook {id} of an earlier run."));
        }
        CleanUp::Unmarked(id) => cx.ui.warn(&format!(
            "webhook {id} was left alone: it has the ID, but not the marker of a temporary webhook"
        )),
        CleanUp::Failed(path, error) => cx.ui.warn(&format!(
            "a temporary webhook of an earlier run was not deleted: {error}; the next start retries ({})",
            path.display()
        )),
    }
}

fn not_created(
    error: TemporaryError,
    url: &str,
    address: SocketAddr,
    cx: &Context,
) -> CommandError {
    let is_unknown = matches!(
        error,
        TemporaryError::Create(CreateError::NotCreated(_) | CreateError::Unknown { .. })
    );
    let place = cx.session.get().map(Session::place).unwrap_or_default();
    let attempt = format!("cannot create the temporary webhook {url} in {place}");
    let mut error = cx.explain(CommandError::from(error).context(attempt));
    if error.diagnosis().error_code == Some(1364) {
        error = error.with_hints(vec![
            format!("is the tunnel running, and does it lead to {address}?").into(),
            Hint::command(
                "see the answers of the endpoint",
                Invocation::new("test --url").arg(url),
            ),
        ]);
    }
    if is_unknown {
        error = error.hint(
            Hint::from("if it appears, the next ").run("listen --register").text(" deletes it"),
        );
    }
    error
}

fn not_deleted(error: TemporaryError, id: WebhookId, cx: &Context) -> CommandError {
    let place = cx.session.get().map(Session::place).unwrap_or_default();
    let attempt = format!("cannot delete the temporary webhook {id} of {place}");
    cx.explain(CommandError::from(error).context(attempt))
        .hint(Hint::command("delete it", Invocation::new("delete").arg(id)))
        .hint(
            Hint::from("or run ")
                .run("listen --register")
                .text(" again: it deletes what earlier runs left behind"),
        )
}
