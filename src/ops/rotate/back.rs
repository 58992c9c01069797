//! The way back by hand, where ours failed: the old secret in a private file, and the command that uses it.

use std::path::Path;
use std::time::SystemTime;

use super::Fresh;
use crate::config::ConfigError;
use crate::config::resolve::state_folder;
use crate::fs::{self, FsError};
use crate::postmark::Webhook;

/// Why there is no way back.
#[derive(Debug, thiserror::Error)]
pub enum BackError {
    /// There is no place for the old secret.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The old secret cannot be written.
    #[error(transparent)]
    Disk(#[from] FsError),
}

/// Keeps the secret that a webhook had before, and returns the command that gives it back.
pub fn by_hand(webhook: &Webhook, fresh: &Fresh, place: &str) -> Result<String, BackError> {
    let time =
        humantime::format_rfc3339_millis(SystemTime::now()).to_string().replace([':', '.'], "-");
    let path = state_folder()?.join("rotated").join(format!("{place}-{}-{time}", webhook.id));
    let secret = match fresh {
        Fresh::Auth { .. } => webhook.http_auth.as_ref().map(|auth| &auth.password),
        Fresh::Header(new) => {
            let mut headers = webhook.http_headers.iter();
            headers.find(|h| h.name.eq_ignore_ascii_case(&new.name)).map(|h| &h.value)
        }
    };
    fs::write_new(&path, secret.map_or("", |s| s.expose()).as_bytes())?;
    let words = words(webhook, fresh, &path);
    Ok(words.iter().map(|word| shell_words::quote(word)).collect::<Vec<_>>().join(" "))
}

fn words(webhook: &Webhook, fresh: &Fresh, path: &Path) -> Vec<String> {
    let source = format!("file:{}", path.display());
    let mut words = vec!["pmhooks".to_owned(), "edit".to_owned(), webhook.id.to_string()];
    match fresh {
        Fresh::Auth { .. } => {
            let old = webhook.http_auth.as_ref().map(|auth| auth.username.clone());
            words.extend(["--username".to_owned(), old.unwrap_or_default()]);
            words.extend(["--password".to_owned(), source]);
        }
        Fresh::Header(new) => {
            words.extend(["--secret-header".to_owned(), format!("{}={source}", new.name)]);
        }
    }
    words
}
