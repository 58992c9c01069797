//! A plan as `diff` and `apply` both make it.

mod prose;
mod view;

pub use prose::sentence;

use std::io;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::Context;
use crate::args::manifest::ManifestArgs;
use crate::failure::Failure;
use crate::model::{ProfileName, Reveal, WebhookId};
use crate::ops::apply::Outcome;
use crate::ops::manifest::Documents;
use crate::ops::plan::kept::{self, Kept};
use crate::ops::plan::{self, Plan, Wishes};

/// A plan for one server, and what became of it.
pub struct Planned {
    /// What is to be done.
    pub plan: Plan,
    /// For which profile; none where the token came from the environment.
    pub profile: Option<ProfileName>,
    /// The webhooks that were there.
    pub before: Vec<WebhookId>,
    /// The plan as it could be kept.
    pub kept: Kept,
    /// Where secrets stand in the manifests in clear.
    pub literals: Vec<String>,
    /// What became of each change; none where nothing was tried.
    pub outcomes: Option<Vec<Outcome>>,
    /// Nothing of this has happened, on purpose.
    pub dry_run: bool,
}

/// Reads the manifests that are named.
pub fn documents(args: &ManifestArgs, cx: &Context) -> Result<Documents> {
    let paths = args.paths();
    if paths.is_empty() {
        return Err(Failure::usage("no manifest is named")
            .hint("name a file, or - for standard input; see `pmhooks diff --help`")
            .into());
    }
    for _ in paths.iter().filter(|path| path.as_os_str() == "-") {
        cx.use_stdin()?;
    }
    Ok(Documents::read(&paths, &mut io::stdin().lock())?)
}

/// Compares the server with the manifests. What is wrong with these is told before anything is sent.
pub fn plan(documents: &Documents, args: &ManifestArgs, cx: &Context) -> Result<Planned> {
    let session = cx.session()?;
    let vars = session.target.profile().map(|profile| profile.vars.as_slice()).unwrap_or_default();
    let given = |list: &[(String, String)], name: &str| {
        list.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.clone())
    };
    let lookup = |name: &str| {
        if let Some(value) = given(&args.var, name).or_else(|| given(vars, name)) {
            return Ok(value);
        }
        match cx.environment.text(name) {
            Ok(Some(value)) => Ok(value.to_owned()),
            Ok(None) => Err(format!(
                "{name} is not set: give --var {name}=VALUE, or set it in the profile's vars or the environment"
            )),
            Err(error) => Err(error.to_string()),
        }
    };
    let manifest = documents.resolve(&lookup)?;
    if args.deny_literal_secrets && !manifest.literals.is_empty() {
        let refused = Failure::usage("the manifest holds secrets in clear");
        return Err(Failure { causes: manifest.literals, ..refused }
            .hint("write a reference in their place, such as ${HOOK_PASSWORD}")
            .into());
    }
    for literal in &manifest.literals {
        cx.ui.warn(&format!("{literal}; a reference such as ${{NAME}} keeps it out of the file"));
    }
    manifest.warnings.iter().for_each(|warning| cx.ui.warn(warning));
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
        let plan = plan::plan(&live, server.as_ref(), &manifest, wishes);
        plan.with_context(|| format!("cannot plan the changes of {place}"))
    };
    let plan = planned(Reveal::Masked)?;
    // What may be kept is masked, whatever is shown.
    let shown = if cx.reveal() == Reveal::Shown { Some(planned(Reveal::Shown)?) } else { None };
    plan.warnings.iter().for_each(|warning| cx.ui.warn(warning));
    let kept = Kept {
        place: place.clone(),
        prune: args.prune,
        verify: !args.no_verify,
        documents: documents.clone(),
        changes: Value::Null,
        live: kept::live(&live),
    };
    let mut planned = Planned {
        plan,
        profile: session.target.name(),
        before: live.iter().map(|webhook| webhook.id).collect(),
        kept,
        literals: manifest.literals,
        outcomes: None,
        dry_run: false,
    };
    planned.kept.changes = planned.changes_json();
    planned.plan = shown.unwrap_or(planned.plan);
    Ok(planned)
}
