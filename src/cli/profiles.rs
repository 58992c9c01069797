//! Which profiles a command line names, wherever in it.

use std::ffi::OsString;

use crate::cli::{Command, GlobalArgs};
use crate::config::resolve::Profiles;
use crate::error::CommandError;

/// Short options that take no value, so that others may stand behind them in one word.
const SWITCHES: [char; 3] = ['q', 'v', 'y'];

/// The profiles that the words name, before the command and behind it: of two places the parser keeps
/// only the second.
pub(super) fn named(global: &GlobalArgs, words: &[OsString]) -> Result<Profiles, CommandError> {
    let mut names = Vec::new();
    for name in in_words(words) {
        // Words that the parser understood otherwise are none of ours.
        names.extend(name.parse().ok());
    }
    if names.is_empty() {
        names.clone_from(&global.profile);
    }
    match (global.all_profiles, names.is_empty()) {
        (true, false) => {
            Err(CommandError::usage("--all-profiles and --profile do not go together"))
        }
        (true, true) => Ok(Profiles::All),
        (false, _) => Ok(Profiles::of(names)),
    }
}

/// Why this command cannot be for these profiles: a write must not go to one where two were meant.
pub(super) fn refused(command: &Command, profiles: &Profiles) -> Option<CommandError> {
    if command.can_fan_out() || !profiles.are_several() {
        return None;
    }
    Some(CommandError::one_profile_only("this command works on one profile at a time"))
}

fn in_words(words: &[OsString]) -> Vec<String> {
    let words = words.iter().skip(1).map(|word| word.to_string_lossy());
    let mut words = words.take_while(|word| word != "--" && word != "--token-command");
    let mut names = Vec::new();
    while let Some(word) = words.next() {
        let given = match (word.strip_prefix("--profile="), in_short(&word)) {
            (Some(list), _) => Some(list.to_owned()),
            (None, Some(list)) if !list.is_empty() => Some(list.to_owned()),
            (None, Some(_)) => words.next().map(Into::into),
            (None, None) if word == "--profile" => words.next().map(Into::into),
            (None, None) => None,
        };
        names.extend(given.iter().flat_map(|list| list.split(',')).map(str::to_owned));
    }
    names
}

/// What stands behind `-p` in a word, as in `-pstaging`, `-p=staging` and `-yp`.
fn in_short(word: &str) -> Option<&str> {
    let letters = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'))?;
    let list = letters.trim_start_matches(SWITCHES).strip_prefix('p')?;
    Some(list.strip_prefix('=').unwrap_or(list))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_found_in_every_way_of_writing_it() {
        let found = |line: &str| {
            let words: Vec<_> = line.split(' ').map(OsString::from).collect();
            in_words(&words).join(" ")
        };
        for (line, names) in [
            ("pmhooks list", ""),
            ("pmhooks -p a list --profile b", "a b"),
            ("pmhooks --profile=a,b list -pc -p=d", "a b c d"),
            ("pmhooks -qp a list -yvp=b", "a b"),
            ("pmhooks -o p list -f -p", ""),
            ("pmhooks get -- -p a", ""),
        ] {
            assert_eq!(found(line), names, "{line}");
        }
    }
}
