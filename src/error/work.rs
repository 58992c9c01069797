//! The typed errors of the work: manifests, plans, rotations, and what guards a write.

use std::io;

use super::{CommandError, Exit, api};
use crate::ops::definition::DefinitionError;
use crate::ops::guard::GuardError;
use crate::ops::manifest::ManifestError;
use crate::ops::plan::PlanError;
use crate::ops::receive::ReceiveError;
use crate::ops::rotate::RotateError;
use crate::ops::rotate::generate::GenerateError;
use crate::ops::temporary_webhook::TemporaryError;

pub(super) fn manifest(error: &ManifestError) -> CommandError {
    let mut failure = CommandError::new(Exit::Usage, "");
    if let ManifestError::Unread(DefinitionError::Disk(_)) = error {
        return failure.hint("`pmhooks export --output-file FILE` writes a manifest");
    }
    if let ManifestError::Wrong(faults) = error
        && faults.len() > 1
    {
        failure.causes.clone_from(faults);
    }
    failure
}

pub(super) fn plan(error: &PlanError) -> CommandError {
    let failure = CommandError::new(Exit::Usage, "");
    match error {
        PlanError::Ambiguous { ids: (first, second), .. } => failure.hint(format!(
            "look at both: `pmhooks get {first} {second}`; then delete the one that is too many"
        )),
        PlanError::TwoEntries { .. } => {
            failure.hint("a MovedFrom that has done its work can be taken out of the file")
        }
        PlanError::TooMany { deletes: 0, .. } => failure,
        PlanError::TooMany { .. } => failure.hint(
            "give the old URL as MovedFrom, so that a webhook is changed in place; or delete one first",
        ),
    }
}

pub(super) fn receive(error: &ReceiveError) -> CommandError {
    let failure = CommandError::new(Exit::Machine, "");
    let source = match error {
        ReceiveError::Bind { source, .. } => source,
        ReceiveError::File(error) => return super::fs(error),
        ReceiveError::Tls { .. } | ReceiveError::Thread(_) | ReceiveError::Server(_) => {
            return failure;
        }
    };
    match source.kind() {
        io::ErrorKind::AddrInUse => failure.hint(
            "take another port with --address 127.0.0.1:8030, or any that is free with --address 127.0.0.1:0",
        ),
        io::ErrorKind::PermissionDenied => {
            failure.hint("ports below 1024 are the system's; take a higher one with --address")
        }
        io::ErrorKind::AddrNotAvailable => {
            failure.hint("--address takes an address of this machine, as in 127.0.0.1:8025")
        }
        _ => failure,
    }
}

pub(super) fn temporary(error: &TemporaryError) -> Option<CommandError> {
    match error {
        TemporaryError::Config(error) => super::judge(error),
        TemporaryError::File(error) => super::judge(error),
        TemporaryError::Random(error) => super::judge(error),
        TemporaryError::Create(error) => super::judge(error),
        TemporaryError::Api(error) => super::judge(error),
    }
}

pub(super) fn rotate(error: &RotateError) -> CommandError {
    match error {
        RotateError::Look(error) | RotateError::Change(error) => api(error),
        RotateError::Moved => CommandError::usage(""),
        RotateError::Unverified => CommandError::new(Exit::Refused, "")
            .hint("see what Postmark finds at the endpoint: `pmhooks verify ID`"),
    }
}

pub(super) fn generate(error: &GenerateError) -> CommandError {
    match error {
        GenerateError::Link(_) => CommandError::usage("").hint("name another file"),
        GenerateError::Exists(_) => CommandError::usage("")
            .hint("name another file, or give what is in it: --password file:PATH"),
        GenerateError::Disk(error) => super::fs(error),
        GenerateError::Random(_) => CommandError::new(Exit::Machine, ""),
    }
}

pub(super) fn guard(error: &GuardError) -> CommandError {
    let refused = || CommandError::usage("");
    match error {
        GuardError::Api(error) => api(error),
        GuardError::Config(error) => super::config(error),
        GuardError::Unconfirmed(name) => refused().hint(format!("give --confirm {name}")),
        GuardError::ReadOnly(name) => refused().hint(format!(
            "the configuration says `read_only = true`: `pmhooks profile show {name}`"
        )),
        GuardError::WrongName { .. } => refused().hint("see where you are: `pmhooks whoami`"),
        GuardError::OtherServer { profile, .. } => refused()
            .hint("somebody changed the token, or it is the wrong one: `pmhooks whoami`")
            .hint(format!("if that server is meant: `pmhooks profile add {profile} --replace`")),
    }
}
