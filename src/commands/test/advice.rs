//! What is to be known besides the table of a test, each thing once.

use super::row::Row;
use super::view::Tests;
use crate::commands::Context;

impl Tests<'_> {
    /// What is to be known besides the table, each thing once. JSON says it in its place.
    pub fn advise(&self, cx: &Context) {
        if cx.ui.settings.format.is_json() {
            return;
        }
        for tested in &self.0 {
            let who = match tested.target.id {
                Some(id) if self.0.len() > 1 => format!("webhook {id}: "),
                _ => String::new(),
            };
            tested.own_warnings().iter().for_each(|w| cx.ui.warn(&format!("{who}{w}")));
            for (warning, names) in grouped(&tested.results, |row| row.verdict.warnings.clone()) {
                cx.ui.warn(&format!("{who}{names}: {warning}"));
            }
            for (consequence, names) in grouped(&tested.results, Row::consequence) {
                cx.ui.note(&format!("{who}{names}: {consequence}."));
            }
            for (fix, names) in grouped(&tested.results, |row| row.verdict.fix.clone()) {
                cx.ui.hint(&format!("{who}{names}: {fix}"));
            }
        }
    }
}

/// What rows say, each thing once, with the names of those that say it.
fn grouped<I: IntoIterator<Item = String>>(
    rows: &[Row],
    says: impl Fn(&Row) -> I,
) -> Vec<(String, String)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for row in rows {
        for said in says(row) {
            match groups.iter_mut().find(|(other, _)| *other == said) {
                Some((_, names)) => names.push(row.name()),
                None => groups.push((said, vec![row.name()])),
            }
        }
    }
    let names = |names: Vec<String>| match names.len() {
        many if many > 1 && many == rows.len() => "every event".to_owned(),
        _ => names.join(", "),
    };
    groups.into_iter().map(|(said, of)| (said, names(of))).collect()
}
