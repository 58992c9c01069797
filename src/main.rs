//! The process: argv, environment and streams in, an exit code out.

#![allow(clippy::disallowed_methods, reason = "this is the one place that may")]

use std::io::IsTerminal as _;
use std::process::ExitCode;

use pmhooks::Process;
use pmhooks::config::env::Environment;

fn main() -> ExitCode {
    keep_memory_private();
    pmhooks::report_panics(std::process::exit);
    let (stdout, width) = (std::io::stdout(), terminal_size::terminal_size_of(std::io::stdout()));
    let exit = pmhooks::run(Process {
        arguments: std::env::args_os().collect(),
        environment: Environment::new(std::env::vars_os()),
        stdin_is_terminal: std::io::stdin().is_terminal(),
        stdout_is_terminal: stdout.is_terminal(),
        stderr_is_terminal: std::io::stderr().is_terminal(),
        stdout_width: width.map(|(columns, _)| columns.0),
        leave: std::process::exit,
    });
    exit.code().into()
}

/// Keeps tokens out of core dumps and away from debuggers of the same user. Where the system refuses, the
/// run goes on: it is a second line of defense.
#[cfg(unix)]
fn keep_memory_private() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

#[cfg(not(unix))]
fn keep_memory_private() {}
