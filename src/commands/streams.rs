//! `streams`: the message streams of a server, or of several.

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use serde::{Serialize, Serializer};

use super::Context;
use crate::error::{Exit, Result, ResultExt as _};
use crate::postmark::{Stream, StreamFilter, StreamType};
use crate::term::{ByProfile, Cell, Column, Report, Row, Tone};

/// List the message streams of a server
///
/// A webhook belongs to one transactional or broadcast stream; inbound mail has a
/// URL of the server instead (`pmhooks server get`).
///
/// Examples:
///     pmhooks streams
///     pmhooks streams --type broadcasts --archived -o json
///     pmhooks streams --all-profiles
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Only streams of this type
    #[arg(long = "type", value_name = "TYPE", value_parser = types())]
    kind: Option<StreamType>,
    /// Archived streams too
    #[arg(long)]
    archived: bool,
}

fn types() -> impl clap::builder::TypedValueParser<Value = StreamType> {
    PossibleValuesParser::new(["transactional", "broadcasts", "inbound"]).map(|word| {
        match word.as_str() {
            "transactional" => StreamType::Transactional,
            "broadcasts" => StreamType::Broadcasts,
            _ => StreamType::Inbound,
        }
    })
}

/// Lists.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<ByProfile<Streams>>()?;
    let filter = StreamFilter { kind: args.kind, archived: args.archived };
    let batch = cx.each("listed", |session| {
        let streams = session.client.streams(filter);
        streams.with_context(|| format!("cannot list the message streams of {}", session.place()))
    })?;
    batch.show(cx, Streams)
}

struct Streams(Vec<Stream>);

impl Serialize for Streams {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Stream::to_json))
    }
}

impl Report for Streams {
    const COLUMNS: &'static [Column] = &[
        Column::new("id", "ID"),
        Column::new("type", "MessageStreamType"),
        Column::new("name", "Name"),
        Column::hidden("description", "Description"),
        Column::new("archived", "ArchivedAt"),
    ];
    const KEYS: &'static [&'static str] = &[
        "ID",
        "ServerID",
        "Name",
        "Description",
        "MessageStreamType",
        "CreatedAt",
        "UpdatedAt",
        "ArchivedAt",
        "ExpectedPurgeDate",
        "SubscriptionManagementConfiguration",
    ];

    fn rows(&self) -> Vec<Row> {
        let row = |stream: &Stream| {
            let archived = match stream.text("ArchivedAt") {
                "" => Cell::new("-").tone(Tone::Faint),
                at => Cell::new(at).tone(Tone::Warn),
            };
            Row::new([
                Cell::new(stream.id.as_str()),
                Cell::new(stream.text("MessageStreamType")),
                Cell::new(stream.text("Name")),
                Cell::new(stream.text("Description")),
                archived,
            ])
            .id(Some(&stream.id))
        };
        self.0.iter().map(row).collect()
    }

    fn empty_note(&self) -> &'static str {
        "No such message streams here."
    }
}
