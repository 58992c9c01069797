//! `trigger`: makes a real event happen and follows it to the endpoint.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

use super::Context;
use crate::commands::options::Confirm;
use crate::commands::options::event::event;
use crate::commands::options::parse::{positive_duration, quiet, quiet_with, stream_id};
use crate::config::resolve::Account;
use crate::error::{
    CommandError, Diagnose, Diagnosis, Exit, Hint, Invocation, Result, ResultExt as _,
};
use crate::event::{BounceType, Event};
use crate::ops::emulator::Emulator;
use crate::ops::trigger::{
    self, NotTriggerable, PlannedRequest, TriggerInput, TriggerOutcome, TriggerPlan, TriggerResult,
};
use crate::postmark::activity::{Search, SearchFilter};
use crate::postmark::{Object, Server, StreamId, Webhook, Writer};
use crate::term::{Cell, Column, Report, Row, Tone};

/// Make a real event happen and follow it to the endpoint
///
/// On Postmark, a bounce or delivery is real mail to Postmark's own test addresses,
/// and a subscription change is a suppression that is created and removed. Each
/// verified webhook of the stream with that trigger receives the event. The outcome
/// is read from Postmark's statistics: Delivered means "consistent with delivery".
///
/// On the sandbox every event can be made, and its attempts are the proof.
///
/// Postmark cannot make spam complaints, opens and clicks happen.
///
/// Examples:
///     pmhooks trigger bounce
///     pmhooks trigger bounce --bounce-type HardBounce --dry-run
///     pmhooks trigger delivery --from shop@example.com --wait 10m
///     pmhooks -p sandbox trigger open
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Event: bounce, delivery, subscription-change, inbound, smtp-api-error; on the sandbox also open,
    /// click, spam-complaint
    #[arg(value_name = "EVENT", value_parser = event())]
    event: Event,
    /// Type of the bounce [default: SoftBounce, which suppresses no address]
    #[arg(long, value_name = "TYPE", value_parser = quiet::<BounceType>())]
    bounce_type: Option<BounceType>,
    /// Sender [default: that of the last message]
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// Message stream [default: the profile's, else outbound]
    #[arg(long, value_name = "ID", value_parser = quiet_with(stream_id))]
    stream: Option<StreamId>,
    /// Maximum time to wait for the event
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = quiet_with(positive_duration))]
    wait: Duration,
    /// Do not wait for the event
    #[arg(long, conflicts_with = "wait")]
    no_wait: bool,
    #[command(flatten)]
    confirm: Confirm,
}

impl Diagnose for NotTriggerable {
    fn diagnosis(&self) -> Diagnosis {
        let usage = Diagnosis::new(Exit::Usage);
        let on_sandbox = |event: &'static str| {
            Hint::command(
                "on the sandbox it works",
                Invocation::new("trigger").arg(event).on("sandbox"),
            )
        };
        match self {
            Self::SpamComplaint => usage.hint(on_sandbox("spam-complaint")),
            Self::Tracking => usage
                .hint("open a tracked message of your own, or follow a link in it")
                .hint(on_sandbox("open")),
            Self::NoInboundAddress => usage,
        }
    }
}

