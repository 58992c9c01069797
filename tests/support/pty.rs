//! The binary on a real terminal: what it shows, what is typed, how it leaves the terminal.

use std::fmt;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use pty_process::{Size, blocking};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{
    ControlModes, InputModes, LocalModes, OutputModes, SpecialCodeIndex as Code, tcgetattr,
};
use snapbox::{IntoData, Redactions};
use tempfile::TempDir;

use super::run::{Invocation, fork};
use super::running::{TO_END, TO_LET_GO, kill_all, kill_group};
use super::transcript::{check_text, ending};

/// How long `expect` and `wait_for_echo` wait.
const TO_SHOW: Duration = Duration::from_secs(5);

/// A program on a terminal. Dropped, it is killed.
///
/// ```ignore
/// let mut terminal = env.pty("delete 5");
/// terminal.expect("Delete 1 webhook?").send("y").key(Key::Enter);
/// terminal.finish().check(str![[r#"..."#]]);
/// ```
#[must_use = "dropping it kills the process"]
pub struct Pty {
    child: Child,
    /// The terminal's other end, until it is hung up.
    master: Option<blocking::Pty>,
    size: (NonZeroU16, NonZeroU16),
    output: Vec<u8>,
    /// Up to where `expect` has looked, in the output without its escapes.
    matched: usize,
    before: TerminalState,
    command: String,
    redactions: Redactions,
    _root: Arc<TempDir>,
}

/// A key that is not a letter.
#[derive(Clone, Copy, Debug)]
pub enum Key {
    Enter,
    Esc,
    Tab,
    Space,
    Backspace,
    Up,
    Down,
    Left,
    Right,
    CtrlC,
    CtrlD,
    CtrlZ,
}

/// How a terminal is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalState {
    pub input: InputModes,
    pub output: OutputModes,
    pub control: ControlModes,
    pub local: LocalModes,
    pub special: Vec<u8>,
}

/// A terminal whose program has ended. Its text is the screen, then `--- exit 2` unless 0.
#[must_use = "a run that nobody looks at proves nothing: use `check` or `code`"]
pub struct Finished {
    /// The screen as a person sees it at the end, without what has scrolled away.
    pub screen: String,
    /// All that was ever printed, escapes included.
    pub output: String,
    pub code: Option<i32>,
    pub signal: Option<i32>,
    /// Whether the terminal is set as it was before.
    pub restored: bool,
    pub cursor_visible: bool,
    redactions: Redactions,
}

impl Invocation<'_> {
    /// Starts it on a terminal of 80 by 24. With [`stdin`](Self::stdin), only the output is the
    /// terminal.
    #[track_caller]
    pub fn pty(self) -> Pty {
        self.pty_sized(80, 24)
    }

    /// Starts it on a terminal of another size.
    #[track_caller]
    pub fn pty_sized(mut self, columns: u16, rows: u16) -> Pty {
        let (master, slave) = blocking::open().unwrap();
        master.resize(Size::new(rows, columns)).unwrap();
        let before = TerminalState::of(&master);
        let mut command = self.command();
        if !command.get_envs().any(|(name, _)| name == "TERM") {
            command.env("TERM", "xterm-256color");
        }
        let mut command = blocking::Command::from(command);
        if self.stdin.is_some() {
            command = command.stdin(Stdio::piped());
        }
        let mut child = fork(|| command.spawn(slave))
            .unwrap_or_else(|e| panic!("cannot start {}: {e}", self.describe()));
        if let (Some(input), Some(mut pipe)) = (self.stdin.take(), child.stdin.take()) {
            thread::spawn(move || drop(pipe.write_all(&input)));
        }
        Pty {
            child,
            master: Some(master),
            size: (NonZeroU16::new(columns).unwrap(), NonZeroU16::new(rows).unwrap()),
            output: Vec::new(),
            matched: 0,
            before,
            command: self.describe(),
            redactions: self.env.redactions.clone(),
            _root: Arc::clone(&self.env.root),
        }
    }
}

