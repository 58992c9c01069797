//! `stats`: what Postmark sent to webhooks in the last 24 hours.

use serde::{Serialize, Serializer};

use super::{Context, batch};
use crate::commands::options::WebhooksOrAll;
use crate::error::{Exit, Result, ResultExt as _};
use crate::ops::fanout::{self, Gate};
use crate::ops::health::percent;
use crate::postmark::{Metrics, Reveal, Statistics, Trigger, WebhookId};
use crate::term::{ByProfile, Cell, Column, Report, Row, Tone};

/// Show the deliveries of the last 24 hours
///
/// Shows per trigger how many requests Postmark made, how many succeeded, were
/// repeated or were slow, and how long the answers took on average. Postmark
/// keeps 24 hours; what it calls slow it does not say.
///
/// Examples:
///     pmhooks stats 1234567
///     pmhooks stats --all -o json
///     pmhooks stats --all -p staging,production
///     pmhooks stats --all --columns id,trigger,requests,success
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    target: WebhooksOrAll,
}

/// Maximum number of webhooks that are asked about at the same time.
const WIDTH: usize = 8;

pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<ByProfile<StatsReport>>()?;
    let named = if args.target.all {
        None
    } else {
        Some(batch::webhook_ids_of_one_profile(&args.target.ids, cx, "Of which webhook?")?)
    };
    let gate = Gate::new(WIDTH);
    let mut batch = cx.each("shown", |session| {
        let (client, place) = (&session.client, session.place());
        let ids = match &named {
            Some(ids) => ids.clone(),
            None => gate.through(|| batch::all_webhooks(session))?.iter().map(|w| w.id).collect(),
        };
        let (shown, failed) = batch::partition(fanout::map(&ids, WIDTH, |id| {
            let statistics = gate.through(|| client.statistics(*id));
            statistics
                .map(|statistics| (*id, statistics))
                .with_context(|| format!("cannot get the statistics of webhook {id} of {place}"))
        }));
        if shown.is_empty() && !failed.is_empty() {
            return Err(batch::all_failed(failed, ids.len(), "shown"));
        }
        Ok((StatsReport(shown), failed, ids.len()))
    })?;
    let failed = batch.parts.iter_mut().flat_map(|(_, (_, failed, _))| std::mem::take(failed));
    let failed: Vec<_> = failed.collect();
    let asked = batch.parts.iter().map(|(_, (.., asked))| asked).sum();
    batch.add_failures(&failed, asked, "shown");
    batch.show(cx, |(report, ..)| report)
}

struct StatsReport(Vec<(WebhookId, Statistics)>);

impl Serialize for StatsReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_seq(self.0.iter().map(|(_, statistics)| statistics.to_json(Reveal::Shown)))
    }
}

impl Report for StatsReport {
    const COLUMNS: &'static [Column] = &[
        Column::new("id", "WebhookId"),
        Column::new("trigger", "TriggerType"),
        Column::new("status", "Status"),
        Column::new("requests", "TotalRequests"),
        Column::new("success", "SuccessRate"),
        Column::new("failures", "FailureCount"),
        Column::new("retries", "RetryCount"),
        Column::new("slow", "SlowCount"),
        Column::new("very-slow", "VerySlowCount"),
        Column::new("ms", "AverageTerminalResponseTimeMs"),
        Column::new("retry-ms", "AverageRetryResponseTimeMs"),
    ];
    const KEYS: &'static [&'static str] = &[
        "WebhookId",
        "ServerId",
        "MessageStreamId",
        "Url",
        "Statuses",
        "TimeRange",
        "Metrics",
        "MetricsByTrigger",
    ];

    fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (id, statistics) in &self.0 {
            for trigger in statistics.triggers() {
                let status = status(statistics.status(trigger));
                rows.push(row(*id, Trigger::shown(trigger), status, statistics.of(trigger)));
            }
            rows.push(row(*id, "all", status(None), statistics.total()).id(Some(id)));
        }
        rows
    }

    fn empty_note(&self) -> &'static str {
        "No webhooks here, so no statistics."
    }
}

fn status(status: Option<&str>) -> Cell {
    match status {
        Some("verified") => Cell::new("verified").tone(Tone::Good),
        Some(other) => Cell::new(other).tone(Tone::Bad),
        None => Cell::new("-").tone(Tone::Faint),
    }
}

fn row(id: WebhookId, trigger: &str, status: Cell, metrics: Metrics<'_>) -> Row {
    let number = |key| match metrics.number(key) {
        Some(number) => Cell::new(number.to_string()),
        None => Cell::new("-").tone(Tone::Faint),
    };
    let success = match metrics.success_rate() {
        Some(rate) if rate >= 100.0 => Cell::new(percent(rate)).tone(Tone::Good),
        Some(rate) => Cell::new(percent(rate)).tone(Tone::Warn),
        None => Cell::new("-").tone(Tone::Faint),
    };
    Row::new([
        Cell::new(id.to_string()),
        Cell::new(trigger),
        status,
        number("TotalRequests"),
        success,
        number("FailureCount"),
        number("RetryCount"),
        number("SlowCount"),
        number("VerySlowCount"),
        number("AverageTerminalResponseTimeMs"),
        number("AverageRetryResponseTimeMs"),
    ])
}
