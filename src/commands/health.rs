//! `health`: how all webhooks of a server fare, for people, cron and CI.

mod metrics;
mod rows;
mod view;

use anyhow::{Context as _, Result};

use super::{Context, several};
use crate::args::parse::{percentage, quiet_with, width};
use crate::args::target::StreamFilter;
use crate::args::webhook::{TriggerWord, triggers_or_all};
use crate::failure::Exit;
use crate::model::Trigger;
use crate::ops::fanout;
use crate::ops::health::{self, Checkup, Demands};
use view::Health;

/// Check how all webhooks fare
///
/// Asks Postmark of each webhook whether it is verified, which triggers are
/// paused, and how its last 24 hours went. Ends with 1 where anything is found,
/// and with 7 where some webhooks could not be looked at; made for cron and CI. A
/// server without webhooks is a finding too.
///
/// With -o prometheus the numbers are printed for node_exporter's textfile
/// collector.
///
/// Examples:
///     pmhooks health
///     pmhooks health --stream outbound --on bounce --min-success 99.5
///     pmhooks health -o json
///     pmhooks health -o prometheus > /var/lib/node_exporter/pmhooks.prom
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    filter: StreamFilter,
    /// Only these triggers, and webhooks that have one of them on
    #[arg(long, value_name = "TRIGGER,...", value_delimiter = ',', hide_possible_values = true,
          value_parser = triggers_or_all())]
    on: Vec<TriggerWord>,
    /// The success rate that each trigger must have, in percent
    #[arg(long, value_name = "PERCENT", default_value = "99", value_parser = quiet_with(percentage))]
    min_success: f64,
    /// How many webhooks are asked about at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = quiet_with(width))]
    concurrency: usize,
}

/// Checks.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<Health>()?;
    let session = cx.session()?;
    let (client, place) = (&session.client, session.place());
    let listed = client.list(args.filter.stream.as_ref());
    let mut webhooks = listed.with_context(|| format!("cannot list the webhooks of {place}"))?;
    let demands = Demands { min_success: args.min_success, only: only(&args.on) };
    webhooks.retain(|webhook| demands.concerns(webhook));
    let profile = session.target.name();
    let results = fanout::map(&webhooks, args.concurrency, |webhook| {
        let id = webhook.id;
        let statistics = client.statistics(id);
        statistics
            .map(|s| Checkup::new(webhook.clone(), s, &demands, profile.as_ref()))
            .with_context(|| format!("cannot get the statistics of webhook {id} of {place}"))
    });
    let (checkups, failed) = several::apart(results);
    if checkups.is_empty() && !failed.is_empty() {
        return Err(several::none_of(failed, webhooks.len(), "looked at"));
    }
    let nothing = webhooks.is_empty().then(|| health::nothing_there(profile.as_ref()));
    let view = Health { checkups, nothing, demands, unread: failed.len(), profile };
    cx.show(&view)?;
    view.advise(cx);
    if !failed.is_empty() {
        return Err(several::partly(&failed, webhooks.len(), "looked at").into());
    }
    Ok(if view.findings().is_empty() { Exit::Done } else { Exit::Finding })
}

/// The triggers that are named; none where all are meant.
fn only(words: &[TriggerWord]) -> Vec<Trigger> {
    let named = words.iter().map(|word| match word {
        TriggerWord::One(trigger) => Some(*trigger),
        TriggerWord::All => None,
    });
    named.collect::<Option<_>>().unwrap_or_default()
}
