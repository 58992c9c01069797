//! Postmark's API: the webhooks of a server, its message streams, the server itself; an account's servers.
//!
//! Floor 2. May use `net` and `model`; must not use `config` or `local`. Could be published alone: it
//! knows no command line, no configuration and no terminal.

mod account;
mod client;
mod error;
mod line;

pub use account::{Account, ServerPage};
pub use client::{Client, Deleted, StreamFilter};
pub use error::{ApiError, Refusal};
pub use line::{Heard, Limits};
