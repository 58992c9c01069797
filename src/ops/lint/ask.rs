//! What the rules want to know of a server.

use std::panic::resume_unwind;
use std::thread;

use crate::postmark::{ApiError, Reader, Server, Stream, StreamFilter, StreamId, Webhook};

/// The webhooks of a server, its settings and its streams, each with its own failure. They are asked for at
/// the same time.
pub fn ask(client: &Reader, only: Option<&StreamId>) -> Answers {
    thread::scope(|scope| {
        let settings = scope.spawn(|| client.server());
        let streams = scope.spawn(|| client.streams(StreamFilter::default()));
        Answers {
            webhooks: client.list(only),
            settings: settings.join().unwrap_or_else(|panic| resume_unwind(panic)),
            streams: streams.join().unwrap_or_else(|panic| resume_unwind(panic)),
        }
    })
}

/// What was asked for.
pub struct Answers {
    /// The webhooks, or those of a stream.
    pub webhooks: Result<Vec<Webhook>, ApiError>,
    /// The settings.
    pub settings: Result<Server, ApiError>,
    /// The streams, without archived ones.
    pub streams: Result<Vec<Stream>, ApiError>,
}
