//! `rotate-auth`: other credentials for many webhooks, without losing an event.

mod advise;
mod check;
mod finish;
mod fresh;
mod rotation;
mod view;

use std::path::PathBuf;

use super::{Context, batch};
use crate::commands::options::Confirm;
use crate::commands::options::WebhooksOrAll;
use crate::commands::options::parse::quiet;
use crate::commands::options::webhook::SecretHeader;
use crate::config::source::SecretSource;
use crate::error::{Exit, Result, ResultExt as _};
use crate::ops::apply;
use crate::ops::rotate::{self, Turn};
use rotation::Rotation;

const ALONE: &str = "cannot begin: only one command at a time may change many webhooks of a server";

/// Change the credentials of webhooks without losing an event
///
/// An endpoint that refuses an event loses it for good. So first let the
/// endpoints take the new credentials besides the old ones. This command proves
/// that they do: it posts a sample event to each endpoint, with the new, the old
/// and with wrong credentials, as `pmhooks test` would. If one fails, nothing is
/// changed. Then the webhooks are changed one by one; at the first failure those
/// that were changed get the old credentials again.
///
/// Ctrl-C finishes the webhook that is under way and changes no more; what is
/// done stays, since either secret is good, and the same command goes on there.
/// A dry run posts the sample events too.
///
/// Examples:
///     pmhooks rotate-auth 1234567 --password file:/run/secrets/new --dry-run
///     pmhooks rotate-auth --all --password env:NEW_HOOK_PASSWORD --yes
///     pmhooks rotate-auth --all --generate --password-out new-password
///     pmhooks rotate-auth --all --secret-header X-Hook-Token=env:NEW_TOKEN
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    target: WebhooksOrAll,
    /// The new user name; without it each webhook keeps its own
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Where the new password is: env:NAME, file:PATH, or - for standard input; on a terminal it
    /// is asked for
    #[arg(long, value_name = "SOURCE", value_parser = quiet::<SecretSource>())]
    password: Option<SecretSource>,
    /// Make the new password up; it is shown nowhere
    #[arg(long, group = "made_up", requires = "password_out",
          conflicts_with_all = ["password", "dry_run"])]
    generate: bool,
    /// Make a new value for this header up instead
    #[arg(long, value_name = "NAME", group = "made_up", requires = "password_out",
          conflicts_with_all = ["username", "password", "secret_header", "dry_run"])]
    generate_header: Option<String>,
    /// The file that what is made up is written to (0600), before anything is posted
    #[arg(long, value_name = "PATH", requires = "made_up")]
    password_out: Option<PathBuf>,
    /// Change the value of this header instead, as NAME=SOURCE
    #[arg(long, value_name = "NAME=SOURCE", value_parser = quiet::<SecretHeader>(),
          conflicts_with_all = ["username", "password", "generate"])]
    secret_header: Option<SecretHeader>,
    /// Post no sample events beforehand: where an endpoint refuses, events are lost
    #[arg(long)]
    no_test: bool,
    /// Save without Postmark probing the endpoints; no events come until they are verified
    #[arg(long)]
    no_verify: bool,
    #[command(flatten)]
    confirm: Confirm,
}

/// Tests, changes, and puts back where it has to.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<Rotation>()?;
    cx.may_write(&args.confirm)?;
    let fresh = fresh::read(args, cx)?;
    cx.can_confirm(&args.confirm)?;
    let dry_run = args.confirm.dry_run;
    let lock = (!dry_run).then(|| apply::lock(cx.session()?, "rotate-auth").context(ALONE));
    let _lock = lock.transpose()?;
    let question = "Whose credentials are to be changed?";
    let (webhooks, mut failed) = batch::webhooks(&args.target, cx, question)?;
    if !failed.is_empty() {
        return Err(failed.swap_remove(0).context("nothing was changed"));
    }
    let turns: Vec<Turn> =
        webhooks.into_iter().map(|webhook| fresh.turn(webhook, !args.no_verify)).collect();
    if !args.target.all {
        fresh::refuse(&turns)?;
    }
    let mut rotation = Rotation { turns, checked: Vec::new(), outcomes: None };
    let count = rotation.count();
    if count == 0 {
        cx.ui.note("Nothing is to be changed; nothing was sent.");
        return cx.show_run(&rotation, dry_run);
    }
    if let Some(path) = &args.password_out {
        fresh::hand_over(path, &fresh, cx)?;
    }
    if args.no_test {
        cx.ui.warn(
            "the endpoints are not tested: where one refuses the new credentials, events are lost",
        );
    } else {
        rotation.checked = check::all(&rotation.turns, cx)?;
    }
    if !rotation.passed() {
        cx.ui.note(
            "Nothing was changed: an endpoint does not take both the new and the old credentials.",
        );
        cx.show_run(&rotation, dry_run)?;
        advise::advise(&rotation, args, cx);
        return Ok(Exit::Finding);
    }
    if dry_run {
        cx.ui.note("Dry run: nothing was changed. This would be done:");
        cx.show_run(&rotation, dry_run)?;
        advise::warn(&rotation, cx);
        return Ok(Exit::Done);
    }
    advise::warn(&rotation, cx);
    let session = cx.session()?;
    let them = if count == 1 { "1 webhook".to_owned() } else { format!("{count} webhooks") };
    let question = format!("Change the credentials of {them} of {}?", session.place());
    let writer = cx.write(&args.confirm.confirm, Some(&question))?;
    let ui = &cx.ui;
    ui.interrupts.go_gently();
    let outcomes =
        rotate::rotate(&writer, &rotation.turns, &|| ui.interrupts.is_asked(), &|webhook| {
            ui.progress(&format!("Changing webhook {}…", webhook.id));
        });
    rotation.outcomes = Some(outcomes);
    cx.show_run(&rotation, dry_run)?;
    finish::finish(&rotation, &fresh, args, cx)
}
