//! With an ID: the five questions, asked of a webhook.

use super::{answers, answers_but, hook, server};
use crate::support::*;

/// A run against an API with this webhook.
fn run(webhook: &Value, first: impl IntoIterator<Item = Step>, args: &str) -> Transcript {
    let api = Faulty::new(answers_but(webhook, first));
    TestEnv::with_api(api.url()).run(format!("doctor 7 {args}"))
}

fn ok() -> Faulty {
    Faulty::always(Step::status(200))
}

/// The result and the message of a step.
fn step(report: &Value, rule: &str) -> (String, String) {
    let steps = report["Steps"].as_array().unwrap();
    let found = steps.iter().rfind(|step| step["Step"] == rule);
    let found = found.unwrap_or_else(|| panic!("no step {rule}: {report:#}"));
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    (text("Result"), text("Message"))
}

#[test]
fn a_webhook_that_is_well_has_warnings_at_most() {
    let endpoint = ok();
    run(&hook(&endpoint.url()), [], "").check(str![[r#"
STEP           RESULT   MESSAGE
versions       pass     pmhooks [VERSION] on linux; no state yet (it would be [HOME]/.local/state/pmhooks)
configuration  pass     there is none yet (it would be [HOME]/.config/pmhooks/config.toml)
target         pass     the token of env POSTMARK_SERVER_TOKEN, at http://127.0.0.1:[PORT] (from POSTMARK_API_URL)
token          pass     read from env POSTMARK_SERVER_TOKEN
proxy          pass     none on the way to 127.0.0.1:[PORT]
connection     pass     127.0.0.1:[PORT]: connection ([MS] ms)
api            pass     it is Postmark's ([MS] ms)
clock          pass     it is right, by the answer's date
server         pass     the token opens server 77 (Shop)
age            pass     the API of since August 2026: it has verification and statistics
endpoint       warn     127.0.0.1:[PORT] is there, but the address is inside this machine or network: Postmark itself could not reach it
firewall       skipped  not to be seen from here; if there is one, it must let in 3.134.147.250, 50.31.156.6, 50.31.156.77, 18.217.206.57 (as documented, seen in November 2026; the list can change)
stream         pass     outbound is there (transactional); only what is sent on it counts
triggers       pass     on for delivery, bounce, and for nothing else
status         pass     verified
tracking       pass     nothing to track: neither open nor click is on
PM001          warn     its URL is plain http: what is posted, credentials too, can be read on the way (plain-http)
answer         pass     delivery, bounce: 200 OK ([MS] ms)
verify         skipped  Postmark was not asked to probe the endpoint
statistics     pass     40 requests in the last 24 hours, 100% succeeded
requests       skipped  only your side can see it: compare your request log with what Postmark posts
--- stderr
warn: 127.0.0.1:[PORT] is there, but the address is inside this machine or network: Postmark itself could not reach it [endpoint]
  next: give it one that Postmark can reach: `pmhooks edit 7 --url URL`
warn: its URL is plain http: what is posted, credentials too, can be read on the way (plain-http) [PM001]
  next: `pmhooks edit 7 --url https://HOST/PATH`
Nothing is broken, 2 steps are worth a look: 16 passed, 3 skipped.
"#]]);
    let posted = endpoint.requests();
    assert_eq!(posted.len(), 2, "a sample of each trigger");
    assert!(posted.iter().all(|r| r.header("x-postmark-server-token").is_none()));
}

#[test]
fn nothing_is_posted_where_that_is_not_wanted() {
    let endpoint = ok().may_be_unused();
    let report = run(&hook(&endpoint.url()), [], "--no-test -o json").code(0).json();
    assert_eq!(step(&report, "answer").0, "skipped");
    assert!(endpoint.requests().is_empty());
}

#[test]
fn a_webhook_that_is_not_there_ends_with_8() {
    let gone = Step::refused(422, 1352, "No such webhook.").only("GET", "/webhooks/7");
    run(&hook("https://h"), [gone], "").check(str![[r#"
--- stderr
pmhooks: error: cannot look at webhook 7
  because Postmark refused (422, code 1352): No such webhook.
  hint: see what is there: `pmhooks list`
--- exit 8
"#]]);
    let broken = Step::status(503).only("GET", "/webhooks/7");
    run(&hook("https://h"), [broken], "--retries 0").code(1).has("answered 503 [webhook]");
}

#[test]
fn without_a_server_the_webhook_is_not_asked_about() {
    let mut env = TestEnv::new();
    env.token(TOKEN);
    let run = env.run("doctor 7");
    run.code(1).has("webhook        skipped");
}

#[test]
fn a_403_and_a_500_come_with_their_causes() {
    let endpoint = Faulty::always(Step::status(403));
    run(&hook(&endpoint.url()), [], "").check(str![[r#"
STEP           RESULT   MESSAGE
versions       pass     pmhooks [VERSION] on linux; no state yet (it would be [HOME]/.local/state/pmhooks)
configuration  pass     there is none yet (it would be [HOME]/.config/pmhooks/config.toml)
target         pass     the token of env POSTMARK_SERVER_TOKEN, at http://127.0.0.1:[PORT] (from POSTMARK_API_URL)
token          pass     read from env POSTMARK_SERVER_TOKEN
proxy          pass     none on the way to 127.0.0.1:[PORT]
connection     pass     127.0.0.1:[PORT]: connection ([MS] ms)
api            pass     it is Postmark's ([MS] ms)
clock          pass     it is right, by the answer's date
server         pass     the token opens server 77 (Shop)
age            pass     the API of since August 2026: it has verification and statistics
endpoint       warn     127.0.0.1:[PORT] is there, but the address is inside this machine or network: Postmark itself could not reach it
firewall       skipped  not to be seen from here; if there is one, it must let in 3.134.147.250, 50.31.156.6, 50.31.156.77, 18.217.206.57 (as documented, seen in November 2026; the list can change)
stream         pass     outbound is there (transactional); only what is sent on it counts
triggers       pass     on for delivery, bounce, and for nothing else
status         pass     verified
tracking       pass     nothing to track: neither open nor click is on
PM001          warn     its URL is plain http: what is posted, credentials too, can be read on the way (plain-http)
answer         fail     delivery, bounce: 403 Forbidden; Postmark drops it at once and does not try again ([MS] ms)
verify         skipped  Postmark was not asked to probe the endpoint
statistics     pass     40 requests in the last 24 hours, 100% succeeded
requests       skipped  only your side can see it: compare your request log with what Postmark posts
--- stderr
warn: 127.0.0.1:[PORT] is there, but the address is inside this machine or network: Postmark itself could not reach it [endpoint]
  next: give it one that Postmark can reach: `pmhooks edit 7 --url URL`
warn: its URL is plain http: what is posted, credentials too, can be read on the way (plain-http) [PM001]
  next: `pmhooks edit 7 --url https://HOST/PATH`
fail: delivery, bounce: 403 Forbidden; Postmark drops it at once and does not try again ([MS] ms) [answer]
  next: something refuses the post: a firewall or bot filter in front, a CSRF check, the credentials, or a list of allowed addresses (if it names Postmark's alone, `pmhooks doctor 7 --verify` can test it, this machine cannot)
  next: if it is a list of addresses, Postmark's are 3.134.147.250, 50.31.156.6, 50.31.156.77, 18.217.206.57 (as documented, seen in November 2026; the list can change)
1 step failed: begin there. 2 warned, 15 passed, 3 skipped.
--- exit 1
"#]]);
    let endpoint = Faulty::always(Step::status(500));
    let run = run(&hook(&endpoint.url()), [], "");
    run.code(1).has("500 Internal Server Error").has("look at its log at this time");
}

#[test]
fn an_endpoint_that_is_not_there_is_named() {
    let report = run(&hook("https://hooks.pmhooks.invalid"), [], "-o json").code(1).json();
    let name = "from this machine: the name hooks.pmhooks.invalid cannot be resolved";
    assert_eq!(step(&report, "endpoint"), ("fail".into(), name.into()));
    assert_eq!(step(&report, "answer").0, "skipped");
    let report = run(&hook(DEAD_URL), [], "-o json").code(1).json();
    assert!(step(&report, "endpoint").1.contains("Connection refused"), "{report:#}");
    let endpoint = TlsServer::new(Certificate::Expired);
    let api = Faulty::new(answers(&hook(&endpoint.url())));
    let mut env = TestEnv::with_api(api.url());
    env.env("SSL_CERT_FILE", endpoint.ca_file());
    let report = env.run("doctor 7 -o json").code(1).json();
    assert!(step(&report, "endpoint").1.contains("its certificate expired on"), "{report:#}");
    let fix = report["Findings"][0]["Fix"].as_str().unwrap();
    assert!(fix.starts_with("renew the certificate"), "{fix}");
}

#[test]
fn an_endpoint_that_is_silent_is_given_up() {
    let endpoint = Faulty::new([Step::hang().forever()]);
    let report = run(&hook(&endpoint.url()), [], "-o json --timeout 1s").code(1).json();
    let answer = step(&report, "answer").1;
    assert!(answer.contains("no complete answer from 127.0.0.1"), "{answer}");
    assert!(answer.contains("Postmark tries again up to 9 times"), "{answer}");
}

#[test]
fn an_answer_that_is_good_but_not_200_is_worth_a_look() {
    let endpoint = Faulty::always(Step::status(204));
    let report = run(&hook(&endpoint.url()), [], "-o json").code(0).json();
    let (result, message) = step(&report, "answer");
    assert_eq!(result, "warn");
    assert!(message.contains("204 No Content; verification would fail"), "{message}");
}

#[test]
fn what_cannot_be_posted_is_named() {
    let endpoint = ok().may_be_unused();
    let mut hook = hook(&endpoint.url());
    hook["HttpHeaders"] = json!([{"Name": "Host", "Value": "x"}]);
    let report = run(&hook, [], "-o json").code(1).json();
    let message = "the header Host belongs to the connection and cannot be set by a webhook";
    assert_eq!(step(&report, "answer"), ("fail".into(), message.into()));
    hook["Url"] = json!("mailto:x@example.com");
    let report = run(&hook, [], "-o json").code(1).json();
    assert_eq!(step(&report, "endpoint").1, "its URL leads nowhere on the web");
}

#[test]
fn a_stream_must_be_there_and_not_archived() {
    let endpoint = ok();
    let mut hook = hook(&endpoint.url());
    hook["MessageStream"] = json!("old");
    let report = run(&hook, [], "-o json").code(1).json();
    assert_eq!(step(&report, "stream").1, "the stream old is archived: nothing is sent on it");
    hook["MessageStream"] = json!("gone");
    let report = run(&hook, [], "-o json").code(1).json();
    let none = "the server has no stream gone: no event arises there";
    assert_eq!(step(&report, "stream"), ("fail".into(), none.into()));
}

#[test]
fn triggers_must_be_on_and_tracked() {
    let endpoint = ok();
    let mut hook = hook(&endpoint.url());
    hook["Triggers"] = json!({"Open": {"Enabled": true}, "Click": {"Enabled": true}});
    let mut untracked = server();
    (untracked["TrackOpens"], untracked["TrackLinks"]) = (json!(false), json!("None"));
    let date = httpdate::fmt_http_date(std::time::SystemTime::now());
    let answer = Step::answer(200, untracked).header("Date", &date).only("GET", "/server");
    let run_ = run(&hook, [answer], "");
    run_.code(0).has("[PM014]").has("[PM015]").lacks("tracking");
    run_.has("`pmhooks server edit --track-opens true`");
    hook["Triggers"] = json!({});
    let report = run(&hook, [], "-o json").code(1).json();
    assert_eq!(step(&report, "triggers"), ("fail".into(), "none is on: it gets nothing".into()));
    assert_eq!(step(&report, "answer").0, "skipped");
}

#[test]
fn what_postmark_says_is_told() {
    let endpoint = ok();
    let mut hook = hook(&endpoint.url());
    hook["Status"] = json!("unverified");
    let statistics = json!({"Metrics": {"TotalRequests": 40, "SuccessRate": 70.0},
        "Statuses": {"Delivery": "verified", "Bounce": "unverified"},
        "MetricsByTrigger": {"Bounce": {"TotalRequests": 10, "SuccessRate": 10.0}}});
    let failed = json!({"Id": 7, "Success": false, "Message": "1/2 triggers verified successfully",
        "Results": [{"TriggerType": "Bounce", "Success": false, "StatusCode": 503,
            "Message": "Service Unavailable"}]});
    let first = [
        Step::answer(200, statistics).only("GET", "/webhooks/7/statistics"),
        Step::answer(200, failed).only("POST", "/webhooks/7/verify"),
    ];
    run(&hook, first, "--verify").check(str![[r#"
STEP           RESULT   MESSAGE
versions       pass     pmhooks [VERSION] on linux; no state yet (it would be [HOME]/.local/state/pmhooks)
configuration  pass     there is none yet (it would be [HOME]/.config/pmhooks/config.toml)
target         pass     the token of env POSTMARK_SERVER_TOKEN, at http://127.0.0.1:[PORT] (from POSTMARK_API_URL)
token          pass     read from env POSTMARK_SERVER_TOKEN
proxy          pass     none on the way to 127.0.0.1:[PORT]
connection     pass     127.0.0.1:[PORT]: connection ([MS] ms)
api            pass     it is Postmark's ([MS] ms)
clock          pass     it is right, by the answer's date
server         pass     the token opens server 77 (Shop)
age            pass     the API of since August 2026: it has verification and statistics
endpoint       warn     127.0.0.1:[PORT] is there, but the address is inside this machine or network: Postmark itself could not reach it
firewall       skipped  not to be seen from here; if there is one, it must let in 3.134.147.250, 50.31.156.6, 50.31.156.77, 18.217.206.57 (as documented, seen in November 2026; the list can change)
stream         pass     outbound is there (transactional); only what is sent on it counts
triggers       pass     on for delivery, bounce, and for nothing else
status         fail     unverified: Postmark holds its events back
tracking       pass     nothing to track: neither open nor click is on
PM001          warn     its URL is plain http: what is posted, credentials too, can be read on the way (plain-http)
answer         pass     delivery, bounce: 200 OK ([MS] ms)
verify         fail     Bounce: failed, answered 503 (Service Unavailable)
statistics     pass     40 requests in the last 24 hours, 70% succeeded
paused         fail     bounce is unverified: its events are paused
failing        fail     bounce: 10% of 10 requests succeeded; 99% are demanded
requests       skipped  only your side can see it: compare your request log with what Postmark posts
--- stderr
warn: 127.0.0.1:[PORT] is there, but the address is inside this machine or network: Postmark itself could not reach it [endpoint]
  next: give it one that Postmark can reach: `pmhooks edit 7 --url URL`
fail: unverified: Postmark holds its events back [status]
  next: mend the endpoint, then `pmhooks verify 7`
warn: its URL is plain http: what is posted, credentials too, can be read on the way (plain-http) [PM001]
  next: `pmhooks edit 7 --url https://HOST/PATH`
fail: Bounce: failed, answered 503 (Service Unavailable) [verify]
  next: compare with the answers above, mend the endpoint, then `pmhooks verify 7`
fail: bounce is unverified: its events are paused [paused]
  next: `pmhooks test 7`, mend the endpoint, then `pmhooks verify 7`
fail: bounce: 10% of 10 requests succeeded; 99% are demanded [failing]
  next: `pmhooks test 7`, and the endpoint's log; `pmhooks stats 7` has more
4 steps failed: begin with the first. 2 warned, 15 passed, 2 skipped.
--- exit 1
"#]]);
    let passed = run(&hook, [], "--verify -o json").json();
    assert_eq!(step(&passed, "verify").1, "2/2 triggers verified successfully");
}

#[test]
fn the_older_api_has_no_say() {
    let endpoint = ok();
    let mut hook = hook(&endpoint.url());
    hook.as_object_mut().unwrap().remove("Status");
    let none = |method: &str, path: &str| Step::html(404).only(method, path);
    let first = [none("GET", "/webhooks/7/statistics"), none("POST", "/webhooks/7/verify")];
    let report = run(&hook, first, "--verify -o json").code(0).json();
    for rule in ["status", "verify", "statistics"] {
        assert_eq!(step(&report, rule).0, "skipped", "{rule}");
    }
}

#[test]
fn a_day_without_requests_is_worth_a_look() {
    let endpoint = ok();
    let idle = json!({"Metrics": {"TotalRequests": 0, "SuccessRate": 0.0}, "Statuses": {}});
    let idle = Step::answer(200, idle).only("GET", "/webhooks/7/statistics");
    let run = run(&hook(&endpoint.url()), [idle], "");
    run.code(0).has("Postmark sent nothing in the last 24 hours").has("HardBounce@bounce-testing");
}

#[test]
fn the_json_has_the_documented_shape() {
    let endpoint = Faulty::always(Step::status(403));
    let report = run(&hook(&endpoint.url()), [], "-o json").code(1).json();
    let keys =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(keys(&report), ["Findings", "Summary", "Steps"]);
    let found = report["Findings"].as_array().unwrap();
    let answer = found.iter().find(|finding| finding["Rule"] == "answer").unwrap();
    let expected = ["Rule", "Level", "ID", "Url", "MessageStream", "Profile", "Message", "Fix"];
    assert_eq!(keys(answer), expected);
    assert_eq!((&answer["Level"], &answer["ID"]), (&json!("error"), &json!(7)));
    assert_eq!(keys(&report["Steps"][0]), ["Part", "Step", "Result", "Message", "Next"]);
    assert_eq!(keys(&report["Summary"]), ["Errors", "Warnings", "Infos", "Passed", "Skipped"]);
    assert_eq!(report["Summary"]["Errors"], 1);
}

#[cfg(unix)]
#[test]
fn a_person_gets_a_checklist() {
    let endpoint = Faulty::always(Step::status(403));
    let api = Faulty::new(answers(&hook(&endpoint.url())));
    let mut env = TestEnv::with_api(api.url());
    env.env("TERM", "xterm");
    let done = env.pty("doctor 7 --color never").finish();
    done.code(1);
    let list = done.output.replace('\r', "");
    // The progress was wiped.
    let list = list.rsplit("\u{1b}[K").next().unwrap();
    let home = env.home().to_str().unwrap();
    let mut lines = list.lines().filter(|line| !line.contains(home));
    assert!(lines.all(|line| line.chars().count() <= 80), "{list}");
    let questions = &list[list.find("1. Is").unwrap()..];
    let questions = questions.replace(&endpoint.address().to_string(), "127.0.0.1:PORT");
    let questions = regex::Regex::new(r"\(\d+ ms\)").unwrap().replace_all(&questions, "(MS)");
    assert_data_eq!(
        questions.into_owned(),
        str![[r#"
1. Is the endpoint reachable?
  warn  endpoint       127.0.0.1:PORT is there, but the address is inside this
                       machine or network: Postmark itself could not reach it
        next: give it one that Postmark can reach: `pmhooks edit 7 --url URL`
  skip  firewall       not to be seen from here; if there is one, it must let in
                       3.134.147.250, 50.31.156.6, 50.31.156.77, 18.217.206.57
                       (as documented, seen in November 2026; the list can
                       change)
        next: the list as it is now:
              https://postmarkapp.com/support/article/800-ips-for-firewalls

2. Is the webhook set up right?
  pass  stream         outbound is there (transactional); only what is sent on
                       it counts
  pass  triggers       on for delivery, bounce, and for nothing else
  pass  status         verified
  pass  tracking       nothing to track: neither open nor click is on
  warn  PM001          its URL is plain http: what is posted, credentials too,
                       can be read on the way (plain-http)
        next: `pmhooks edit 7 --url https://HOST/PATH`

3. What does the endpoint answer?
  fail  answer         delivery, bounce: 403 Forbidden; Postmark drops it at
                       once and does not try again (MS)
        next: something refuses the post: a firewall or bot filter in front, a
              CSRF check, the credentials, or a list of allowed addresses (if it
              names Postmark's alone, `pmhooks doctor 7 --verify` can test it,
              this machine cannot)
        next: if it is a list of addresses, Postmark's are 3.134.147.250,
              50.31.156.6, 50.31.156.77, 18.217.206.57 (as documented, seen in
              November 2026; the list can change)

4. What does Postmark say?
  skip  verify         Postmark was not asked to probe the endpoint
        next: let it: `pmhooks doctor 7 --verify`
  pass  statistics     40 requests in the last 24 hours, 100% succeeded

5. What arrives at your side?
  skip  requests       only your side can see it: compare your request log with
                       what Postmark posts
        next: `pmhooks test 7 --print` shows each body, and posts nothing
        next: `pmhooks listen --forward URL` in front of it shows what arrives
1 step failed: begin there. 2 warned, 15 passed, 3 skipped.

"#]]
    );
}
