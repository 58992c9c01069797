//! What the manifests ask of each server: the same references mean something else on each.

use crate::commands::Context;
use crate::commands::options::manifest::ManifestArgs;
use crate::config::profile::ProfileName;
use crate::config::resolve::{Places, Target, places};
use crate::error::{CommandError, Result};
use crate::ops::manifest::{Documents, Manifest, ManifestError};
use crate::ops::session::Session;

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
    let manifests = if let Some(places) = places(&cx.wanted, &cx.environment)? {
        of_all(documents, args, &places, cx)?
    } else {
        let target = &cx.session()?.target;
        vec![(target.name(), resolved(documents, args, target, cx)?)]
    };
    let manifests = Manifests(manifests);
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
    documents: &Documents,
    args: &ManifestArgs,
    places: &Places,
    cx: &Context,
) -> Result<Vec<(Option<ProfileName>, Manifest)>> {
    let (mut manifests, mut wrong) = (Vec::new(), Vec::new());
    for target in places.places.iter().filter_map(|place| place.target.as_ref().ok()) {
        match resolved(documents, args, target, cx) {
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
    args: &ManifestArgs,
    target: &Target,
    cx: &Context,
) -> Result<Manifest, ManifestError> {
    let vars = target.profile().map(|profile| profile.vars.as_slice()).unwrap_or_default();
    let given = |list: &[(String, String)], name: &str| {
        list.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.clone())
    };
    documents.resolve(&|name: &str| {
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
    })
}
