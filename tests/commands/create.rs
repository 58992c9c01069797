//! `create`.
