//! `create`.

mod from;
mod lost;
mod prompts;
mod secrets;

use crate::support::*;

const HOOK: &str = "--url https://hooks.example.com/pm";

#[test]
fn only_what_is_given_is_sent() {
    let sandbox = Sandboxed::new("");
    let env = &sandbox.env;
    env.run(format!("create {HOOK}")).code(0);
    env.run(format!("create {HOOK} --stream broadcast --on open,click --first-open-only")).code(0);
    env.run(format!("create {HOOK} --on all --off click --include-content bounce")).code(0);
    env.run(format!("create {HOOK} --on bounce --include-content bounce,spam-complaint")).code(0);
    env.run(format!("create {HOOK} --first-open-only=false --exclude-content bounce --no-verify"))
        .code(0);
    assert_data_eq!(
        sandbox.writes(),
        str![[r#"
POST /webhooks {"Url":"https://hooks.example.com/pm"}
POST /webhooks {"Url":"https://hooks.example.com/pm","MessageStream":"broadcast","Triggers":{"Open":{"Enabled":true,"PostFirstOpenOnly":true},"Click":{"Enabled":true}}}
POST /webhooks {"Url":"https://hooks.example.com/pm","Triggers":{"Open":{"Enabled":true,"PostFirstOpenOnly":false},"Click":{"Enabled":false},"Delivery":{"Enabled":true},"Bounce":{"Enabled":true,"IncludeContent":true},"SpamComplaint":{"Enabled":true,"IncludeContent":false},"SubscriptionChange":{"Enabled":true}}}
POST /webhooks {"Url":"https://hooks.example.com/pm","Triggers":{"Bounce":{"Enabled":true,"IncludeContent":true},"SpamComplaint":{"Enabled":false,"IncludeContent":true}}}
POST /webhooks {"Url":"https://hooks.example.com/pm","Triggers":{"Open":{"Enabled":false,"PostFirstOpenOnly":false},"Bounce":{"Enabled":false,"IncludeContent":false}},"Verify":false}

"#]]
    );
}

#[test]
fn what_was_made_is_shown_in_each_format() {
    let sandbox = Sandboxed::new("");
    let env = &sandbox.env;
    let flags = "--on bounce,open --include-content bounce --header X-Env:a";
    env.run(format!("create {HOOK} {flags}")).check(str![[r#"
ID                  1234569
Url                 https://hooks.example.com/pm
MessageStream       outbound
Status              verified
HttpAuth            none
HttpHeader          X-Env: a
Open                on
Click               off
Delivery            off
Bounce              on, IncludeContent
SpamComplaint       off
SubscriptionChange  off
--- stderr
Created webhook 1234569.
"#]]);
    env.run(format!("create {HOOK} {flags} -o json")).check(str![[r#"
{
  "ID": 1234570,
  "Url": "https://hooks.example.com/pm",
  "MessageStream": "outbound",
  "Status": "verified",
  "HttpAuth": null,
  "HttpHeaders": [
    {
      "Name": "X-Env",
      "Value": "a"
    }
  ],
  "Triggers": {
    "Open": {
      "Enabled": true,
      "PostFirstOpenOnly": false
    },
    "Click": {
      "Enabled": false
    },
    "Delivery": {
      "Enabled": false
    },
    "Bounce": {
      "Enabled": true,
      "IncludeContent": true
    },
    "SpamComplaint": {
      "Enabled": false,
      "IncludeContent": false
    },
    "SubscriptionChange": {
      "Enabled": false
    }
  }
}
"#]]);
    env.run(format!("create {HOOK} {flags} -o ids -q")).check(str!["1234571"]);
    env.run(format!("create {HOOK} {flags} --columns id,status -o tsv")).check(str![[r#"
id	status
1234572	verified
--- stderr
Created webhook 1234572.
"#]]);
    env.run(format!("create {HOOK} {flags} -o yaml --show-secrets -q")).has("Value: a");
    env.run(format!("create {HOOK} {flags} -o jsonl")).has("{\"ID\":1234574,");
}

#[test]
fn in_the_older_api_there_is_no_status() {
    let sandbox = Sandboxed::new("--age old");
    sandbox.env.run(format!("create {HOOK} --on bounce")).check(str![[r#"
ID                  1234569
Url                 https://hooks.example.com/pm
MessageStream       outbound
HttpAuth            none
Open                off
Click               off
Delivery            off
Bounce              on
SpamComplaint       off
SubscriptionChange  off
--- stderr
Created webhook 1234569.
"#]]);
}

#[test]
fn what_needs_a_warning_gets_one() {
    let sandbox = Sandboxed::new("");
    let env = &sandbox.env;
    env.run(format!("create {HOOK} --no-verify --on click -o ids")).check(str![[r#"
1234569
--- stderr
Created webhook 1234569.
pmhooks: warning: the webhook is not verified: it gets no events until it is; have it probed with `pmhooks verify 1234569`
"#]]);
    env.run(format!("create {HOOK} -o ids")).check(str![[r#"
1234570
--- stderr
pmhooks: warning: no trigger is on, so this webhook gets nothing; name some with --on
Created webhook 1234570.
"#]]);
    env.run(format!("create {HOOK} --on click --first-open-only -o ids")).check(str![[r#"
1234571
--- stderr
pmhooks: warning: PostFirstOpenOnly does nothing while open is off; switch it on with --on open
Created webhook 1234571.
"#]]);
    env.run(format!("create {HOOK} --no-verify -o json"))
        .has("\"ID\": 1234572")
        .has("not verified");
}

#[test]
fn flags_that_cannot_be_meant_are_refused_before_anything_is_sent() {
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url());
    for flags in [
        "",
        "--url ftp://hooks.example.com",
        "--url https://",
        "--url https://u:********@hooks.example.com/",
        "--url https://h.example --on bounces",
        "--url https://h.example --on all --off all",
        "--url https://h.example --include-content click",
        "--url https://h.example --include-content bounce --exclude-content bounce",
        "--url https://h.example --first-open-only=maybe",
        "--url https://h.example --header Host:x",
        "--url https://h.example --header X-A",
        "--url https://h.example --header X-A:********",
        "--url https://h.example --stream Not/one",
        "--url https://h.example --password env:HOME",
        "--url https://h.example --username u",
        "--url https://h.example -o nope",
        "--url https://h.example --columns nope",
        "--url https://h.example --from -",
        "--url https://h.example --from nope.json",
    ] {
        env.run(format!("create {flags}")).code(2);
        env.run(format!("create -o json {flags}")).code(2).lacks("panicked");
    }
    env.run(format!("create {HOOK} --on bounce,click --off click")).check(str![[r#"
--- stderr
pmhooks: error: --on and --off both name click
--- exit 2
"#]]);
    env.run("create --on bounce").check(str![[r#"
--- stderr
pmhooks: error: the URL that Postmark posts to cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give --url URL (or --from FILE)
--- exit 2
"#]]);
    env.run(format!("create {HOOK} --username u")).check(str![[r#"
--- stderr
pmhooks: error: the password cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give --password SOURCE (env:NAME, file:PATH or -)
--- exit 2
"#]]);
}

#[test]
fn a_failed_verification_is_explained_per_trigger() {
    let sandbox = Sandboxed::new("--verify fail");
    let env = &sandbox.env;
    env.run(format!("create {HOOK} --on bounce,open")).check(str![[r#"
--- stderr
pmhooks: error: cannot create the webhook https://hooks.example.com/pm in the server of POSTMARK_SERVER_TOKEN
  because Postmark refused (422, code 1364): 0/2 triggers verified successfully
  because Open: failed, answered 503 (Service Unavailable)
  because Bounce: failed, answered 503 (Service Unavailable)
  hint: let the endpoint answer these probes with exactly 200, then try again
  hint: or save it unverified with --no-verify, and later `pmhooks verify ID`: it gets no events until then
--- exit 5
"#]]);
    env.run(format!("create {HOOK} --on bounce -o json")).check(str![[r#"
--- stderr
{
  "Error": {
    "Kind": "Refused",
    "Message": "cannot create the webhook https://hooks.example.com/pm in the server of POSTMARK_SERVER_TOKEN",
    "Causes": [
      "Postmark refused (422, code 1364): 0/1 triggers verified successfully",
      "Bounce: failed, answered 503 (Service Unavailable)"
    ],
    "Hints": [
      "let the endpoint answer these probes with exactly 200, then try again",
      "or save it unverified with --no-verify, and later `pmhooks verify ID`: it gets no events until then"
    ],
    "HttpStatus": 422,
    "ErrorCode": 1364
  }
}
--- exit 5
"#]]);
    env.run("list -o ids").check(str![""]);
}

#[test]
fn a_failed_verification_is_known_by_its_header_or_its_shape() {
    // torture 106
    let body = json!({
        "Url": "https://hooks.example.com/pm", "Success": false,
        "Results": [
            {"TriggerType": "Bounce", "Success": false, "StatusCode": 0, "Message": "Timeout"},
            {"TriggerType": "Novel", "Success": false, "Message": "no status"},
        ],
        "Message": "0/2 triggers verified successfully",
    });
    let answer = || Step::answer(422, body.clone());
    let server = Faulty::new([answer().header("X-PM-ApiErrorCode", "1364"), answer()]);
    let env = TestEnv::with_api(server.url());
    let by_header = env.run(format!("create {HOOK} --on bounce"));
    by_header.check(str![[r#"
--- stderr
pmhooks: error: cannot create the webhook https://hooks.example.com/pm in the server of POSTMARK_SERVER_TOKEN
  because Postmark refused (422, code 1364): 0/2 triggers verified successfully
  because Bounce: failed, no answer (Timeout)
  because Novel: failed, no answer (no status)
  hint: let the endpoint answer these probes with exactly 200, then try again
  hint: or save it unverified with --no-verify, and later `pmhooks verify ID`: it gets no events until then
--- exit 5
"#]]);
    let by_shape = env.run(format!("create {HOOK} --on bounce"));
    assert_eq!(by_header.to_string(), by_shape.to_string());
    assert_eq!(server.log(), "POST /webhooks\nPOST /webhooks");
}

#[test]
fn each_refusal_comes_with_what_to_do() {
    let mut said = String::new();
    for code in 1350..=1364 {
        let server = Faulty::new([Step::refused(422, code, "Postmark's words.")]);
        let env = TestEnv::with_api(server.url());
        let run = env.run(format!("create {HOOK}"));
        run.code(if code == 1352 { 8 } else { 5 });
        run.has(&format!("because Postmark refused (422, code {code}): Postmark's words."));
        let hints = run.stderr.lines().filter(|line| line.contains("hint: "));
        let hints: Vec<_> = hints.map(|line| line.trim().trim_start_matches("hint: ")).collect();
        said += &format!("{code} {}\n", hints.join("\n     "));
    }
    assert_data_eq!(
        said,
        str![[r#"
1350 the stream is archived; see them with `pmhooks streams --archived`
1351 inbound mail has one URL per server: `pmhooks server edit --inbound-hook-url URL`
1352 see what is there: `pmhooks list`
1353 streams of this type do not have that trigger; leave it out of --on
1354 Postmark wants a whole URL that it can reach, such as https://hooks.example.com/postmark
1355 the request came without its body; a proxy on the way may have dropped it
1356 Postmark gives a new webhook its ID; take ID out of what is sent
1357 a webhook's ID and stream cannot be changed: create another webhook, then delete this one
1358 a header's name has letters, digits and dashes only
1359 a stream takes ten webhooks; see them with `pmhooks list --stream ID`
1360 one of Postmark's own integrations made this webhook; change it on Postmark's page
1361 a value is not of the kind that Postmark wants there; -vv shows what is sent
1362 Status is Postmark's own: it becomes verified when the endpoint answers the probes with 200
1363 Status is Postmark's own: it becomes verified when the endpoint answers the probes with 200
1364 let the endpoint answer these probes with exactly 200, then try again
     or save it unverified with --no-verify, and later `pmhooks verify ID`: it gets no events until then

"#]]
    );
}

#[test]
fn other_refusals_end_with_their_codes() {
    for (step, exit, kind) in [
        (Step::refused(401, 10, "No token."), 4, "TokenRefused"),
        (Step::refused(422, 402, "Invalid JSON."), 5, "Refused"),
        (Step::refused(429, 429, "Slow down."), 6, "Unreachable"),
        (Step::redirect(302, "https://elsewhere.example/"), 6, "Unreachable"),
    ] {
        let server = Faulty::always(step);
        let env = TestEnv::with_api(server.url());
        let error = env.run(format!("create {HOOK} -o json --retries 0")).code(exit).error_json();
        assert_eq!(error["Kind"], kind);
        assert_eq!(server.log(), "POST /webhooks");
    }
    let env = TestEnv::new();
    assert_eq!(env.run(format!("create {HOOK} -o json")).code(3).error_json()["Kind"], "NotSetUp");
}

#[test]
fn a_dry_run_sends_nothing() {
    // torture 50
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url());
    let flags = format!("{HOOK} --on bounce --header X-A:b --username u --password env:HOME");
    env.run(format!("create {flags} --dry-run")).check(str![[r#"
ID                  (new)
Url                 https://hooks.example.com/pm
MessageStream       outbound
HttpAuth            u : ********
HttpHeader          X-A: b
Open                off
Click               off
Delivery            off
Bounce              on
SpamComplaint       off
SubscriptionChange  off
--- stderr
Dry run: nothing was changed. This webhook would be made:
"#]]);
    let would_be = env.run(format!("create {flags} --dry-run -o json")).code(0).json();
    assert_eq!(would_be["DryRun"], true);
    assert_eq!(would_be["ID"], json!(null));

    let sandbox = Sandboxed::new("");
    let env = &sandbox.env;
    let made = env.run(format!("create {flags} -o json")).json();
    for key in ["Url", "MessageStream", "HttpAuth", "HttpHeaders", "Triggers"] {
        assert_eq!(made[key], would_be[key], "{key}");
    }
}

#[test]
fn if_absent_makes_it_once() {
    let sandbox = Sandboxed::new("");
    let env = &sandbox.env;
    env.run(format!("create {HOOK} --on click --if-absent -o ids")).check(str![[r#"
1234569
--- stderr
Created webhook 1234569.
"#]]);
    env.run(format!("create {HOOK} --on bounce --if-absent -o ids")).check(str![[r#"
1234569
--- stderr
pmhooks: warning: it is not in all as asked; compare it, and `pmhooks edit 1234569` if need be
Webhook 1234569 is there already; nothing was changed.
"#]]);
    env.run("create --url https://HOOKS.example.com:443/pm --if-absent -o ids").has("1234569\n");
    env.run(format!("create {HOOK} --if-absent --stream broadcast --on click -o ids"))
        .has("1234570\n");
    env.run(format!("create {HOOK} --on click -o ids")).has("1234571\n");
    env.run(format!("create {HOOK} --if-absent")).check(str![[r#"
ID                  1234569
Url                 https://hooks.example.com/pm
MessageStream       outbound
Status              verified
HttpAuth            none
Open                off
Click               on
Delivery            off
Bounce              off
SpamComplaint       off
SubscriptionChange  off
--- stderr
pmhooks: warning: it is not in all as asked; compare it, and `pmhooks edit 1234569` if need be
Webhook 1234569 is there already (and 1 more like it); nothing was changed.
"#]]);
    let dry = env.run(format!("create {HOOK} --if-absent --dry-run -o json")).code(0).json();
    assert_eq!((&dry["ID"], &dry["DryRun"]), (&json!(1_234_569), &json!(true)));
    assert_eq!(sandbox.writes().lines().count(), 3);
}

#[test]
fn if_absent_sends_nothing_it_cannot_see_the_need_for() {
    let server = Faulty::always(Step::status(503));
    let env = TestEnv::with_api(server.url());
    env.run(format!("create {HOOK} --if-absent --retries 0")).code(6).has("cannot see whether");
    assert_eq!(server.log(), "GET /webhooks");
}

#[test]
fn the_stream_is_the_flags_or_the_profiles() {
    let sandbox = Sandboxed::new("");
    let mut env = TestEnv::new();
    env.env("STAGING_TOKEN", TOKEN);
    env.config(&format!(
        "[profiles.staging]\nserver_token_env = \"STAGING_TOKEN\"\nstream = \"broadcast\"\napi_url = \"{}\"\n",
        sandbox.log.url()
    ));
    for flags in ["", "--stream outbound"] {
        env.run(format!("-p staging create {HOOK} --on click -q -o ids {flags}")).code(0);
    }
    env.cmd(["-p", "staging", "create", "--from", "-", "-q", "-o", "ids"])
        .stdin("{Url: https://h.example/, MessageStream: outbound, Triggers: {Click: {Enabled: true}}}")
        .run()
        .code(0);
    let streams: Vec<_> =
        sandbox.log.requests().iter().map(|r| r.json()["MessageStream"].clone()).collect();
    assert_eq!(streams, ["broadcast", "outbound", "outbound"]);
}

#[test]
fn what_is_not_made_has_no_id() {
    let env = TestEnv::new();
    env.run("-p sandbox create --url https://h.example.com/ --on open --dry-run -q -o ids")
        .check(str![[r#""#]]);
}

#[test]
fn a_header_that_is_given_twice_is_refused() {
    let env = TestEnv::new();
    let twice =
        ["create", "--url", "https://h.example.com/", "--header", "X-A: 1", "--header", "x-a: 2"];
    env.cmd(twice).env("POSTMARK_SERVER_TOKEN", TOKEN).run().check(str![[r#"
--- stderr
pmhooks: error: the header x-a is given twice
--- exit 2
"#]]);
}

// torture 61
#[cfg(unix)]
#[test]
fn ctrl_c_waits_for_the_answer_and_a_second_one_leaves_with_a_word() {
    let server = Faulty::new([Step::hang()]);
    let env = TestEnv::with_api(server.url());
    let run = env.spawn("create --url https://h.example.com/ --on open");
    server.wait_for(1);
    run.interrupt();
    run.wait_for_line("finishing what is under way", std::time::Duration::from_secs(5));
    run.interrupt();
    run.finish().check(str![[r#"
--- stderr
pmhooks: finishing what is under way; Ctrl-C again leaves at once
pmhooks: left at once; outcome unknown: what was under way may be done
--- exit 130
"#]]);
}

#[test]
fn an_api_that_does_not_verify_gets_no_warning_about_it() {
    let env = TestEnv::new();
    let old = env.spawn("sandbox serve --memory --port 0 --age old");
    let mut env = TestEnv::with_api(old.wait_for_url());
    env.token(TOKEN);
    let run = env.run("create --url https://h.example.com/ --on open --no-verify");
    run.code(0).lacks("verified");
}

#[test]
fn a_file_without_a_url_is_told_so() {
    let env = TestEnv::with_api(Faulty::untouchable().url());
    env.cmd("create --from -").stdin("{}").run().check(str![[r#"
--- stderr
pmhooks: error: the URL that Postmark posts to cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give --url URL, or Url in the file
--- exit 2
"#]]);
}

#[test]
fn the_words_of_the_api_are_understood_too() {
    let sandbox = Sandboxed::new("");
    let env = &sandbox.env;
    let made = env.run(format!("create {HOOK} --on Bounce,SpamComplaint --include-content Bounce"));
    made.code(0).has("Bounce              on, IncludeContent").has("SpamComplaint       on");
    let edited = env.run("server edit --track-links HtmlAndText -o json").code(0).json();
    assert_eq!(edited["TrackLinks"], "HtmlAndText");
    env.run("test --url http://127.0.0.1:9/ --event SMTPApiError --print").code(0);
}
