//! What the manifests ask of each server: the same references mean something else on each.

use crate::commands::Context;
use crate::commands::options::ManifestArgs;
use crate::config::profile::ProfileName;
use crate::config::references::{References, Tokens};
use crate::config::resolve::{Places, Target, places};
use crate::error::{CommandError, Result};
use crate::ops::manifest::{Documents, Manifest, ManifestError};
use crate::ops::session::Session;
use crate::postmark::Secrets;

/// The manifests as each profile means them.
pub struct Manifests(Vec<(Option<ProfileName>, Manifest)>);

impl Manifests {
    /// As the profile of this session does.
    pub fn of(&self, session: &Session) -> Result<&Manifest> {
        let name = session.target.name();
        let found = self.0.iter().find(|(profile, _)| *profile == name);
        let read = found.map(|(_, manifest)| manifest);
        read.ok_or_else(|| CommandError::internal("the manifest was not read for this profile"))
    }

    /// Where secrets stand in clear in them.
    pub fn literals(&self) -> &[String] {
        self.0.first().map(|(_, manifest)| manifest.literals.as_slice()).unwrap_or_default()
    }
}

/// Resolves the manifests for every profile that the run is for. What is wrong is told, and nothing is
/// sent to any server then.
pub fn manifests(documents: &Documents, args: &ManifestArgs, cx: &Context) -> Result<Manifests> {
    let tokens = Tokens::known(&cx.wanted, &cx.environment)?;
    let given = cx.vars(&args.var)?;
    let resolved = |target: &Target| resolved(documents, &given, target, &tokens, cx);
    let manifests = if let Some(places) = places(&cx.wanted, &cx.environment)? {
        of_all(&places, &resolved)?
    } else {
        let target = &cx.session()?.target;
        vec![(target.name(), resolved(target)?)]
    };
    let manifests = Manifests(manifests);
    for (_, manifest) in &manifests.0 {
        for value in manifest.redaction.values() {
            Secrets::of_run().add(value.expose());
        }
    }
    let literals = manifests.literals();
    if args.deny_literal_secrets && !literals.is_empty() {
        return Err(CommandError::usage("the manifest holds secrets in clear")
            .with_causes(literals.to_vec())
            .hint("write a reference in their place, such as ${HOOK_PASSWORD}"));
    }
    for literal in literals {
        cx.ui.warn(&format!("{literal}; a reference such as ${{NAME}} keeps it out of the file"));
    }
    let mut warned = Vec::new();
    for warning in manifests.0.iter().flat_map(|(_, manifest)| &manifest.warnings) {
        if !warned.contains(&warning) {
            cx.ui.warn(warning);
            warned.push(warning);
        }
    }
    Ok(manifests)
}

/// A profile that cannot be used is passed over: that is told where its server is asked.
fn of_all(
    places: &Places,
    resolved: &dyn Fn(&Target) -> Result<Manifest, ManifestError>,
) -> Result<Vec<(Option<ProfileName>, Manifest)>> {
    let (mut manifests, mut wrong) = (Vec::new(), Vec::new());
    for target in places.places.iter().filter_map(|place| place.target.as_ref().ok()) {
        match resolved(target) {
            Ok(manifest) => manifests.push((target.name(), manifest)),
            Err(error) => wrong.push((target.name(), error)),
        }
    }
    let faults = |error: &ManifestError| match error {
        ManifestError::Wrong(faults) => faults.clone(),
        unread @ ManifestError::Unread(_) => vec![unread.to_string()],
    };
    let Some((_, first)) = wrong.first() else { return Ok(manifests) };
    // What is wrong with the file itself is so for each.
    if manifests.is_empty() && wrong.iter().all(|(_, error)| faults(error) == faults(first)) {
        return Err(wrong.swap_remove(0).1.into());
    }
    let causes = wrong.iter().flat_map(|(name, error)| {
        let whose = name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        faults(error).into_iter().map(move |fault| whose.clone() + &fault)
    });
    let of = places.places.len();
    let message = format!("the manifest cannot be used for {} of {of} profiles", wrong.len());
    Err(CommandError::usage(message).with_causes(causes))
}

fn resolved(
    documents: &Documents,
    given: &[(String, String)],
    target: &Target,
    tokens: &Tokens,
    cx: &Context,
) -> Result<Manifest, ManifestError> {
    let vars = target.profile().map(|profile| profile.vars.as_slice()).unwrap_or_default();
    let references = References { given, vars, environment: &cx.environment, tokens };
    let manifest = documents.resolve(&|name: &str| {
        let value = references.get(name).map_err(|error| error.to_string())?;
        value.ok_or_else(|| format!(
            "{name} is not set: give --var {name}=VALUE, or set it in the profile's vars or the environment"
        ))
    })?;
    let faults = manifest.with_tokens(tokens);
    if faults.is_empty() { Ok(manifest) } else { Err(ManifestError::Wrong(faults)) }
}
