//! Report of a server.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::postmark::{Reveal, Server};
use crate::term::{Cell, Column, Details, Report, Row, Tone};

/// Keys in the table, in this order. The last four are the hook URLs from before webhooks had streams.
const SHOWN: [&str; 12] = [
    "ID",
    "Name",
    "DeliveryType",
    "InboundAddress",
    "InboundHookUrl",
    "EnableSmtpApiErrorHooks",
    "TrackOpens",
    "TrackLinks",
    "BounceHookUrl",
    "OpenHookUrl",
    "DeliveryHookUrl",
    "ClickHookUrl",
];

/// Report of a server.
pub(crate) struct ServerReport(pub(crate) Server);

impl ServerReport {
    fn settings(&self) -> Vec<(&'static str, Cell)> {
        let clear = self.0.to_json(Reveal::Shown);
        let masked = self.0.to_json(Reveal::Masked);
        let cell = |key: &str, value: &Value| match value {
            Value::String(text) if text.is_empty() => Cell::new("none").tone(Tone::Faint),
            Value::String(text) => {
                let masked = masked.get(key).and_then(Value::as_str).unwrap_or_default();
                Cell::secret(masked, text)
            }
            Value::Bool(true) => Cell::new("true").tone(Tone::Good),
            Value::Null => Cell::new("none").tone(Tone::Faint),
            other => Cell::new(other.to_string()),
        };
        SHOWN
            .iter()
            .filter_map(|key| clear.get(key).map(|value| (*key, cell(key, value))))
            .collect()
    }
}

impl Serialize for ServerReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_json(Reveal::Shown).serialize(serializer)
    }
}

impl Report for ServerReport {
    const COLUMNS: &'static [Column] =
        &[Column::new("field", "Path"), Column::new("value", "Value")];
    const KEYS: &'static [&'static str] = &[
        "ID",
        "Name",
        "ApiTokens",
        "Color",
        "SmtpApiActivated",
        "RawEmailEnabled",
        "DeliveryType",
        "ServerLink",
        "InboundAddress",
        "InboundHookUrl",
        "BounceHookUrl",
        "OpenHookUrl",
        "DeliveryHookUrl",
        "PostFirstOpenOnly",
        "InboundDomain",
        "InboundHash",
        "InboundSpamThreshold",
        "TrackOpens",
        "TrackLinks",
        "IncludeBounceContentInHook",
        "ClickHookUrl",
        "EnableSmtpApiErrorHooks",
    ];

    fn rows(&self) -> Vec<Row> {
        self.settings().into_iter().map(|(name, cell)| Row::new([Cell::new(name), cell])).collect()
    }

    fn id(&self) -> Option<String> {
        Some(self.0.id.to_string())
    }

    fn details(&self) -> Option<Details> {
        Some(vec![self.settings()])
    }
}
