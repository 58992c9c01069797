//! Plans as `diff` and `apply` both make them: one per server.

mod plans;
mod prose;
mod resolved;
mod view;

pub use plans::Plans;
pub use resolved::{Manifests, manifests};

use std::io;

use serde_json::Value;

use super::Context;
use crate::commands::options::ManifestArgs;
use crate::config::profile::ProfileName;
use crate::error::{CommandError, Hint, Result, ResultExt as _};
use crate::ops::apply::Outcome;
use crate::ops::manifest::{Documents, Manifest, ManifestError};
use crate::ops::plan::kept::{self, Binding, Kept};
use crate::ops::plan::{self, Plan, Wishes};
use crate::ops::session::Session;
use crate::postmark::{Reveal, Server, WebhookId};

/// A plan for one server, and what became of it.
pub struct Planned {
    /// What is to be done.
    pub plan: Plan,
    /// For which profile; none where the token came from the environment.
    pub profile: Option<ProfileName>,
    /// The webhooks that were there.
    pub before: Vec<WebhookId>,
    /// The changes and the webhooks that were there, as a plan that is kept holds them: always masked.
    /// Empty where there is no manifest.
    pub masked: Masked,
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
        return Err(CommandError::usage("no manifest is named").hint(
            Hint::from("name a file, or - for standard input; ")
                .run("export --output-file FILE")
                .text(" writes one"),
        ));
    }
    for _ in paths.iter().filter(|path| path.as_os_str() == "-") {
        cx.use_stdin()?;
    }
    Ok(Documents::read(&paths, &mut io::stdin().lock())?)
}

/// What a kept plan holds of the changes and the server.
#[derive(Default)]
pub struct Masked {
    /// The changes as they are reported.
    pub changes: Vec<Value>,
    /// The webhooks.
    pub live: Value,
}

/// Asks which server the session's token opens.
pub fn server(session: &Session) -> Result<Server> {
    let server = session.client.server();
    server.with_context(|| format!("cannot ask which server {} is", session.place()))
}

/// The plan of a session as it is kept.
pub fn kept(
    planned: &Planned,
    binding: Binding,
    documents: &Documents,
    args: &ManifestArgs,
    session: &Session,
) -> Kept {
    Kept {
        binding,
        place: session.place(),
        prune: args.prune,
        verify: !args.no_verify,
        documents: documents.clone(),
        changes: Value::Array(planned.masked.changes.clone()),
        live: planned.masked.live.clone(),
    }
}

/// Compares a server with what the manifests ask of it.
pub fn plan(
    manifest: &Manifest,
    args: &ManifestArgs,
    session: &Session,
    reveal: Reveal,
) -> Result<Planned> {
    // The token of a file or a program is known only now.
    let faults = manifest.with_tokens(&session.tokens());
    if !faults.is_empty() {
        return Err(ManifestError::Wrong(faults).into());
    }
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
        masked: Masked::default(),
        outcomes: None,
    };
    let changes = planned.objects().iter().filter_map(|o| serde_json::to_value(o).ok()).collect();
    planned.masked = Masked { changes, live: kept::live(&live, &manifest.redaction) };
    planned.plan = shown.unwrap_or(planned.plan);
    Ok(planned)
}
