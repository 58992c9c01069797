//! The values that everything else speaks: webhooks, triggers, streams, servers, identifiers, secrets.
//!
//! Floor 1. May use nothing of ours; must not do any input or output.

pub mod assignment;
pub mod bounce;
pub mod event;
pub mod finding;
pub mod id;
pub mod mask;
pub mod moment;
pub mod pattern;
pub mod secret;
pub mod server;
pub mod source;
pub mod statistics;
pub mod stream;
pub mod trigger;
pub mod url;
pub mod verification;
pub mod webhook;

pub use assignment::Assignment;
pub use bounce::BounceType;
pub use event::{Event, Received};
pub use finding::{Finding, Level};
pub use id::{ProfileName, ServerId, StreamId, WebhookId};
pub use mask::{MASK, Reveal};
pub use moment::Moment;
pub use pattern::Pattern;
pub use secret::Secret;
pub use server::{Server, ServerPatch, TrackLinks};
pub use source::SecretSource;
pub use statistics::{Metrics, Statistics};
pub use stream::{Stream, StreamType};
pub use trigger::Trigger;
pub use url::{ApiUrl, HookUrl};
pub use verification::Verification;
pub use webhook::{HttpAuth, HttpHeader, NewWebhook, Patch, TriggerSetting, Triggers, Webhook};

/// A JSON object, its keys in the order in which they came.
pub type Object = serde_json::Map<String, serde_json::Value>;
