//! What an operator should look at, each thing once, with the lines that it is about.

use super::Args;
use super::report::ReplayReport;
use super::row::Row;
use crate::commands::Context;

/// So many lines are named of those that a sentence is about.
const NAMED: usize = 5;
/// So many different things at most are said.
const SAID: usize = 20;
/// So many lines at most are put into a command.
const AGAIN: u64 = 20;

/// Says what is to be known besides the table. JSON says it in its place.
pub fn tell(report: &ReplayReport, args: &Args, cx: &Context) {
    if cx.ui.settings.format.is_json() {
        return;
    }
    for (warning, who) in grouped(report, |row| {
        row.result.as_ref().map(|(verdict, _)| verdict.warnings.clone()).unwrap_or_default()
    }) {
        cx.ui.warn(&format!("{who}: {warning}"));
    }
    for (fix, who) in
        grouped(report, |row| row.result.as_ref().and_then(|(verdict, _)| verdict.fix.clone()))
    {
        cx.ui.hint(&format!("{who}: {fix}"));
    }
    if let Some(command) = again(report, args).filter(|_| report.next_line.is_none()) {
        cx.ui.hint(&format!("to send only what was not accepted again: {command}"));
    }
}

/// The command that sends the events again that were not accepted, where it is a short one.
fn again(report: &ReplayReport, args: &Args) -> Option<String> {
    let refused: Vec<&Row> = report.rows.iter().filter(|row| row.is_refused()).collect();
    let count = report.totals.refused();
    let is_some = (1..=AGAIN).contains(&count) && count < report.totals.events;
    if !is_some || args.file.as_os_str() == "-" || refused.iter().any(|row| !row.alone) {
        return None;
    }
    let lines: Vec<_> = refused.iter().map(|row| format!("{}p", row.line)).collect();
    let file = args.file.to_string_lossy();
    let file = shell_words::quote(&file);
    Some(format!("sed -n '{}' {file} | pmhooks replay - ...", lines.join(";")))
}

/// What rows say, each thing once, with the lines of those that say it.
fn grouped<I: IntoIterator<Item = String>>(
    report: &ReplayReport,
    says: impl Fn(&Row) -> I,
) -> Vec<(String, String)> {
    let mut groups: Vec<(String, Vec<u64>)> = Vec::new();
    for row in &report.rows {
        for said in says(row) {
            let is_room = groups.len() < SAID;
            match groups.iter_mut().find(|(other, _)| *other == said) {
                Some((_, lines)) => lines.push(row.line),
                None if is_room => groups.push((said, vec![row.line])),
                None => {}
            }
        }
    }
    let who = |lines: Vec<u64>| match lines.as_slice() {
        [line] => format!("line {line}"),
        all if all.len() == report.rows.len() => "every event".to_owned(),
        lines => {
            let named: Vec<_> = lines.iter().take(NAMED).map(u64::to_string).collect();
            let more = match lines.len() - named.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("lines {}{more}", named.join(", "))
        }
    };
    groups.into_iter().map(|(said, lines)| (said, who(lines))).collect()
}
