//! Errors of the configuration.

use super::{Diagnose, Diagnosis, Exit, Hint, Invocation};
use crate::config::ConfigError;

impl Diagnose for ConfigError {
    fn diagnosis(&self) -> Diagnosis {
        let not_set_up = Diagnosis::new(Exit::NotSetUp);
        match self {
            Self::NoToken { profiles } => match profiles.as_slice() {
                [] => not_set_up
                    .hint(Hint::command("set one up", "profile add NAME"))
                    .hint("or give one for this run in the environment: POSTMARK_SERVER_TOKEN")
                    .hint(Hint::command(
                        "or try everything without one",
                        Invocation::new("list").on("sandbox"),
                    )),
                [first, others @ ..] => not_set_up
                    .hint(name_one(first, others, profiles))
                    .hint(Hint::command("or make one the default", "profile use NAME")),
            },
            Self::Several { .. } => Diagnosis::one_profile_only(),
            Self::NoProfiles => not_set_up.hint(Hint::command("add one", "profile add NAME")),
            Self::SandboxByDefault => not_set_up.hint(
                Hint::from("name it, as in ")
                    .run(Invocation::new("list").on("sandbox"))
                    .text(", or choose: ")
                    .run("profile use NAME"),
            ),
            Self::UnknownProfile { .. } => not_set_up.hint(
                Hint::command("see them", "profile list")
                    .text("; add one: ")
                    .run("profile add NAME"),
            ),
            Self::ForeignOrigin { origin, variable, .. } => {
                let refused = Diagnosis::new(Exit::Usage);
                let refused = match variable {
                    Some(name) => refused.hint(format!("to use {origin}: unset {name}")),
                    None => refused,
                };
                refused.hint(Hint::command(
                    "if the token is valid there too, add a profile for it",
                    "profile add NAME --api-url URL",
                ))
            }
            Self::Refused(_) => Diagnosis::new(Exit::Usage),
            Self::Unopened(error) => Diagnosis { exit: Exit::NotSetUp, ..error.diagnosis() },
            Self::Unreadable { .. }
            | Self::Broken { .. }
            | Self::Variable { .. }
            | Self::NoHome(_) => not_set_up,
            Self::Disk(error) => error.diagnosis(),
        }
    }
}

fn name_one(first: &str, others: &[String], profiles: &[String]) -> Hint {
    let of = if others.is_empty() { String::new() } else { format!(" of {}", profiles.join(", ")) };
    Hint::from(format!("name one{of}, as in ")).run(Invocation::new("list").on(first))
}
