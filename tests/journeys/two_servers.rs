//! Staging and production: compared with each other, and changed by one manifest.

use crate::support::*;

const STAGING: &str = "7d1b2c3e-0000-4000-8000-000000000001";
const PRODUCTION: &str = "7d1b2c3e-0000-4000-8000-000000000002";

/// Two empty servers of one sandbox, each with its host in its profile's vars.
fn two(rules: &str) -> Sandboxed {
    two_with("", rules)
}

fn two_with(options: &str, rules: &str) -> Sandboxed {
    let mut servers = Sandboxed::new(options);
    servers.env.unset("POSTMARK_SERVER_TOKEN").env("HOOK_PASSWORD", "s3cret");
    let url = servers.log.url();
    servers.env.config(&format!(
        "[profiles.staging]\nserver_token = \"{STAGING}\"\napi_url = \"{url}\"\n\
         vars = {{ HOOK_HOST = \"hooks.staging.example.com\", ENV = \"staging\" }}\n\
         [profiles.production]\nserver_token = \"{PRODUCTION}\"\napi_url = \"{url}\"\n{rules}\n\
         vars = {{ HOOK_HOST = \"hooks.example.com\", ENV = \"production\" }}\n"
    ));
    servers.env.file("hooks.yaml", MANIFEST);
    servers
}

const MANIFEST: &str = "\
Server:
  InboundHookUrl: https://${HOOK_HOST}/inbound
