//! A process while it runs: its output as it comes, the signals it gets, its end.

use std::io::{Read, Write};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use snapbox::Redactions;
use tempfile::TempDir;

use super::env::TestEnv;
use super::transcript::Transcript;

/// How long a process may take to end once a test waits for that.
pub(super) const TO_END: Duration = Duration::from_secs(10);
/// How long after its end something else may hold its output open.
pub(super) const TO_LET_GO: Duration = Duration::from_secs(1);

#[derive(Clone, Copy)]
enum Stream {
    Out,
    Err,
}

/// What came so far. A reader per stream adds to it.
#[derive(Default)]
struct Output {
    bytes: [Vec<u8>; 2],
    /// Up to where `wait_for_line` has found something.
    taken: [usize; 2],
    closed: usize,
}

/// A started process. Dropped, it is killed with all its children.
#[must_use = "dropping it kills the process"]
pub struct Running {
    child: Child,
    started: Instant,
    output: Arc<(Mutex<Output>, Condvar)>,
    command: String,
    redactions: Redactions,
    _root: Arc<TempDir>,
}

impl Running {
    pub(super) fn new(
        mut child: Child,
        stdin: Option<Vec<u8>>,
        command: String,
        env: &TestEnv,
    ) -> Self {
        let output = Arc::new((Mutex::default(), Condvar::new()));
        read(child.stdout.take().unwrap(), Stream::Out, &output);
        read(child.stderr.take().unwrap(), Stream::Err, &output);
        if let (Some(input), Some(mut pipe)) = (stdin, child.stdin.take()) {
            // A program need not read its input to the end.
            thread::spawn(move || drop(pipe.write_all(&input)));
        }
        let (redactions, root) = (env.redactions.clone(), Arc::clone(&env.root));
        Running { child, started: Instant::now(), output, command, redactions, _root: root }
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line, of either stream, that contains the text, and returns it. The next call
    /// looks only at what follows in that stream.
    #[track_caller]
    pub fn wait_for_line(&self, part: &str, limit: Duration) -> String {
        self.wait_for(&format!("a line with {part:?}"), limit, |line| {
            line.contains(part).then(|| line.to_owned())
        })
    }

    /// Waits for a line with a loopback address, as a server prints when it listens, and returns
    /// that address: `http://127.0.0.1:40123`.
    #[track_caller]
    pub fn wait_for_url(&self) -> String {
        let url = regex::Regex::new(r"https?://(?:127\.0\.0\.1|localhost|\[::1\]):\d+").unwrap();
        self.wait_for("an address", Duration::from_secs(5), |line| {
            url.find(line).map(|found| found.as_str().to_owned())
        })
    }

    #[track_caller]
    fn wait_for<T>(&self, what: &str, limit: Duration, look: impl Fn(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + limit;
        let (output, changed) = &*self.output;
        let mut now = output.lock().unwrap();
        loop {
            if let Some(found) = now.find_line(&look) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || now.closed == 2 {
                let why = if left.is_zero() { "in time" } else { "before the end" };
                drop(now);
                panic!("{} did not print {what} {why}\n{}", self.command, self.so_far().report());
            }
            now = changed.wait_timeout(now, left).unwrap().0;
        }
    }

    /// Sends SIGINT, as Ctrl-C does.
    #[cfg(unix)]
    pub fn interrupt(&self) {
        self.signal(rustix::process::Signal::INT);
    }

    /// Sends SIGTERM.
    #[cfg(unix)]
    pub fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    /// Sends any signal to the process, not to its children.
    #[cfg(unix)]
    #[track_caller]
    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal)
            .unwrap_or_else(|e| panic!("no signal for {}: {e}", self.command));
    }

    /// Kills it as a power loss would: nothing is cleaned up. Its children die too.
    pub fn kill(&mut self) {
        kill_all(&mut self.child);
    }

    /// What came so far, with the exit code if it has ended.
    pub fn so_far(&self) -> Transcript {
        self.transcript(None)
    }

    /// Waits for the end, 10 s at most.
    #[track_caller]
    pub fn finish(self) -> Transcript {
        self.finish_within(TO_END)
    }

    /// Waits for the end; one that does not come in time fails the test.
    #[track_caller]
    pub fn finish_within(mut self, limit: Duration) -> Transcript {
        let deadline = Instant::now() + limit;
        let mut ended: Option<(ExitStatus, Duration, Instant)> = None;
        loop {
            if ended.is_none()
                && let Some(status) = self.child.try_wait().unwrap()
            {
                ended = Some((status, self.started.elapsed(), Instant::now()));
            }
            let closed = self.output.0.lock().unwrap().closed == 2;
            match ended {
                Some((status, elapsed, _)) if closed => {
                    let mut transcript = self.transcript(Some(status));
                    transcript.elapsed = elapsed;
                    return transcript;
                }
                Some((_, _, at)) if at.elapsed() > TO_LET_GO => {
                    let report = self.so_far().report();
                    // Its own end is known, so only its group can still be there.
                    kill_group(&self.child);
                    panic!("{} left a child that holds its output\n{report}", self.command);
                }
                None if Instant::now() > deadline => {
                    let report = self.so_far().report();
                    panic!("{} did not end within {limit:?}\n{report}", self.command);
                }
                // Both streams closed means that the end is a moment away.
                _ if closed => thread::sleep(Duration::from_millis(1)),
                _ => {
                    let (output, changed) = &*self.output;
                    let now = output.lock().unwrap();
                    let pause = Duration::from_millis(10);
                    drop(changed.wait_timeout_while(now, pause, |now| now.closed < 2).unwrap());
                }
            }
        }
    }

