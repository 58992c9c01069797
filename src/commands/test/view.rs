//! How tests look: a row per event; as JSON the shape that `verify` has, and more.

use serde::Serialize;

use super::prepare::Target;
use super::row::Row;
use super::tested::Tested;
use crate::commands::Context;
use crate::ops::test::{Attempt, Credentials, NOT_PUBLIC, OutgoingEvent, verdict};
use crate::term::{Cell, Column, Format, Report, table, text};

/// What became of every event.
#[derive(Serialize)]
pub struct Tests<'a>(pub Vec<Tested<'a>>);

/// How much of an answer is shown, in characters.
const EXCERPT: usize = 200;

impl<'a> Tests<'a> {
    /// Nothing became of anything yet.
    pub fn new(targets: &'a [Target], check_auth: bool) -> Self {
        let start = |target: &'a Target| Tested {
            target,
            warnings: target.endpoint.warnings.clone(),
            results: Vec::new(),
            is_open: check_auth && target.endpoint.credential_names().is_empty(),
        };
        Self(targets.iter().map(start).collect())
    }

    /// Judges what came of a post.
    pub fn add(
        &mut self,
        target: usize,
        post: &OutgoingEvent,
        credentials: Credentials,
        exchange: Attempt,
    ) {
        let Some(tested) = self.0.get_mut(target) else { return };
        let endpoint = &tested.target.endpoint;
        let verdict = match credentials {
            Credentials::Correct => verdict::judge(&post.event, &exchange),
            _ => verdict::judge_rejection(credentials, &endpoint.credential_names(), &exchange),
        };
        if exchange.was_internal() && !tested.warnings.contains(&NOT_PUBLIC.to_owned()) {
            tested.warnings.push(NOT_PUBLIC.to_owned());
        }
        let body = exchange.answer.as_ref().map(|answer| answer.body.as_slice());
        let body = endpoint.mask_secrets(&String::from_utf8_lossy(body.unwrap_or_default()));
        tested.results.push(Row {
            event: post.event.clone(),
            trace: post.trace_id.clone(),
            credentials,
            verdict,
            milliseconds: u64::try_from(exchange.took.as_millis()).unwrap_or(u64::MAX),
            redirects: exchange.redirects,
            answer: text::excerpt(body.trim(), EXCERPT),
        });
    }

    /// True where every event passed, and every check.
    pub fn passed(&self) -> bool {
        self.0.iter().all(Tested::passed)
    }

    /// With `-v`: how the endpoint answered.
    pub fn tell_answers(&self, cx: &Context) {
        let rows = self.0.iter().flat_map(|tested| &tested.results);
        for row in rows.filter(|row| cx.ui.settings.verbose > 0 && !row.answer.is_empty()) {
            cx.ui.trace(&format!("{} was answered: {}", row.name(), row.answer));
        }
    }
}

impl Report for Tests<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::new("id", "ID"),
        Column::hidden("url", "Url"),
        Column::new("event", "TriggerType"),
        Column::new("outcome", "Outcome"),
        Column::new("status", "StatusCode"),
        Column::new("ms", "Milliseconds"),
        Column::new("message", "Message"),
        Column::hidden("trace", "TraceId"),
    ];
    const KEYS: &'static [&'static str] = &["ID", "Url", "Success", "Results", "Warnings"];
    const FORMATS: &'static [Format] = &[];

    fn rows(&self) -> Vec<table::Row> {
        let mut rows = Vec::new();
        for tested in &self.0 {
            let id = tested.target.id.map_or("-".to_owned(), |id| id.to_string());
            for row in &tested.results {
                let status = row.verdict.status.map_or("-".to_owned(), |s| s.to_string());
                rows.push(table::Row::new([
                    Cell::new(&id),
                    Cell::new(&tested.target.url),
                    Cell::new(row.name()),
                    row.outcome(),
                    Cell::new(status),
                    Cell::new(row.milliseconds.to_string()),
                    Cell::new(&row.verdict.message),
                    Cell::new(&row.trace),
                ]));
            }
        }
        rows
    }

    fn empty_note(&self) -> &'static str {
        "Nothing was posted."
    }
}
