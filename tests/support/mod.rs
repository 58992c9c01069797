//! Everything that a test of the real binary needs: a hermetic home, a run with its transcript,
//! servers that misbehave on purpose, a terminal, and a nose for leaked secrets.
//!
//! May use: the standard library, the crates in `Cargo.toml`.
//! Must not use: the code under test. It is met only as a process, over TCP and on disk.

// Each test takes what it needs; what none needs today, one needs tomorrow. The same holds for the
// names below.
#![allow(dead_code, unreachable_pub)]

pub mod canary;
pub mod document;
pub mod env;
pub mod faulty;
pub mod golden;
mod http;
pub mod manual;
#[cfg(unix)]
pub mod pty;
pub mod run;
mod running;
pub mod step;
pub mod tls;
mod transcript;
pub mod webhooks;

#[allow(unused_imports)]
mod names {
    pub use super::canary::Canaries;
    pub use super::env::{TestEnv, profiles_at};
    pub use super::faulty::Faulty;
    pub use super::http::Recorded;
    #[cfg(unix)]
    pub use super::pty::{Key, Pty};
    pub use super::run::Invocation;
    pub use super::running::Running;
    pub use super::step::Step;
    pub use super::tls::{Certificate, TlsServer};
    pub use super::transcript::Transcript;
    pub use super::webhooks::{Sandboxed, Shop, serves, webhook, webhook_with, writes};

    pub use serde_json::{Value, json};
    pub use snapbox::{assert_data_eq, str};
    pub use std::time::Duration;
}

// `use crate::support::*;` is the one import of most tests.
pub use names::*;

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_pmhooks");

/// A well-formed server token. No server but a sandbox or a test server knows it.
pub const TOKEN: &str = "11111111-2222-3333-4444-555555555555";

/// An address where nothing listens: what is sent there is refused at once.
pub const DEAD_URL: &str = "http://127.0.0.1:1";
