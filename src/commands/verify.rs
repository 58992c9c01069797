//! `verify`: Postmark itself probes a webhook's endpoint.

mod view;

use std::time::{Duration, Instant};

use super::{Context, batch};
use crate::commands::options::Confirm;
use crate::commands::options::WebhooksOrAll;
use crate::commands::options::parse::{positive_duration, quiet, quiet_with};
use crate::config::profile::ProfileName;
use crate::error::{CommandError, Exit, Result, ResultExt as _};
use crate::ops::{fanout, verify};
use view::Verified;

/// Have Postmark probe an endpoint
///
/// Postmark posts to the endpoint for each enabled trigger; each post must be
/// answered with exactly 200. A trigger that fails gets no events until it
/// passes. With --wait failures are tried again until they pass or the time is
/// up.
///
/// Examples:
///     pmhooks verify 1234567
///     pmhooks verify --all
///     pmhooks verify 1234567 --wait 5m
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    target: WebhooksOrAll,
    /// Confirm the probe on a protected profile by its name
    #[arg(long, value_name = "PROFILE", value_delimiter = ',', value_parser = quiet::<ProfileName>())]
    confirm: Vec<ProfileName>,
    /// Try again until it passes, for so long at most
    #[arg(long, value_name = "DURATION", value_parser = quiet_with(positive_duration))]
    wait: Option<Duration>,
}

/// So many webhooks are probed at the same time.
const WIDTH: usize = 4;

/// Verifies.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<Verified>()?;
    let confirm = Confirm { confirm: args.confirm.clone(), dry_run: false };
    cx.may_write(&confirm)?;
    let ids = batch::webhook_ids(&args.target, cx, "Which webhook is to be verified?")?;
    if ids.is_empty() {
        return Err(CommandError::new(Exit::NotFound, "there is no webhook to verify"));
    }
    let session = cx.session()?;
    let place = session.place();
    let until = args.wait.map(|wait| Instant::now() + wait);
    let writer = cx.write(&args.confirm, None)?;
    let ui = &cx.ui;
    let results = fanout::map(&ids, WIDTH, |id| {
        ui.progress(&format!("Postmark is probing the endpoint of webhook {id}…"));
        let verified = verify::until_passed(&writer, *id, until, |failed, wait| {
            let seconds = wait.as_secs_f32();
            ui.progress(&format!("{id} has not passed ({failed}); again in {seconds:.0} s…"));
        });
        verified
            .map(|verification| (*id, verification))
            .with_context(|| format!("cannot verify webhook {id} of {place}"))
    });
    let (verified, failed) = batch::partition(results);
    if verified.is_empty() {
        return Err(batch::all_failed(failed, ids.len(), "verified"));
    }
    let verified = Verified(verified);
    cx.show(&verified)?;
    let not_passed = verified.not_passed();
    let pmhooks = cx.target_options.of(session.target.name());
    for (id, triggers) in &not_passed {
        cx.ui.note(&format!(
            "Webhook {id} gets no events for {triggers} until that passes. Look with \
             `{pmhooks} test {id}`, mend the endpoint, then `{pmhooks} verify {id}` again."
        ));
    }
    if !failed.is_empty() {
        return Err(batch::some_failed(&failed, ids.len(), "verified"));
    }
    Ok(if not_passed.is_empty() { Exit::Done } else { Exit::Finding })
}
