//! The subcommands: one file each, with its `Args`, its `run` and its view.
//!
//! Floor 4. May use everything below; must not touch reqwest, the environment, files or printing.
//!
//! A new one is: a file here; a variant in `cli::Command`, its line in `cli::DEFINITIONS` and in `app`; tests under
//! `tests/commands`; a row in the README's table; and `UPDATE=1 cargo test generated` for its help,
//! manual page and completions.

pub mod apply;
pub mod backfill;
mod changes;
pub mod completions;
mod context;
pub mod create;
pub mod delete;
pub mod diff;
pub mod doctor;
pub mod edit;
pub mod export;
mod findings;
mod fleet;
pub mod get;
pub mod health;
pub mod lint;
pub mod list;
pub mod listen;
pub(crate) mod options;
mod planned;
pub mod profile;
pub mod replay;
pub mod rotate_auth;
pub mod sandbox;
pub mod server;
mod several;
pub mod stats;
pub mod streams;
pub mod test;
pub mod verify;
mod webhooks;
pub mod whoami;

pub use context::{Context, proxies};
