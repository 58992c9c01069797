//! What is said of the receiving itself.

use std::io;
use std::net::SocketAddr;

use super::Args;
use crate::http::server::Unread;
use crate::ops::receive::Receiving;
use crate::ops::receive::forward::News;
use crate::ops::receive::receiver::{Refusal, Why};
use crate::term::{Format, Tone, Ui};

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
    if let (Some(mode), Some(key)) = (receiving.loose_key, &args.manner.tls_key) {
        let key = key.display();
        warnings.push(format!("{key} can be read by others (mode {mode:o}): chmod 600 it"));
    }
    if receiving.found.is_torn {
        warnings.push(format!("the last line of {record} was cut off; a new one follows it"));
    }
    warnings
}

/// What is said of a request that was refused.
pub fn refused(refusal: &Refusal, args: &Args) -> String {
    let what = format!("{} {}", refusal.method, refusal.path);
    match refusal.why {
        Why::NoCredentials => format!("{what} came without credentials and was answered with 401"),
        Why::WrongCredentials => {
            format!("{what} came with wrong credentials and was answered with 401")
        }
        Why::Method => format!("{what} is no POST and was answered with 405"),
        Why::Body(Unread::TooLarge) => {
            let most = args.manner.max_body;
            format!("{what} had more than {most} bytes (--max-body) and was answered with 413")
        }
        Why::Body(Unread::TooSlow) => format!("{what} took too long and was answered with 408"),
        Why::Body(Unread::Crowded) => {
            format!("{what} came beside too many large ones and was answered with 503")
        }
        Why::Body(Unread::Broken) => format!("{what} broke off in its body"),
    }
}

/// What is said of the passing on.
pub fn news(news: &News) -> (Tone, String) {
    match news {
        News::Fails(why) => {
            (Tone::Warn, format!("an event was not passed on: {why}; trying again"))
        }
        News::Works => (Tone::Good, "events are passed on again".to_owned()),
        News::Refused { trace, why } => {
            let which = trace.as_ref().map(|trace| format!(" with the trace {trace}"));
            let which = which.unwrap_or_default();
            (Tone::Bad, format!("an event{which} was not passed on: {why}"))
        }
        News::Overflows => {
            let sentence = "too many events wait to be passed on; what comes now is not";
            (Tone::Bad, sentence.to_owned())
        }
    }
}
