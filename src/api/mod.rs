//! Postmark's API: the webhooks of a server, its message streams, the server itself.
//!
//! Floor 2. May use `net` and `model`; must not use `config` or `local`. Could be published alone: it
//! knows no command line, no configuration and no terminal.

mod client;
mod error;

pub use client::{Client, Deleted, Limits, StreamFilter};
pub use error::{ApiError, Refusal};