/// Runs the command.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<TriggerReport>()?;
    if args.bounce_type.is_some() && args.event != Event::Bounce {
        return Err(CommandError::usage("--bounce-type is for the event bounce"));
    }
    cx.may_write(&args.confirm)?;
    let session = cx.session()?;
    let timeout = cx.limits.timeout;
    let sandbox =
        Emulator::of(Arc::clone(&cx.net), &session.target.api_url, session.token(), timeout);
    if matches!(session.target.account, Account::Sandbox) && sandbox.is_none() {
        return Err(CommandError::internal("the built-in sandbox does not answer"));
    }
    let stream =
        args.stream.clone().or_else(|| session.target.profile().and_then(|p| p.stream.clone()));
    let stream = stream.unwrap_or_else(StreamId::outbound);
    let webhooks = receivers(args, &stream, cx)?;
    let from = from(args, sandbox.is_some(), cx)?;
    let inbound_address = match args.event {
        Event::Inbound if sandbox.is_none() => {
            let server = session.client.server().context("cannot read the inbound address")?;
            setting(&server, "InboundAddress").to_owned()
        }
        _ => String::new(),
    };
    let input = TriggerInput {
        event: args.event,
        bounce_type: args
            .bounce_type
            .or_else(|| "SoftBounce".parse().ok())
            .unwrap_or(BounceType::HARD),
        from: &from,
        stream: &stream,
        inbound_address: &inbound_address,
    };
    let plan = match &sandbox {
        Some(_) => TriggerPlan::on_sandbox(&input),
        None => TriggerPlan::on_postmark(&input)
            .with_context(|| format!("cannot trigger {} on Postmark", args.event))?,
    };
    for webhook in &webhooks {
        cx.ui.note(&format!(
            "Webhook {} of stream {} will receive the event: {}",
            webhook.id,
            webhook.message_stream,
            webhook.url.masked()
        ));
    }
    let mut report = TriggerReport::new(&plan);
    if args.confirm.dry_run {
        cx.ui.note("Dry run: nothing was sent. These requests would be:");
        for request in plan.requests.iter().chain(&plan.cleanup) {
            cx.ui.note(&format!("  {}", describe(request)));
        }
        return cx.show_run(&report, true);
    }
    let writer = cx.write(&args.confirm.confirm, None)?;
    cx.ui.interrupts.go_gently();
    let attempt = || format!("cannot trigger {} on {}", args.event, session.place());
    match &sandbox {
        Some(sandbox) => {
            let body = plan.requests.first().map(|request| Value::Object(request.body.clone()));
            let answer = sandbox
                .post("/_sandbox/events", &body.unwrap_or_default())
                .with_context(attempt)?;
            report.message_id = answer.get("MessageID").and_then(Value::as_str).map(str::to_owned);
            follow_attempts(sandbox, &answer, args, &mut report, cx)?;
        }
        None => follow_statistics(&writer, &webhooks, &plan, args, &mut report, cx)
            .map_err(|error| error.context(attempt()))?,
    }
    clean_up(&writer, &plan, args, &mut report, cx);
    finish(report, sandbox.is_some(), args, cx)
}

fn text(object: &Object, key: &str) -> Option<String> {
    object.get(key)?.as_str().map(str::to_owned)
}

fn setting<'a>(server: &'a Server, key: &str) -> &'a str {
    server.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn describe(request: &PlannedRequest) -> String {
    let body = serde_json::to_string(&request.body).unwrap_or_default();
    format!("{} {} {body}", request.method, request.path)
}

/// The webhooks that will receive the event. Without any, nothing is sent.
fn receivers(args: &Args, stream: &StreamId, cx: &Context) -> Result<Vec<Webhook>> {
    let session = cx.session()?;
    if args.event == Event::Inbound {
        let server = session.client.server().context("cannot read the server settings")?;
        if setting(&server, "InboundHookUrl").is_empty() {
            return Err(CommandError::new(
                Exit::Finding,
                "the server has no inbound URL; nothing was sent",
            )
            .hint(Hint::command("set one", "server edit --inbound-hook-url URL")));
        }
        return Ok(Vec::new());
    }
    let webhooks = session
        .client
        .list(Some(stream))
        .with_context(|| format!("cannot list the webhooks of {}", session.place()))?;
    let all = webhooks.len();
    let receivers = trigger::receivers(webhooks, args.event);
    if receivers.is_empty() {
        let key = trigger::trigger_key(args.event);
        let message = format!(
            "no verified webhook of stream {stream} has the trigger {key} enabled; nothing was sent"
        );
        let error = CommandError::new(Exit::Finding, message);
        return Err(if all == 0 {
            error.hint(Hint::command("create one", "create --url URL --on TRIGGER"))
        } else {
            error.hint(Hint::command("see which triggers are enabled", "list"))
        });
    }
    Ok(receivers)
}

/// The sender: that of the command line, else that of the last message.
fn from(args: &Args, is_sandbox: bool, cx: &Context) -> Result<String> {
    if let Some(from) = &args.from {
        return Ok(from.clone());
    }
    if is_sandbox || args.event == Event::SubscriptionChange {
        return Ok("pmhooks@example.com".to_owned());
    }
    let session = cx.session()?;
    let last = session.client.search(Search::Messages, &SearchFilter::default(), 1, 0);
    let last = last.context("cannot look up the sender of the last message")?;
    let from = last.rows.first().and_then(|row| text(row, "From"));
    from.ok_or_else(|| {
        CommandError::usage("no sender: the server has sent no message yet")
            .hint("give one: --from ADDRESS")
    })
}

