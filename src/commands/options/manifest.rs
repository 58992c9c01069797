//! Which manifests, and what their references stand for.

use std::path::PathBuf;

use clap::Args;

use super::parse::quiet_with;
use crate::config::references::Var;

/// The manifests that a command reads.
#[derive(Args, Clone, Debug)]
pub struct ManifestArgs {
    /// The manifests, YAML or JSON; - is standard input
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// A manifest; the same as FILE
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    pub more_files: Vec<PathBuf>,
    /// Value of ${NAME}; NAME alone takes it from the environment and shows it
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = quiet_with(assignment))]
    pub var: Vec<Var>,
    /// Refuse a manifest with a password or a secret header in clear
    #[arg(long)]
    pub deny_literal_secrets: bool,
    /// Delete the webhooks that the manifest does not name
    #[arg(long)]
    pub prune: bool,
    /// Save without Postmark's probe; without it a webhook gets no events
    #[arg(long)]
    pub no_verify: bool,
}

impl ManifestArgs {
    /// All files, in the order given.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.files.iter().chain(&self.more_files).cloned().collect()
    }
}

/// `NAME=VALUE` or `NAME`.
pub fn assignment(text: &str) -> Result<Var, String> {
    let wrong =
        || "expected NAME=VALUE or NAME, where NAME has letters, digits and _ only".to_owned();
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !begins || !name.chars().all(is_name) {
        return Err(wrong());
    }
    if value == Some("") {
        return Err(format!("the value of {name} is empty"));
    }
    Ok(Var { name: name.to_owned(), value: value.map(str::to_owned) })
}
