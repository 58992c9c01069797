//! What is on this machine: versions, the configuration, whose token it is.

use super::{Doctor, DoctorReport, Part, Step};
use crate::config::file::File;
use crate::config::profile::ProfileName;
use crate::config::resolve::{self, Target};
use crate::config::{ConfigError, env};
use crate::fs::{self, Standing};

impl Doctor<'_> {
    /// Looks at what is set up; returns the target, or why there is no token.
    pub(super) fn here(&self, report: &mut DoctorReport) -> Result<Target, Step> {
        report.add(Part::Setup, "versions", versions());
        let (step, known) = self.configuration();
        report.add(Part::Setup, "configuration", step);
        match resolve::target(self.wanted, self.environment) {
            Ok(target) => {
                report.add(Part::Setup, "target", said_of(&target, &known));
                report.profile = target.name();
                Ok(target)
            }
            Err(error @ ConfigError::NoToken { .. }) => {
                let step = Step::skipped("no profile is named, and none is the default");
                report.add(Part::Setup, "target", step);
                Err(Self::without_token(&error))
            }
            Err(error) => {
                report.add(Part::Setup, "target", Self::without_target(&error));
                Err(Step::skipped("it is not known whose"))
            }
        }
    }

    /// The file, and the warnings of it that were said.
    fn configuration(&self) -> (Step, Vec<String>) {
        let path = match resolve::config_path(self.wanted, self.environment) {
            Ok(path) => path,
            Err(error) => return (Self::unset(&error), Vec::new()),
        };
        let shown = path.display();
        let file = match resolve::config(self.wanted, self.environment) {
            Ok(file) => file,
            Err(error) => {
                let mend = match &error {
                    ConfigError::Broken { line, .. } => {
                        vec![format!("mend line {line} of {shown}; nothing works until then")]
                    }
                    ConfigError::Unopened(_) => {
                        vec![format!("look at it: ls -ld {shown}")]
                    }
                    other => return (Self::unset(other), Vec::new()),
                };
                return (Step::fail(error.to_string()).nexts(mend), Vec::new());
            }
        };
        let warnings: Vec<_> = file.warnings.iter().cloned().chain(oddities(&file)).collect();
        let folder =
            path.parent().filter(|_| fs::look(&path).is_ok_and(|s| s != Standing::Nothing));
        let open = folder.filter(|f| fs::look(f).is_ok_and(|s| s == Standing::Folder(true)));
        let open = open.map(|folder| {
            let folder = folder.display();
            format!("others may change what is in {folder}; run: chmod 700 {folder}")
        });
        let said: Vec<_> = warnings.iter().chain(&open).collect();
        if !said.is_empty() {
            let (messages, runs): (Vec<_>, Vec<_>) = said.iter().map(|w| apart(w)).unzip();
            let step = Step::warn(messages.join("; ")).nexts(runs.into_iter().flatten());
            return (step, warnings);
        }
        let step = match (folder, file.names().as_slice()) {
            (None, _) => Step::pass(format!("there is none yet (it would be {shown})")),
            (Some(_), []) => Step::pass(format!("{shown} is readable and private; no profile")),
            (Some(_), names) => {
                let (count, s) = (names.len(), if names.len() == 1 { "" } else { "s" });
                Step::pass(format!("{shown} is readable and private; {count} profile{s}"))
            }
        };
        (step, warnings)
    }

    fn without_token(error: &ConfigError) -> Step {
        match error {
            ConfigError::NoToken { profiles } if profiles.is_empty() => {
                Step::fail(error.to_string())
                    .next("try everything without one: `pmhooks -p sandbox list`")
                    .next("then set yours up: `pmhooks profile add NAME`")
            }
            other => Step::of_error(other),
        }
    }

    fn without_target(error: &ConfigError) -> Step {
        match error {
            ConfigError::Broken { .. } | ConfigError::Unopened(_) => {
                Step::skipped("the configuration says it, and cannot be used")
            }
            ConfigError::Variable { name, .. } if name == env::CONFIG.name => {
                Step::skipped("the configuration says it, and cannot be found")
            }
            other => Self::unset(other),
        }
    }

    /// A step that a setting ended, which may be a variable's.
    fn unset(error: &ConfigError) -> Step {
        match error {
            ConfigError::Variable { name, .. } => Step::of_error(error)
                .next(format!("give it a value that can be used, or do without: unset {name}")),
            other => Step::of_error(other),
        }
    }
}

/// Which profile or token, and which API; and what is odd about that, but for what is known.
fn said_of(target: &Target, known: &[String]) -> Step {
    let who = match target.name() {
        Some(name) => format!("profile {name}"),
        None => format!("the token of {}", target.token_source()),
    };
    let place = match target.name().filter(ProfileName::is_sandbox) {
        Some(_) => "the sandbox within this program".to_owned(),
        None => format!("{} ({})", target.api_url, target.api_url_source),
    };
    let message = format!("{who}, at {place}");
    let new: Vec<_> = target.warnings.iter().filter(|w| !known.contains(w)).cloned().collect();
    if new.is_empty() {
        return Step::pass(message);
    }
    Step::warn(format!("{message}; {}", new.join("; ")))
}

fn versions() -> Step {
    let version = env!("CARGO_PKG_VERSION");
    let system = std::env::consts::OS;
    let folder = match resolve::state_folder() {
        Ok(folder) => folder,
        Err(error) => return Step::fail(error.to_string()).next("set HOME to your home directory"),
    };
    let shown = folder.display();
    let tool = format!("pmhooks {version} on {system}");
    match fs::look(&folder) {
        Ok(Standing::Folder(false)) => Step::pass(format!("{tool}; its state is in {shown}")),
        Ok(Standing::Folder(true)) => {
            Step::warn(format!("{tool}; others may change what is in its state folder {shown}"))
                .next(format!("run: chmod 700 {shown}"))
        }
        Ok(Standing::Nothing) => Step::pass(format!("{tool}; no state yet (it would be {shown})")),
        Ok(Standing::Other) => {
            Step::fail(format!("{tool}; its state folder {shown} is not a folder"))
                .next(format!("move it away: mv {shown} {shown}.old"))
        }
        Err(error) => Step::fail(format!("{tool}; {error}")).next(format!("look: ls -ld {shown}")),
    }
}

/// What is odd in the profiles: settings that are none, and profiles that cannot be used.
fn oddities(file: &File) -> Vec<String> {
    let odd = file.names().into_iter().flat_map(|name| match name.parse() {
        Ok(name) => match file.profile(&name) {
            Ok(_) => file.unknown_keys(&name),
            Err(error) => vec![error.to_string()],
        },
        Err(why) => vec![format!("the profile {name:?} cannot be used: {why}")],
    });
    odd.collect()
}

/// A warning, and the command that it ends with.
fn apart(warning: &str) -> (&str, Option<String>) {
    match warning.split_once("; run: ") {
        Some((message, run)) => (message, Some(format!("run: {run}"))),
        None => (warning, None),
    }
}