    fn transcript(&self, status: Option<ExitStatus>) -> Transcript {
        let [out, err] = self.output.0.lock().unwrap().bytes.clone();
        let (command, redactions) = (self.command.clone(), self.redactions.clone());
        Transcript::new(command, (out, err), status, self.started.elapsed(), redactions)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        kill_all(&mut self.child);
    }
}

impl Output {
    /// The first complete line that was not taken yet and in which something is found. It is
    /// taken with all lines before it.
    fn find_line<T>(&mut self, look: impl Fn(&str) -> Option<T>) -> Option<T> {
        for stream in [Stream::Out as usize, Stream::Err as usize] {
            let mut end = self.taken[stream];
            for line in self.bytes[stream][end..].split_inclusive(|byte| *byte == b'\n') {
                if !line.ends_with(b"\n") && self.closed < 2 {
                    break;
                }
                end += line.len();
                if let Some(found) = look(String::from_utf8_lossy(line).trim_end_matches('\n')) {
                    self.taken[stream] = end;
                    return Some(found);
                }
            }
        }
        None
    }
}

fn read(mut pipe: impl Read + Send + 'static, to: Stream, output: &Arc<(Mutex<Output>, Condvar)>) {
    let output = Arc::clone(output);
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = pipe.read(&mut buffer).unwrap_or(0);
            let mut now = output.0.lock().unwrap();
            now.bytes[to as usize].extend_from_slice(&buffer[..count]);
            now.closed += usize::from(count == 0);
            output.1.notify_all();
            if count == 0 {
                return;
            }
        }
    });
}

/// Ends a process and its group, and collects it.
pub(super) fn kill_all(child: &mut Child) {
    // Its id is its group's, and stays so until it is collected below.
    if let Ok(None) = child.try_wait() {
        kill_group(child);
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(unix)]
pub(super) fn kill_group(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
}

#[cfg(not(unix))]
pub(super) fn kill_group(_: &Child) {}

#[cfg(all(test, unix))]
mod tests {
    use crate::support::*;

    const SOON: Duration = Duration::from_secs(5);

    fn start(script: &str) -> Running {
        TestEnv::new().program("/bin/sh", ["-c", script]).spawn()
    }

    #[test]
    fn lines_are_waited_for_in_order() {
        let run = start("echo one; echo two >&2; sleep 0.05; echo three one; sleep 60");
        assert_eq!(run.wait_for_line("one", SOON), "one");
        assert_eq!(run.wait_for_line("one", SOON), "three one");
        assert_eq!(run.wait_for_line("two", SOON), "two");
        assert!(run.so_far().to_string().ends_with("two\n--- still running"));
    }

    #[test]
    fn a_listening_server_is_found() {
        let run = start("echo 'Listening on http://127.0.0.1:40123/ now'; sleep 60");
        assert_eq!(run.wait_for_url(), "http://127.0.0.1:40123");
    }

    #[test]
    #[should_panic(expected = "did not print a line with \"nothing\" before the end")]
    fn a_line_that_cannot_come_fails_at_once() {
        let run = start("echo something");
        run.wait_for_line("nothing", Duration::from_secs(60));
    }

    #[test]
    #[should_panic(expected = "did not print a line with \"nothing\" in time")]
    fn a_line_that_does_not_come_fails_in_time() {
        start("sleep 60").wait_for_line("nothing", Duration::from_millis(50));
    }

    #[test]
    fn signals_arrive() {
        let trapped = "trap 'echo int; exit 5' INT; echo ready; while :; do sleep 0.01; done";
        let run = start(trapped);
        run.wait_for_line("ready", SOON);
        run.interrupt();
        run.finish().check(str![[r#"
ready
int
--- exit 5
"#]]);

        let run = start("echo ready; exec sleep 60");
        run.wait_for_line("ready", SOON);
        run.terminate();
        assert_eq!(run.finish().signal, Some(15));

        let mut run = start("sleep 60");
        run.kill();
        assert_eq!(run.finish().signal, Some(9));
    }

    #[test]
    fn dropped_it_dies_with_its_children() {
        let run = start("sleep 60 & echo $!; wait");
        let child = run.wait_for_line("", SOON);
        drop(run);
        // Killed, it may stay a zombie until somebody collects it; it runs no more.
        let gone = || match std::fs::read_to_string(format!("/proc/{child}/stat")) {
            Ok(stat) => stat.contains(") Z "),
            Err(_) => true,
        };
        let waited = std::time::Instant::now();
        while !gone() {
            assert!(waited.elapsed() < SOON, "the child of a dropped process still runs");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    #[should_panic(expected = "left a child that holds its output")]
    fn a_child_left_behind_is_a_finding() {
        let _ = start("sleep 60 & echo done").finish();
    }
}
