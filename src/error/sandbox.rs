//! Errors of the sandbox.

use super::{Diagnose, Diagnosis, Exit, Hint, Invocation};
use crate::sandbox::SandboxError;

impl Diagnose for SandboxError {
    fn diagnosis(&self) -> Diagnosis {
        let machine = Diagnosis::new(Exit::Machine);
        match self {
            Self::InUse { .. } => machine.hint(
                "use it with --api-url and a token in POSTMARK_SERVER_TOKEN, or end it with Ctrl-C",
            ),
            Self::State { .. } => machine
                .hint(
                    Hint::from(Invocation::new("sandbox reset"))
                        .text(" puts the profile's own state aside and starts anew"),
                )
                .hint("a file of --state is yours: move it away"),
            Self::Disk(error) => error.diagnosis(),
            Self::Port { .. } | Self::Start(_) => machine,
        }
    }
}
