//! Servers on this machine's loopback: an emulator of Postmark's API, and the HTTP under it.
//!
//! Floor 2. May use `net` and `disk`; must not use `api`, `config` or `model`: what a client gets
//! wrong about a name must not be wrong on both sides.

pub mod http;
pub mod sandbox;
