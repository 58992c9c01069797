//! `sandbox serve --fault`: misfortunes on demand.

use crate::support::*;

fn serving(env: &mut TestEnv, faults: &[&str]) -> Running {
    let args = ["sandbox", "serve", "--port", "0", "--memory"].into_iter();
    let args: Vec<_> = args.chain(faults.iter().flat_map(|fault| ["--fault", *fault])).collect();
    let serving = env.spawn(args);
    env.api(serving.wait_for_url()).token("5eed0000-0000-4000-8000-000000000001");
    serving
}

#[test]
fn each_kind_of_fault_is_met() {
    let list = "list -o ids --retries 0 --timeout 2s";
    let create = "create --url https://h.example.com/ --on bounce -o ids --retries 0 --timeout 2s";
    for (fault, command, code) in [
        ("GET /webhooks=status:503*1", list, 6),
        ("* /webhooks=status:500", list, 6),
        ("GET /webhooks=retry-after:60*1", list, 6),
        ("GET /webhooks=close*1", list, 6),
        ("GET /webhooks=truncate*1", list, 6),
        ("GET /webhooks=html*1", list, 6),
        ("get /WEBHOOKS=status:403*1", list, 5),
        ("POST /webhooks=commit-then-close*1", create, 0),
        ("POST /webhooks=close*1", create, 6),
        ("DELETE /webhooks=close", list, 0),
        ("GET /server=close", list, 0),
    ] {
        let mut env = TestEnv::new();
        let serving = serving(&mut env, &[fault]);
        env.run(command).code(code);
        serving.interrupt();
        serving.finish().code(0);
    }
}

#[test]
fn a_fault_hangs_as_long_as_told() {
    let mut env = TestEnv::new();
    let _serving = serving(&mut env, &["GET /webhooks=hang:10s*1"]);
    env.run("list --timeout 300ms --retries 0").code(6).within(Duration::from_secs(2));
    env.run("list -o ids").code(0);
}

#[test]
fn faults_are_counted_and_taken_in_their_order() {
    let mut env = TestEnv::new();
    let _serving = serving(&mut env, &["GET /webhooks=status:503*2", "GET /webhooks=html*1"]);
    let status = || env.run("list -o json --retries 0").code(6).error_json()["HttpStatus"].clone();
    assert_eq!([status(), status(), status()], [503, 503, 200]);
    env.run("list -o ids").code(0);
}