/// Waits for the first attempt of every event that the sandbox made.
fn follow_attempts(
    sandbox: &Emulator,
    answer: &Value,
    args: &Args,
    report: &mut TriggerReport,
    cx: &Context,
) -> Result<()> {
    let deliveries = answer.get("Deliveries").and_then(|value| value.as_array());
    // A hard bounce and a complaint also change the subscription: that is another event.
    let key = report.event;
    let is_this = |delivery: &&Value| {
        delivery.get("Event").and_then(|event| event.as_str()).is_none_or(|event| event == key)
    };
    let trace_ids: Vec<String> = deliveries
        .into_iter()
        .flatten()
        .filter(is_this)
        .filter_map(|delivery| delivery.get("TraceID")?.as_str().map(str::to_owned))
        .collect();
    if trace_ids.is_empty() {
        report.set(trigger::skipped_results(answer));
        return Ok(());
    }
    let deadline = Instant::now() + if args.no_wait { Duration::ZERO } else { args.wait };
    loop {
        let path = format!("/_sandbox/attempts?trace={}", trace_ids.join(","));
        let rows = sandbox.get(&path).context("cannot read the attempts of the sandbox")?;
        let rows = rows.get("Attempts").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut results: Vec<TriggerResult> = Vec::new();
        for row in &rows {
            // Of several attempts, the last one counts.
            let result = trigger::attempt_result(row);
            match results.iter_mut().find(|known| known.id == result.id && known.url == result.url)
            {
                Some(known) => *known = result,
                None => results.push(result),
            }
        }
        let is_pending = |result: &TriggerResult| {
            result.outcome == TriggerOutcome::NotPosted && !result.is_blocked
        };
        let is_done = results.len() >= trace_ids.len() && !results.iter().any(is_pending);
        if is_done || Instant::now() >= deadline || cx.ui.interrupts.is_asked() {
            report.set(results);
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Sends the requests to Postmark and watches the statistics.
fn follow_statistics(
    writer: &Writer,
    webhooks: &[Webhook],
    plan: &TriggerPlan,
    args: &Args,
    report: &mut TriggerReport,
    cx: &Context,
) -> Result<()> {
    let client = writer.reader();
    let key = trigger::trigger_key(plan.event);
    let mut before = Vec::new();
    for webhook in webhooks {
        before.push(trigger::counters(client, webhook.id, key)?);
    }
    for request in &plan.requests {
        let answer = match request.path.as_str() {
            "/email" => writer.send_email(&request.body)?,
            path => {
                let suppress = !path.ends_with("/delete");
                let answer = writer.set_suppression(&plan.stream, &plan.recipient, suppress)?;
                refused_suppression(&answer)?;
                answer
            }
        };
        report.message_id = report.message_id.take().or_else(|| text(&answer, "MessageID"));
    }
    if args.no_wait || webhooks.is_empty() {
        return Ok(());
    }
    let ui = &cx.ui;
    let (total, wait) = (webhooks.len(), args.wait);
    let started = Instant::now();
    let interval = (wait / 30).clamp(Duration::from_millis(200), Duration::from_secs(10));
    let results = trigger::watch(
        client,
        webhooks,
        &before,
        plan,
        started + wait,
        interval,
        &|| ui.interrupts.is_asked(),
        &|known| {
            let seconds = started.elapsed().as_secs();
            ui.progress(&format!(
                "Waiting for the event: {known} of {total} webhooks, {seconds} s…"
            ));
        },
    )?;
    report.set(results);
    Ok(())
}

/// Postmark answers 200 where it refuses an address.
fn refused_suppression(answer: &Object) -> Result<()> {
    let entry = answer.get("Suppressions").and_then(|list| list.get(0));
    let field = |key: &str| entry.and_then(|entry| entry.get(key)).and_then(|value| value.as_str());
    if field("Status") == Some("Failed") {
        let message = field("Message").unwrap_or("Postmark refused the suppression").to_owned();
        return Err(CommandError::new(Exit::Refused, message));
    }
    Ok(())
}

/// Removes a suppression that the event caused.
fn clean_up(
    writer: &Writer,
    plan: &TriggerPlan,
    args: &Args,
    report: &mut TriggerReport,
    cx: &Context,
) {
    let Some(request) = &plan.cleanup else { return };
    let address = &plan.recipient;
    if args.no_wait {
        let api = cx.session().map_or(String::new(), |session| session.target.api_url.to_string());
        let body = serde_json::to_string(&request.body).unwrap_or_default();
        cx.ui.note(&format!(
            "The event suppresses {address}. Remove that with: curl -X POST {}{} \
             -H \"X-Postmark-Server-Token: $POSTMARK_SERVER_TOKEN\" -H 'Content-Type: application/json' -d '{body}'",
            api.trim_end_matches('/'),
            request.path
        ));
        return;
    }
    match writer.set_suppression(&plan.stream, address, false) {
        Ok(_) => report.cleanup = Some(format!("removed the suppression of {address}")),
        Err(error) => {
            cx.ui.warn(&format!("cannot remove the suppression of {address}: {error}"));
            report.cleanup = Some(format!("the suppression of {address} was not removed"));
        }
    }
}

fn finish(report: TriggerReport, is_sandbox: bool, args: &Args, cx: &Context) -> Result<Exit> {
    cx.show(&report)?;
    if cx.ui.interrupts.is_asked() {
        return Err(CommandError::new(
            Exit::Interrupted,
            "interrupted while waiting for the event",
        ));
    }
    if args.no_wait {
        return Ok(Exit::Done);
    }
    let blocked = report.results.iter().filter(|result| result.is_blocked).count();
    let is_delivered = |result: &&ResultRow| result.outcome == TriggerOutcome::Delivered;
    let delivered = report.results.iter().filter(is_delivered).count();
    let all = report.results.len() - blocked;
    let proof = if is_sandbox || delivered == 0 {
        ""
    } else {
        " (consistent with delivery; listen --register shows the event itself)"
    };
    if report.results.is_empty() {
        if is_sandbox {
            cx.ui.note("The sandbox posted the event to no webhook.");
            return Ok(Exit::Finding);
        }
        cx.ui.note("The event was triggered; its delivery cannot be observed from here.");
        return Ok(Exit::Done);
    }
    let blocked = match blocked {
        0 => String::new(),
        blocked => format!("; {blocked} blocked: the sandbox posts to loopback only"),
    };
    cx.ui.note(&format!("{delivered} of {all} webhooks received the event{proof}{blocked}."));
    Ok(if delivered == all && all > 0 { Exit::Done } else { Exit::Finding })
}

/// Result of a run.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TriggerReport {
    event: &'static str,
    recipient: String,
    #[serde(rename = "MessageID")]
    message_id: Option<String>,
    requests: Vec<String>,
    results: Vec<ResultRow>,
    cleanup: Option<String>,
}

/// Outcome at one webhook.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ResultRow {
    #[serde(rename = "ID")]
    id: Option<i64>,
    url: String,
    outcome: TriggerOutcome,
    message: String,
    #[serde(skip)]
    is_blocked: bool,
}

impl TriggerReport {
    fn new(plan: &TriggerPlan) -> Self {
        Self {
            event: plan.event.key(),
            recipient: plan.recipient.clone(),
            message_id: None,
            requests: plan.requests.iter().map(describe).collect(),
            results: Vec::new(),
            cleanup: None,
        }
    }

    fn set(&mut self, results: Vec<TriggerResult>) {
        let row = |result: TriggerResult| ResultRow {
            id: result.id.map(|id| id.0),
            url: result.url,
            outcome: result.outcome,
            message: result.message,
            is_blocked: result.is_blocked,
        };
        self.results = results.into_iter().map(row).collect();
    }
}

impl Report for TriggerReport {
    const COLUMNS: &'static [Column] = &[
        Column::new("id", "ID"),
        Column::new("url", "Url"),
        Column::new("outcome", "Outcome"),
        Column::new("message", "Message"),
    ];
    const KEYS: &'static [&'static str] = &["ID", "Url", "Outcome", "Message"];

    fn rows(&self) -> Vec<Row> {
        let row = |result: &ResultRow| {
            let (word, tone) = match result.outcome {
                TriggerOutcome::Delivered => ("delivered", Tone::Good),
                TriggerOutcome::Failed => ("failed", Tone::Bad),
                TriggerOutcome::NotPosted => ("not posted", Tone::Bad),
                TriggerOutcome::Unclear => ("unclear", Tone::Warn),
            };
            let id = result.id.map_or_else(|| "-".to_owned(), |id| id.to_string());
            Row::new([
                Cell::new(&id),
                Cell::new(&result.url),
                Cell::new(word).tone(tone),
                Cell::new(&result.message),
            ])
            .id(result.id)
        };
        self.results.iter().map(row).collect()
    }

    fn empty_note(&self) -> &'static str {
        ""
    }
}
