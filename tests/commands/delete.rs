//! `delete`.
