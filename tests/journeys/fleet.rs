//! Many profiles at once: the order, the failures, whose token goes where.

use std::time::Instant;

use crate::support::*;

/// A profile whose API is a path of its own on a server, and whose token tells it apart.
fn profile(n: usize, server: &Faulty) -> String {
    let url = server.url();
    format!("[profiles.p{n}]\nserver_token = \"t{n}\"\napi_url = \"{url}/p{n}\"\n")
}

fn path(n: usize) -> String {
    format!("/p{n}/webhooks")
}

fn hook(n: usize) -> Value {
    webhook_with(1, "Url", json!(format!("https://h.example/{n}")))
}

fn listing(n: usize) -> Step {
    Step::answer(200, json!({"Webhooks": [hook(n)]})).only("GET", &path(n))
}

fn refusing(n: usize) -> Step {
    Step::refused(401, 10, "The Server Token you provided is not valid.").only("GET", &path(n))
}

fn fleet(count: usize, server: &Faulty) -> TestEnv {
    let mut env = TestEnv::new();
    env.unset("POSTMARK_API_URL");
    env.config(&(0..count).map(|n| profile(n, server)).collect::<String>());
    env
}

/// Every request carried the token of the profile that it was for.
fn assert_own_tokens(server: &Faulty) {
    for request in server.requests() {
        let n = request.path.trim_start_matches("/p").split('/').next().unwrap();
        let token = request.header("x-postmark-server-token").unwrap();
        assert_eq!(token, format!("t{n}"), "{request}");
    }
}

