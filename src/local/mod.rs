//! Servers on this machine: an emulator of Postmark's API, an endpoint, and the HTTP under them.
//!
//! Floor 2. May use `net` and `disk`; must not use `api`, `config` or `model`: what a client gets
//! wrong about a name must not be wrong on both sides.

pub mod http;
pub mod receiver;
pub mod sandbox;
