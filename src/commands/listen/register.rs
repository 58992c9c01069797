//! The temporary webhook of a run.

use anyhow::{Context as _, Result};

use super::Context;
use crate::args::confirm::Confirm;
use crate::args::parse::quiet;
use crate::args::webhook::{TriggerArgs, idle_options};
use crate::failure::Failure;
use crate::model::{HookUrl, ProfileName, StreamId};
use crate::ops::create::CreateError;
use crate::ops::receive::Receiving;
use crate::ops::temporary::{self, Place, Swept, Temporary, TemporaryError, Wanted};
use crate::ui::webhooks::triggers_text;

/// The temporary webhook of a run.
#[derive(Debug, clap::Args)]
pub struct RegisterArgs {
    /// Make a webhook that posts here, and remove it at the end; for --on
    #[arg(long, requires = "public_url")]
    pub register: bool,
    /// Where Postmark reaches this listener: the tunnel's https address, path and query included
    #[arg(long, value_name = "URL", requires = "register", value_parser = quiet::<HookUrl>())]
    pub public_url: Option<HookUrl>,
    /// The message stream; without it the profile's, or outbound
    #[arg(long, value_name = "ID", requires = "register", value_parser = quiet::<StreamId>())]
    pub stream: Option<StreamId>,
    #[command(flatten)]
    pub triggers: TriggerArgs,
    /// Confirm the webhook on a protected profile by its name
    #[arg(long, value_name = "PROFILE", requires = "register", value_parser = quiet::<ProfileName>())]
    pub confirm: Vec<ProfileName>,
}

/// What the flags want, where they want one; the profile's rules allow it then.
pub fn want(args: &RegisterArgs, cx: &Context) -> Result<Option<(Place, Wanted)>> {
    let Some(url) = args.public_url.clone().filter(|_| args.register) else {
        let refused = || Failure::usage("the flags of triggers are for --register");
        return if args.triggers.is_empty() { Ok(None) } else { Err(refused().into()) };
    };
    if url.has_credentials() {
        let why = "--public-url has credentials in it; this run makes up its own";
        return Err(Failure::usage(why).into());
    }
    if url.is_plain_http() && !url.is_loopback() {
        let why = "--public-url is http: what is posted, credentials too, could be read on the way";
        return Err(Failure::usage(why).hint("give the tunnel's https address").into());
    }
    let triggers = args.triggers.settings(None).map_err(Failure::usage)?;
    if !triggers.iter().any(|(_, setting)| setting.enabled) {
        let why = "no trigger is on, so nothing would be posted";
        return Err(Failure::usage(why)
            .hint("name some: --on bounce,delivery, or --on all")
            .into());
    }
    idle_options(&triggers).iter().for_each(|warning| cx.ui.warn(warning));
    let confirm = Confirm { confirm: args.confirm.clone(), dry_run: false };
    cx.may_write(&confirm)?;
    cx.authorise(&confirm, None)?;
    let session = cx.session()?;
    let place = Place::of(session).context("cannot see which server this is")?;
    let stream = args.stream.clone();
    let stream = stream.or_else(|| session.target.profile().and_then(|p| p.stream.clone()));
    let wanted = temporary::want(place.clone(), url, stream, triggers)?;
    Ok(Some((place, wanted)))
}

/// Removes what earlier runs have left behind, then makes the webhook. What comes meanwhile are probes.
pub fn make(
    (place, wanted): &(Place, Wanted),
    receiving: &Receiving,
    cx: &Context,
) -> Result<Temporary> {
    let session = cx.session()?;
    match temporary::sweep(&session.client, place) {
        Ok(swept) => swept.iter().for_each(|swept| tell(swept, cx)),
        Err(error) => {
            cx.ui.warn(&format!("cannot look for the temporary webhooks of earlier runs: {error}"))
        }
    }
    receiving.probing(true);
    let made = temporary::make(&session.client, wanted);
    receiving.probing(false);
    let place = session.place();
    let url = wanted.new.url.masked();
    let made = made.map_err(|error| refused(error, &url, &place, receiving, cx))?;
    let webhook = &made.webhook;
    if made.was_found {
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

fn tell(swept: &Swept, cx: &Context) {
    match swept {
        Swept::Removed(id) => {
            cx.ui.note(&format!("Removed webhook {id}, which an earlier run had left behind."));
        }
        Swept::Foreign(id) => cx.ui.warn(&format!(
            "webhook {id} has not the mark of the temporary one that had its ID: it was left alone"
        )),
        Swept::Kept(path, error) => cx.ui.warn(&format!(
            "a temporary webhook of an earlier run was not removed: {error}; the next start tries again ({})",
            path.display()
        )),
    }
}

fn refused(
    error: TemporaryError,
    url: &str,
    place: &str,
    receiving: &Receiving,
    cx: &Context,
) -> anyhow::Error {
    let is_open = matches!(
        error,
        TemporaryError::Create(CreateError::NotCreated(_) | CreateError::Unknown { .. })
    );
    let what = format!("cannot make the temporary webhook {url} in {place}");
    let mut failure = cx.explain(&anyhow::Error::from(error).context(what));
    if failure.error_code == Some(1364) {
        let address = receiving.address();
        failure.hints = vec![
            format!("is the tunnel running, and does it lead to {address}?"),
            format!("see what it answers: `pmhooks test --url {}`", shell_words::quote(url)),
        ];
    }
    if is_open {
        failure = failure.hint("if it appears, the next `pmhooks listen --register` removes it");
    }
    failure.into()
}

/// Removes the webhook at the end.
pub fn remove(temporary: Temporary, cx: &Context) -> Result<()> {
    let id = temporary.webhook.id;
    let session = cx.session()?;
    if let Err(error) = temporary.remove(&session.client) {
        let what = format!("the temporary webhook {id} of {} was not removed", session.place());
        return Err(cx
            .explain(&anyhow::Error::from(error).context(what))
            .hint(format!("remove it: `pmhooks delete {id}`"))
            .hint("or start `pmhooks listen --register` again: it removes what was left behind")
            .into());
    }
    cx.ui.note(&format!("Removed the temporary webhook {id}."));
    Ok(())
}
