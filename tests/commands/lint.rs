//! `lint`: findings over servers and over manifests, in every format.

mod sarif;
mod terminal;

use crate::support::*;

/// A manifest in which much is wrong, none of whose references is set.
pub const WRONG: &str = "\
Server:
  InboundHookUrl: http://${HOOK_HOST}/inbound
  EnableSmtpApiErrorHooks: true
Webhooks:
  - Url: https://${HOOK_HOST}/postmark
    HttpAuth: { Username: postmark, Password: \"${HOOK_PASSWORD}\" }
    Triggers:
      Delivery: { Enabled: true }
  - Url: https://u:CANARY-url@abc.ngrok.io/postmark
    HttpAuth: { Username: postmark, Password: CANARY }
    HttpHeaders: [{ Name: User-Agent, Value: CANARY-header }]
    Triggers:
      Delivery: { Enabled: true }
";

/// Nothing is found in this one, without a host or a password.
const GOOD: &str = "\
Webhooks:
  - Url: ${SCHEME}://${HOOK_HOST}:${PORT}/postmark
    MessageStream: ${STREAM}
    HttpAuth: { Username: \"${USER_NAME}\", Password: \"${HOOK_PASSWORD}\" }
    Triggers: { Bounce: { Enabled: true }, SpamComplaint: { Enabled: true } }
";

fn bare() -> TestEnv {
    let mut env = TestEnv::new();
    env.unset("POSTMARK_API_URL").unset("POSTMARK_SERVER_TOKEN");
    env
}

fn with_file(manifest: &str) -> TestEnv {
    let env = bare();
    env.file("hooks.yaml", manifest);
    env
}

/// A server that answers the three questions.
pub fn server(webhooks: Value, settings: Value) -> Faulty {
    let mut whole = json!({"ID": 7, "Name": "Shop", "ApiTokens": ["CANARY-token"], "TrackOpens": true,
        "TrackLinks": "HtmlAndText", "InboundHookUrl": "", "EnableSmtpApiErrorHooks": false});
    for (key, value) in settings.as_object().unwrap() {
        whole[key] = value.clone();
    }
    let streams = json!({"TotalCount": 1, "MessageStreams": [
        {"ID": "outbound", "MessageStreamType": "Transactional", "ArchivedAt": null}]});
    Faulty::new([
        Step::answer(200, json!({"Webhooks": webhooks})).only("GET", "/webhooks").forever(),
        Step::answer(200, whole).only("GET", "/server").forever(),
        Step::answer(200, streams).only("GET", "/message-streams").forever(),
    ])
}

fn good() -> Value {
    let mut good = webhook(5);
    good["HttpAuth"]["Password"] = "kZ3-long-and-random".into();
    good["Triggers"]["Bounce"]["IncludeContent"] = false.into();
    good["Triggers"]["SpamComplaint"]["Enabled"] = true.into();
    good
}

#[test]
fn the_examples_of_the_sandbox_could_be_better() {
    let env = bare();
    env.run("-p sandbox lint").check(str![[r#"
RULE   LEVEL    WHERE    STREAM     MESSAGE                                                                                           FIX
PM001  error    1234567  outbound   its URL is plain http: what is posted, credentials too, can be read on the way                    `pmhooks -p sandbox edit 1234567 --url https://www.example.com/webhook-test-tracking`
PM014  warning  1234567  outbound   open is on, but the server does not track opens: only messages that ask for it by themselves are  `pmhooks -p sandbox server edit --track-opens true`
PM015  warning  1234567  outbound   click is on, but the server tracks no links: only messages that ask for it by themselves are      `pmhooks -p sandbox server edit --track-links html-and-text`
PM020  warning  1234567  outbound   its HttpAuth password is short or well known, and the only thing that keeps others out            `pmhooks -p sandbox edit 1234567 --username user --password env:HOOK_PASSWORD`
PM001  error    1234568  outbound   its URL is plain http: what is posted, credentials too, can be read on the way                    `pmhooks -p sandbox edit 1234568 --url https://www.example.com/webhook-test-bounce`
PM020  warning  1234568  outbound   its HttpAuth password is short or well known, and the only thing that keeps others out            `pmhooks -p sandbox edit 1234568 --username user --password env:HOOK_PASSWORD`
PM007  warning  stream   outbound   no webhook of stream outbound gets spam complaints: whoever complains is mailed again             `pmhooks -p sandbox edit 1234567 --on spam-complaint`
PM008  info     stream   broadcast  stream broadcast has no webhook: nobody hears of its bounces                                      `pmhooks -p sandbox create --stream broadcast --url https://HOST/PATH --on bounce,spam-complaint`
--- stderr
2 errors, 5 warnings, 1 info in 2 webhooks; see pmhooks lint --explain PM001
--- exit 1
"#]]);
    env.run("-p sandbox lint --stream broadcast").check(str![[r#"
RULE   LEVEL  WHERE   STREAM     MESSAGE                                                       FIX
PM008  info   stream  broadcast  stream broadcast has no webhook: nobody hears of its bounces  `pmhooks -p sandbox create --stream broadcast --url https://HOST/PATH --on bounce,spam-complaint`
--- stderr
Skipped with --stream: PM016.
1 info in 0 webhooks; see pmhooks lint --explain PM008
--- exit 1
"#]]);
}

#[test]
fn a_good_server_has_no_findings() {
    let api = server(json!([good()]), json!({}));
    let env = TestEnv::with_api(api.url());
    env.run("lint").check(str![[r#"
RULE  LEVEL  WHERE  STREAM  MESSAGE  FIX
--- stderr
Nothing found in 1 webhook.
"#]]);
    env.run("lint -o json").check(str![[r#"
{
  "Findings": [],
  "Summary": {
    "Errors": 0,
    "Warnings": 0,
    "Infos": 0,
    "Webhooks": 1,
    "Skipped": []
  }
}
"#]]);
    env.run("lint -o ids").check(str![[r#"
--- stderr
Nothing found in 1 webhook.
"#]]);
}

#[test]
fn each_finding_has_the_documented_shape_and_no_secret() {
    let mut wrong = good();
    wrong["Url"] = "https://u:CANARY-url@hooks.example.com/?sig=CANARY-query&x=1".into();
    wrong["HttpHeaders"] = json!([{"Name": "X-PM-Trace", "Value": "CANARY-header"}]);
    wrong["HttpAuth"]["Password"] = "CANARY".into();
    wrong["Status"] = "unverified".into();
    let api =
        server(json!([wrong]), json!({"BounceHookUrl": "https://u:CANARY-old@h.example.com/"}));
    let env = TestEnv::with_api(api.url());
    let report = env.run("lint -o json").code(1).lacks("CANARY").json();
    let rules: Vec<_> = report["Findings"].as_array().unwrap().iter().map(|f| &f["Rule"]).collect();
    assert_eq!(rules, ["PM010", "PM003", "PM018", "PM019", "PM020", "PM013"]);
    assert_eq!(
        report["Findings"][1],
        json!({
            "Rule": "PM003", "Level": "warning", "ID": 5,
            "Url": "https://u:********@hooks.example.com/?sig=********&x=1",
            "MessageStream": "outbound", "Profile": null,
            "Message": "its URL carries user:password@ and the secret \"sig\": URLs end up in logs and on screens",
            "Fix": "`pmhooks edit 5 --url 'https://hooks.example.com/?x=1'`",
        })
    );
    assert_eq!(
        report["Summary"],
        json!({"Errors": 1, "Warnings": 5, "Infos": 0, "Webhooks": 1, "Skipped": []})
    );
    for format in ["table", "yaml", "tsv", "sarif", "jsonl"] {
        env.run(format!("lint --show-secrets -o {format}")).code(1).lacks("CANARY");
    }
    env.run("lint -o ids -q").check(str![[r#"
5
--- exit 1
"#]]);
    env.run("lint -o tsv -q --columns rule,name,id,where,stream,url --no-header").check(str![[
        r#"
PM010	unverified	5	5	outbound	https://u:********@hooks.example.com/?sig=********&x=1
PM003	credentials-in-url	5	5	outbound	https://u:********@hooks.example.com/?sig=********&x=1
PM018	overridden-header	5	5	outbound	https://u:********@hooks.example.com/?sig=********&x=1
PM019	two-credentials	5	5	outbound	https://u:********@hooks.example.com/?sig=********&x=1
PM020	weak-password	5	5	outbound	https://u:********@hooks.example.com/?sig=********&x=1
PM013	legacy-hook		server		
--- exit 1
"#
    ]]);
}

#[test]
fn a_fix_that_is_a_command_works() {
    let env = bare();
    let mend = |env: &TestEnv| {
        let report = env.run("-p sandbox lint -o json --ignore PM008").json();
        let fix = report["Findings"][0]["Fix"].as_str().map(str::to_owned)?;
        let command = fix.trim_matches('`').to_owned();
        assert!(command.starts_with("pmhooks -p sandbox "), "{command}");
        env.shell(&command).env("HOOK_PASSWORD", "kZ3-long-and-random").run().code(0);
        Some(())
    };
    let mended = std::iter::from_fn(|| mend(&env)).take(20).count();
    assert_eq!(mended, 7);
    env.run("-p sandbox lint --ignore no-webhook").code(0);
}

#[test]
fn levels_decide_how_it_ends() {
    let mut info = good();
    info["Triggers"]["Bounce"]["IncludeContent"] = true.into();
    let api = server(json!([info]), json!({}));
    let env = TestEnv::with_api(api.url());
    env.run("lint -q").code(1).has("PM011");
    env.run("lint -q --deny info").code(1);
    env.run("lint -q --deny warning").code(0).has("PM011");
    env.run("lint -q --deny error").code(0);
    env.run("lint -q --ignore pm011").code(0).lacks("PM011");
    env.run("lint -q --ignore PM001,content --ignore PM002").code(0);
    for bad in ["--deny fatal", "--ignore PM0O1", "--ignore PM999", "--ignore ''", "--var A=b"] {
        env.run(format!("lint {bad}")).code(2);
    }
    env.run("lint --ignore PM0O1").check(str![[r#"
--- stderr
pmhooks: error: invalid value for '--ignore <RULE,...>': there is no rule "PM0O1"; did you mean PM001? `pmhooks lint --rules` lists them
--- exit 2
"#]]);
}

#[test]
fn a_manifest_needs_no_token_and_no_secret() {
    // torture 74
    let env = with_file(GOOD);
    env.run("lint hooks.yaml").check(str![[r#"
RULE  LEVEL  WHERE  STREAM  MESSAGE  FIX
--- stderr
SCHEME, HOOK_HOST, PORT, STREAM, USER_NAME, HOOK_PASSWORD are not set here: what hangs on that is not looked into.
Skipped, as a manifest does not say it: PM008, PM010, PM013, PM014, PM015.
Nothing found in 1 webhook.
"#]]);
    let mut env = with_file(WRONG);
    env.run("lint hooks.yaml").lacks("CANARY").check(str![[r#"
RULE   LEVEL    WHERE             STREAM    MESSAGE                                                                                                 FIX
PM001  error    hooks.yaml:2:3              its URL is plain http: what is posted, credentials too, can be read on the way                          write https://${HOOK_HOST}/inbound as InboundHookUrl
PM002  warning  hooks.yaml:2:3              nothing authenticates Postmark: whoever knows the URL can post events to it                             put user:password@ into InboundHookUrl: it has no other place for them
PM016  warning  hooks.yaml:3:3              SMTP API errors are wanted, but they come to webhooks with a bounce trigger, and there is none          switch Bounce on in a webhook
PM006  warning  hooks.yaml:5:5    outbound  no webhook of stream outbound gets bounces: dead addresses go unnoticed                                 switch Bounce on in one of its webhooks
PM007  warning  hooks.yaml:5:5    outbound  no webhook of stream outbound gets spam complaints: whoever complains is mailed again                   switch SpamComplaint on in one of its webhooks
PM004  error    hooks.yaml:9:5    outbound  its host is a tunnel (ngrok.io): it ends with somebody's session, and the name may go to somebody else  write https://HOST/PATH as Url
PM003  warning  hooks.yaml:9:5    outbound  its URL carries user:password@: URLs end up in logs and on screens                                      take them out of Url
PM021  warning  hooks.yaml:9:10             a secret stands here in clear: Webhooks.Url                                                             write a reference such as ${HOOK_PASSWORD} there, and set it where apply runs
PM019  warning  hooks.yaml:10:5   outbound  it has both HttpAuth and credentials in its URL: which of them Postmark sends is not documented         take user:password@ out of Url
PM020  warning  hooks.yaml:10:5   outbound  its HttpAuth password is short or well known, and the only thing that keeps others out                  give it a long random password: HttpAuth.Password: "${HOOK_PASSWORD}"
PM021  warning  hooks.yaml:10:47            a secret stands here in clear: Webhooks.HttpAuth.Password                                               write a reference such as ${HOOK_PASSWORD} there, and set it where apply runs
PM018  warning  hooks.yaml:11:5   outbound  it sets User-Agent, which Postmark sets itself                                                          take User-Agent out of HttpHeaders
--- stderr
HOOK_HOST, HOOK_PASSWORD are not set here: what hangs on that is not looked into.
Skipped, as a manifest does not say it: PM008, PM010, PM013, PM014, PM015.
2 errors, 10 warnings in 2 webhooks; see pmhooks lint --explain PM001
--- exit 1
"#]]);
    env.run("lint -f hooks.yaml -o json --columns x").code(2);
    let report = env.run("lint -f hooks.yaml -o json").code(1).lacks("CANARY").json();
    assert_eq!(
        report["Findings"][5],
        json!({
            "Rule": "PM004", "Level": "error", "ID": null,
            "Url": "https://u:********@abc.ngrok.io/postmark", "MessageStream": "outbound",
            "Profile": null,
            "Message": "its host is a tunnel (ngrok.io): it ends with somebody's session, and the name may go to somebody else",
            "Fix": "write https://HOST/PATH as Url",
            "Place": "hooks.yaml:9:5",
        })
    );
    assert_eq!(report["Summary"]["Skipped"], json!(["PM008", "PM010", "PM013", "PM014", "PM015"]));
    env.run("lint hooks.yaml --stream broadcast --ignore literal-secret").check(str![[r#"
RULE  LEVEL  WHERE  STREAM  MESSAGE  FIX
--- stderr
HOOK_HOST, HOOK_PASSWORD are not set here: what hangs on that is not looked into.
Skipped, as a manifest does not say it: PM008, PM010, PM013, PM014, PM015.
Skipped with --stream: PM016.
Nothing found in 0 webhooks.
"#]]);
    // What is known is looked into.
    env.run("lint hooks.yaml --var HOOK_HOST=hooks.local --ignore PM021")
        .code(1)
        .has("hooks.yaml:5:5");
    env.env("HOOK_PASSWORD", "short");
    let weak = env.run("lint hooks.yaml -o tsv --columns rule,where");
    assert_eq!(weak.stdout.lines().filter(|line| line.starts_with("PM020")).count(), 2);
}

#[test]
fn a_manifest_knows_the_variables_of_a_profile() {
    let env = with_file(GOOD);
    env.config(
        "default_profile = \"a\"\n[profiles.a]\nserver_token_env = \"NOWHERE\"\n\
         [profiles.a.vars]\nHOOK_HOST = \"localhost\"\nPORT = \"443\"\nSCHEME = \"https\"\n",
    );
    env.run("lint hooks.yaml").code(1).has("PM004");
    env.run("lint hooks.yaml --var HOOK_HOST=hooks.example.com").code(0);
    env.run("lint hooks.yaml -p sandbox").code(0);
    env.run("lint hooks.yaml -p nowhere").code(3);
}

#[test]
fn a_broken_manifest_is_told_as_by_diff() {
    let broken =
        "Webhooks:\n  - Url: ftp://${HOST}/\n  - Url: https://h.example.com/a\n    Trigers: {}\n";
    let env = with_file(broken);
    env.run("lint hooks.yaml").check(str![[r#"
--- stderr
pmhooks: error: 2 faults in the manifest
  because hooks.yaml:2:10: Url: it does not start with https:// (or http://)
  because hooks.yaml:4:5: there is no key "Trigers"; did you mean Triggers?
--- exit 2
"#]]);
    env.run("lint missing.yaml").code(2);
    env.cmd("lint -").stdin(GOOD).run().code(0);
    env.cmd("lint - -").stdin(GOOD).run().code(2);
}

#[test]
fn the_rules_are_listed_and_explained() {
    let env = bare();
    env.run("lint --rules").check(str![[r#"
RULE   LEVEL    NAME                 FINDS
PM001  error    plain-http           a URL that is plain http
PM002  warning  no-authentication    nothing that authenticates Postmark
PM003  warning  credentials-in-url   credentials in the URL: user:password@ or a secret query value
PM004  error    not-public           a host that is local, private, a tunnel or a request bin
PM005  warning  duplicate-trigger    two webhooks that post the same event of a stream to the same URL
PM006  warning  no-bounces           a stream whose webhooks get no bounces
PM007  warning  no-spam-complaints   a stream whose webhooks get no spam complaints
PM008  info     no-webhook           a stream without any webhook
PM009  warning  silent               a webhook without any trigger on
PM010  error    unverified           a webhook that Postmark has not verified
PM011  info     content              IncludeContent on: events that carry whole messages
PM012  warning  limit                a stream with 8 or more of its 10 webhooks
PM013  warning  legacy-hook          an old hook URL of the server beside a webhook for the same event
PM014  warning  opens-not-tracked    an open trigger on a server that does not track opens
PM015  warning  clicks-not-tracked   a click trigger on a server that tracks no links
PM016  warning  smtp-errors-unheard  SMTP API errors wanted, and no bounce trigger anywhere
PM017  warning  shared-secret        one secret in the webhooks of two profiles
PM018  warning  overridden-header    a header that overrides one which Postmark sets
PM019  warning  two-credentials      both HttpAuth and user:password@ in the URL
PM020  warning  weak-password        an HttpAuth password that is short or well known
PM021  warning  literal-secret       a secret in clear in a manifest
"#]]);
    env.run("lint --explain pm004,silent").check(str![[r#"
Rule     PM004 (not-public)
Level    error
Finds    a host that is local, private, a tunnel or a request bin
LooksAt  servers and manifests
Why      A loopback or private address, a name without a dot, or one such as .local or .internal cannot be reached by Postmark: every event is lost after its retries. A tunnel (ngrok, trycloudflare, ...) ends with a session, and its name may be given to somebody else, who then reads your events. A request bin (webhook.site, ...) shows them to whoever has the link. Good for an afternoon; delete the webhook afterwards.

Rule     PM009 (silent)
Level    warning
Finds    a webhook without any trigger on
LooksAt  servers and manifests
Why      It is never posted to, and counts against the limit of webhooks per stream. Switch a trigger on, or delete it.
"#]]);
    let all = env.run("lint --explain all -o json").code(0).json();
    assert_eq!(all.as_array().unwrap().len(), 21);
    assert_eq!(env.run("lint --rules -o ids").stdout.lines().count(), 21);
    env.run("lint --explain PM100").code(2).has("lint --rules");
    env.run("lint --explain PM001 hooks.yaml").code(2);
}

#[test]
fn what_cannot_be_asked_is_said() {
    let api = Faulty::new([
        Step::answer(200, json!({"Webhooks": []})).only("GET", "/webhooks").forever(),
        Step::answer(403, json!({"ErrorCode": 1220, "Message": "No."}))
            .only("GET", "/message-streams"),
        Step::answer(200, json!({"ID": 1, "Name": "s"})).only("GET", "/server").forever(),
    ]);
    TestEnv::with_api(api.url()).run("lint").check(str![[r#"
--- stderr
pmhooks: error: cannot list the message streams of the server of POSTMARK_SERVER_TOKEN
  because Postmark refused (403, code 1220): No.
  hint: the token's server may not manage message streams
--- exit 5
"#]]);
}

#[test]
fn several_profiles_are_looked_at_together() {
    let sandbox = TestEnv::new();
    let serving = sandbox.spawn("sandbox serve --port 0 --memory");
    let url = serving.wait_for_url();
    let mut env = bare();
    env.env("HOOK_PASSWORD", "CANARY-of-both-servers");
    let profile = |name: &str, token: &str| {
        format!("[profiles.{name}]\nserver_token = \"{token}\"\napi_url = \"{url}\"\n")
    };
    env.config(
        &[
            profile("staging", "11111111-1111-4111-8111-111111111111"),
            profile("production", "22222222-2222-4222-8222-222222222222"),
            profile("refused", "not-a-token"),
        ]
        .concat(),
    );
    for name in ["staging", "production"] {
        let create =
            "create -q -o ids --on bounce,spam-complaint --username u --password env:HOOK_PASSWORD";
        env.run(format!("-p {name} {create} --url https://{name}.example.com/pm")).code(0);
    }
    env.run("lint -p staging --ignore PM008").code(0);
    env.run("lint -p staging,production --ignore PM008").lacks("CANARY").check(str![[r#"
PROFILE     RULE   LEVEL    WHERE    STREAM    MESSAGE                                                                          FIX
production  PM017  warning  1234570  outbound  its HttpAuth password is the same as that of webhook 1234569 of profile staging  `pmhooks -p production edit 1234570 --username u --password env:HOOK_PASSWORD`
--- stderr
1 warning in 2 webhooks; see pmhooks lint --explain PM017
--- exit 1
"#]]);
    let both = env.run("lint -p staging,production -o json").code(1).lacks("CANARY").json();
    let profiles: Vec<_> =
        both["Findings"].as_array().unwrap().iter().map(|f| (&f["Profile"], &f["Rule"])).collect();
    let (staging, production) = (json!("staging"), json!("production"));
    let (shared, bare) = (json!("PM017"), json!("PM008"));
    assert_eq!(profiles, [(&staging, &bare), (&production, &shared), (&production, &bare)]);
    // A profile that does not answer hides nothing.
    env.run("lint --all-profiles --ignore PM008 --columns profile,rule,where").check(str![[r#"
PROFILE     RULE   WHERE
production  PM017  1234570
--- stderr
1 warning in 2 webhooks; see pmhooks lint --explain PM017
pmhooks: error: 1 of 3 profiles could not be looked at
  because refused: cannot list the webhooks: Postmark refused (401, code 10): Request does not contain a valid Server token.
  hint: the token comes from configuration file
  hint: it must be a server token (Postmark: the server, API Tokens), not an account token
  hint: see which token is used: `pmhooks -p refused whoami`
--- exit 7
"#]]);
}
