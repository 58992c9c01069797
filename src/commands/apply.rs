//! `apply`: a server made to be what a manifest says.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::Context;
use super::planned::{self, Planned};
use crate::args::confirm::Confirm;
use crate::args::manifest::ManifestArgs;
use crate::args::parse::{quiet_with, width};
use crate::failure::{self, Exit, Failure};
use crate::ops::apply::{self, Outcome, Way};
use crate::ops::backup;
use crate::ops::plan::kept::Kept;

const ALONE: &str = "cannot begin: only one apply at a time may change a server";

/// Make a server be what a manifest says
///
/// Shows the plan and asks, or takes --yes. Makes webhooks before it changes
/// others, and deletes last, only with --prune. Sends only what differs. Run
/// again, it goes on where it stopped; a server that is so already gets nothing.
///
/// On a protected profile the number of deletions is typed, or given with
/// --confirm-deletes. Ctrl-C ends what is in flight and starts nothing more.
///
/// Examples:
///     pmhooks apply hooks.yaml
///     pmhooks -p production apply hooks.yaml --confirm production
///     pmhooks apply hooks.yaml --prune --yes -o json
///     pmhooks apply --plan plan.json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    manifest: ManifestArgs,
    /// Carry out exactly this plan of `pmhooks diff --plan-out`, or nothing
    #[arg(long, value_name = "FILE",
          conflicts_with_all = ["files", "more_files", "prune", "no_verify"])]
    plan: Option<PathBuf>,
    #[command(flatten)]
    confirm: Confirm,
    /// How many webhooks will be deleted, to confirm it on a protected profile
    #[arg(long, value_name = "N")]
    confirm_deletes: Option<usize>,
    /// How many changes are made at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = quiet_with(width))]
    concurrency: usize,
}

/// Applies.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<Planned>()?;
    let kept = args.plan.as_deref().map(Kept::read).transpose().context("cannot use the plan")?;
    let mut manifest = args.manifest.clone();
    let documents = match &kept {
        None => planned::documents(&manifest, cx)?,
        Some(kept) => {
            (manifest.prune, manifest.no_verify) = (kept.prune, !kept.verify);
            kept.documents.clone()
        }
    };
    cx.can_confirm(&args.confirm)?;
    let lock = (!args.confirm.dry_run).then(|| apply::lock(cx.session()?, "apply").context(ALONE));
    let _lock = lock.transpose()?;
    let mut planned = planned::plan(&documents, &manifest, cx)?;
    if let Some(kept) = &kept {
        kept.check(&planned.kept).context("nothing was done")?;
    }
    planned.dry_run = args.confirm.dry_run;
    planned.unmanaged().iter().for_each(|sentence| cx.ui.note(sentence));
    if planned.plan.changes.is_empty() {
        cx.ui.note("The server is so already; nothing was sent.");
        return cx.show(&planned);
    }
    if args.confirm.dry_run {
        cx.authorise(&args.confirm, None)?;
        cx.ui.note(&format!("Dry run: nothing was changed. {}.", planned.summary()));
        return cx.show(&planned);
    }
    ask(&planned, args, cx)?;
    let session = cx.session()?;
    let place = session.target.name().map_or("environment".to_owned(), |name| name.to_string());
    cx.ui.interrupts.go_gently();
    cx.ui.progress(&format!("Making {} changes…", planned.plan.changes.len()));
    let ui = &cx.ui;
    let way = Way {
        width: args.concurrency,
        backups: &backup::folder()?,
        place: &place,
        before: &planned.before,
        is_stopped: &|| ui.interrupts.is_asked(),
    };
    planned.outcomes = Some(apply::apply(&session.client, &planned.plan, &way));
    cx.show(&planned)?;
    finish(&planned, cx)
}

/// Shows a person the plan, and has it confirmed.
fn ask(planned: &Planned, args: &Args, cx: &Context) -> Result<()> {
    let session = cx.session()?;
    let asks = !cx.yes && args.confirm.confirm.is_none();
    let deletes = planned.plan.count("Delete");
    if asks {
        planned.prose(false).lines().for_each(|line| cx.ui.line(line));
    }
    let question = format!("{}. Apply to {}?", planned.summary(), session.place());
    cx.authorise(&args.confirm, Some(&question))?;
    let is_protected = session.target.profile().is_some_and(|profile| profile.protected);
    if deletes == 0 || !is_protected {
        return Ok(());
    }
    let typed = if let Some(count) = args.confirm_deletes {
        count.to_string()
    } else {
        let asked = "the number of webhooks that will be deleted";
        cx.ui.input(asked, &format!("--confirm-deletes {deletes}"), |_| Ok(()))?
    };
    if typed.trim() == deletes.to_string() {
        return Ok(());
    }
    let message = format!("nothing was done: {deletes} webhooks would be deleted, not that many");
    Err(Failure::new(Exit::Interrupted, message).into())
}

fn finish(planned: &Planned, cx: &Context) -> Result<Exit> {
    let outcomes = planned.outcomes.as_deref().unwrap_or_default();
    let done = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Done(_))).count();
    if done == outcomes.len() {
        cx.ui.note(&format!("Done: {done} changes."));
        return Ok(Exit::Done);
    }
    let changes = planned.plan.changes.iter().zip(outcomes);
    let missing = changes.filter(|(_, outcome)| !matches!(outcome, Outcome::Done(_)));
    let causes = missing.map(planned::sentence).collect();
    let first = outcomes.iter().find_map(Outcome::error);
    let first = first.map(|error| failure::of(error));
    let exit = match (&first, done) {
        (Some(first), 0) => first.exit,
        (None, 0) => Exit::Interrupted,
        _ => Exit::PartlyDone,
    };
    let message = format!("{} of {} changes were not made", outcomes.len() - done, outcomes.len());
    let hints = first.map(|first| first.hints).unwrap_or_default();
    Err(Failure { causes, hints, ..Failure::new(exit, message) }
        .hint("run the same command again: it goes on where this stopped")
        .into())
}
