//! How a program is started: arguments, standard input, folder, variables, a limit of time.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use super::env::TestEnv;
use super::running::Running;
use super::transcript::Transcript;

/// How long a run may take before it counts as hung.
const LIMIT: Duration = Duration::from_secs(30);

/// Arguments of a run: a text split at its spaces, or a list taken as it is.
pub trait IntoArgs {
    fn into_args(self) -> Vec<OsString>;
}

impl IntoArgs for &str {
    fn into_args(self) -> Vec<OsString> {
        self.split_whitespace().map(Into::into).collect()
    }
}

impl IntoArgs for &String {
    fn into_args(self) -> Vec<OsString> {
        self.as_str().into_args()
    }
}

impl IntoArgs for String {
    fn into_args(self) -> Vec<OsString> {
        self.as_str().into_args()
    }
}

impl<S: AsRef<OsStr>, const N: usize> IntoArgs for [S; N] {
    fn into_args(self) -> Vec<OsString> {
        self.iter().map(Into::into).collect()
    }
}

impl<S: AsRef<OsStr>> IntoArgs for &[S] {
    fn into_args(self) -> Vec<OsString> {
        self.iter().map(Into::into).collect()
    }
}

impl<S: AsRef<OsStr>> IntoArgs for Vec<S> {
    fn into_args(self) -> Vec<OsString> {
        self.as_slice().into_args()
    }
}

/// A run that has not begun: completed by its methods, begun by [`run`](Invocation::run),
/// [`spawn`](Invocation::spawn) or [`pty`](Invocation::pty).
#[must_use = "nothing runs before `run`, `spawn` or `pty`"]
pub struct Invocation<'env> {
    pub(super) env: &'env TestEnv,
    program: OsString,
    args: Vec<OsString>,
    variables: BTreeMap<OsString, OsString>,
    pub(super) stdin: Option<Vec<u8>>,
    folder: PathBuf,
    pub(super) limit: Duration,
}

impl<'env> Invocation<'env> {
    pub(super) fn new(env: &'env TestEnv, program: &OsStr, args: Vec<OsString>) -> Self {
        Invocation {
            program: program.to_owned(),
            args,
            variables: env.variables.clone(),
            stdin: None,
            folder: env.home().to_owned(),
            limit: LIMIT,
            env,
        }
    }

    /// What the program reads from its standard input, which is a pipe then. Otherwise there is
    /// nothing to read and no terminal.
    pub fn stdin(mut self, input: impl AsRef<[u8]>) -> Self {
        self.stdin = Some(input.as_ref().to_vec());
        self
    }

    /// The working directory, full or relative to the home.
    pub fn dir(mut self, folder: impl AsRef<std::path::Path>) -> Self {
        self.folder = self.env.home().join(folder);
        self
    }

    /// Sets a variable for this run only.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.variables.insert(name.as_ref().into(), value.as_ref().into());
        self
    }

    /// Removes a variable for this run only.
    pub fn unset(mut self, name: impl AsRef<OsStr>) -> Self {
        self.variables.remove(name.as_ref());
        self
    }

    /// Counts the run as hung after another time than 30 s.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it to its end. A run that hangs is killed and fails the test, named.
    #[track_caller]
    pub fn run(self) -> Transcript {
        let limit = self.limit;
        self.spawn().finish_within(limit)
    }

    /// Starts it and returns while it runs.
    #[track_caller]
    pub fn spawn(mut self) -> Running {
        let mut command = self.command();
        // A group of its own, so that a hung run can be ended with all its children.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.stdin(if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = fork(|| command.spawn())
            .unwrap_or_else(|e| panic!("cannot start {}: {e}", self.describe()));
        Running::new(child, self.stdin.take(), self.describe(), self.env)
    }

    /// The command line as a person would write it, for messages.
    pub(super) fn describe(&self) -> String {
        let program = PathBuf::from(&self.program);
        let mut line = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for arg in &self.args {
            let arg = arg.to_string_lossy();
            let plain = !arg.is_empty() && !arg.contains([' ', '"', '\n', '\t']);
            let _ = if plain { write!(line, " {arg}") } else { write!(line, " {arg:?}") };
        }
        line
    }

    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).env_clear().envs(&self.variables).current_dir(&self.folder);
        command
    }
}

/// Starting a program copies all open descriptors until it has begun. A script being written at
/// that moment would stay open for writing in the copy and could not be executed ("text file
/// busy"), so the two exclude each other.
static FORK: RwLock<()> = RwLock::new(());

pub(super) fn fork<T>(start: impl FnOnce() -> T) -> T {
    let _guard = FORK.read().unwrap_or_else(PoisonError::into_inner);
    start()
}

pub(super) fn while_nothing_forks<T>(write: impl FnOnce() -> T) -> T {
    let _guard = FORK.write().unwrap_or_else(PoisonError::into_inner);
    write()
}

#[cfg(all(test, unix))]
mod tests {
    use crate::support::*;

    #[test]
    fn arguments_are_a_line_or_a_list() {
        let env = TestEnv::new();
        let show = |args: &str| env.program("/usr/bin/printf", ["<%s>", args]).run().stdout;
        assert_eq!(show("a  b"), "<a  b>");
        env.program("/usr/bin/printf", "<%s>\\n a   b").run().check(str![[r#"
<a>
<b>
"#]]);
    }

    #[test]
    fn standard_input_is_empty_unless_given() {
        let env = TestEnv::new();
        env.program("/bin/cat", "").run().check(str![""]);
        env.program("/bin/cat", "").stdin("hello\n").run().check(str!["hello"]);
        env.program("/bin/true", "").stdin(vec![b'x'; 1 << 20]).run().code(0);
    }

    #[test]
    fn the_folder_and_the_variables_of_one_run() {
        let env = TestEnv::new();
        env.file("there/file", "");
        let run = || env.program("/bin/sh", ["-c", "pwd; echo $A; echo $LANG"]);
        run().dir("there").env("A", "b").unset("LANG").run().check(str![[r#"
[HOME]/there
b

"#]]);
        run().run().check(str![[r#"
[HOME]

C.UTF-8
"#]]);
    }

    #[test]
    #[should_panic(expected = "sleep 60 did not end within 100ms")]
    fn a_hung_run_fails_and_is_named() {
        let limit = Duration::from_millis(100);
        let _ = TestEnv::new().program("/bin/sleep", "60").limit(limit).run();
    }
}
