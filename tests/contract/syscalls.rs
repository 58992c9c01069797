//! A system call that fails once: told in the documented way, or not noticed at all.

use std::path::Path;

use super::fixtures::{listing, webhook};
use crate::support::*;

const STRACE: &str = "/usr/bin/strace";

/// Runs the binary where one call fails, and requires an end that is documented.
#[track_caller]
fn run(env: &TestEnv, call: &str, error: &str, when: u32, token: &str, line: &str) -> Transcript {
    let inject = format!("inject={call}:error={error}:when={when}");
    let mut words = vec!["-f", "-qq", "-o", "/dev/null", "-e", &inject, "--", BINARY];
    words.extend(line.split(' '));
    words.extend(["--timeout", "5s"]);
    let run = env.program(STRACE, words).env("POSTMARK_SERVER_TOKEN", token).run();
    assert!(matches!(run.code, Some(0 | 6 | 7 | 9 | 127)), "{inject}: {run:?}");
    run.lacks("internal error").within(Duration::from_secs(8));
    run
}

/// Does the work of each case, two at a time.
fn each<T: Sync>(cases: &[T], work: impl Fn(usize, &T) + Sync) {
    if !Path::new(STRACE).exists() {
        return println!("skipped: strace is not installed");
    }
    std::thread::scope(|scope| {
        for half in 0..2 {
            let work = &work;
            scope.spawn(move || {
                for (index, case) in cases.iter().enumerate().skip(half).step_by(2) {
                    work(index, case);
                }
            });
        }
    });
}

// torture 63
#[test]
fn a_system_call_that_fails_once_is_survived() {
    let server = Faulty::new([listing(vec![webhook(1)])]).may_be_unused();
    let env = TestEnv::with_api(server.url());
    let calls = [
        ("connect", "ECONNREFUSED"),
        ("connect", "EINTR"),
        ("socket", "EMFILE"),
        ("sendto,writev", "ECONNRESET"),
        ("sendto,writev", "EINTR"),
        ("recvfrom", "ECONNRESET"),
        ("recvfrom", "EIO"),
        ("recvfrom", "EINTR"),
        ("epoll_wait", "EINTR"),
        ("epoll_create1", "EMFILE"),
        ("eventfd2", "EMFILE"),
        ("getrandom", "ENOSYS"),
        ("clone,clone3", "EAGAIN"),
    ];
    each(&calls, |_, (call, error)| {
        for when in 1..=3 {
            let run = run(&env, call, error, when, TOKEN, "list -o ids");
            assert!(run.code != Some(0) || run.stdout == "1\n", "{call} {error} {when}: {run:?}");
        }
    });
}

/// What may befall a write: on its way to the server, on the way back, before either. The second
/// `recvfrom` of a run is of the runtime's own pipe to itself, which no network can break.
const WRITES: [(&str, &str, u32); 16] = [
    ("sendto,writev", "ECONNRESET", 1),
    ("sendto,writev", "EPIPE", 1),
    ("sendto,writev", "EINTR", 1),
    ("sendto,writev", "ECONNRESET", 2),
    ("recvfrom", "ECONNRESET", 1),
    ("recvfrom", "EIO", 1),
    ("recvfrom", "EINTR", 1),
    ("recvfrom", "ECONNRESET", 3),
    ("connect", "ECONNREFUSED", 1),
    ("socket", "EMFILE", 1),
    ("epoll_wait", "EINTR", 2),
    ("epoll_ctl", "ENOMEM", 2),
    ("clone,clone3", "EAGAIN", 1),
    ("clone,clone3", "EAGAIN", 2),
    ("clone,clone3", "EAGAIN", 3),
    ("clone,clone3", "EAGAIN", 4),
];

/// A sandbox where each case has a server of its own.
struct Servers {
    env: TestEnv,
    _sandbox: Running,
}

impl Servers {
    fn new() -> Self {
        let mut env = TestEnv::new();
        let sandbox = env.spawn("sandbox serve --port 0 --memory");
        env.api(sandbox.wait_for_url());
        let hooks = "Webhooks:\n  - Url: https://hooks.example.com/pm\n  - Url: https://hooks.example.com/2\n";
        env.file("hooks.yaml", hooks);
        Servers { env, _sandbox: sandbox }
    }

    fn token(case: usize) -> String {
        format!("7d1b2c3e-0000-4000-8000-{case:012}")
    }

    fn list(&self, token: &str) -> Vec<Value> {
        let run = self.env.cmd("list -o json").env("POSTMARK_SERVER_TOKEN", token).run();
        run.code(0).json().as_array().unwrap().clone()
    }
}

// torture 55, 63
#[test]
fn a_create_that_a_system_call_fails_is_made_once_or_said_not_to_be() {
    let servers = Servers::new();
    each(&WRITES, |case, (call, error, when)| {
        let token = Servers::token(case);
        let line = "create --url https://hooks.example.com/pm --on bounce --no-verify -o ids";
        let run = run(&servers.env, call, error, *when, &token, line);
        let there: Vec<_> = servers.list(&token).iter().map(|one| one["ID"].to_string()).collect();
        let told: Vec<&str> = run.stdout.lines().collect();
        assert_eq!(told, there, "{call} {error} {when}: {run}");
        assert_eq!(run.code == Some(0), there.len() == 1, "{call} {error} {when}: {run}");
        if run.code == Some(6) {
            run.has("not created");
        }
    });
}

// torture 56, 63
#[test]
fn an_edit_that_a_system_call_fails_is_made_or_said_not_to_be() {
    let servers = Servers::new();
    each(&WRITES, |case, (call, error, when)| {
        let token = Servers::token(case);
        let line = "create --url https://hooks.example.com/pm --on bounce --no-verify -o ids -q";
        let made = servers.env.cmd(line).env("POSTMARK_SERVER_TOKEN", &token).run();
        let line = format!("edit {} --on click -o json", made.code(0).stdout.trim());
        let run = run(&servers.env, call, error, *when, &token, &line);
        let there = servers.list(&token);
        let is_changed = there[0]["Triggers"]["Click"]["Enabled"] == true;
        assert_eq!(run.code == Some(0), is_changed, "{call} {error} {when}: {run}");
        // The network alone does not keep an edit from being made: it is sent again.
        assert!(is_changed || call.starts_with("clone"), "{call} {error} {when}: {run}");
    });
}

// torture 63, 69
#[test]
fn an_apply_that_a_system_call_fails_converges_when_run_again() {
    let servers = Servers::new();
    each(&WRITES, |case, (call, error, when)| {
        let token = Servers::token(case);
        let apply = "apply hooks.yaml --yes --no-verify -q";
        let run = run(&servers.env, call, error, *when, &token, apply);
        assert_eq!(
            run.code == Some(0),
            servers.list(&token).len() == 2,
            "{call} {error} {when}: {run}"
        );
        let again = servers.env.cmd(apply).env("POSTMARK_SERVER_TOKEN", &token).run();
        again.code(0);
        assert_eq!(servers.list(&token).len(), 2, "{call} {error} {when}");
    });
}
