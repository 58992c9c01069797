//! HTTP/1.1 in both directions: a blocking client and a loopback server, which do not know each other.

pub mod client;
pub mod server;
