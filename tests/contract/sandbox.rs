//! The built-in emulator, met as any client meets it: bytes over TCP, and nothing of the client's code.

mod client;
mod curl;
mod errors;
mod events;
mod faults;
mod hostile;
mod http;
mod neighbours;
mod options;
mod requests;
mod state;
mod verification;
mod webhooks;
mod wire;
