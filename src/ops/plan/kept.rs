//! A plan kept in a file: what was decided, for which server, without any secret.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::fs::{self, FsError};
use crate::ops::manifest::{Documents, ManifestError};
use crate::postmark::{Reveal, Webhook};

const FORMAT: &str = "pmhooks-plan";
const VERSION: i64 = 1;
/// A plan is smaller than this, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Why a plan cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The file that was named cannot be read.
    #[error(transparent)]
    Unread(FsError),
    /// The file cannot be written.
    #[error(transparent)]
    Disk(#[from] FsError),
    /// It is something else.
    #[error("{0} is no plan of pmhooks")]
    Foreign(String),
    /// Another pmhooks made it.
    #[error("{path} is a plan of version {version}, and this pmhooks reads version {VERSION}")]
    OtherVersion {
        /// Which file.
        path: String,
        /// As it is written there.
        version: Value,
    },
    /// The manifest in it cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// It was made for another server.
    #[error("the plan was made for {planned}, not for {present}")]
    OtherPlace {
        /// Which.
        planned: String,
        /// Which it would go to.
        present: String,
    },
    /// What it was made from is not so any more.
    #[error("the plan is out of date: {0}")]
    Stale(String),
}

/// A plan as it is kept. References in its manifests stay references.
#[derive(Clone, Debug)]
pub struct Kept {
    /// For which server, in words.
    pub place: String,
    /// Whether webhooks that the manifest does not name go.
    pub prune: bool,
    /// Whether Postmark probes what is made or changed.
    pub verify: bool,
    /// What was planned from.
    pub documents: Documents,
    /// The changes as they are reported, secrets masked.
    pub changes: Value,
    /// The webhooks that were there, secrets masked.
    pub live: Value,
}

impl Kept {
    /// Writes it to a private file.
    pub fn write(&self, path: &Path) -> Result<(), KeptError> {
        let value = json!({
            "Format": FORMAT, "Version": VERSION,
            "Place": self.place, "Prune": self.prune, "Verify": self.verify,
            "Changes": self.changes, "Webhooks": self.live,
            "Documents": self.documents.to_json(),
        });
        Ok(fs::write(path, format!("{value:#}\n").as_bytes())?)
    }

    /// Reads it.
    pub fn read(path: &Path) -> Result<Self, KeptError> {
        let bytes = fs::read(path, LARGEST).map_err(KeptError::Unread)?.bytes;
        let foreign = || KeptError::Foreign(path.display().to_string());
        let value: Value = serde_json::from_slice(&bytes).map_err(|_| foreign())?;
        let get = |key: &str| value.get(key).cloned().ok_or_else(foreign);
        let flag = |key: &str| get(key)?.as_bool().ok_or_else(foreign);
        if get("Format")? != FORMAT {
            return Err(foreign());
        }
        let version = get("Version")?;
        if version != VERSION {
            let path = path.display().to_string();
            return Err(KeptError::OtherVersion { path, version });
        }
        Ok(Self {
            place: get("Place")?.as_str().ok_or_else(foreign)?.to_owned(),
            prune: flag("Prune")?,
            verify: flag("Verify")?,
            documents: Documents::from_json(&get("Documents")?)?,
            changes: get("Changes")?,
            live: get("Webhooks")?,
        })
    }

    /// Refuses to go on where the server, or what the references stand for, has changed since.
    pub fn check(&self, now: &Self) -> Result<(), KeptError> {
        if self.place != now.place {
            let (planned, present) = (self.place.clone(), now.place.clone());
            return Err(KeptError::OtherPlace { planned, present });
        }
        let (before, after) = (by_id(&self.live), by_id(&now.live));
        for (id, old) in &before {
            match after.get(id) {
                None => return Err(KeptError::Stale(format!("webhook {id} is gone"))),
                Some(new) if new != old => {
                    return Err(KeptError::Stale(format!("webhook {id} was changed since")));
                }
                Some(_) => {}
            }
        }
        if let Some(id) = after.keys().find(|id| !before.contains_key(id)) {
            return Err(KeptError::Stale(format!("webhook {id} is new")));
        }
        if self.changes != now.changes {
            return Err(KeptError::Stale(
                "a secret, a reference or a server setting is another one than it was".to_owned(),
            ));
        }
        Ok(())
    }
}

fn by_id(live: &Value) -> BTreeMap<i64, &Value> {
    let webhooks = live.as_array().into_iter().flatten();
    webhooks.filter_map(|webhook| Some((webhook.get("ID")?.as_i64()?, webhook))).collect()
}

/// The webhooks of a server as a plan keeps them: lowest ID first, secrets masked, without the status,
/// which changes by itself.
pub fn live(webhooks: &[Webhook]) -> Value {
    let mut sorted: Vec<_> = webhooks.iter().collect();
    sorted.sort_by_key(|webhook| webhook.id);
    let one = |webhook: &Webhook| {
        let mut value = webhook.to_json(Reveal::Masked);
        if let Value::Object(object) = &mut value {
            object.shift_remove("Status");
        }
        value
    };
    sorted.into_iter().map(one).collect()
}
