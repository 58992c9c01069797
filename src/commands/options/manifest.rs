//! Which manifests, and what their references stand for.

use std::path::PathBuf;

use clap::Args;

use super::parse::quiet_with;

/// The manifests that a command reads.
#[derive(Args, Clone, Debug)]
pub struct ManifestArgs {
    /// The manifests, YAML or JSON; - is standard input
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// A manifest; the same as FILE
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    pub more_files: Vec<PathBuf>,
    /// What ${NAME} stands for; before the profile's vars and the environment
    #[arg(long, value_name = "NAME=VALUE", value_parser = quiet_with(assignment))]
    pub var: Vec<(String, String)>,
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

/// `NAME=VALUE`.
pub fn assignment(text: &str) -> Result<(String, String), String> {
    let wrong = || "it is written NAME=VALUE, and NAME has letters, digits and _".to_owned();
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins && name.chars().all(is_name) {
        Ok((name.to_owned(), value.to_owned()))
    } else {
        Err(wrong())
    }
}