#[test]
fn each_webhook_says_whose_it_is_in_the_order_asked_for() {
    let late = listing(2).delay(Duration::from_millis(300)).forever();
    let server = Faulty::new([listing(0).forever(), listing(1).forever(), late]);
    let env = fleet(3, &server);
    env.run("list -p p2,p0").check(str![[r#"
PROFILE  ID  STREAM    URL                  TRIGGERS          AUTH   STATUS
p2       1   outbound  https://h.example/2  delivery, bounce  basic  verified
p0       1   outbound  https://h.example/0  delivery, bounce  basic  verified
"#]]);
    for all in ["--all-profiles list", "list --all-profiles", "-p p0 list -p p1,p2 -pp0"] {
        env.run(format!("{all} --columns profile,url -o tsv")).check(str![[r#"
profile	url
p0	https://h.example/0
p1	https://h.example/1
p2	https://h.example/2
"#]]);
    }
    let both = env.run("list -p p1,p0 -o json").json();
    assert_eq!(both[0].as_object().unwrap().keys().next().unwrap(), "Profile");
    assert_eq!((&both[0]["Profile"], &both[0]["ID"]), (&json!("p1"), &json!(1)));
    let lines = env.run("list -p p1,p0 -o jsonl").json_lines();
    assert_eq!(lines, both.as_array().unwrap().clone());
    env.run("list -p p1,p0 -o ids").check(str![[r#"
1
1
"#]]);
    env.cmd("list -o ids").env("PMHOOKS_PROFILE", "p1,p0").run().check(str![["1\n1\n"]]);
    // The same profile twice is one, and of one nothing is said that it did not say before.
    assert_eq!(env.run("list -p p1,p1 -o json").json(), json!([hook(1)]).masked());
    env.run("list -p p1 --columns profile,id --no-header").check(str!["p1  1"]);
    assert_own_tokens(&server);
}

trait Masked {
    fn masked(self) -> Value;
}

impl Masked for Value {
    fn masked(mut self) -> Value {
        self[0]["HttpAuth"]["Password"] = json!("********");
        self
    }
}

// torture 82
#[test]
fn one_profiles_trouble_is_nobody_elses() {
    let mut steps: Vec<_> = (0..50).filter(|n| ![7, 20, 33].contains(n)).map(listing).collect();
    steps.push(refusing(7));
    steps.push(Step::hang().only("GET", &path(20)));
    steps.push(Step::status(429).header("Retry-After", "1").only("GET", &path(33)));
    steps.push(listing(33));
    let server = Faulty::new(steps);
    let env = fleet(50, &server);
    let started = Instant::now();
    let run = env.run("list --all-profiles --timeout 3s --columns profile --no-header");
    let took = started.elapsed();
    let expected: Vec<_> =
        (0..50).filter(|n| ![7, 20].contains(n)).map(|n| format!("p{n}\n")).collect();
    assert_eq!(run.stdout, expected.concat());
    run.code(7).has("2 of 50 profiles could not be listed").has("trying again in 1.0 s");
    run.has("because p7: cannot list the webhooks: ").has("(401, code 10)");
    run.has("because p20: cannot list the webhooks: ");
    run.has("`pmhooks -p p7 whoami`").has("the token comes from configuration file");
    // The slowest, not the sum.
    assert!(took < Duration::from_millis(4500), "{took:?}");
    assert_own_tokens(&server);
    assert!(server.connections() < 30, "{} connections", server.connections());
}

fn statistics(n: usize, id: i64) -> Step {
    let numbers = json!({"TotalRequests": 10, "SuccessRate": 70 + n, "FailureCount": 3});
    let answer = json!({"Statuses": {"Bounce": "verified", "Delivery": "verified"},
        "Metrics": numbers, "MetricsByTrigger": {"Bounce": numbers}});
    Step::answer(200, answer).only("GET", &format!("/p{n}/webhooks/{id}/statistics"))
}

#[test]
fn the_statistics_of_several_are_told_apart() {
    let unread = Step::refused(422, 1352, "There is no such webhook.");
    let unread = unread.only("GET", "/p1/webhooks/1/statistics");
    let server = Faulty::new([
        listing(0).forever(),
        statistics(0, 1).forever(),
        Step::answer(200, json!({"Webhooks": [hook(1), webhook_with(2, "ID", json!(2))]}))
            .only("GET", &path(1))
            .forever(),
        unread.forever(),
        statistics(1, 2).forever(),
        refusing(2).forever(),
    ]);
    let env = fleet(3, &server);
    env.run("stats --all -p p0,p1,p2").check(str![[r#"
PROFILE  ID  TRIGGER   STATUS    REQUESTS  SUCCESS  FAILURES  RETRIES  SLOW  VERY-SLOW  MS  RETRY-MS
p0       1   delivery  verified  -         -        -         -        -     -          -   -
p0       1   bounce    verified  10        70%      3         -        -     -          -   -
p0       1   all       -         10        70%      3         -        -     -          -   -
p1       2   delivery  verified  -         -        -         -        -     -          -   -
p1       2   bounce    verified  10        71%      3         -        -     -          -   -
p1       2   all       -         10        71%      3         -        -     -          -   -
--- stderr
pmhooks: error: 1 of 3 profiles could not be shown; 1 of 3 webhooks could not be shown
  because p2: cannot list the webhooks: Postmark refused (401, code 10): The Server Token you provided is not valid.
  because cannot get the statistics of webhook 1 of profile p1: Postmark refused (422, code 1352): There is no such webhook.
  hint: the token comes from configuration file
  hint: it must be a server token (Postmark: the server, API Tokens), not an account token
  hint: see which token is used: `pmhooks -p p2 whoami`
--- exit 7
"#]]);
    let both = env.run("stats --all -p p1,p0 -o json").code(7).json();
    assert_eq!((&both[0]["Profile"], &both[1]["Profile"]), (&json!("p1"), &json!("p0")));
    env.run("stats --all -p p0 --columns profile,trigger,requests").check(str![[r#"
PROFILE  TRIGGER   REQUESTS
p0       delivery  -
p0       bounce    10
p0       all       10
"#]]);
    for ids in ["stats 1 -p p0,p1", "stats -p p0,p1"] {
        env.run(ids).check(str![[r#"
--- stderr
pmhooks: error: an ID means a webhook of one server, and several profiles are named
  hint: all webhooks of each: --all
--- exit 2
"#]]);
    }
    assert_own_tokens(&server);
}

#[test]
fn the_health_of_several_is_one_report() {
    let server = Faulty::new([
        listing(0).forever(),
        statistics(0, 1).forever(),
        listing(1).forever(),
        statistics(1, 1).forever(),
        refusing(2).forever(),
        Step::answer(200, json!({"Webhooks": []})).only("GET", &path(3)).forever(),
    ]);
    let env = fleet(4, &server);
    env.run("health --all-profiles --min-success 71").check(str![[r#"
PROFILE  ID  STATUS    TRIGGERS          REQUESTS  SUCCESS  FINDINGS
p0       1   verified  delivery, bounce  10        70%      failing
p1       1   verified  delivery, bounce  10        71%      none
--- stderr
error: p0: webhook 1: bounce: 70% of 10 requests succeeded, 3 failed; 71% are demanded [failing]
  fix: `pmhooks -p p0 test 1`, and the endpoint's log; `pmhooks -p p0 stats 1` has more
warning: p3: there is no webhook to look at [no-webhooks]
  fix: `pmhooks -p p3 list` shows what is there, `pmhooks -p p3 whoami` which server this is
pmhooks: error: 1 of 4 profiles could not be looked at
  because p2: cannot list the webhooks: Postmark refused (401, code 10): The Server Token you provided is not valid.
  hint: the token comes from configuration file
  hint: it must be a server token (Postmark: the server, API Tokens), not an account token
  hint: see which token is used: `pmhooks -p p2 whoami`
--- exit 7
"#]]);
    env.run("health -p p1,p0 --min-success 1").code(0);
    let report = env.run("health --all-profiles --min-success 71 -o json").code(7).json();
    let whose = |list: &Value| -> Vec<_> {
        list.as_array().unwrap().iter().map(|item| item["Profile"].clone()).collect()
    };
    assert_eq!(whose(&report["Findings"]), ["p0", "p3"]);
    assert_eq!(whose(&report["Webhooks"]), ["p0", "p1"]);
    assert_eq!(
        report["Summary"],
        json!({"Errors": 1, "Warnings": 1, "Infos": 0, "Webhooks": 2, "Healthy": 1, "Unread": 0,
            "Profiles": 4, "UnreadProfiles": 1})
    );
    env.run("health --all-profiles --on bounce --min-success 71 -o prometheus")
        .check(str![[r##"
# HELP pmhooks_profile_answered Whether the profile could be asked.
# TYPE pmhooks_profile_answered gauge
pmhooks_profile_answered{profile="p0"} 1
pmhooks_profile_answered{profile="p1"} 1
pmhooks_profile_answered{profile="p3"} 1
pmhooks_profile_answered{profile="p2"} 0
# HELP pmhooks_webhooks_unread Webhooks that could not be looked at.
# TYPE pmhooks_webhooks_unread gauge
pmhooks_webhooks_unread{profile="p0"} 0
pmhooks_webhooks_unread{profile="p1"} 0
pmhooks_webhooks_unread{profile="p3"} 0
# HELP pmhooks_findings How much pmhooks health found.
# TYPE pmhooks_findings gauge
pmhooks_findings{profile="p0"} 1
pmhooks_findings{profile="p1"} 0
pmhooks_findings{profile="p3"} 1
# HELP pmhooks_webhook_findings What was found of a webhook, by rule.
# TYPE pmhooks_webhook_findings gauge
pmhooks_webhook_findings{profile="p0",id="1",stream="outbound",url="https://h.example/0",rule="failing"} 1
# HELP pmhooks_webhook_verified Whether Postmark has verified the webhook.
# TYPE pmhooks_webhook_verified gauge
pmhooks_webhook_verified{profile="p0",id="1",stream="outbound",url="https://h.example/0"} 1
pmhooks_webhook_verified{profile="p1",id="1",stream="outbound",url="https://h.example/1"} 1
# HELP pmhooks_trigger_verified Whether the trigger is verified; if not, its events are paused.
# TYPE pmhooks_trigger_verified gauge
pmhooks_trigger_verified{profile="p0",id="1",stream="outbound",url="https://h.example/0",trigger="Bounce"} 1
pmhooks_trigger_verified{profile="p1",id="1",stream="outbound",url="https://h.example/1",trigger="Bounce"} 1
# HELP pmhooks_trigger_requests Requests of the last 24 hours.
# TYPE pmhooks_trigger_requests gauge
pmhooks_trigger_requests{profile="p0",id="1",stream="outbound",url="https://h.example/0",trigger="Bounce"} 10
pmhooks_trigger_requests{profile="p1",id="1",stream="outbound",url="https://h.example/1",trigger="Bounce"} 10
# HELP pmhooks_trigger_failures Failed requests of the last 24 hours.
# TYPE pmhooks_trigger_failures gauge
pmhooks_trigger_failures{profile="p0",id="1",stream="outbound",url="https://h.example/0",trigger="Bounce"} 3
pmhooks_trigger_failures{profile="p1",id="1",stream="outbound",url="https://h.example/1",trigger="Bounce"} 3
# HELP pmhooks_trigger_success_ratio Share of requests of the last 24 hours that succeeded.
# TYPE pmhooks_trigger_success_ratio gauge
pmhooks_trigger_success_ratio{profile="p0",id="1",stream="outbound",url="https://h.example/0",trigger="Bounce"} 0.7
pmhooks_trigger_success_ratio{profile="p1",id="1",stream="outbound",url="https://h.example/1",trigger="Bounce"} 0.71
--- stderr
error: p0: webhook 1: bounce: 70% of 10 requests succeeded, 3 failed; 71% are demanded [failing]
  fix: `pmhooks -p p0 test 1`, and the endpoint's log; `pmhooks -p p0 stats 1` has more
warning: p3: there is no webhook to look at [no-webhooks]
  fix: `pmhooks -p p3 list` shows what is there, `pmhooks -p p3 whoami` which server this is
pmhooks: error: 1 of 4 profiles could not be looked at
  because p2: cannot list the webhooks: Postmark refused (401, code 10): The Server Token you provided is not valid.
  hint: the token comes from configuration file
  hint: it must be a server token (Postmark: the server, API Tokens), not an account token
  hint: see which token is used: `pmhooks -p p2 whoami`
--- exit 7
"##]]);
    env.run("health --all-profiles --min-success 71 -o ids").code(7).has("1\n");
    assert_own_tokens(&server);
}

#[test]
fn the_streams_of_several_are_told_apart() {
    let streams = |n: usize| {
        let stream = json!({"ID": "outbound", "Name": format!("Of {n}"),
            "MessageStreamType": "Transactional"});
        Step::answer(200, json!({"MessageStreams": [stream]}))
            .only("GET", &format!("/p{n}/message-streams"))
    };
    let server = Faulty::new([streams(0).times(2), streams(1).times(2)]);
    let env = fleet(2, &server);
    env.run("streams --all-profiles").check(str![[r#"
PROFILE  ID        TYPE           NAME  ARCHIVED
p0       outbound  Transactional  Of 0  -
p1       outbound  Transactional  Of 1  -
"#]]);
    assert_eq!(env.run("streams -p p1,p0 -o json").json()[0]["Profile"], "p1");
    assert_own_tokens(&server);
}

// torture 112
#[test]
fn ten_of_five_hundred_that_are_broken_do_not_hide_the_rest() {
    let is_broken = |n: usize| n % 50 == 3;
    let server = Faulty::new(
        (0..500)
            .filter(|n| !is_broken(*n) && *n != 4)
            .map(listing)
            .chain([Step::hang().only("GET", &path(4))]),
    );
    let env = TestEnv::new();
    let one = |n| match n {
        n if is_broken(n) => format!("[profiles.p{n}]\nserver_token_file = \"nowhere\"\n"),
        n => profile(n, &server),
    };
    env.config(&(0..500).map(one).collect::<String>());
    let run = env.run("list --all-profiles -o json --timeout 4s");
    run.code(7).within(Duration::from_secs(15));
    let names: Vec<_> =
        run.json().as_array().unwrap().iter().map(|w| w["Profile"].clone()).collect();
    let expected: Vec<_> =
        (0..500).filter(|n| !is_broken(*n) && *n != 4).map(|n| json!(format!("p{n}"))).collect();
    assert_eq!(names, expected);
    let error: Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(error["Error"]["Kind"], "PartlyDone");
    assert_eq!(error["Error"]["Causes"].as_array().unwrap().len(), 11);
    assert_own_tokens(&server);
}

#[test]
fn in_json_the_failures_are_one_object() {
    let server = Faulty::new([listing(0), refusing(1), refusing(2)]);
    let env = fleet(3, &server);
    let run = env.run("list --all-profiles -o json");
    assert_eq!(run.json()[0]["Profile"], "p0");
    run.code(7);
    assert_data_eq!(
        run.stderr,
        str![[r#"
{
  "Error": {
    "Kind": "PartlyDone",
    "Message": "2 of 3 profiles could not be listed",
    "Causes": [
      "p1: cannot list the webhooks: Postmark refused (401, code 10): The Server Token you provided is not valid.",
      "p2: cannot list the webhooks: Postmark refused (401, code 10): The Server Token you provided is not valid."
    ],
    "Hints": [
      "the token comes from configuration file",
      "it must be a server token (Postmark: the server, API Tokens), not an account token",
      "see which token is used: `pmhooks -p p1 whoami`"
    ],
    "HttpStatus": null,
    "ErrorCode": null
  }
}

"#]]
    );
}

#[test]
fn where_every_profile_fails_the_first_decides() {
    let server =
        Faulty::new([refusing(0).times(2), refusing(1), Step::status(503).only("GET", &path(1))]);
    let env = fleet(2, &server);
    env.run("list -p p0,p1 --retries 0").check(str![[r#"
--- stderr
pmhooks: error: none of the 2 profiles could be listed
  because p0: cannot list the webhooks: Postmark refused (401, code 10): The Server Token you provided is not valid.
  because p1: cannot list the webhooks: Postmark refused (401, code 10): The Server Token you provided is not valid.
  hint: the token comes from configuration file
  hint: it must be a server token (Postmark: the server, API Tokens), not an account token
  hint: see which token is used: `pmhooks -p p0 whoami`
--- exit 4
"#]]);
    env.run("list -p p1,p0 --retries 0").code(6);
    let alone = fleet(1, &Faulty::untouchable());
    let server = Faulty::new([refusing(0)]);
    alone.config(&profile(0, &server));
    alone.run("list --all-profiles").check(str![[r#"
--- stderr
pmhooks: error: cannot list the webhooks of profile p0
  because Postmark refused (401, code 10): The Server Token you provided is not valid.
  hint: the token comes from configuration file
  hint: it must be a server token (Postmark: the server, API Tokens), not an account token
  hint: see which token is used: `pmhooks -p p0 whoami`
--- exit 4
"#]]);
}

// torture 80
#[test]
fn no_profiles_at_all_are_no_success() {
    let mut env = TestEnv::new();
    env.token(TOKEN);
    env.run("list --all-profiles").check(str![[r#"
--- stderr
pmhooks: error: there are no profiles in the configuration, so nothing was done
  hint: add one: `pmhooks profile add NAME`
--- exit 3
"#]]);
    env.config("[profiles]\n");
    env.run("list --all-profiles -o json").code(3);
}

#[test]
fn a_name_that_is_no_profiles_stops_all_before_anything_is_sent() {
    let env = fleet(1, &Faulty::untouchable());
    env.run("list -p p0,p00").check(str![[r#"
--- stderr
pmhooks: error: there is no profile "p00"; there are p0
  hint: see them: `pmhooks profile list`; add one: `pmhooks profile add NAME`
--- exit 3
"#]]);
}

#[test]
fn the_sandbox_stands_beside_others_and_only_where_it_is_named() {
    let server = Faulty::new([listing(0).forever()]);
    let env = fleet(1, &server);
    env.run("list -p sandbox,p0 --columns profile,id,stream").check(str![[r#"
PROFILE  ID       STREAM
sandbox  1234567  outbound
sandbox  1234568  outbound
p0       1        outbound
"#]]);
    env.run("list --all-profiles --columns profile --no-header").check(str!["p0"]);
    env.config(&format!("{}[profiles.sandbox]\nserver_token = \"x\"\n", profile(0, &server)));
    env.run("list --all-profiles --columns profile --no-header").check(str![[r#"
p0
--- stderr
pmhooks: error: 1 of 2 profiles could not be listed
  because sandbox: the name belongs to the built-in profile; take another
--- exit 7
"#]]);
}

#[test]
fn what_cannot_be_for_several_says_so_and_sends_nothing() {
    let env = fleet(2, &Faulty::untouchable());
    for line in [
        "-p p0 -p p1 whoami",
        "get 5 -p p0,p1",
        "-p p0 delete 5 -p p1 --yes",
        "--all-profiles server get",
        "-yp p0 delete 5 -p p1",
    ] {
        env.run(line).check(str![[r#"
--- stderr
pmhooks: error: this command works on one profile at a time
  hint: name one profile
  hint: several profiles at once go with list, stats, health, lint, diff, apply, streams
--- exit 2
"#]]);
    }
    env.cmd("whoami").env("PMHOOKS_PROFILE", "p0,p1").run().check(str![[r#"
--- stderr
pmhooks: error: this command works on one profile at a time; PMHOOKS_PROFILE means several
  hint: name one profile
  hint: several profiles at once go with list, stats, health, lint, diff, apply, streams
--- exit 2
"#]]);
    env.run("list --all-profiles -p p0").check(str![[r#"
--- stderr
pmhooks: error: --all-profiles and --profile do not go together
--- exit 2
"#]]);
}

#[test]
fn a_token_of_the_environment_is_named_once() {
    let server = Faulty::new([listing(0), listing(1)]);
    let mut env = fleet(2, &server);
    env.token(TOKEN);
    env.run("list -p p0,p1 -o ids").check(str![[r#"
1
1
--- stderr
pmhooks: warning: POSTMARK_SERVER_TOKEN is set, but not used: --profile goes before it
"#]]);
    assert_own_tokens(&server);
}

#[test]
fn on_a_terminal_the_progress_is_shown_and_ctrl_c_ends_it() {
    let hang = Step::hang().only("GET", &path(1));
    let server = Faulty::new([listing(0), hang]);
    let env = fleet(2, &server);
    let mut terminal = env.pty("list --all-profiles");
    terminal.expect("1 of 2 profiles");
    // The other profile is being asked.
    server.wait_for_within(2, Duration::from_secs(20));
    terminal.key(Key::CtrlC);
    terminal.finish().assert_restored().code(130);
}
