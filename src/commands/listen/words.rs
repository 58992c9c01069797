//! What is said of the receiving itself.

use std::io;
use std::net::SocketAddr;

use super::Args;
use crate::http::server::BodyError;
use crate::ops::receive::{ForwardNotice, Listener, RejectReason, Rejection};
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
pub fn warnings(args: &Args, receiving: &Listener, is_open: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    let address = receiving.address();
    if !address.ip().is_loopback() {
        let open = if is_open { ", and no credentials are asked for: see --username" } else { "" };
        warnings.push(format!("{address} can be reached from other machines{open}"));
    }
    let record = args.record.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    if let Some(mode) = receiving.record_state.loose_mode {
        warnings.push(format!(
            "{record} can be read or written by others (mode {mode:o}): chmod 600 it"
        ));
    }
    if let (Some(mode), Some(key)) = (receiving.loose_key_mode, &args.manner.tls_key) {
        let key = key.display();
        warnings.push(format!("{key} can be read by others (mode {mode:o}): chmod 600 it"));
    }
    if receiving.record_state.is_torn {
        warnings.push(format!("the last line of {record} was cut off; a new one follows it"));
    }
    warnings
}

/// What is said of a request that was refused.
pub fn refused(refusal: &Rejection, args: &Args) -> String {
    let what = format!("{} {}", refusal.method, refusal.path);
    match refusal.reason {
        RejectReason::NoCredentials => {
            format!("{what} came without credentials and was answered with 401")
        }
        RejectReason::WrongCredentials => {
            format!("{what} came with wrong credentials and was answered with 401")
        }
        RejectReason::Method => format!("{what} is no POST and was answered with 405"),
        RejectReason::Body(BodyError::TooLarge) => {
            let most = args.manner.max_body;
            format!("{what} had more than {most} bytes (--max-body) and was answered with 413")
        }
        RejectReason::Body(BodyError::TooSlow) => {
            format!("{what} took too long and was answered with 408")
        }
        RejectReason::Body(BodyError::OverBudget) => {
            format!("{what} came beside too many large ones and was answered with 503")
        }
        RejectReason::Body(BodyError::Malformed) => format!("{what} broke off in its body"),
    }
}

/// What is said of the passing on.
pub fn news(news: &ForwardNotice) -> (Tone, String) {
    match news {
        ForwardNotice::Retrying(why) => {
            (Tone::Warn, format!("an event was not passed on: {why}; trying again"))
        }
        ForwardNotice::Recovered => (Tone::Good, "events are passed on again".to_owned()),
        ForwardNotice::Failed { trace_id: trace, reason: why } => {
            let which = trace.as_ref().map(|trace| format!(" with the trace {trace}"));
            let which = which.unwrap_or_default();
            (Tone::Bad, format!("an event{which} was not passed on: {why}"))
        }
        ForwardNotice::QueueFull => {
            let sentence = "too many events wait to be passed on; what comes now is not";
            (Tone::Bad, sentence.to_owned())
        }
    }
}
