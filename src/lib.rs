//! pmhooks: Postmark's webhooks from a terminal, a shell script, a CI step.
//!
//! ```text
//!  argv ─▶ cli ─▶ args ─▶ commands/<verb> ─▶ ops ─▶ api ─────▶ Postmark
//!           │               │     │            ├──▶ config    (or the sandbox, same protocol)
//!         app/exit          ui ◀──┘ View        └──▶ local  (the sandbox, `listen`)
//!                           └────────── all speak model ──────────┘
//! ```
//!
//! A file may use only the floors below its own; a test holds it to that.
//!
//! | floor | module | knows |
//! |---|---|---|
//! | 6 | `main` | the process: argv, environment, streams, exit code |
//! | 5 | [`app`], [`cli`] | the command line's root, dispatch, printing a failure once |
//! | 4 | [`commands`] | one intention of a user each: `Args`, `run`, its view |
//! | 3 | [`failure`], [`args`], [`ui`], [`docs`], [`ops`] | exit codes and hints; flag groups; the terminal; generated documents; the work |
//! | 2 | [`api`], [`config`], [`local`] | Postmark's API; what the user has set; loopback servers |
//! | 1 | [`net`], [`disk`], [`model`] | sending one request well; writing one file well; values |
//!
//! Where something goes: a pure decision to `ops`; bytes on a socket or a disk to floor 2 or 1; words for
//! a person to a command's view or `ui`.

pub mod api;
pub mod app;
pub mod args;
pub mod cli;
pub mod commands;
pub mod config;
pub mod disk;
pub mod docs;
pub mod failure;
pub mod local;
pub mod model;
pub mod net;
pub mod ops;
pub mod ui;

use std::ffi::OsString;

use config::env::Environment;
use failure::Exit;

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
    pub leave: ui::interrupt::Leave,
}

/// Runs a command line to its end.
pub fn run(process: Process) -> Exit {
    app::run(process)
}

/// Makes a fault of our own end in a sentence: the terminal in order, no values, no core.
pub fn report_panics(leave: ui::interrupt::Leave) {
    std::panic::set_hook(Box::new(move |panic| {
        ui::interrupt::restore_terminal();
        // The name alone: the folders are those of the machine that built this.
        let name = |file: &str| file.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        let place = panic.location().map(|l| format!(" at {}:{}", name(l.file()), l.line()));
        let place = place.unwrap_or_default();
        ui::Ui::default().line(&format!(
            "pmhooks: error: an internal error{place}; please report it with what you did"
        ));
        leave(Exit::Machine.code().into())
    }));
}
