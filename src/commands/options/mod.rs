//! Options that several commands share, and the parsers of their values.

pub mod event;
pub mod parse;
pub mod webhook;

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use crate::config::profile::ProfileName;
use crate::config::references::Var;
use crate::postmark::{HookUrl, StreamId, WebhookId};
use parse::{quiet, quiet_with, stream_id, webhook_id};

/// Options of every command that writes.
#[derive(Args, Clone, Debug, Default)]
pub struct Confirm {
    /// Confirm a write to a protected profile by its name
    #[arg(long, value_name = "PROFILE", value_delimiter = ',', value_parser = quiet::<ProfileName>())]
    pub confirm: Vec<ProfileName>,
    /// Show what would be done, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Filter by message stream.
#[derive(Args, Clone, Debug)]
pub struct StreamFilter {
    /// Only webhooks of this message stream
    #[arg(long, value_name = "ID", value_parser = quiet_with(stream_id))]
    pub stream: Option<StreamId>,
}

/// Any number of webhooks.
#[derive(Args, Clone, Debug)]
pub struct WebhookIds {
    /// The webhooks' IDs; on a terminal, a picker is shown where none is given
    #[arg(value_name = "ID", value_parser = quiet_with(webhook_id))]
    pub ids: Vec<WebhookId>,
}

/// Any number of webhooks, or all.
#[derive(Args, Clone, Debug)]
pub struct WebhooksOrAll {
    /// The webhooks' IDs; on a terminal, a picker is shown where none is given
    #[arg(value_name = "ID", value_parser = quiet_with(webhook_id))]
    pub ids: Vec<WebhookId>,
    /// All webhooks of the server
    #[arg(long, conflicts_with = "ids")]
    pub all: bool,
}

/// One webhook.
#[derive(Args, Clone, Debug)]
pub struct OneWebhookId {
    /// The webhook's ID; on a terminal, a picker is shown where none is given
    #[arg(value_name = "ID", value_parser = quiet_with(webhook_id))]
    pub id: Option<WebhookId>,
}

/// Target of events: the endpoint of a webhook, or a URL.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Destination {
    Webhook(WebhookId),
    Url(HookUrl),
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.contains("://") {
            let id = text.parse().map(Self::Webhook);
            return id.map_err(|_| {
                "it is the ID of a webhook, or a URL as in http://localhost:3000/hook".to_owned()
            });
        }
        text.parse().map(Self::Url)
    }
}

/// Options of commands that read manifests.
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