impl Pty {
    /// Waits until the text is shown, after what was expected last. Colours and the like do not
    /// count.
    #[track_caller]
    pub fn expect(&mut self, text: &str) -> &mut Self {
        let deadline = Instant::now() + TO_SHOW;
        loop {
            let shown = without_escapes(&self.output);
            if let Some(at) = super::http::find(&shown[self.matched..], text.as_bytes()) {
                self.matched += at + text.len();
                return self;
            }
            let open = self.listen(Duration::from_millis(50)).is_some();
            assert!(open, "the program ended without showing {text:?}\n{self:?}");
            assert!(Instant::now() < deadline, "{text:?} was not shown\n{self:?}");
        }
    }

    /// Types a text.
    #[track_caller]
    pub fn send(&mut self, text: &str) -> &mut Self {
        let mut master = self.master.as_ref().expect("the terminal was hung up");
        master.write_all(text.as_bytes()).unwrap();
        self
    }

    /// Presses a key.
    #[track_caller]
    pub fn key(&mut self, key: Key) -> &mut Self {
        self.send(match key {
            Key::Enter => "\r",
            Key::Esc => "\x1b",
            Key::Tab => "\t",
            Key::Space => " ",
            Key::Backspace => "\x7f",
            Key::Up => "\x1b[A",
            Key::Down => "\x1b[B",
            Key::Right => "\x1b[C",
            Key::Left => "\x1b[D",
            Key::CtrlC => "\x03",
            Key::CtrlD => "\x04",
            Key::CtrlZ => "\x1a",
        })
    }

    /// Sends a signal to the program itself, past the terminal.
    #[track_caller]
    pub fn signal(&mut self, signal: Signal) -> &mut Self {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        self
    }

    /// Closes the terminal, as when a window is closed or a connection is lost.
    pub fn hang_up(&mut self) -> &mut Self {
        self.master = None;
        self
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How the terminal is set now.
    #[track_caller]
    pub fn state(&self) -> TerminalState {
        TerminalState::of(self.master.as_ref().expect("the terminal was hung up"))
    }

    /// Whether what is typed is shown. A prompt is printed before it is read: wait first.
    #[track_caller]
    pub fn echo_is_on(&self) -> bool {
        self.state().local.contains(LocalModes::ECHO)
    }

    /// Waits until what is typed is shown, or no longer shown.
    #[track_caller]
    pub fn wait_for_echo(&mut self, on: bool) -> &mut Self {
        let deadline = Instant::now() + TO_SHOW;
        while self.echo_is_on() != on {
            assert!(Instant::now() < deadline, "echo did not become {on}\n{self:?}");
            self.listen(Duration::from_millis(5));
        }
        self
    }

    /// The screen as it is now.
    pub fn screen(&mut self) -> String {
        self.listen(Duration::ZERO);
        self.screen_and_cursor().0
    }

    /// Waits for the end of the program, 10 s at most.
    #[track_caller]
    pub fn finish(mut self) -> Finished {
        let deadline = Instant::now() + TO_END;
        let status: ExitStatus = loop {
            let open = self.listen(Duration::from_millis(10)).is_some();
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "the program did not end\n{self:?}");
            if !open {
                thread::sleep(Duration::from_millis(1));
            }
        };
        let restored = self.master.is_some() && self.state() == self.before;
        let let_go = Instant::now() + TO_LET_GO;
        while self.listen(Duration::from_millis(10)).is_some() {
            if Instant::now() > let_go {
                kill_group(&self.child);
                panic!("the program left a child that holds the terminal\n{self:?}");
            }
        }
        let (screen, cursor_visible) = self.screen_and_cursor();
        Finished {
            screen,
            output: String::from_utf8_lossy(&self.output).into_owned(),
            code: status.code(),
            signal: std::os::unix::process::ExitStatusExt::signal(&status),
            restored,
            cursor_visible,
            redactions: self.redactions.clone(),
        }
    }

