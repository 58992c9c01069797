//! How verifications look: a row per trigger that Postmark speaks of.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::postmark::Verdict;
use crate::postmark::{Object, Trigger, Verification, WebhookId, mask};
use crate::term::{Cell, Column, Format, Report, Row, Tone};

/// What Postmark found at each webhook.
pub struct Verified(pub Vec<(WebhookId, Verification)>);

impl Verified {
    /// The webhooks that did not pass, each with the triggers that are said to have failed.
    pub fn not_passed(&self) -> Vec<(WebhookId, String)> {
        let failed = self.0.iter().filter(|(_, verification)| !verification.passed());
        let with_triggers = failed.map(|(id, verification)| {
            let failed = verification.results.iter().filter(|r| !r.success);
            let names: Vec<_> = failed.map(|r| Trigger::shown(&r.trigger_type)).collect();
            let names = if names.is_empty() { "any trigger".to_owned() } else { names.join(", ") };
            (*id, names)
        });
        with_triggers.collect()
    }
}

fn url(verification: &Verification) -> Option<String> {
    verification.extra.get("Url").and_then(Value::as_str).map(|url| mask::url(url).into_owned())
}

/// Postmark's words; a URL in them may hold secrets.
fn said(message: Option<&str>) -> Option<String> {
    message.map(|message| mask::outside(message).into_owned())
}

/// Verification of a webhook in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct VerificationObject<'a> {
    #[serde(rename = "ID")]
    id: WebhookId,
    url: Option<String>,
    success: bool,
    results: Vec<ResultObject<'a>>,
    message: Option<String>,
    /// Keys that are not known here.
    #[serde(flatten)]
    extra: Object,
}

/// Result of one trigger's probe in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ResultObject<'a> {
    trigger_type: &'a str,
    success: bool,
    status_code: Option<i64>,
    message: Option<String>,
    /// Keys that are not known here.
    #[serde(flatten)]
    extra: &'a Object,
}

impl<'a> From<&'a Verdict> for ResultObject<'a> {
    fn from(verdict: &'a Verdict) -> Self {
        Self {
            trigger_type: &verdict.trigger_type,
            success: verdict.success,
            status_code: verdict.status_code,
            message: said(verdict.message.as_deref()),
            extra: &verdict.extra,
        }
    }
}

impl<'a> From<&'a (WebhookId, Verification)> for VerificationObject<'a> {
    fn from((id, verification): &'a (WebhookId, Verification)) -> Self {
        let known = ["Id", "ID", "Url"];
        let mut extra = verification.extra.clone();
        extra.retain(|key, _| !known.contains(&key.as_str()));
        Self {
            id: *id,
            url: url(verification),
            success: verification.passed(),
            results: verification.results.iter().map(ResultObject::from).collect(),
            message: said(verification.message.as_deref()),
            extra,
        }
    }
}

impl Serialize for Verified {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(VerificationObject::from))
    }
}

impl Report for Verified {
    const COLUMNS: &'static [Column] = &[
        Column::new("id", "ID"),
        Column::hidden("url", "Url"),
        Column::new("trigger", "TriggerType"),
        Column::new("result", "Success"),
        Column::new("status", "StatusCode"),
        Column::new("message", "Message"),
    ];
    const KEYS: &'static [&'static str] = &["ID", "Url", "Success", "Results", "Message"];
    const FORMATS: &'static [Format] = &[];

    fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        let result = |success: bool| {
            let (word, tone) = if success { ("passed", Tone::Good) } else { ("failed", Tone::Bad) };
            Cell::new(word).tone(tone)
        };
        for (id, verification) in &self.0 {
            let mut row = |trigger: &str, success, status: Option<i64>, message: Option<&str>| {
                let status = status.filter(|s| *s > 0).map_or("-".to_owned(), |s| s.to_string());
                let url = url(verification).unwrap_or_default();
                rows.push(Row::new([
                    Cell::new(id.to_string()),
                    Cell::new(url),
                    Cell::new(trigger),
                    result(success),
                    Cell::new(status),
                    Cell::new(said(message).unwrap_or_default()),
                ]));
            };
            for r in &verification.results {
                row(
                    Trigger::shown(&r.trigger_type),
                    r.success,
                    r.status_code,
                    r.message.as_deref(),
                );
            }
            // Where no trigger is on there is nothing to probe.
            if verification.results.is_empty() {
                row("-", verification.passed(), None, verification.message.as_deref());
            }
        }
        rows
    }
}
