//! How tests look: a row per event; as JSON the shape that `verify` has, and more.

use serde_json::{Value, json};

use super::Target;
use crate::commands::Context;
use crate::model::{Object, Received};
use crate::ops::probe::verdict::{Outcome, Verdict};
use crate::ops::probe::{Credentials, Exchange, Hop, Post, internal, verdict};
use crate::ui::{Cell, Column, Table, Tone, View, text};

/// The bodies that would be posted.
pub struct Printed(pub Vec<Value>);

impl View for Printed {
    const COLUMNS: &'static [Column] = &[];
    const HAS_IDS: bool = false;
    const HAS_ROWS: bool = false;

    fn json(&self) -> Value {
        match self.0.as_slice() {
            [one] => one.clone(),
            several => several.iter().cloned().collect(),
        }
    }

    fn table(&self) -> Table {
        Table::new(Self::COLUMNS)
    }
}

/// What became of every event.
pub struct Tests<'a>(Vec<Tested<'a>>);

struct Tested<'a> {
    target: &'a Target,
    warnings: Vec<String>,
    results: Vec<Row>,
    /// No authentication, though it was to be checked.
    is_open: bool,
}

struct Row {
    event: Received,
    trace: String,
    credentials: Credentials,
    verdict: Verdict,
    milliseconds: u64,
    hops: Vec<Hop>,
    /// The beginning of the answer, safe to show.
    answer: String,
}

/// How much of an answer is shown, in characters.
const EXCERPT: usize = 200;

impl<'a> Tests<'a> {
    /// Nothing became of anything yet.
    pub fn new(targets: &'a [Target], check_auth: bool) -> Self {
        let start = |target: &'a Target| Tested {
            target,
            warnings: target.endpoint.warnings.clone(),
            results: Vec::new(),
            is_open: check_auth && target.endpoint.carriers().is_empty(),
        };
        Self(targets.iter().map(start).collect())
    }

    /// Judges what came of a post.
    pub fn add(
        &mut self,
        target: usize,
        post: &Post,
        credentials: Credentials,
        exchange: Exchange,
    ) {
        let Some(tested) = self.0.get_mut(target) else { return };
        let endpoint = &tested.target.endpoint;
        let verdict = match credentials {
            Credentials::Right => verdict::of_event(&post.event, &exchange),
            _ => verdict::of_credentials(credentials, &endpoint.carriers(), &exchange),
        };
        if exchange.was_internal() && !tested.warnings.contains(&internal()) {
            tested.warnings.push(internal());
        }
        let body = exchange.answer.as_ref().map(|answer| answer.body.as_slice());
        let body = endpoint.scrub(&String::from_utf8_lossy(body.unwrap_or_default()));
        tested.results.push(Row {
            event: post.event.clone(),
            trace: post.trace.clone(),
            credentials,
            verdict,
            milliseconds: u64::try_from(exchange.took.as_millis()).unwrap_or(u64::MAX),
            hops: exchange.hops,
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
                let label = cx.ui.err_tone(Tone::Strong, "hint:");
                cx.ui.note(&format!("  {label} {who}{names}: {fix}"));
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

impl Tested<'_> {
    fn passed(&self) -> bool {
        !self.is_open && !self.results.is_empty() && self.results.iter().all(|r| r.verdict.success)
    }

    fn own_warnings(&self) -> Vec<String> {
        let silent = self
            .results
            .is_empty()
            .then_some("no trigger is on, so nothing was posted; name an event with --event");
        let open = self.is_open.then_some(
            "the webhook carries no authentication at all: anybody who knows the URL can post to it; \
             give it some with --username and --password, or a secret header",
        );
        self.warnings
            .iter()
            .cloned()
            .chain([silent, open].into_iter().flatten().map(str::to_owned))
            .collect()
    }

    fn to_json(&self) -> Value {
        let mut object = Object::new();
        object.insert("ID".to_owned(), self.target.id.map(|id| id.0).into());
        object.insert("Url".to_owned(), self.target.url.clone().into());
        object.insert("Success".to_owned(), self.passed().into());
        object.insert("Results".to_owned(), self.results.iter().map(Row::to_json).collect());
        if !self.own_warnings().is_empty() {
            object.insert("Warnings".to_owned(), self.own_warnings().into());
        }
        Value::Object(object)
    }
}

impl Row {
    fn name(&self) -> String {
        match self.credentials {
            Credentials::Right => self.event.name().to_owned(),
            Credentials::Missing => format!("{} without credentials", self.event.name()),
            Credentials::Wrong => format!("{} with wrong credentials", self.event.name()),
        }
    }

    /// What Postmark would do; nothing worth saying of a delivery.
    fn consequence(&self) -> Option<String> {
        let outcome = self.verdict.outcome.filter(|outcome| *outcome != Outcome::Delivered)?;
        Some(outcome.consequence(self.event.event()).to_owned())
    }

    fn outcome(&self) -> Cell {
        match (self.verdict.outcome, self.verdict.success) {
            (Some(outcome), true) => Cell::new(outcome.name()).tone(Tone::Good),
            (Some(outcome), false) => Cell::new(outcome.name()).tone(Tone::Bad),
            (None, true) => Cell::new("refused").tone(Tone::Good),
            (None, false) => Cell::new("not refused").tone(Tone::Bad),
        }
    }

    fn to_json(&self) -> Value {
        let mut row = json!({
            "TriggerType": self.event.key(),
            "Success": self.verdict.success,
            "StatusCode": self.verdict.status,
            "Message": self.verdict.message,
            "Milliseconds": self.milliseconds,
            "Outcome": self.verdict.outcome.map(Outcome::name),
            "TraceId": self.trace,
        });
        let check = match self.credentials {
            Credentials::Right => Value::Null,
            Credentials::Missing => "WithoutCredentials".into(),
            Credentials::Wrong => "WrongCredentials".into(),
        };
        let hop = |hop: &Hop| json!({"StatusCode": hop.status, "Url": hop.url});
        let redirects: Vec<_> = self.hops.iter().map(hop).collect();
        let more = [
            ("Check", check),
            ("Redirects", redirects.into()),
            ("Consequence", self.consequence().into()),
            ("Fix", self.verdict.fix.clone().into()),
            ("Warnings", self.verdict.warnings.clone().into()),
        ];
        if let Value::Object(row) = &mut row {
            let is_said = |v: &Value| !v.is_null() && v.as_array().is_none_or(|a| !a.is_empty());
            let said = more.into_iter().filter(|(_, value)| is_said(value));
            row.extend(said.map(|(key, value)| (key.to_owned(), value)));
        }
        row
    }
}

impl View for Tests<'_> {
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
    const HAS_IDS: bool = false;

    fn json(&self) -> Value {
        self.0.iter().map(Tested::to_json).collect()
    }

    fn table(&self) -> Table {
        let mut table = Table::new(Self::COLUMNS);
        for tested in &self.0 {
            let id = tested.target.id.map_or("-".to_owned(), |id| id.to_string());
            for row in &tested.results {
                let status = row.verdict.status.map_or("-".to_owned(), |s| s.to_string());
                table.row(vec![
                    Cell::new(&id),
                    Cell::new(&tested.target.url),
                    Cell::new(row.name()),
                    row.outcome(),
                    Cell::new(status),
                    Cell::new(row.milliseconds.to_string()),
                    Cell::new(&row.verdict.message),
                    Cell::new(&row.trace),
                ]);
            }
        }
        table
    }

    fn nothing(&self) -> &'static str {
        "Nothing was posted."
    }
}
