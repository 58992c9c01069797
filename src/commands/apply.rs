//! `apply`: a server made to be what a manifest says, or several.

mod ask;
mod outcome;
mod parties;

use std::path::PathBuf;

use super::Context;
use super::planned::{self, Plans};
use crate::commands::options::Confirm;
use crate::commands::options::ManifestArgs;
use crate::commands::options::parse::{quiet_with, width};
use crate::error::{CommandError, Exit, Result, ResultExt as _};
use crate::ops::apply::{self, Outcome, Way};
use crate::ops::backup;
use crate::ops::plan::kept::Kept;
use crate::postmark::Writer;
use parties::{Parties, Party};

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
/// Several profiles are planned and confirmed together, and then changed one after
/// the other; where one is not done whole, those behind it are not begun.
///
/// A reference, ${NAME}, takes its value from --var, the profile's vars or the
/// environment. Values from the environment are masked wherever they are shown;
/// `--var NAME` takes one from there and shows it. Tokens are never inserted.
///
/// A plan is bound to the API and the server that it was made for.
///
/// Examples:
///     pmhooks apply hooks.yaml
///     pmhooks -p production apply hooks.yaml --confirm production
///     pmhooks apply hooks.yaml --prune --yes -o json
///     pmhooks apply --plan plan.json
///     pmhooks apply hooks.yaml -p staging,production --confirm production --yes
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
    cx.check::<Plans>()?;
    let kept = args.plan.as_deref().map(Kept::read).transpose().context("cannot use the plan")?;
    let mut manifest = args.manifest.clone();
    let documents = match &kept {
        None => planned::documents(&manifest, cx)?,
        Some(kept) => {
            (manifest.prune, manifest.no_verify) = (kept.prune, !kept.verify);
            kept.documents.clone()
        }
    };
    let apart = cx.apart()?;
    if kept.is_some() && apart.is_some() {
        return Err(CommandError::usage("a kept plan is for one profile, and several are named"));
    }
    if let Some(kept) = &kept {
        kept.binding.check_origin(cx.session()?).context("nothing was done")?;
    }
    let parties =
        Parties::new(apart.as_deref().unwrap_or(std::slice::from_ref(cx)), &args.confirm)?;
    let manifests = planned::manifests(&documents, &manifest, cx)?;
    parties.can_confirm(cx)?;
    let lock = |party: &Party<'_>| apply::lock(party.cx.session()?, "apply").context(ALONE);
    let locks = parties.all.iter().filter(|_| !args.confirm.dry_run).map(lock);
    let _locks = locks.collect::<Result<Vec<_>>>()?;
    if let Some(kept) = &kept {
        let (session, server) = (cx.session()?, planned::server(cx.session()?)?);
        kept.binding.check_server(session, &server).context("nothing was done")?;
    }
    let servers = parties.plan(&manifests, &manifest, cx)?;
    let several = apart.is_some();
    let mut plans = Plans { servers, several, wanted: None };
    plans.warn(cx);
    if let (Some(kept), [one]) = (&kept, &plans.servers[..]) {
        kept.check(&one.masked.changes, &one.masked.live).context("nothing was done")?;
    }
    plans.tell_unmanaged(cx);
    if plans.changes() == 0 {
        let so = if several { "The servers are" } else { "The server is" };
        cx.ui.note(&format!("{so} so already; nothing was sent."));
        return cx.show_run(&plans, args.confirm.dry_run);
    }
    let Some(writers) = parties.authorize(&plans, args.confirm_deletes, cx)? else {
        cx.ui.note(&format!("Dry run: nothing was changed. {}.", plans.summary()));
        return cx.show_run(&plans, args.confirm.dry_run);
    };
    carry_out(&mut plans, &parties, &writers, args.concurrency, cx)?;
    cx.show(&plans)?;
    outcome::tell(&plans, cx)
}

/// Carries the plans out, one server after the other. Where one is not done whole, those behind it are
/// not begun: what went wrong on staging should not be tried on production.
fn carry_out(
    plans: &mut Plans,
    parties: &Parties<'_>,
    writers: &[Writer],
    width: usize,
    cx: &Context,
) -> Result<()> {
    cx.ui.interrupts.go_gently();
    let ui = &cx.ui;
    let mut all_done = true;
    let servers = plans.servers.iter_mut().zip(&parties.all).zip(writers);
    for ((planned, party), writer) in servers {
        if !all_done && !ui.interrupts.is_asked() {
            let not = |_: &_| Outcome::NotReached("a profile before it was not done whole");
            planned.outcomes = Some(planned.plan.changes.iter().map(not).collect());
            continue;
        }
        let session = party.cx.session()?;
        let place = session.target.name().map_or("environment".to_owned(), |name| name.to_string());
        ui.progress(&format!("Making {} changes…", planned.plan.changes.len()));
        let way = Way {
            width,
            backups: &backup::folder()?,
            place: &place,
            before: &planned.before,
            is_stopped: &|| ui.interrupts.is_asked(),
        };
        let outcomes = apply::apply(writer, &planned.plan, &way);
        all_done &= outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done(_)));
        planned.outcomes = Some(outcomes);
    }
    Ok(())
}
