//! The temporary webhook of a run.

mod said;

use super::Context;
use crate::commands::options::confirm::Confirm;
use crate::commands::options::parse::{quiet, quiet_with, stream_id};
use crate::commands::options::webhook::{TriggerArgs, idle_options};
use crate::commands::webhooks::triggers_text;
use crate::config::profile::ProfileName;
use crate::error::{CommandError, Result, ResultExt as _};
use crate::ops::receive::Listener;
use crate::ops::temporary_webhook::{self, NewTemporaryWebhook, ServerKey, TemporaryWebhook};
use crate::postmark::{HookUrl, StreamId, Writer};

/// The temporary webhook of a run.
#[derive(Debug, clap::Args)]
pub struct RegisterArgs {
    /// Make a webhook for the triggers of --on that posts here, and remove it at the end
    #[arg(long, requires = "public_url")]
    pub register: bool,
    /// Where Postmark reaches this listener: the tunnel's https address, path and query included
    #[arg(long, value_name = "URL", requires = "register", value_parser = quiet::<HookUrl>())]
    pub public_url: Option<HookUrl>,
    /// The message stream; without it the profile's, or outbound
    #[arg(long, value_name = "ID", requires = "register", value_parser = quiet_with(stream_id))]
    pub stream: Option<StreamId>,
    #[command(flatten)]
    pub triggers: TriggerArgs,
    /// Confirm the webhook on a protected profile by its name
    #[arg(long, value_name = "PROFILE", requires = "register", value_parser = quiet::<ProfileName>())]
    pub confirm: Vec<ProfileName>,
}

/// A temporary webhook, and the permission to create it.
pub struct Registration {
    place: ServerKey,
    pub wanted: NewTemporaryWebhook,
    writer: Writer,
}

/// What the flags want, where they want one; the profile's rules allow it then.
pub fn want(args: &RegisterArgs, cx: &Context) -> Result<Option<Registration>> {
    let Some(url) = args.public_url.clone().filter(|_| args.register) else {
        let refused = || CommandError::usage("the flags of triggers are for --register");
        return if args.triggers.is_empty() { Ok(None) } else { Err(refused()) };
    };
    if url.has_credentials() {
        let why = "--public-url has credentials in it; this run makes up its own";
        return Err(CommandError::usage(why));
    }
    if url.is_plain_http() && !url.is_loopback() {
        let why = "--public-url is http: what is posted, credentials too, could be read on the way";
        return Err(CommandError::usage(why).hint("give the tunnel's https address"));
    }
    let triggers = args.triggers.settings(None).map_err(CommandError::usage)?;
    if !triggers.iter().any(|(_, setting)| setting.enabled) {
        let why = "no trigger is on, so nothing would be posted";
        return Err(CommandError::usage(why).hint("name some: --on bounce,delivery, or --on all"));
    }
    for warning in idle_options(&triggers) {
        cx.ui.warn(&warning);
    }
    let confirm = Confirm { confirm: args.confirm.clone(), dry_run: false };
    cx.may_write(&confirm)?;
    let writer = cx.write(&args.confirm, None)?;
    let session = cx.session()?;
    let place = ServerKey::of(session).context("cannot see which server this is")?;
    let stream = args.stream.clone();
    let stream = stream.or_else(|| session.target.profile().and_then(|p| p.stream.clone()));
    let wanted = NewTemporaryWebhook::new(place.clone(), url, stream, triggers)?;
    Ok(Some(Registration { place, wanted, writer }))
}

/// Removes what earlier runs have left behind, then makes the webhook. What comes meanwhile are probes.
pub fn make(
    Registration { place, wanted, writer }: &Registration,
    receiving: &Listener,
    cx: &Context,
) -> Result<TemporaryWebhook> {
    let session = cx.session()?;
    match temporary_webhook::clean_up(writer, place) {
        Ok(swept) => {
            for swept in &swept {
                said::swept(swept, cx);
            }
        }
        Err(error) => {
            let what = "cannot look for the temporary webhooks of earlier runs";
            cx.ui.warn(&format!("{what}: {error}"));
        }
    }
    receiving.set_verifying(true);
    let made = wanted.create(writer);
    receiving.set_verifying(false);
    let place = session.place();
    let url = wanted.request.url.masked();
    let made = made.map_err(|error| said::refused(error, &url, receiving.address(), cx))?;
    let webhook = &made.webhook;
    if made.was_looked_up {
        cx.ui.warn(&format!("Postmark's answer was lost, but webhook {} is there", webhook.id));
    }
    cx.ui.note(&format!(
        "Made the temporary webhook {} of stream {} in {place} ({}): {url} leads here.",
        webhook.id,
        webhook.message_stream,
        triggers_text(webhook),
    ));
    if webhook.status.as_deref() == Some("unverified") {
        cx.ui.warn("the webhook is not verified: it gets no events until it is");
    }
    Ok(made)
}

/// Removes the webhook at the end.
pub fn remove(temporary: TemporaryWebhook, cx: &Context) -> Result<()> {
    let id = temporary.webhook.id;
    temporary.delete().map_err(|error| said::kept(error, id, cx))?;
    cx.ui.note(&format!("Removed the temporary webhook {id}."));
    Ok(())
}
