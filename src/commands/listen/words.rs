//! What is said at the start.

use std::io;
use std::net::SocketAddr;

use super::Args;
use crate::ops::receive::Receiving;
use crate::ui::{Format, Ui};

/// Events come for as long as this runs.
pub const NO_DOCUMENT: &str =
    "events are shown as they come: as lines for people, or with --output jsonl for programs";

/// Says where it listens: for people with the data, for programs beside it.
pub fn listening(args: &Args, address: SocketAddr, ui: &Ui) -> io::Result<()> {
    let scheme = if args.manner.tls_cert.is_some() { "https" } else { "http" };
    let sentence = format!("Listening on {scheme}://{address}");
    if ui.settings.format == Format::Jsonl {
        ui.line(&sentence);
    } else {
        ui.data(&format!("{sentence}\n"))?;
    }
    ui.note("Ctrl-C ends it.");
    Ok(())
}

/// What should not be overlooked before the first event.
pub fn warnings(args: &Args, receiving: &Receiving, is_open: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    let address = receiving.address();
    if !address.ip().is_loopback() {
        let open = if is_open { ", and no credentials are asked for: see --username" } else { "" };
        warnings.push(format!("{address} can be reached from other machines{open}"));
    }
    let record = args.record.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    if let Some(mode) = receiving.found.loose_mode {
        warnings.push(format!(
            "{record} can be read or written by others (mode {mode:o}): chmod 600 it"
        ));
    }
    if receiving.found.is_torn {
        warnings.push(format!("the last line of {record} was cut off; a new one follows it"));
    }
    warnings
}
