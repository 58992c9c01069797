//! Postmark's API: client, transport, types, error codes, masking. Knows nothing of this tool.

pub mod activity;
mod client;
mod error;
pub mod mask;
mod secret;
mod server;
mod spelling;
mod statistics;
mod stream;
mod transport;
mod trigger;
pub mod url;
mod verification;
mod webhook;

pub use client::{Account, Deleted, Reader, ServerPage, StreamFilter, Writer};
pub use error::{ApiError, Refusal};
pub use mask::{MASK, Reveal};
pub use secret::{Secret, Secrets};
pub use server::{Server, ServerId, ServerPatch, TrackLinks};
pub use statistics::{Metrics, Statistics};
pub use stream::{Stream, StreamId, StreamType};
pub use transport::{Limits, ResponseInfo};
pub use trigger::Trigger;
pub use url::{ApiUrl, HookUrl};
pub use verification::{Verdict, Verification};
pub use webhook::{
    HttpAuth, HttpHeader, NewWebhook, TriggerSetting, Triggers, Webhook, WebhookId, WebhookPatch,
};

/// A JSON object, its keys in the order in which they came.
pub type Object = serde_json::Map<String, serde_json::Value>;
