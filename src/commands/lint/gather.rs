//! What `lint` looks at: fetched from servers, or read from files.

use std::io;
use std::path::PathBuf;

use crate::commands::Context;
use crate::config::references::{ReferenceError, References, Tokens, Var};
use crate::config::resolve::{self, Profiles, Target};
use crate::config::{ConfigError, env};
use crate::error::{Result, ResultExt as _};
use crate::ops::lint::{self, LintInput};
use crate::ops::manifest::{Documents, ManifestError};
use crate::ops::session::Session;
use crate::postmark::StreamId;

/// The webhooks of a server, its settings and its streams.
pub(super) fn server(session: &Session, only: Option<&StreamId>) -> Result<LintInput> {
    let place = session.place();
    let asked = lint::fetch(&session.client, only);
    Ok(LintInput::from_server(
        session.target.name(),
        asked.webhooks.with_context(|| format!("cannot list the webhooks of {place}"))?,
        asked.settings.with_context(|| format!("cannot get the server settings of {place}"))?,
        asked.streams.with_context(|| format!("cannot list the message streams of {place}"))?,
        only.cloned(),
    ))
}

/// Manifests, with the variables of each profile where there are some. Nothing is sent, no token is read.
pub(super) fn manifests(
    files: &[PathBuf],
    var: &[Var],
    only: Option<&StreamId>,
    cx: &Context,
) -> Result<Vec<LintInput>> {
    for _ in files.iter().filter(|path| path.as_os_str() == "-") {
        cx.use_stdin()?;
    }
    let documents = Documents::read(files, &mut io::stdin().lock())?;
    let (mut scenes, mut missing) = (Vec::new(), Vec::new());
    let given = cx.vars(var)?;
    let tokens = Tokens::known(&cx.wanted, &cx.environment)?;
    for target in targets(cx)? {
        let vars = target.as_ref().and_then(Target::profile).map(|profile| profile.vars.as_slice());
        let (vars, environment) = (vars.unwrap_or_default(), &cx.environment);
        let references = References { given: &given, vars, environment, tokens: &tokens };
        let known = |name: &str| match references.get(name) {
            Ok(value) => value.map(|value| value.text),
            Err(ReferenceError::Unusable(_)) => None,
            // It stays a reference, so that resolving it says why it is refused.
            Err(_) => Some(String::new()),
        };
        let (assumed, unset) = documents.assuming(&known);
        // Every name that is left is known.
        let manifest = assumed.resolve(&|name| {
            let value = references.get(name).map_err(|error| error.to_string())?;
            value.ok_or_else(|| format!("{name} is not set"))
        })?;
        let faults = manifest.with_tokens(&tokens);
        if !faults.is_empty() {
            return Err(ManifestError::Wrong(faults).into());
        }
        if scenes.is_empty() {
            manifest.warnings.iter().for_each(|warning| cx.ui.warn(&unset.restored(warning)));
        }
        missing.extend(
            unset.names.iter().filter(|name| !missing.contains(*name)).cloned().collect::<Vec<_>>(),
        );
        let name = target.as_ref().and_then(Target::name);
        scenes.push(LintInput::from_manifest(name, &manifest, &documents, unset, only.cloned()));
    }
    if !missing.is_empty() {
        let are = if missing.len() == 1 { "is" } else { "are" };
        let names = missing.join(", ");
        cx.ui.note(&format!("{names} {are} not set here: what hangs on that is not looked into."));
    }
    Ok(scenes)
}

/// The profiles, if any are set up. Only those that were named have to be there.
fn targets(cx: &Context) -> Result<Vec<Option<Target>>> {
    if let Some(places) = resolve::places(&cx.wanted, &cx.environment)? {
        places.warnings.iter().for_each(|warning| cx.ui.warn(warning));
        places.notes.iter().for_each(|note| cx.ui.note(note));
        let targets = places.places.into_iter().map(|place| place.target.map(Some));
        return Ok(targets.collect::<Result<_, _>>()?);
    }
    let is_named =
        cx.wanted.profiles != Profiles::Unnamed || cx.environment.raw(env::PROFILE.name).is_some();
    match resolve::target(&cx.wanted, &cx.environment) {
        Ok(target) => Ok(vec![Some(target)]),
        Err(error @ (ConfigError::Broken { .. } | ConfigError::Unopened(_))) => Err(error.into()),
        Err(error) if is_named => Err(error.into()),
        Err(_) => Ok(vec![None]),
    }
}
