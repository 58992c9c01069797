//! The way there and back: the bytes of a request, redirects, deadlines, sizes, failures to connect.

use std::thread;
use std::time::Instant;

use super::fixtures::{most_memory, webhook};
use crate::support::*;

const ONE_SECOND: Duration = Duration::from_secs(1);
/// What a run with `--timeout 1s` may take.
const IN_TIME: Duration = Duration::from_secs(2);

fn empty_list() -> Step {
    Step::answer(200, json!({"Webhooks": []}))
}

// torture 17
#[test]
fn a_request_has_these_bytes() {
    let server = Faulty::new([
        empty_list().only("GET", "/webhooks"),
        Step::answer(200, webhook(7)).only("POST", "/webhooks"),
    ]);
    let env = TestEnv::with_api(server.url());
    env.run("list --stream outbound").code(0);
    env.run("create --url https://hooks.example.com/p --on bounce -q").code(0);
    let host = server.address().to_string();
    let raw: Vec<_> = server
        .requests()
        .iter()
        .map(|request| String::from_utf8_lossy(&request.raw).replace(&host, "HOST"))
        .collect();
    let text = raw.join("\n~~~\n").replace('\r', "").replace(env!("CARGO_PKG_VERSION"), "VERSION");
    assert_data_eq!(
        text,
        str![[r#"
GET /webhooks?MessageStream=outbound HTTP/1.1
accept: application/json
user-agent: pmhooks/VERSION
x-postmark-server-token: 11111111-2222-3333-4444-555555555555
host: HOST


~~~
POST /webhooks HTTP/1.1
accept: application/json
user-agent: pmhooks/VERSION
x-postmark-server-token: 11111111-2222-3333-4444-555555555555
content-type: application/json
content-length: 99
host: HOST

{"Url":"https://hooks.example.com/p","Triggers":{"Bounce":{"Enabled":true,"IncludeContent":false}}}
"#]]
    );
}

// torture 12, 13
#[test]
fn no_redirect_is_followed_with_any_method() {
    let elsewhere = Faulty::untouchable();
    let target = format!("{}/webhooks", elsewhere.url());
    for status in [301, 302, 303, 307, 308] {
        let server = Faulty::new([
            Step::answer(200, webhook(7)).only("GET", "/webhooks/7").forever(),
            Step::redirect(status, &target).forever(),
        ]);
        let env = TestEnv::with_api(server.url());
        for command in [
            "list",
            "create --url https://hooks.example.com/p --on bounce --username u --password env:P",
            "edit 7 --on bounce --yes",
            "delete 7 --yes",
            "server get",
            "streams",
        ] {
            let run = env.cmd(command).env("P", "hush-hush").run();
            let origin = format!("redirects to {}", elsewhere.url());
            run.code(6).has(&format!("answered {status} and")).lacks("hush");
            assert!(run.stderr.contains(&origin), "{run}");
        }
    }
}

// torture 14
#[test]
fn no_redirect_is_followed_however_near_it_is() {
    let elsewhere = Faulty::untouchable();
    let port = elsewhere.address().port();
    let mut told = String::new();
    for target in [
        format!("http://127.0.0.1:{port}/x"),
        format!("https://127.0.0.1:{port}/x"),
        format!("http://user:hush@localhost:{port}/x?token=hush"),
        format!("//localhost:{port}/x"),
        "/webhooks/".to_owned(),
        "webhooks?x=hush".to_owned(),
        "https://api.postmarkapp.com.evil.example/".to_owned(),
        "javascript:alert(1)".to_owned(),
        "http://[broken".to_owned(),
        String::new(),
    ] {
        let server = Faulty::new([Step::redirect(302, &target)]);
        let run = TestEnv::with_api(server.url()).run("list");
        run.code(6).lacks("hush");
        let cause =
            run.to_string().lines().find(|line| line.contains("because")).unwrap().to_owned();
        told.push_str(&cause.replace(&port.to_string(), "OTHER"));
        told.push('\n');
    }
    assert_data_eq!(
        told,
        str![[r#"
  because 127.0.0.1:[PORT] answered 302 and redirects to http://127.0.0.1:[PORT]
  because 127.0.0.1:[PORT] answered 302 and redirects to https://127.0.0.1:[PORT]
  because 127.0.0.1:[PORT] answered 302 and redirects to http://localhost:[PORT]
  because 127.0.0.1:[PORT] answered 302 and redirects to http://localhost:[PORT]
  because 127.0.0.1:[PORT] answered 302 and redirects to another path of the same host
  because 127.0.0.1:[PORT] answered 302 and redirects to another path of the same host
  because 127.0.0.1:[PORT] answered 302 and redirects to https://api.postmarkapp.com.evil.example
  because 127.0.0.1:[PORT] answered 302 and redirects to something that is no web address
  because 127.0.0.1:[PORT] answered 302 and redirects to something that is no web address
  because 127.0.0.1:[PORT] answered 302 and redirects to another path of the same host

"#]]
    );
}

#[test]
fn a_redirect_is_told_with_what_helps() {
    let server = Faulty::new([Step::redirect(301, "https://www.postmarkapp.com/webhooks")]);
    TestEnv::with_api(server.url()).run("list").check(str![[r#"
--- stderr
pmhooks: error: cannot list the webhooks of the server of POSTMARK_SERVER_TOKEN
  because 127.0.0.1:[PORT] answered 301 and redirects to https://www.postmarkapp.com
  hint: a token never follows a redirect; check the API's address: `pmhooks profile list --columns name,api-url`
--- exit 6
"#]]);
}

// torture 58
#[test]
fn every_phase_ends_with_the_timeout() {
    let drop_by_drop = Duration::from_millis(300);
    let list = || Step::answer(200, json!({"Webhooks": [webhook(1), webhook(2)]}));
    let phases = [
        ("silence", Step::hang()),
        ("silence at once", Step::hang().on_accept()),
        ("headers in drops", list().drip_headers(drop_by_drop, 1)),
        ("body in drops", list().drip(drop_by_drop, 1)),
        ("stall", list().stall_after(100)),
        ("chunks that stop", list().chunked().stall_after(100)),
        ("interim answers", Step::endless_interim()),
    ];
    thread::scope(|scope| {
        for (name, step) in phases {
            scope.spawn(move || {
                let server = Faulty::always(step);
                let run = TestEnv::with_api(server.url()).run("list --timeout 1s");
                run.code(6)
                    .within(IN_TIME)
                    .has("no complete answer from 127.0.0.1:[PORT] within 1s");
                assert!(run.elapsed >= ONE_SECOND, "{name}: {run}");
            });
        }
        scope.spawn(|| {
            let good = TlsServer::new(Certificate::Good);
            let env = TestEnv::with_api(good.url());
            let ca = ["--cacert", good.ca_file().to_str().unwrap()];
            env.run([ca[0], ca[1], "list"]).code(0);
            let silent = Faulty::always(Step::hang().on_accept());
            let url = silent.url().replace("http", "https");
            let run = env.run([ca[0], ca[1], "list", "--timeout", "1s", "--api-url", &url]);
            run.code(6).within(IN_TIME).has("no connection to 127.0.0.1:[PORT] within 1s");
        });
    });
}

#[test]
fn a_timeout_is_told_with_what_helps() {
    let server = Faulty::always(Step::hang());
    TestEnv::with_api(server.url()).run("list --timeout 300ms").check(str![[r#"
--- stderr
pmhooks: error: cannot list the webhooks of the server of POSTMARK_SERVER_TOKEN
  because no complete answer from 127.0.0.1:[PORT] within 300ms
  hint: give it more time with --timeout, as in --timeout 2m
--- exit 6
"#]]);
}

#[test]
fn the_timeout_holds_for_all_retries_together() {
    let server = Faulty::always(Step::close().delay(Duration::from_millis(200)));
    let run = TestEnv::with_api(server.url()).run("list --timeout 1s --retries 100");
    run.code(6).within(IN_TIME);
    assert!((2..=6).contains(&server.requests().len()), "{}", server.log());
}

// torture 52
#[test]
fn an_answer_without_end_is_cut_off_with_little_memory() {
    let cases = [
        (
            Step::endless_body(),
            "the answer of 127.0.0.1:[PORT] is too large: more than 16777216 bytes",
        ),
        (Step::huge_content_length(), "the answer of 127.0.0.1:[PORT] is too large"),
        (Step::endless_headers(), "127.0.0.1:[PORT] did not answer in HTTP"),
        (Step::endless_interim(), "no complete answer"),
    ];
    thread::scope(|scope| {
        for (step, said) in cases {
            scope.spawn(move || {
                let server = Faulty::always(step);
                let env = TestEnv::with_api(server.url());
                let (run, memory) = most_memory(env.spawn("list --timeout 3s --retries 0"));
                run.code(6).has(said);
                assert!(memory < 96 << 20, "{memory} bytes of memory: {run}");
            });
        }
    });
}

#[test]
fn many_headers_are_fine_or_refused_but_never_a_crash() {
    let mut answer = empty_list();
    for n in 0..90 {
        answer = answer.header(&format!("X-Filler-{n}"), "x");
    }
    let server = Faulty::new([answer]);
    TestEnv::with_api(server.url()).run("list -o json").check(str!["[]"]);
}

// torture 57
#[test]
fn failures_to_connect_are_told_apart() {
    let env = {
        let mut env = TestEnv::new();
        env.token(TOKEN);
        env
    };
    env.run("list --retries 0").check(str![[r#"
--- stderr
pmhooks: error: cannot list the webhooks of the server of POSTMARK_SERVER_TOKEN
  because cannot connect to 127.0.0.1:1: Connection refused (os error 111)
--- exit 6
"#]]);
    env.run("list --retries 0 --api-url https://nothing.invalid").check(str![[r#"
--- stderr
pmhooks: error: cannot list the webhooks of the server of POSTMARK_SERVER_TOKEN
  because the name nothing.invalid cannot be resolved
  hint: the API's address is https://nothing.invalid (from --api-url)
--- exit 6
"#]]);
    for (step, said) in [
        (Step::reset(), "127.0.0.1:[PORT] reset the connection without an answer"),
        (Step::reset().on_accept(), "reset"),
        (Step::close(), "127.0.0.1:[PORT] closed the connection without an answer"),
        (Step::close().on_accept(), "127.0.0.1:[PORT]"),
    ] {
        let server = Faulty::new([step]);
        TestEnv::with_api(server.url()).run("list --retries 0").code(6).has(said);
    }
}

// torture 57
#[test]
fn a_refused_connection_is_tried_again_even_for_a_create() {
    let env = {
        let mut env = TestEnv::new();
        env.token(TOKEN);
        env
    };
    let run = env.run("create --url https://hooks.example.com/postmark --on bounce --retries 1");
    run.code(6).has("(1 of 1)").has("Connection refused");
}

// torture 60
#[test]
fn an_interrupt_ends_a_read_at_once() {
    let interrupted = |step: Step, wait: &dyn Fn(&Running, &Faulty)| {
        let server = Faulty::always(step);
        let run = TestEnv::with_api(server.url()).spawn("list -o json -v");
        wait(&run, &server);
        let asked = Instant::now();
        run.interrupt();
        let run = run.finish();
        let took = asked.elapsed();
        assert!(took < Duration::from_millis(200), "{took:?}");
        run.code(130);
        assert_eq!(run.stdout, "");
    };
    let until_asked = |_: &Running, server: &Faulty| drop(server.wait_for(1));
    interrupted(Step::hang(), &until_asked);
    interrupted(Step::answer(200, json!({"Webhooks": [webhook(1)]})).stall_after(50), &until_asked);
    let busy = Step::status(503).header("Retry-After", "30");
    interrupted(busy, &|run, _| drop(run.wait_for_line("< 503", Duration::from_secs(5))));
}
