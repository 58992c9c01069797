//! `health`: how all webhooks of a server, or of several, fare, for people, cron and CI.

mod metrics;
mod rows;
mod view;

use super::{Context, batch};
use crate::commands::options::StreamFilter;
use crate::commands::options::parse::{percentage, quiet_with, width};
use crate::commands::options::webhook::{TriggerWord, triggers_or_all};
use crate::error::{CommandError, Exit, Result, ResultExt as _};
use crate::ops::fanout::{self, Gate};
use crate::ops::health::{self, HealthOptions, WebhookHealth};
use crate::ops::session::Session;
use crate::postmark::{Trigger, Webhook};
use view::{Health, Server};

/// Check how all webhooks fare
///
/// Asks Postmark of each webhook whether it is verified, which triggers are
/// paused, and how its last 24 hours went. Ends with 1 where anything is found,
/// and with 7 where some webhooks or profiles could not be looked at; made for
/// cron and CI. A server without webhooks is a finding too.
///
/// With -o prometheus the numbers are printed for node_exporter's textfile
/// collector.
///
/// Examples:
///     pmhooks health
///     pmhooks health --stream outbound --on bounce --min-success 99.5
///     pmhooks health --all-profiles -o json
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
    let demands = HealthOptions { min_success: args.min_success, only: only(&args.on) };
    let gate = Gate::new(args.concurrency);
    let mut batch = cx.each("looked at", |session| {
        let listed = gate.through(|| session.client.list(args.filter.stream.as_ref()));
        let webhooks =
            listed.with_context(|| format!("cannot list the webhooks of {}", session.place()))?;
        let webhooks: Vec<_> = webhooks.into_iter().filter(|w| demands.includes(w)).collect();
        let (server, failed) = look(session, &webhooks, &demands, args.concurrency, &gate);
        if server.checkups.is_empty() && !failed.is_empty() {
            return Err(batch::all_failed(failed, webhooks.len(), "looked at"));
        }
        Ok((server, failed))
    })?;
    let (mut servers, mut failed) = (Vec::new(), Vec::new());
    for (_, (server, errors)) in std::mem::take(&mut batch.parts) {
        servers.push(server);
        failed.extend(errors);
    }
    let findings = servers.iter_mut().flat_map(Server::findings_mut);
    findings.for_each(|finding| finding.fix = cx.target_options.applied(&finding.fix));
    let view = Health { servers, demands, several: batch.several, silent: batch.failed.clone() };
    cx.show(&view)?;
    view.advise(cx);
    batch.add_failures(&failed, view.webhooks(), "looked at");
    batch.end(if view.findings().is_empty() { Exit::Done } else { Exit::Finding })
}

/// Looks at the webhooks of one server, and what could not be looked at.
fn look(
    session: &Session,
    webhooks: &[Webhook],
    demands: &HealthOptions,
    width: usize,
    gate: &Gate,
) -> (Server, Vec<CommandError>) {
    let (profile, place) = (session.target.name(), session.place());
    let results = fanout::map(webhooks, width, |webhook| {
        let id = webhook.id;
        let statistics = gate.through(|| session.client.statistics(id));
        statistics
            .map(|s| WebhookHealth::new(webhook.clone(), s, demands, profile.as_ref()))
            .with_context(|| format!("cannot get the statistics of webhook {id} of {place}"))
    });
    let (checkups, failed) = batch::partition(results);
    let nothing = webhooks.is_empty().then(|| health::no_webhooks(profile.as_ref()));
    (Server { checkups, nothing, unread: failed.len(), profile }, failed)
}

/// The triggers that are named; none where all are meant.
fn only(words: &[TriggerWord]) -> Vec<Trigger> {
    let named = words.iter().map(|word| match word {
        TriggerWord::One(trigger) => Some(*trigger),
        TriggerWord::All => None,
    });
    named.collect::<Option<_>>().unwrap_or_default()
}