#[test]
fn a_fault_that_cannot_be_read_is_refused() {
    let env = TestEnv::new();
    let mut said = String::new();
    for fault in [
        "",
        "GET",
        "GET /webhooks",
        "GET webhooks=close",
        "GET /webhooks=",
        "GET /webhooks=explode",
        "GET /webhooks=status",
        "GET /webhooks=status:99",
        "GET /webhooks=status:abc",
        "GET /webhooks=hang",
        "GET /webhooks=hang:soon",
        "GET /webhooks=close:1",
        "GET /webhooks=close*0",
        "GET /webhooks=close*x",
        "G3T /webhooks=close",
        "GET /webhooks=retry-after",
    ] {
        let run = env.run(["sandbox", "serve", "--memory", "--fault", fault]);
        run.code(2);
        said += run.stderr.lines().next().unwrap();
        said += "\n";
    }
    assert_data_eq!(
        said,
        str![[r#"
pmhooks: error: invalid value for '--fault <FAULT>': cannot read the fault "": it names no method or no path (written METHOD PATH-PREFIX=KIND[:ARG]*TIMES, as in "POST /webhooks=status:503*2"; the kinds are status:503, retry-after:2, hang:10s, close, commit-then-close, truncate, html)
pmhooks: error: invalid value for '--fault <FAULT>': cannot read the fault "GET": it names no method or no path (written METHOD PATH-PREFIX=KIND[:ARG]*TIMES, as in "POST /webhooks=status:503*2"; the kinds are status:503, retry-after:2, hang:10s, close, commit-then-close, truncate, html)
pmhooks: error: invalid value for '--fault <FAULT>': cannot read the fault "GET /webhooks": it has no `=KIND` (written METHOD PATH-PREFIX=KIND[:ARG]*TIMES, as in "POST /webhooks=status:503*2"; the kinds are status:503, retry-after:2, hang:10s, close, commit-then-close, truncate, html)
pmhooks: error: invalid value for '--fault <FAULT>': cannot read the fault "GET webhooks=close": the path prefix "webhooks" must begin with `/` and hold no space (written METHOD PATH-PREFIX=KIND[:ARG]*TIMES, as in "POST /webhooks=status:503*2"; the kinds are status:503, retry-after:2, hang:10s, close, commit-then-close, truncate, html)
pmhooks: error: invalid value for '--fault <FAULT>': cannot read the fault "GET /webhooks=": "" is no kind of fault (written METHOD PATH-PREFIX=KIND[:ARG]*TIMES, as in "POST /webhooks=status:503*2"; the kinds are status:503, retry-after:2, hang:10s, close, commit-then-close, truncate, html)
pmhooks: error: invalid value for '--fault <FAULT>': cannot read the fault "GET /webhooks=explode": "explode" is no kind of fault (written METHOD PATH-PREFIX=KIND[:ARG]*TIMES, as in "POST /webhooks=status:503*2"; the kinds are status:503, retry-after:2, hang:10s, close, commit-then-close, truncate, html)
pmhooks: error: invalid value for '--fault <FAULT>': cannot read the fault "GET /webhooks=status": `status` needs one, as in `status:503` (written METHOD PATH-PREFIX=KIND[:ARG]*TIMES, as in "POST /webhooks=status:503*2"; the kinds are status:503, retry-after:2, hang:10s, close, commit-then-close, truncate, html)
pmhooks: error: invalid value for '--fault <FAULT>': cannot read the fault "GET /webhooks=status:99": the status must be a number from 200 to 599 (written METHOD PATH-PREFIX=KIND[:ARG]*TIMES, as in "POST /webhooks=status:503*2"; the kinds are status:503, retry-after:2, hang:10s, close, commit-then-close, truncate, html)
pmhooks: error: invalid value for '--fault <FAULT>': cannot read the fault "GET /webhooks=status:abc": the status must be a number from 200 to 599 (written METHOD PATH-PREFIX=KIND[:ARG]*TIMES, as in "POST /webhooks=status:503*2"; the kinds are status:503, retry-after:2, hang:10s, close, commit-then-close, truncate, html)
pmhooks: error: invalid value for '--fault <FAULT>': cannot read the fault "GET /webhooks=hang": `hang` needs a duration, as in `hang:10s` (written METHOD PATH-PREFIX=KIND[:ARG]*TIMES, as in "POST /webhooks=status:503*2"; the kinds are status:503, retry-after:2, hang:10s, close, commit-then-close, truncate, html)
pmhooks: error: invalid value for '--fault <FAULT>': cannot read the fault "GET /webhooks=hang:soon": "soon" is no duration (written METHOD PATH-PREFIX=KIND[:ARG]*TIMES, as in "POST /webhooks=status:503*2"; the kinds are status:503, retry-after:2, hang:10s, close, commit-then-close, truncate, html)
pmhooks: error: invalid value for '--fault <FAULT>': cannot read the fault "GET /webhooks=close:1": `close` takes no value (written METHOD PATH-PREFIX=KIND[:ARG]*TIMES, as in "POST /webhooks=status:503*2"; the kinds are status:503, retry-after:2, hang:10s, close, commit-then-close, truncate, html)
pmhooks: error: invalid value for '--fault <FAULT>': cannot read the fault "GET /webhooks=close*0": "0" is no number of times (1 or more) (written METHOD PATH-PREFIX=KIND[:ARG]*TIMES, as in "POST /webhooks=status:503*2"; the kinds are status:503, retry-after:2, hang:10s, close, commit-then-close, truncate, html)
pmhooks: error: invalid value for '--fault <FAULT>': cannot read the fault "GET /webhooks=close*x": "x" is no number of times (1 or more) (written METHOD PATH-PREFIX=KIND[:ARG]*TIMES, as in "POST /webhooks=status:503*2"; the kinds are status:503, retry-after:2, hang:10s, close, commit-then-close, truncate, html)
pmhooks: error: invalid value for '--fault <FAULT>': cannot read the fault "G3T /webhooks=close": "G3T" is no method (use `*` for any) (written METHOD PATH-PREFIX=KIND[:ARG]*TIMES, as in "POST /webhooks=status:503*2"; the kinds are status:503, retry-after:2, hang:10s, close, commit-then-close, truncate, html)
pmhooks: error: invalid value for '--fault <FAULT>': cannot read the fault "GET /webhooks=retry-after": `retry-after` needs seconds, as in `retry-after:2` (written METHOD PATH-PREFIX=KIND[:ARG]*TIMES, as in "POST /webhooks=status:503*2"; the kinds are status:503, retry-after:2, hang:10s, close, commit-then-close, truncate, html)

"#]]
    );
}
