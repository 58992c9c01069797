//! The end of a replay: what is said besides the table, and the exit code.

use super::report::ReplayReport;
use super::view::Plan;
use super::words::{are, damages, some, summary};
use super::{Args, advice};
use crate::commands::Context;
use crate::error::{CommandError, Exit, Result};
use crate::ops::replay::{ReplayEnd, StopReason};

/// Shows the report, and says how it went.
pub fn all(mut report: ReplayReport, end: ReplayEnd, args: &Args, cx: &Context) -> Result<Exit> {
    if args.concurrency > 1 {
        report.rows.sort_by_key(|row| row.line);
    }
    if let ReplayEnd::Stopped { line, .. } = end {
        report.next_line = Some(line);
    }
    let is_complete = matches!(end, ReplayEnd::Complete);
    if report.totals.events == 0 && is_complete {
        return Err(nothing(&report, args));
    }
    if report.dry_run {
        cx.show_run(&Plan(&report), true)?;
    } else {
        cx.show(&report)?;
    }
    cx.ui.note(&summary(&report));
    if report.unlisted() > 0 {
        let count = report.unlisted();
        cx.ui.note(&format!("{count} more events are not listed; -o jsonl prints every one."));
    }
    if report.totals.timeless > 0 {
        let count = report.totals.timeless;
        cx.ui.warn(&format!("{count} of those left out do not say when they happened"));
    }
    advice::tell(&report, args, cx);
    match end {
        ReplayEnd::Stopped { line, reason: why } => Err(stopped(&report, line, why)),
        ReplayEnd::Complete if report.totals.refused() > 0 => {
            for sentence in damages(&report) {
                cx.ui.warn(&sentence);
            }
            Ok(Exit::Finding)
        }
        ReplayEnd::Complete if report.totals.damaged > 0 => {
            let (count, file) = (report.totals.damaged, &report.file);
            let message = format!("not all of {file} was sent: {} damaged", are(count));
            Err(CommandError::new(Exit::PartlyDone, message).with_causes(damages(&report)))
        }
        ReplayEnd::Complete => Ok(Exit::Done),
    }
}

/// Why there was nothing to send.
fn nothing(report: &ReplayReport, args: &Args) -> CommandError {
    let totals = &report.totals;
    if totals.left_out == 0 {
        let message = format!("nothing was sent: there is no event in {}", report.file);
        let message = if args.from_line > 1 {
            format!("{message} from line {} on", args.from_line)
        } else {
            message
        };
        return CommandError::usage(message).with_causes(damages(report));
    }
    let message = format!(
        "nothing was sent: none of the {} of {} is meant by --event, --since and --until",
        some(totals.left_out, "event"),
        report.file
    );
    let timeless = (totals.timeless > 0)
        .then(|| format!("{} of them do not say when they happened", totals.timeless));
    CommandError::new(Exit::Finding, message).with_causes(damages(report)).with_causes(timeless)
}

fn stopped(report: &ReplayReport, line: u64, why: StopReason) -> CommandError {
    let sent = report.totals.events;
    let go_on = format!("go on with --from-line {line}");
    let partly = |message: String, cause: Option<String>| {
        let exit = if sent == 0 { Exit::Interrupted } else { Exit::PartlyDone };
        let error = CommandError::new(exit, message).with_causes(cause);
        error.with_causes(damages(report)).hint(go_on.clone())
    };
    let events = some(sent, "event");
    match why {
        StopReason::LocalError(error) if sent == 0 => error.into(),
        StopReason::Unreadable(error) if sent == 0 => {
            CommandError::from(error).context(format!("cannot read {}", report.file))
        }
        StopReason::Interrupted => {
            partly(format!("interrupted after {events}, before line {line}"), None)
        }
        StopReason::NotAccepted => {
            let message = format!("stopped at line {line}, which was not accepted");
            CommandError::new(Exit::Finding, message)
                .with_causes(damages(report))
                .hint(format!("once the endpoint is mended, {go_on}"))
        }
        StopReason::Unreadable(error) => {
            let cause = format!("cannot read {}: {error}", report.file);
            partly(format!("stopped after {events}, before line {line}"), Some(cause))
        }
        StopReason::LocalError(error) => {
            let cause = error.to_string();
            partly(format!("stopped after {events}, before line {line}"), Some(cause))
        }
    }
}
