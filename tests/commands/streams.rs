//! `streams`.
