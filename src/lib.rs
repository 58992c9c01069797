//! pmhooks: administers Postmark webhooks from a terminal, a shell script or a CI step.
//!
//! A module uses only modules of the layers below its own; `tests/contract/architecture.rs` proves the table.
//!
//! | layer | module | holds |
//! |---|---|---|
//! | 9 | `main` | the process: arguments, environment, terminal in; exit code out |
//! | 8 | [`cli`] | the command line: root, global options, help, completion, rendering of errors |
//! | 7 | [`commands`] | one command each: arguments, run, report; the registry of commands |
//! | 6 | [`ops`] | the work, free of the terminal |
//! | 5 | [`term`] | output formats, tables, prompts, signals |
//! | 4 | [`error`] | exit codes, hints, the error of a command; how errors of the layers below end a run |
//! | 3 | [`config`] | profiles, environment, sources of secrets |
//! | 3 | [`sandbox`] | the emulator of Postmark's API; raw JSON, never the client's types |
//! | 2 | [`postmark`] | Postmark's API: client, types, error codes, masking |
//! | 2 | [`event`] | the eight payloads that Postmark posts |
//! | 1 | [`http`] | the client and the server, which do not know each other |
//! | 1 | [`fs`] | files: atomic replacement, locks, appending |

pub mod cli;
pub mod commands;
pub mod config;
pub mod error;
pub mod event;
pub mod fs;
pub mod http;
pub mod ops;
pub mod postmark;
pub mod sandbox;
pub mod term;

use std::ffi::OsString;

use config::env::Environment;
use error::Exit;

/// The process as a run sees it: read once by `main`, so that nothing later asks the system.
pub struct Process {
    /// The command line, the program's name first.
    pub arguments: Vec<OsString>,
    /// The environment.
    pub environment: Environment,
    /// Standard input is a terminal.
    pub stdin_is_terminal: bool,
    /// Standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// The width of standard output, in columns, where it is a terminal.
    pub stdout_width: Option<u16>,
    /// Ends the process after a signal.
    pub leave: term::interrupt::Leave,
}

/// Runs a command line.
pub fn run(process: Process) -> Exit {
    cli::run::run(process)
}

/// Makes a panic end in one line without values, with the terminal restored and exit code 70.
pub fn report_panics(leave: term::interrupt::Leave) {
    std::panic::set_hook(Box::new(move |panic| {
        term::interrupt::restore_terminal();
        // Only the file name: the folders are those of the build machine.
        let name = |file: &str| file.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        let place = panic.location().map(|l| format!(" at {}:{}", name(l.file()), l.line()));
        let place = place.unwrap_or_default();
        term::Ui::default().line(&format!(
            "pmhooks: error: an internal error{place}; please report it with what you did"
        ));
        leave(Exit::Internal.code().into())
    }));
}
