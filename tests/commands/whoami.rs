//! `whoami`.
