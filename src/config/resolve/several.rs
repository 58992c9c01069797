//! The targets of a run that is for several profiles.

use super::{Target, Wanted, config, of_profile, sandbox, variable};
use crate::config::ConfigError;
use crate::config::env::{self, Environment};
use crate::config::profile::ProfileName;

/// Which profiles a run is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Profiles {
    /// None is named: the environment or the default decides.
    #[default]
    Unnamed,
    /// This one.
    One(ProfileName),
    /// These, at least two, each once.
    Several(Vec<ProfileName>),
    /// All of the file, never the built-in one.
    All,
}

impl Profiles {
    /// Those that are named, in their order; twice is once.
    pub fn of(names: impl IntoIterator<Item = ProfileName>) -> Self {
        let mut unique: Vec<ProfileName> = Vec::new();
        for name in names {
            if !unique.contains(&name) {
                unique.push(name);
            }
        }
        match unique.as_slice() {
            [] => Self::Unnamed,
            [_] => unique.pop().map_or(Self::Unnamed, Self::One),
            _ => Self::Several(unique),
        }
    }

    /// True where the answer is one of several profiles, even if there should be only one.
    pub fn are_several(&self) -> bool {
        matches!(self, Self::Several(_) | Self::All)
    }
}

/// One of several targets.
#[derive(Debug)]
pub struct Place {
    /// The profile, as it is called.
    pub name: String,
    /// The way to its server, or why there is none.
    pub target: Result<Target, ConfigError>,
}

/// Several targets.
#[derive(Debug)]
pub struct Places {
    /// In the order in which they are named, or stand in the file.
    pub places: Vec<Place>,
    /// What a user should know, each once.
    pub warnings: Vec<String>,
    /// Settings that are ignored on purpose, each once.
    pub notes: Vec<String>,
}

/// The targets of a run that is for several profiles; nothing where it is for one.
///
/// A name that is no profile's is most likely misspelt, and then nothing is done at all. A profile that
/// cannot be used is its own failure.
pub fn places(wanted: &Wanted, environment: &Environment) -> Result<Option<Places>, ConfigError> {
    let (profiles, by) = named(wanted, environment)?;
    let names: Vec<String> = match &profiles {
        Profiles::Unnamed | Profiles::One(_) => return Ok(None),
        Profiles::Several(names) => names.iter().map(ToString::to_string).collect(),
        Profiles::All => Vec::new(),
    };
    let file = config(wanted, environment)?;
    let known = file.names();
    let names = if profiles == Profiles::All { known.clone() } else { names };
    if names.is_empty() {
        return Err(ConfigError::NoProfiles);
    }
    let may_be_sandbox = profiles != Profiles::All;
    let is_there =
        |name: &String| known.contains(name) || may_be_sandbox && name == ProfileName::SANDBOX;
    if let Some(name) = names.iter().find(|name| !is_there(name)) {
        return Err(ConfigError::UnknownProfile { name: name.clone(), known: file.shown_names() });
    }
    let mut warnings = file.warnings.clone();
    if environment.raw(env::SERVER_TOKEN.name).is_some() {
        let token = env::SERVER_TOKEN.name;
        warnings.push(format!("{token} is set, but not used: {by} goes before it"));
    }
    let place = |name: String| {
        let target =
            name.parse().map_err(ConfigError::Refused).and_then(|name: ProfileName| {
                match (name.is_sandbox(), may_be_sandbox) {
                    (true, true) => sandbox(wanted, environment, Vec::new()),
                    (true, false) => Err(ConfigError::Refused(
                        "the name belongs to the built-in profile; take another".to_owned(),
                    )),
                    (false, _) => of_profile(&name, &file, wanted, environment, Vec::new()),
                }
            });
        Place { name, target }
    };
    let mut places: Vec<_> = names.into_iter().map(place).collect();
    let mut notes = Vec::new();
    for target in places.iter_mut().filter_map(|place| place.target.as_mut().ok()) {
        warnings.append(&mut target.warnings);
        notes.append(&mut target.notes);
    }
    notes.sort();
    notes.dedup();
    Ok(Some(Places { places, warnings, notes }))
}

/// True where several profiles are meant, by whomever.
pub fn is_for_several(wanted: &Wanted, environment: &Environment) -> Result<bool, ConfigError> {
    Ok(named(wanted, environment)?.0.are_several())
}

/// The profiles that are named, and by whom. The variable takes several, as the flag does.
pub(super) fn named(
    wanted: &Wanted,
    environment: &Environment,
) -> Result<(Profiles, &'static str), ConfigError> {
    match &wanted.profiles {
        Profiles::All => return Ok((Profiles::All, "--all-profiles")),
        Profiles::Unnamed => {}
        named => return Ok((named.clone(), "--profile")),
    }
    let Some(text) = environment.setting(env::PROFILE)? else {
        return Ok((Profiles::Unnamed, ""));
    };
    let names: Result<Vec<_>, String> = text.split(',').map(str::parse).collect();
    let names = names.map_err(|why| variable(env::PROFILE, why))?;
    Ok((Profiles::of(names), env::PROFILE.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_once_and_one_is_not_several() {
        let of = |names: &[&str]| Profiles::of(names.iter().map(|name| name.parse().unwrap()));
        assert_eq!(of(&[]), Profiles::Unnamed);
        assert_eq!(of(&["a", "a"]), Profiles::One("a".parse().unwrap()));
        let Profiles::Several(names) = of(&["b", "a", "b"]) else { panic!("two are several") };
        assert_eq!(names.iter().map(ProfileName::as_str).collect::<Vec<_>>(), ["b", "a"]);
        assert!(Profiles::All.are_several() && !Profiles::Unnamed.are_several());
    }
}
