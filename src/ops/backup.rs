//! The definitions of deleted webhooks, kept so that they can be brought back.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::config::ConfigError;
use crate::config::resolve::state_folder;
use crate::fs::{self, FsError};
use crate::postmark::{Reveal, Webhook};

/// The folder of all backups.
pub fn folder() -> Result<PathBuf, ConfigError> {
    Ok(state_folder()?.join("deleted"))
}

/// Writes a webhook, secrets and all, to a private file of its own; returns the path.
///
/// It is written before the webhook is deleted: without a backup there is no delete.
pub fn keep(folder: &Path, place: &str, webhook: &Webhook) -> Result<PathBuf, FsError> {
    let time =
        humantime::format_rfc3339_millis(SystemTime::now()).to_string().replace([':', '.'], "-");
    let path = folder.join(format!("{place}-{}-{time}.json", webhook.id));
    let text = format!("{:#}\n", webhook.to_json(Reveal::Shown));
    fs::write_new(&path, text.as_bytes())?;
    Ok(path)
}