    /// Takes what comes within the time, `None` once nothing can come any more.
    fn listen(&mut self, time: Duration) -> Option<usize> {
        let mut master = self.master.as_ref()?;
        let time = Timespec::try_from(time).unwrap();
        let mut wait = [PollFd::new(master, PollFlags::IN)];
        if poll(&mut wait, Some(&time)).unwrap_or(0) == 0 {
            return Some(0);
        }
        let mut buffer = [0; 1 << 14];
        // Linux answers EIO once nobody has the terminal open.
        let count = master.read(&mut buffer).unwrap_or(0);
        self.output.extend_from_slice(&buffer[..count]);
        (count > 0).then_some(count)
    }

    fn screen_and_cursor(&self) -> (String, bool) {
        let (columns, rows) = self.size;
        let mut terminal = vt100::Parser::new(rows, columns, 0);
        terminal.process(&self.output);
        let screen = terminal.screen();
        let lines: Vec<_> =
            screen.rows(0, columns.get()).map(|row| row.trim_end().to_owned()).collect();
        (lines.join("\n").trim_end().to_owned(), !screen.hide_cursor())
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        kill_all(&mut self.child);
    }
}

/// The command line and the screen, for messages.
impl fmt::Debug for Pty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "$ {}\n{}\n", self.command, self.screen_and_cursor().0)
    }
}

impl TerminalState {
    fn of(master: &blocking::Pty) -> Self {
        let state = tcgetattr(master).unwrap();
        let special = [Code::VINTR, Code::VEOF, Code::VERASE, Code::VSUSP, Code::VMIN, Code::VTIME];
        TerminalState {
            input: state.input_modes,
            output: state.output_modes,
            control: state.control_modes,
            local: state.local_modes,
            special: special.map(|code| state.special_codes[code]).to_vec(),
        }
    }
}

impl Finished {
    /// Compares the text with `str![[r#"..."#]]`, which `SNAPSHOTS=overwrite` rewrites.
    #[track_caller]
    pub fn check(&self, expected: impl IntoData) -> &Self {
        check_text(&self.to_string(), expected);
        self
    }

    /// Requires the exit code.
    #[track_caller]
    pub fn code(&self, code: i32) -> &Self {
        assert!(self.code == Some(code), "expected exit {code}\n{self}");
        self
    }

    /// Requires that the terminal is set as before and that its cursor is visible.
    #[track_caller]
    pub fn assert_restored(&self) -> &Self {
        assert!(self.restored, "the terminal was not set back\n{self}");
        assert!(self.cursor_visible, "the cursor stays hidden\n{self}");
        self
    }
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line_end = if self.screen.is_empty() { "" } else { "\n" };
        let text = format!("{}{line_end}{}", self.screen, ending(self.code, self.signal));
        f.write_str(self.redactions.redact(&text).strip_suffix('\n').unwrap_or_default())
    }
}

