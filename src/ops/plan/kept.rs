//! A plan kept in a file: what was decided, for which server, without any secret.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::error::{Diagnose, Diagnosis, Exit, Hint};
use crate::fs::{self, Access, FsError};
use crate::ops::manifest::{Documents, ManifestError, Redaction};
use crate::ops::session::{BUILT_IN_SANDBOX, Session};
use crate::postmark::{Server, ServerId, Webhook, mask};

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
    /// A plan without the origin or the ID of its server, as version 0.1.0 wrote them.
    #[error("{0} does not name the server that it was made for")]
    Unbound(String),
    /// It was made for another API or another server.
    #[error("the plan was made for {planned}, not for {present}")]
    OtherServer {
        /// Server of the plan.
        planned: String,
        /// Server of this run.
        present: String,
    },
    /// What it was made from is not so any more.
    #[error("the plan is out of date: {0}")]
    Stale(String),
}

impl Diagnose for KeptError {
    fn diagnosis(&self) -> Diagnosis {
        let usage = Diagnosis::new(Exit::Usage);
        match self {
            Self::Disk(error) => error.diagnosis(),
            Self::Manifest(error) => error.diagnosis(),
            Self::Stale(_)
            | Self::Unbound(_)
            | Self::OtherServer { .. }
            | Self::OtherVersion { .. } => {
                usage.hint(Hint::command("make it anew", "diff FILE --plan-out FILE"))
            }
            Self::Foreign(_) | Self::Unread(_) => usage,
        }
    }
}

/// The server that a plan is for, and the only one that it may be applied to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Origin of the API; the built-in sandbox, whose port differs in each run, by a name of its own.
    pub origin: String,
    /// ID of the server there. `None` for plans of version 0.1.0 for the built-in sandbox.
    pub server: Option<ServerId>,
}

impl Binding {
    /// The binding of a new plan. `server` is what this session's token opens.
    pub fn new(session: &Session, server: &Server) -> Self {
        Self { origin: session.origin(), server: Some(server.id) }
    }

    /// Refuses another API. Sends nothing.
    pub fn check_origin(&self, session: &Session) -> Result<(), KeptError> {
        let present = session.origin();
        if self.origin == present {
            return Ok(());
        }
        let planned = described(&self.origin, self.server);
        let present = format!("{} ({})", described(&present, None), session.place());
        Err(KeptError::OtherServer { planned, present })
    }

    /// Refuses another server. `server` is what this session's token opens.
    pub fn check_server(&self, session: &Session, server: &Server) -> Result<(), KeptError> {
        if self.server.is_none_or(|planned| planned == server.id) {
            return Ok(());
        }
        let planned = described(&self.origin, self.server);
        let present = described(&session.origin(), Some(server.id));
        let present = format!("{present} ({})", session.place());
        Err(KeptError::OtherServer { planned, present })
    }
}

/// `server 7 at https://api.postmarkapp.com`.
fn described(origin: &str, server: Option<ServerId>) -> String {
    let api = match origin {
        BUILT_IN_SANDBOX => "the built-in sandbox",
        origin => origin,
    };
    server.map_or_else(|| api.to_owned(), |id| format!("server {id} at {api}"))
}

/// A plan as it is kept. References in its manifests stay references.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The server that it is for.
    pub binding: Binding,
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
    /// Writes it to a file, which keeps its mode: a plan holds no secret.
    pub fn write(&self, path: &Path) -> Result<(), KeptError> {
        let value = json!({
            "Format": FORMAT, "Version": VERSION,
            "Origin": self.binding.origin, "ServerID": self.binding.server,
            "Place": self.place, "Prune": self.prune, "Verify": self.verify,
            "Changes": self.changes, "Webhooks": self.live,
            "Documents": self.documents.to_json(),
        });
        Ok(fs::replace(path, format!("{value:#}\n").as_bytes(), Access::Kept)?)
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
        let place = get("Place")?.as_str().ok_or_else(foreign)?.to_owned();
        let origin = value.get("Origin").and_then(Value::as_str).map(str::to_owned);
        let server = value.get("ServerID").and_then(Value::as_i64).map(ServerId);
        let binding = match (origin, server) {
            (Some(origin), Some(id)) => Binding { origin, server: Some(id) },
            // No profile of a file can have this name, so it is the built-in sandbox and its one server.
            (None, None) if place == "profile sandbox" => {
                Binding { origin: BUILT_IN_SANDBOX.to_owned(), server: None }
            }
            _ => return Err(KeptError::Unbound(path.display().to_string())),
        };
        Ok(Self {
            binding,
            place,
            prune: flag("Prune")?,
            verify: flag("Verify")?,
            documents: Documents::from_json(&get("Documents")?)?,
            changes: get("Changes")?,
            live: get("Webhooks")?,
        })
    }

    /// Refuses to go on where the server, or what the references stand for, has changed since. `changes`
    /// and `live` are those of now.
    pub fn check(&self, changes: &[Value], live: &Value) -> Result<(), KeptError> {
        let (before, after) = (by_id(&self.live), by_id(live));
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
        let planned = self.changes.as_array().into_iter().flatten();
        if !planned.map(without_profile).eq(changes.iter().map(without_profile)) {
            return Err(KeptError::Stale(
                "a secret, a reference or a server setting is another one than it was".to_owned(),
            ));
        }
        Ok(())
    }
}

/// A change without the profile's name: another profile of the same server may carry it out.
fn without_profile(change: &Value) -> Value {
    let mut change = change.clone();
    if let Value::Object(object) = &mut change {
        object.shift_remove("Profile");
    }
    change
}

fn by_id(live: &Value) -> BTreeMap<i64, &Value> {
    let webhooks = live.as_array().into_iter().flatten();
    webhooks.filter_map(|webhook| Some((webhook.get("ID")?.as_i64()?, webhook))).collect()
}

/// The webhooks of a server as a plan keeps them: lowest ID first, secrets masked, without the status,
/// which changes by itself.
pub fn live(webhooks: &[Webhook], redaction: &Redaction) -> Value {
    let mut sorted: Vec<_> = webhooks.iter().collect();
    sorted.sort_by_key(|webhook| webhook.id);
    let one = |webhook: &Webhook| {
        let mut value = redaction.webhook(webhook);
        if let Value::Object(object) = &mut value {
            object.shift_remove("Status");
            mask::for_comparison(object);
        }
        value
    };
    sorted.into_iter().map(one).collect()
}
