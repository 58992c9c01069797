//! Groups of flags that several commands share, and how their values are read.
//!
//! Floor 3. May use `model`; must not use anything else of ours, nor do any input or output.

pub mod confirm;
pub mod endpoint;
pub mod event;
pub mod manifest;
pub mod parse;
pub mod secret;
pub mod target;
pub mod webhook;
