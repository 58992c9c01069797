//! pmhooks: administers Postmark webhooks from a terminal, a shell script or a CI step.
//!
//! Calls go down only: a module uses the modules of the layers below its own. A test proves the table.
//!
//! | layer | module | holds |
//! |---|---|---|
//! | 9 | `main` | the process: arguments, environment, terminal in; exit code out |
//! | 8 | [`cli`] | the command line: root, global options, completion, rendering of errors |
//! | 7 | [`commands`] | one command each: arguments, run, report |
//! | 6 | [`ops`] | the work, free of the terminal |
//! | 5 | [`term`] | output formats, tables, prompts, signals |
//! | 4 | [`error`] | exit codes and hints of each error |
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

/// What a run knows of its process. It is looked at once, at the start; nothing later asks the system.
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
    /// How the process ends when a signal wants it to.
    pub leave: term::interrupt::Leave,
}

/// Runs a command line to its end.
pub fn run(process: Process) -> Exit {
    cli::run::run(process)
}

/// Makes a fault of our own end in a sentence: the terminal in order, no values, no core.
pub fn report_panics(leave: term::interrupt::Leave) {
    std::panic::set_hook(Box::new(move |panic| {
        term::interrupt::restore_terminal();
        // The name alone: the folders are those of the machine that built this.
        let name = |file: &str| file.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        let place = panic.location().map(|l| format!(" at {}:{}", name(l.file()), l.line()));
        let place = place.unwrap_or_default();
        term::Ui::default().line(&format!(
            "pmhooks: error: an internal error{place}; please report it with what you did"
        ));
        leave(Exit::Internal.code().into())
    }));
}
