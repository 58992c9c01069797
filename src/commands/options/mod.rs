//! Groups of options that several commands share, and the parsers of their values.

pub mod confirm;
pub mod endpoint;
pub mod event;
pub mod manifest;
pub mod parse;
pub mod secret;
pub mod target;
pub mod webhook;
