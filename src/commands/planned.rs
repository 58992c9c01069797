//! Plans as `diff` and `apply` both make them: one per server.

mod plans;
mod prose;
mod resolved;
mod view;

pub use plans::Plans;
pub use prose::sentence;
pub use resolved::{Manifests, manifests};

use std::io;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::Context;
use crate::commands::options::manifest::ManifestArgs;
use crate::config::profile::ProfileName;
use crate::error::CommandError;
use crate::ops::apply::Outcome;
use crate::ops::manifest::{Documents, Manifest};
use crate::ops::plan::kept::{self, Kept};
use crate::ops::plan::{self, Plan, Wishes};
use crate::ops::session::Session;
use crate::postmark::{Reveal, WebhookId};

/// A plan for one server, and what became of it.
pub struct Planned {
    /// What is to be done.
    pub plan: Plan,
    /// For which profile; none where the token came from the environment.
    pub profile: Option<ProfileName>,
    /// The webhooks that were there.
    pub before: Vec<WebhookId>,
    /// The plan as it could be kept; none where it comes from no manifest.
    pub kept: Option<Kept>,
    /// What became of each change; none where nothing was tried.
    pub outcomes: Option<Vec<Outcome>>,
}

impl Planned {
    /// The profile's name; empty where the token came from the environment.
    pub fn name(&self) -> &str {
        self.profile.as_ref().map_or("", ProfileName::as_str)
    }
}

/// Reads the manifests that are named.
pub fn documents(args: &ManifestArgs, cx: &Context) -> Result<Documents> {
    let paths = args.paths();
    if paths.is_empty() {
        return Err(CommandError::usage("no manifest is named")
            .hint("name a file, or - for standard input; `pmhooks export --output-file FILE` writes one")
            .into());
    }
    for _ in paths.iter().filter(|path| path.as_os_str() == "-") {
        cx.use_stdin()?;
    }
    Ok(Documents::read(&paths, &mut io::stdin().lock())?)
}

/// Compares a server with what the manifests ask of it.
pub fn plan(
    documents: &Documents,
    manifest: &Manifest,
    args: &ManifestArgs,
    session: &Session,
    reveal: Reveal,
) -> Result<Planned> {
    let place = session.place();
    let live = session.client.list(None);
    let live = live.with_context(|| format!("cannot list the webhooks of {place}"))?;
    let server = if manifest.server.body().is_empty() {
        None
    } else {
        let server = session.client.server();
        Some(server.with_context(|| format!("cannot get the server settings of {place}"))?)
    };
    let planned = |reveal| {
        let wishes = Wishes { prune: args.prune, verify: !args.no_verify, reveal };
        let plan = plan::plan(&live, server.as_ref(), manifest, wishes);
        plan.with_context(|| format!("cannot plan the changes of {place}"))
    };
    let plan = planned(Reveal::Masked)?;
    // What may be kept is masked, whatever is shown.
    let shown = if reveal == Reveal::Shown { Some(planned(Reveal::Shown)?) } else { None };
    let mut planned = Planned {
        plan,
        profile: session.target.name(),
        before: live.iter().map(|webhook| webhook.id).collect(),
        kept: None,
        outcomes: None,
    };
    planned.kept = Some(Kept {
        place: place.clone(),
        prune: args.prune,
        verify: !args.no_verify,
        documents: documents.clone(),
        changes: Value::Array(planned.changes_json()),
        live: kept::live(&live),
    });
    planned.plan = shown.unwrap_or(planned.plan);
    Ok(planned)
}