Webhooks:
  - Url: https://${HOOK_HOST}/postmark
    HttpAuth: { Username: postmark, Password: \"${HOOK_PASSWORD}\" }
    HttpHeaders: [{ Name: X-Env, Value: \"${ENV}\" }]
    Triggers:
      Bounce: { Enabled: true, IncludeContent: true }
";

/// What was written, a line each, with the server that it went to.
fn written(servers: &Sandboxed) -> Vec<String> {
    let writes = servers.log.requests().into_iter().filter(|r| r.method != "GET");
    let whose = |token: Option<&str>| match token {
        Some(STAGING) => "staging",
        Some(PRODUCTION) => "production",
        _ => "nobody",
    };
    writes
        .map(|r| format!("{} {} {}", whose(r.header("x-postmark-server-token")), r.method, r.path))
        .collect()
}

#[test]
fn one_manifest_goes_to_both_one_after_the_other() {
    let servers = two("");
    let env = &servers.env;
    env.run("diff hooks.yaml -p staging,production").check(str![[r#"
PROFILE     CHANGE    ID  STREAM    URL                                         FIELD                           BEFORE   AFTER                                       RESULT
staging     ~ update      (server)                                              Server.InboundHookUrl           (empty)  https://hooks.staging.example.com/inbound   planned
staging     + create      outbound  https://hooks.staging.example.com/postmark  Url                             (none)   https://hooks.staging.example.com/postmark  planned
staging     + create      outbound  https://hooks.staging.example.com/postmark  MessageStream                   (none)   outbound                                    planned
staging     + create      outbound  https://hooks.staging.example.com/postmark  HttpAuth.Username               (none)   postmark                                    planned
staging     + create      outbound  https://hooks.staging.example.com/postmark  HttpAuth.Password               (none)   ********                                    planned
staging     + create      outbound  https://hooks.staging.example.com/postmark  HttpHeaders.X-Env               (none)   staging                                     planned
staging     + create      outbound  https://hooks.staging.example.com/postmark  Triggers.Bounce.Enabled         (none)   true                                        planned
staging     + create      outbound  https://hooks.staging.example.com/postmark  Triggers.Bounce.IncludeContent  (none)   true                                        planned
production  ~ update      (server)                                              Server.InboundHookUrl           (empty)  https://hooks.example.com/inbound           planned
production  + create      outbound  https://hooks.example.com/postmark          Url                             (none)   https://hooks.example.com/postmark          planned
production  + create      outbound  https://hooks.example.com/postmark          MessageStream                   (none)   outbound                                    planned
production  + create      outbound  https://hooks.example.com/postmark          HttpAuth.Username               (none)   postmark                                    planned
production  + create      outbound  https://hooks.example.com/postmark          HttpAuth.Password               (none)   ********                                    planned
production  + create      outbound  https://hooks.example.com/postmark          HttpHeaders.X-Env               (none)   production                                  planned
production  + create      outbound  https://hooks.example.com/postmark          Triggers.Bounce.Enabled         (none)   true                                        planned
production  + create      outbound  https://hooks.example.com/postmark          Triggers.Bounce.IncludeContent  (none)   true                                        planned
--- stderr
staging: 1 to create, 1 to change, 0 to delete; 0 as they should be.
production: 1 to create, 1 to change, 0 to delete; 0 as they should be.
--- exit 1
"#]]);
    env.run("apply hooks.yaml -p staging,production --yes --columns profile,change,url,result")
        .check(str![[r#"
PROFILE     CHANGE    URL                                         RESULT
staging     ~ update                                              Done
staging     + create  https://hooks.staging.example.com/postmark  Done
staging     + create  https://hooks.staging.example.com/postmark  Done
staging     + create  https://hooks.staging.example.com/postmark  Done
staging     + create  https://hooks.staging.example.com/postmark  Done
staging     + create  https://hooks.staging.example.com/postmark  Done
staging     + create  https://hooks.staging.example.com/postmark  Done
staging     + create  https://hooks.staging.example.com/postmark  Done
production  ~ update                                              Done
production  + create  https://hooks.example.com/postmark          Done
production  + create  https://hooks.example.com/postmark          Done
production  + create  https://hooks.example.com/postmark          Done
production  + create  https://hooks.example.com/postmark          Done
production  + create  https://hooks.example.com/postmark          Done
production  + create  https://hooks.example.com/postmark          Done
production  + create  https://hooks.example.com/postmark          Done
--- stderr
Done: 4 changes.
"#]]);
    assert_data_eq!(
        written(&servers).join("\n"),
        str![[r#"
staging PUT /server
staging POST /webhooks
production PUT /server
production POST /webhooks
"#]]
    );
    env.run("diff hooks.yaml -p staging,production").check(str![[r#"
PROFILE  CHANGE  ID  STREAM  URL  FIELD  BEFORE  AFTER  RESULT
--- stderr
staging: No difference: 1 webhook is as the manifest says.
production: No difference: 1 webhook is as the manifest says.
"#]]);
    env.run("apply hooks.yaml -p staging,production --yes").check(str![[r#"
PROFILE  CHANGE  ID  STREAM  URL  FIELD  BEFORE  AFTER  RESULT
--- stderr
The servers are so already; nothing was sent.
"#]]);
    env.run("diff -p staging,production").check(str![[r#"
PROFILE  CHANGE  ID  STREAM  URL  FIELD  BEFORE  AFTER  RESULT
--- stderr
No difference between staging and production: 1 webhook is the same.
"#]]);
    let report = env.run("diff hooks.yaml --all-profiles -o json").json();
    assert_eq!(report["Summary"], json!({"Create": 0, "Update": 0, "Delete": 0, "Unchanged": 2}));
}

#[test]
fn two_servers_are_compared_and_the_first_is_the_one_to_follow() {
    let servers = two("");
    let env = &servers.env;
    env.run("apply hooks.yaml --all-profiles --yes -q").code(0);
    env.run("-p staging create --url https://hooks.staging.example.com/new --on open -q").code(0);
    env.run("-p production create --url https://stray.example/ --on open -q").code(0);
    let id = env.run("list -p production -o ids").stdout;
    let id = id.lines().next().unwrap().to_owned();
    env.cmd(format!(
        "-p production edit {id} --off bounce -q --username postmark --password env:P --header X-Env:production --header X-Hand:made"
    ))
    .env("P", "other")
    .run()
    .code(0);
    env.run("diff -p staging,production").lacks("s3cret").check(str![[r#"
PROFILE     CHANGE    ID       STREAM    URL                                 FIELD                    BEFORE    AFTER                          RESULT
production  + create           outbound  https://hooks.example.com/new       Url                      (none)    https://hooks.example.com/new  planned
production  + create           outbound  https://hooks.example.com/new       MessageStream            (none)    outbound                       planned
production  + create           outbound  https://hooks.example.com/new       Triggers.Open.Enabled    (none)    true                           planned
production  ~ update  1234570  outbound  https://hooks.example.com/postmark  HttpAuth.Password        ********  changed                        planned
production  ~ update  1234570  outbound  https://hooks.example.com/postmark  Triggers.Bounce.Enabled  false     true                           planned
production  ~ update  1234570  outbound  https://hooks.example.com/postmark  HttpHeaders.X-Hand       made      (none)                         planned
production  - delete  1234572  outbound  https://stray.example/              (all of it)                                                       planned
--- stderr
To make production like staging: 1 to create, 1 to change, 1 to delete; 0 as they should be.
--- exit 1
"#]]);
    env.run("diff -p production,staging").code(1).has("To make staging like production: ");
    let report = env.run("diff -p staging,production -o json").code(1).json();
    assert_eq!(report["Wanted"], "staging");
    let whose: Vec<_> =
        report["Changes"].as_array().unwrap().iter().map(|c| c["Profile"].clone()).collect();
    assert_eq!(whose, ["production"; 3]);
    env.cmd("diff -p staging,production").pty_sized(100, 40).finish().check(str![[r#"
To make production like staging:
+ create  outbound  https://hooks.example.com/new
    Triggers.Open.Enabled: true
~ update  1234570  outbound  https://hooks.example.com/postmark
    HttpAuth.Password: ******** -> changed
    Triggers.Bounce.Enabled: false -> true
    HttpHeaders.X-Hand: made -> (none)
- delete  1234572  outbound  https://stray.example/
To make production like staging: 1 to create, 1 to change, 1 to delete; 0 as they should be.
--- exit 1
"#]]);
    for refused in ["diff --all-profiles --var A=b", "diff -p staging,production,sandbox"] {
        env.run(refused).code(2);
    }
    env.run("diff -p staging,sandbox --columns profile,change,url").check(str![[r#"
PROFILE  CHANGE    URL
sandbox  ~ update
sandbox  + create  https://hooks.staging.example.com/new
sandbox  + create  https://hooks.staging.example.com/new
sandbox  + create  https://hooks.staging.example.com/new
sandbox  + create  https://hooks.staging.example.com/postmark
sandbox  + create  https://hooks.staging.example.com/postmark
sandbox  + create  https://hooks.staging.example.com/postmark
sandbox  + create  https://hooks.staging.example.com/postmark
sandbox  + create  https://hooks.staging.example.com/postmark
sandbox  + create  https://hooks.staging.example.com/postmark
sandbox  + create  https://hooks.staging.example.com/postmark
sandbox  - delete  http://www.example.com/webhook-test-bounce
sandbox  - delete  http://www.example.com/webhook-test-tracking
--- stderr
POSTMARK_API_URL is ignored: the profile sandbox has its own API.
pmhooks: warning: HOOK_HOST is in the vars of staging, but not of sandbox: its value is compared as it is
pmhooks: warning: ENV is in the vars of staging, but not of sandbox: its value is compared as it is
To make sandbox like staging: 2 to create, 1 to change, 2 to delete; 0 as they should be.
--- exit 1
"#]]);
    assert!(!written(&servers).iter().any(|line| line.starts_with("nobody")));
}

#[test]
fn a_manifest_that_one_profile_cannot_use_is_sent_to_none() {
    let servers = two("");
    let env = &servers.env;
    env.file("hooks.yaml", MANIFEST.replace("${ENV}", "${NOWHERE}"));
    env.run("diff hooks.yaml -p staging,production").check(str![[r#"
--- stderr
pmhooks: error: hooks.yaml:6:41: NOWHERE is not set: give --var NOWHERE=VALUE, or set it in the profile's vars or the environment
--- exit 2
"#]]);
    let config = env.read(".config/pmhooks/config.toml");
    env.config(&config.replacen("ENV = \"staging\"", "NOWHERE = \"here\"", 1));
    env.run("apply hooks.yaml -p staging,production --yes").check(str![[r#"
--- stderr
pmhooks: error: the manifest cannot be used for 1 of 2 profiles
  because production: hooks.yaml:6:41: NOWHERE is not set: give --var NOWHERE=VALUE, or set it in the profile's vars or the environment
--- exit 2
"#]]);
    env.run("diff hooks.yaml -p staging,production --plan-out plan.json").code(2);
    assert_eq!(servers.log.requests().len(), 0);
    env.run("-p staging diff hooks.yaml --plan-out plan.json -q").code(1);
    env.run("apply --plan plan.json -p staging,production --yes").check(str![[r#"
--- stderr
pmhooks: error: a kept plan is for one profile, and several are named
--- exit 2
"#]]);
    assert_eq!(written(&servers), [""; 0]);
}

#[test]
fn one_that_cannot_be_planned_leaves_all_as_they_are() {
    let servers = two("");
    let env = &servers.env;
    let config = env.read(".config/pmhooks/config.toml");
    env.config(&config.replace(PRODUCTION, "no-token-of-the-sandbox"));
    env.run("apply hooks.yaml -p staging,production --yes").check(str![[r#"
--- stderr
pmhooks: error: nothing was done: 1 of 2 profiles could not be planned
  because production: cannot list the webhooks: Postmark refused (401, code 10): Request does not contain a valid Server token.
  hint: it must be a server token (Postmark: the server, API Tokens), not an account token
  hint: see which token is used: `pmhooks -p production whoami`
--- exit 4
"#]]);
    env.run("diff hooks.yaml -p staging,production -o json").code(7).has("\"Action\": \"Create\"");
    env.run("diff -p staging,production").code(4).has("nothing was done");
    env.config(&config.replace(PRODUCTION, STAGING));
    env.run("apply hooks.yaml -p staging,production --yes").check(str![[r#"
--- stderr
pmhooks: error: staging and production are both server 2
  hint: name one of them
--- exit 2
"#]]);
    assert_eq!(written(&servers), [""; 0]);
}

#[test]
fn what_goes_wrong_on_the_first_is_not_tried_on_the_second() {
    let home = TestEnv::new();
    let sandbox = home.spawn("sandbox serve --port 0 --memory");
    let refuses = Faulty::new([
        Step::refused(422, 1354, "A valid Url is required.").only("POST", "/webhooks"),
        Step::forward(&sandbox.wait_for_url()).forever(),
    ]);
    let servers = two("");
    let env = &servers.env;
    let config = env.read(".config/pmhooks/config.toml");
    env.config(&config.replace(&servers.log.url(), &refuses.url()));
    let apply = "apply hooks.yaml -p staging,production --yes --columns profile,url,result";
    env.run(apply).check(str![[r#"
PROFILE     URL                                         RESULT
staging                                                 Done
staging     https://hooks.staging.example.com/postmark  Failed
staging     https://hooks.staging.example.com/postmark  Failed
staging     https://hooks.staging.example.com/postmark  Failed
staging     https://hooks.staging.example.com/postmark  Failed
staging     https://hooks.staging.example.com/postmark  Failed
staging     https://hooks.staging.example.com/postmark  Failed
staging     https://hooks.staging.example.com/postmark  Failed
production                                              NotReached
production  https://hooks.example.com/postmark          NotReached
production  https://hooks.example.com/postmark          NotReached
production  https://hooks.example.com/postmark          NotReached
production  https://hooks.example.com/postmark          NotReached
production  https://hooks.example.com/postmark          NotReached
production  https://hooks.example.com/postmark          NotReached
production  https://hooks.example.com/postmark          NotReached
--- stderr
POSTMARK_API_URL is ignored: the profile has an api_url of its own.
pmhooks: error: 3 of 4 changes were not made
  because staging: Create https://hooks.staging.example.com/postmark: Failed: Postmark refused (422, code 1354): A valid Url is required.
  because production: Update the server's settings: NotReached: a profile before it was not done whole
  because production: Create https://hooks.example.com/postmark: NotReached: a profile before it was not done whole
  hint: Postmark wants a whole URL that it can reach, such as https://hooks.example.com/postmark
  hint: run the same command again: it goes on where this stopped
--- exit 7
"#]]);
    assert_eq!(writes(&refuses).matches("POST").count(), 1);
    env.run(apply).code(0);
    env.run("diff hooks.yaml --all-profiles").code(0);
    // Only production is left to do; nothing is asked of the other server that is not the log's.
    env.config(&config);
    env.run(apply).code(0);
}

#[test]
fn each_protected_profile_wants_its_own_name() {
    let servers = two("protected = true");
    let env = &servers.env;
    let apply = "apply hooks.yaml -p staging,production -q";
    env.run(format!("{apply} --yes")).code(2).has("--confirm production");
    env.run(format!("{apply} --confirm production")).code(2).has("give --yes");
    env.run(format!("{apply} --yes --confirm other")).check(str![[r#"
--- stderr
pmhooks: error: --confirm names other, which is none of these profiles
--- exit 2
"#]]);
    env.run(format!("{apply} --yes --confirm production --dry-run -o json"))
        .code(0)
        .has("\"DryRun\": true");
    assert_eq!(written(&servers), [""; 0]);
    let mut terminal = env.pty("apply hooks.yaml -p staging,production");
    terminal.expect("Name of the protected profile").send("staging").key(Key::Enter);
    terminal.finish().assert_restored().code(130);
    assert_eq!(written(&servers), [""; 0]);
    let mut terminal = env.cmd("apply hooks.yaml -p staging,production").pty_sized(100, 60);
    terminal.expect("Name of the protected profile").send("production").key(Key::Enter);
    terminal.expect("Apply to profile staging and profile production?").send("y");
    terminal.finish().assert_restored().code(0).check(str![[r#"
Profile staging:
~ update  the server's settings
    Server.InboundHookUrl: (empty) -> https://hooks.staging.example.com/inbound
+ create  outbound  https://hooks.staging.example.com/postmark
    HttpAuth.Username: postmark
    HttpAuth.Password: ********
    HttpHeaders.X-Env: staging
    Triggers.Bounce.Enabled: true
    Triggers.Bounce.IncludeContent: true
Profile production:
~ update  the server's settings
    Server.InboundHookUrl: (empty) -> https://hooks.example.com/inbound
+ create  outbound  https://hooks.example.com/postmark
    HttpAuth.Username: postmark
    HttpAuth.Password: ********
    HttpHeaders.X-Env: production
    Triggers.Bounce.Enabled: true
    Triggers.Bounce.IncludeContent: true
Profile production is protected: type its name to go on.
Name of the protected profile: production
2 to create, 2 to change, 0 to delete; 0 as they should be.
Apply to profile staging and profile production? [y/N] yes
Profile staging:
~ update  the server's settings  Done
    Server.InboundHookUrl: (empty) -> https://hooks.staging.example.com/inbound
+ create  outbound  https://hooks.staging.example.com/postmark  Done
    HttpAuth.Username: postmark
    HttpAuth.Password: ********
    HttpHeaders.X-Env: staging
    Triggers.Bounce.Enabled: true
    Triggers.Bounce.IncludeContent: true
Profile production:
~ update  the server's settings  Done
    Server.InboundHookUrl: (empty) -> https://hooks.example.com/inbound
+ create  outbound  https://hooks.example.com/postmark  Done
    HttpAuth.Username: postmark
    HttpAuth.Password: ********
    HttpHeaders.X-Env: production
    Triggers.Bounce.Enabled: true
    Triggers.Bounce.IncludeContent: true
Done: 4 changes.
"#]]);
    env.run("create -p production --url https://stray.example/ --on open -q --confirm production")
        .code(0);
    let prune = format!("{apply} --prune --yes --confirm production,staging");
    env.run(&*prune).code(2).has("--confirm-deletes 1");
    env.run(format!("{prune} --confirm-deletes 1")).code(0);
}

// torture 61
#[test]
fn ctrl_c_on_the_first_leaves_the_second_alone() {
    let servers = two_with("--latency 700ms", "");
    let env = &servers.env;
    let apply = env.spawn("apply hooks.yaml -p staging,production --yes --concurrency 1 -o json");
    // Of each the webhooks, its settings and its number; then the first change.
    servers.log.wait_for(7);
    apply.interrupt();
    let run = apply.finish();
    run.code(7).has(
        "\"staging: Create https://hooks.staging.example.com/postmark: NotReached: interrupted\"",
    );
    run.has("\"production: Create https://hooks.example.com/postmark: NotReached: interrupted\"");
    assert_eq!(written(&servers), ["staging PUT /server"]);
}
