//! `delete`: webhooks for good, with a way back.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::Context;
use crate::args::confirm::Confirm;
use crate::args::target::WebhookIds;
use crate::failure::{Exit, Failure, explain};
use crate::model::{Webhook, WebhookId};
use crate::ops::backup;
use crate::ui::{Cell, Column, Table, Tone, View, webhooks};

/// Delete webhooks
///
/// Shows what will go and asks. Each definition is first written to a private file, with its
/// secrets, so that `pmhooks create --from FILE` can bring it back, under a new ID. Of several
/// webhooks all are tried, and each is reported.
///
/// Examples:
///     pmhooks delete 1234567
///     pmhooks delete 1234567 1234568 --yes
///     pmhooks delete 1234567 --yes --ignore-missing
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment, visible_alias = "rm")]
pub struct Args {
    #[command(flatten)]
    target: WebhookIds,
    /// A webhook that does not exist is no failure
    #[arg(long)]
    ignore_missing: bool,
    #[command(flatten)]
    confirm: Confirm,
}

/// Deletes.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<Outcomes>()?;
    cx.can_confirm(&args.confirm)?;
    let ids = cx.ids_or_pick(&args.target.ids, "Which webhook is to be deleted?")?;
    let session = cx.session()?;
    let (mut there, mut outcomes) = (Vec::new(), Outcomes::new(args.confirm.dry_run));
    for id in &ids {
        match session.client.get(*id) {
            Ok(webhook) => there.push(webhook),
            Err(error) if args.ignore_missing && error.is_not_found() => outcomes.missing(*id),
            Err(error) => {
                let what = format!("cannot get webhook {id} of {}", session.place());
                outcomes.failed(*id, anyhow::Error::from(error).context(what));
            }
        }
    }
    if !there.is_empty() {
        confirm(&there, &args.confirm, cx)?;
        let place = session.target.name().map_or("environment".to_owned(), |name| name.to_string());
        let folder = backup::folder()?;
        cx.ui.interrupts.go_gently();
        for (index, webhook) in there.iter().enumerate() {
            cx.ui.progress(&format!("Deleting {} of {}…", index + 1, there.len()));
            if args.confirm.dry_run {
                outcomes.done(webhook.id, "would be deleted".to_owned(), None);
            } else if cx.ui.interrupts.is_asked() {
                outcomes.not_reached(webhook.id);
            } else {
                match delete(webhook, &folder, &place, cx) {
                    Ok((message, backup)) => outcomes.done(webhook.id, message, Some(backup)),
                    Err(error) => outcomes.failed(webhook.id, error),
                }
            }
        }
    }
    outcomes.finish(&ids, cx)
}

fn confirm(there: &[Webhook], confirm: &Confirm, cx: &Context) -> Result<()> {
    let would = if confirm.dry_run { "Dry run: would delete" } else { "About to delete" };
    for w in there {
        let triggers = webhooks::triggers_text(w);
        let url = w.url.masked();
        cx.ui.note(&format!(
            "{would} webhook {} of stream {}: {url} ({triggers})",
            w.id, w.message_stream
        ));
    }
    let question = match there {
        [one] => format!("Delete webhook {} of {}?", one.id, cx.session()?.place()),
        all => format!("Delete these {} webhooks of {}?", all.len(), cx.session()?.place()),
    };
    cx.authorise(confirm, Some(&question))
}

fn delete(webhook: &Webhook, folder: &Path, place: &str, cx: &Context) -> Result<(String, String)> {
    let id = webhook.id;
    let kept = backup::keep(folder, place, webhook)
        .with_context(|| format!("webhook {id} was not deleted: its definition cannot be kept"))?;
    let session = cx.session()?;
    let deleted = session.client.delete(id);
    let deleted =
        deleted.with_context(|| format!("cannot delete webhook {id} of {}", session.place()))?;
    let path = kept.display().to_string();
    let profile = session.target.name().map(|name| format!(" -p {name}")).unwrap_or_default();
    cx.ui.note(&format!(
        "Deleted webhook {id}. Bring it back with: pmhooks{profile} create --from {path}"
    ));
    Ok((deleted.message, path))
}

/// What became of each webhook.
struct Outcomes {
    rows: Vec<(WebhookId, bool, String, Option<String>)>,
    failures: Vec<Failure>,
    dry_run: bool,
}

impl Outcomes {
    fn new(dry_run: bool) -> Self {
        Self { rows: Vec::new(), failures: Vec::new(), dry_run }
    }

    fn done(&mut self, id: WebhookId, message: String, backup: Option<String>) {
        self.rows.push((id, !self.dry_run, message, backup));
    }

    fn missing(&mut self, id: WebhookId) {
        self.rows.push((id, false, "not found, ignored".to_owned(), None));
    }

    fn not_reached(&mut self, id: WebhookId) {
        self.rows.push((id, false, "not reached".to_owned(), None));
        self.failures.push(Failure::new(Exit::Interrupted, "interrupted"));
    }

    fn failed(&mut self, id: WebhookId, error: anyhow::Error) {
        self.rows.push((id, false, format!("{error:#}"), None));
        self.failures.push(explain(&error));
    }

    /// Reports: a single failure is itself; of several webhooks each has its row.
    fn finish(mut self, ids: &[WebhookId], cx: &Context) -> Result<Exit> {
        let failed = self.failures.len();
        if ids.len() == 1 && failed == 1 {
            return Err(self.failures.remove(0).into());
        }
        self.rows.sort_by_key(|(id, ..)| ids.iter().position(|i| i == id));
        cx.show(&self)?;
        match self.failures.first() {
            None => Ok(Exit::Done),
            Some(first) => {
                let exit = if failed == ids.len() { first.exit } else { Exit::PartlyDone };
                let message = format!("{failed} of {} webhooks were not deleted", ids.len());
                let causes = self.failures.iter().map(|f| f.message.clone()).collect();
                Err(Failure { causes, hints: first.hints.clone(), ..Failure::new(exit, message) }
                    .into())
            }
        }
    }
}

fn marked(mut row: Value) -> Value {
    if let Value::Object(object) = &mut row {
        object.insert("DryRun".to_owned(), true.into());
    }
    row
}

impl View for Outcomes {
    const COLUMNS: &'static [Column] = &[
        Column::new("id", "ID"),
        Column::new("deleted", "Deleted"),
        Column::new("message", "Message"),
        Column::hidden("backup", "Backup"),
    ];

    fn json(&self) -> Value {
        let row = |(id, deleted, message, backup): &(WebhookId, bool, String, Option<String>)| {
            let row = json!({"ID": id.0, "Deleted": deleted, "Message": message, "Backup": backup});
            if self.dry_run { marked(row) } else { row }
        };
        self.rows.iter().map(row).collect()
    }

    fn table(&self) -> Table {
        let mut table = Table::new(Self::COLUMNS);
        for (id, deleted, message, backup) in &self.rows {
            let word = if *deleted { Cell::new("yes").tone(Tone::Good) } else { Cell::new("no") };
            let backup = Cell::new(backup.as_deref().unwrap_or_default());
            table.row(vec![Cell::new(id.to_string()), word, Cell::new(message), backup]);
        }
        table
    }

    fn ids(&self) -> Vec<String> {
        self.rows.iter().filter(|row| row.1).map(|row| row.0.to_string()).collect()
    }
}
