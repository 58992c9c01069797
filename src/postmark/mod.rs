//! Postmark's API: client, types, error codes, masking. Knows nothing of this tool.

mod account;
mod client;
mod error;
mod id;
mod line;
pub mod mask;
mod secret;
mod server;
pub mod statistics;
mod stream;
mod trigger;
pub mod url;
pub mod verification;
pub mod webhook;

pub use account::{Account, ServerPage};
pub use client::{Client, Deleted, StreamFilter};
pub use error::{ApiError, Refusal};
pub use id::{ServerId, StreamId, WebhookId};
pub use line::{Heard, Limits};
pub use mask::{MASK, Reveal};
pub use secret::Secret;
pub use server::{Server, ServerPatch, TrackLinks};
pub use statistics::{Metrics, Statistics};
pub use stream::{Stream, StreamType};
pub use trigger::Trigger;
pub use url::{ApiUrl, HookUrl};
pub use verification::Verification;
pub use webhook::{HttpAuth, HttpHeader, NewWebhook, Patch, TriggerSetting, Triggers, Webhook};

/// A JSON object, its keys in the order in which they came.
pub type Object = serde_json::Map<String, serde_json::Value>;
