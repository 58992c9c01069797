//! The sample events, before anything is changed.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::commands::Context;
use crate::error::Result;
use crate::event::sample::SOME_SERVER;
use crate::ops::rotate::Turn;
use crate::ops::rotate::check::{Checked, Probes};
use crate::ops::test::EventSender;
use crate::postmark::ServerId;

/// Posts the sample events.
pub(super) fn all(turns: &[Turn], cx: &Context) -> Result<Vec<Checked>> {
    // No endpoint of another server is bothered.
    cx.guards()?;
    let pinned = cx.session()?.target.profile().and_then(|profile| profile.server_id);
    let probes = Probes::new(turns, pinned.unwrap_or(ServerId(SOME_SERVER)))?;
    let sender = EventSender::new(&cx.net, cx.event_timeout);
    let (begun, of, ui) = (AtomicUsize::new(0), probes.count(), &cx.ui);
    Ok(probes.run(&sender, || {
        let number = begun.fetch_add(1, Ordering::Relaxed) + 1;
        ui.progress(&format!("Posting sample event {number} of {of}…"));
    })?)
}