/// The output without escape sequences. An unfinished one at the end is left out, so that what
/// comes later only ever adds to the result.
fn without_escapes(output: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(output.len());
    let mut rest = output;
    while let Some(at) = rest.iter().position(|byte| *byte == 0x1b) {
        plain.extend_from_slice(&rest[..at]);
        let escape = &rest[at..];
        let length = match escape.get(1) {
            Some(b'[') => escape[2..].iter().position(|b| (0x40..=0x7e).contains(b)).map(|n| n + 3),
            Some(b']') => escape.iter().position(|b| *b == 0x07).map(|n| n + 1),
            Some(b'(' | b')') => (escape.len() > 2).then_some(3),
            Some(_) => Some(2),
            None => None,
        };
        match length {
            Some(length) => rest = &escape[length..],
            None => return plain,
        }
    }
    plain.extend_from_slice(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::without_escapes;
    use crate::support::*;

    fn shell(script: &str) -> Pty {
        TestEnv::new().program("/bin/sh", ["-c", script]).pty()
    }

    #[test]
    fn a_prompt_is_answered_on_a_terminal() {
        let mut terminal = shell(
            "test -t 0 -a -t 1 -a -t 2 && stty size; printf '\\033[1mName\\033[0m? '; read name; \
             echo \"Hello $name.\"; exit 3",
        );
        terminal.expect("Name? ").send("you").key(Key::Enter).expect("Hello");
        terminal.finish().assert_restored().code(3).check(str![[r#"
24 80
Name? you
Hello you.
--- exit 3
"#]]);
    }

    #[test]
    fn the_controlling_terminal_is_ours() {
        let terminal = TestEnv::new().program("/bin/sh", ["-c", "echo hi >/dev/tty"]).pty();
        terminal.finish().check(str!["hi"]);
    }

    #[test]
    fn the_size_can_be_chosen() {
        let terminal = TestEnv::new().program("/bin/sh", ["-c", "stty size"]).pty_sized(20, 5);
        terminal.finish().check(str!["5 20"]);
        let wide = "echo 0123456789012345678901234";
        let terminal = TestEnv::new().program("/bin/sh", ["-c", wide]).pty_sized(20, 5);
        terminal.finish().check(str![[r#"
01234567890123456789
01234
"#]]);
    }

    #[test]
    fn a_hidden_answer_is_seen_to_be_hidden() {
        let mut terminal = shell(
            "stty -echo; printf 'Password: '; read word; stty echo; echo; echo ${#word} letters",
        );
        assert!(terminal.expect("Password: ").wait_for_echo(false).screen().ends_with("Password:"));
        let end = terminal.send("secret").key(Key::Enter).expect("6 letters");
        assert!(!format!("{end:?}").contains("secret"));
        terminal.finish().assert_restored().check(str![[r#"
Password:
6 letters
"#]]);
    }

    #[test]
    fn a_terminal_left_in_disorder_is_seen() {
        let end = shell("stty -echo; printf '\\033[?25l'").finish();
        assert!(!end.restored && !end.cursor_visible);
        let end = shell("printf '\\033[?25l'; printf '\\033[?25h'").finish();
        assert!(end.restored && end.cursor_visible);
    }

    #[test]
    fn keys_signals_and_a_hang_up_arrive() {
        let mut terminal = shell("echo ready; exec sleep 60");
        terminal.expect("ready").key(Key::CtrlC);
        assert_eq!(terminal.finish().signal, Some(2));

        let mut terminal = shell("echo ready; exec sleep 60");
        terminal.expect("ready").hang_up();
        assert_eq!(terminal.finish().signal, Some(1));

        let mut terminal = shell("echo ready; exec sleep 60");
        terminal.expect("ready").signal(rustix::process::Signal::TERM);
        assert_eq!(terminal.finish().signal, Some(15));

        let mut terminal = shell("cat; echo end of input");
        terminal.key(Key::CtrlD).expect("end of input");
        terminal.finish().code(0);
    }

    #[test]
    fn the_input_alone_may_be_no_terminal() {
        let env = TestEnv::new();
        let script = "test -t 0 || echo pipe; test -t 1 && echo terminal; cat";
        let terminal = env.program("/bin/sh", ["-c", script]).stdin("given\n").pty();
        terminal.finish().check(str![[r#"
pipe
terminal
given
"#]]);
    }

    #[test]
    #[should_panic(expected = "left a child that holds the terminal")]
    fn a_child_left_on_the_terminal_is_a_finding() {
        let _ = shell("trap '' HUP; sleep 60 & echo done").finish();
    }

    #[test]
    #[should_panic(expected = "the program ended without showing \"more\"")]
    fn what_cannot_come_fails_at_once() {
        shell("echo some").expect("more");
    }

    #[test]
    fn escapes_do_not_count() {
        assert_eq!(without_escapes(b"\x1b[1;31mred\x1b[0m \x1b]0;title\x07\x1b7x"), b"red x");
        assert_eq!(without_escapes(b"a\x1b"), b"a");
        assert_eq!(without_escapes(b"a\x1b[?2"), b"a");
    }
}
