//! `diff`.

use crate::support::*;

/// A manifest with a webhook per line: the two examples of the sandbox, as they are.
const EXAMPLES: &str = "\
Webhooks:
  - Url: http://www.example.com/webhook-test-tracking
    Triggers:
      Open: { Enabled: true }
      Delivery: { Enabled: true }
  - Url: http://www.example.com/webhook-test-bounce
    Triggers:
      Bounce: { Enabled: true }
";

fn sandbox(manifest: &str) -> TestEnv {
    let mut env = TestEnv::new();
    env.unset("POSTMARK_API_URL").unset("POSTMARK_SERVER_TOKEN");
    env.file("hooks.yaml", manifest);
    env
}

#[test]
fn a_server_that_is_as_the_file_says_has_no_difference() {
    sandbox(EXAMPLES).run("-p sandbox diff hooks.yaml").check(str![[r#"
CHANGE  ID  STREAM  URL  FIELD  BEFORE  AFTER  RESULT
--- stderr
No difference: 2 webhooks are as the manifest says.
"#]]);
}

#[test]
fn what_differs_is_told_field_by_field_and_is_exit_1() {
    // torture 78
    let manifest = "\
Server:
  EnableSmtpApiErrorHooks: true
Webhooks:
  - Url: http://www.example.com/webhook-test-bounce
    HttpAuth: { Username: postmark, Password: \"${HOOK_PASSWORD}\" }
    Triggers:
      Bounce: { Enabled: false }
      Delivery: { Enabled: true }
  - Url: https://${HOOK_HOST}/news
    MessageStream: broadcast
    Triggers: { SubscriptionChange: { Enabled: true } }
";
    let mut env = sandbox(manifest);
    env.env("HOOK_PASSWORD", "s3cret");
    let diff = "-p sandbox diff hooks.yaml --var HOOK_HOST=hooks.example.com";
    env.run(diff).check(str![[r#"
CHANGE    ID       STREAM     URL                                         FIELD                                BEFORE    AFTER                           RESULT
~ update           (server)                                               Server.EnableSmtpApiErrorHooks       false     true                            planned
+ create           broadcast  https://hooks.example.com/news              Url                                  (none)    https://hooks.example.com/news  planned
+ create           broadcast  https://hooks.example.com/news              MessageStream                        (none)    broadcast                       planned
+ create           broadcast  https://hooks.example.com/news              Triggers.SubscriptionChange.Enabled  (none)    true                            planned
~ update  1234568  outbound   http://www.example.com/webhook-test-bounce  HttpAuth.Username                    user      postmark                        planned
~ update  1234568  outbound   http://www.example.com/webhook-test-bounce  HttpAuth.Password                    ********  changed                         planned
~ update  1234568  outbound   http://www.example.com/webhook-test-bounce  Triggers.Delivery.Enabled            false     true                            planned
~ update  1234568  outbound   http://www.example.com/webhook-test-bounce  Triggers.Bounce.Enabled              true      false                           planned
--- stderr
1 to create, 2 to change, 0 to delete; 0 as they should be.
1 webhook is not in the manifest and left alone: 1234567 (--prune deletes them)
--- exit 1
"#]]);
    env.run(format!("{diff} -o json")).check(str![[r#"
{
  "Changes": [
    {
      "Action": "Update",
      "Profile": "sandbox",
      "MessageStream": null,
      "Url": null,
      "ID": null,
      "Fields": [
        {
          "Path": "Server.EnableSmtpApiErrorHooks",
          "From": false,
          "To": true
        }
      ]
    },
    {
      "Action": "Create",
      "Profile": "sandbox",
      "MessageStream": "broadcast",
      "Url": "https://hooks.example.com/news",
      "ID": null,
      "Fields": [
        {
          "Path": "Url",
          "From": null,
          "To": "https://hooks.example.com/news"
        },
        {
          "Path": "MessageStream",
          "From": null,
          "To": "broadcast"
        },
        {
          "Path": "Triggers.SubscriptionChange.Enabled",
          "From": null,
          "To": true
        }
      ]
    },
    {
      "Action": "Update",
      "Profile": "sandbox",
      "MessageStream": "outbound",
      "Url": "http://www.example.com/webhook-test-bounce",
      "ID": 1234568,
      "Fields": [
        {
          "Path": "HttpAuth.Username",
          "From": "user",
          "To": "postmark"
        },
        {
          "Path": "HttpAuth.Password",
          "From": "********",
          "To": "********"
        },
        {
          "Path": "Triggers.Delivery.Enabled",
          "From": false,
          "To": true
        },
        {
          "Path": "Triggers.Bounce.Enabled",
          "From": true,
          "To": false
        }
      ]
    }
  ],
  "Unmanaged": [
    {
      "ID": 1234567,
      "Url": "http://www.example.com/webhook-test-tracking",
      "MessageStream": "outbound",
      "Status": "verified",
      "HttpAuth": {
        "Username": "user",
        "Password": "********"
      },
      "HttpHeaders": [
        {
          "Name": "name",
          "Value": "value"
        }
      ],
      "Triggers": {
        "Open": {
          "Enabled": true,
          "PostFirstOpenOnly": false
        },
        "Click": {
          "Enabled": true
        },
        "Delivery": {
          "Enabled": true
        },
        "Bounce": {
          "Enabled": false,
          "IncludeContent": false
        },
        "SpamComplaint": {
          "Enabled": false,
          "IncludeContent": false
        },
        "SubscriptionChange": {
          "Enabled": true
        }
      }
    }
  ],
  "Summary": {
    "Create": 1,
    "Update": 2,
    "Delete": 0,
    "Unchanged": 0
  }
}
--- exit 1
"#]]);
    env.run(format!("{diff} --prune -q")).check(str![[r#"
CHANGE    ID       STREAM     URL                                           FIELD                                BEFORE    AFTER                           RESULT
~ update           (server)                                                 Server.EnableSmtpApiErrorHooks       false     true                            planned
+ create           broadcast  https://hooks.example.com/news                Url                                  (none)    https://hooks.example.com/news  planned
+ create           broadcast  https://hooks.example.com/news                MessageStream                        (none)    broadcast                       planned
+ create           broadcast  https://hooks.example.com/news                Triggers.SubscriptionChange.Enabled  (none)    true                            planned
~ update  1234568  outbound   http://www.example.com/webhook-test-bounce    HttpAuth.Username                    user      postmark                        planned
~ update  1234568  outbound   http://www.example.com/webhook-test-bounce    HttpAuth.Password                    ********  changed                         planned
~ update  1234568  outbound   http://www.example.com/webhook-test-bounce    Triggers.Delivery.Enabled            false     true                            planned
~ update  1234568  outbound   http://www.example.com/webhook-test-bounce    Triggers.Bounce.Enabled              true      false                           planned
- delete  1234567  outbound   http://www.example.com/webhook-test-tracking  (all of it)                                                                    planned
--- exit 1
"#]]);
}

#[test]
fn a_person_reads_it_like_a_diff() {
    let env = sandbox(
        "Webhooks:\n  - Url: http://www.example.com/webhook-test-bounce\n    Triggers: { Bounce: { Enabled: false } }\n  - Url: https://h.example/\n",
    );
    env.pty("-p sandbox diff hooks.yaml").finish().check(str![[r#"
+ create  outbound  https://h.example/
~ update  1234568  outbound  http://www.example.com/webhook-test-bounce
    Triggers.Bounce.Enabled: true -> false
1 to create, 1 to change, 0 to delete; 0 as they should be.
1 webhook is not in the manifest and left alone: 1234567 (--prune deletes them)
--- exit 1
"#]]);
}

#[test]
fn a_manifest_that_cannot_be_used_is_refused_before_anything_is_sent() {
    // torture 74, 80, 81, 110
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url());
    env.file("empty.yaml", "");
    env.file(
        "faults.yaml",
        "Webhooks:\n  - Ulr: https://h.example/\n  - Url: https://${NOWHERE}/\n",
    );
    env.file(
        "secret.yaml",
        "Webhooks:\n  - Url: https://h.example/\n    HttpAuth: { Username: u, Password: CANARY }\n",
    );
    let said = [
        "diff",
        "diff empty.yaml",
        "diff missing.yaml",
        "diff .",
        "diff faults.yaml",
        "diff secret.yaml --deny-literal-secrets",
        "diff - -",
        "diff empty.yaml --var 1=x",
    ];
    let said = said.map(|command| {
        let run = env.run(command);
        run.code(2).lacks("CANARY");
        format!("$ pmhooks {command}\n{run}")
    });
    snapbox::assert_data_eq!(
        said.concat(),
        str![[r#"
$ pmhooks diff
--- stderr
pmhooks: error: no manifest is named
  hint: name a file, or - for standard input; `pmhooks export --output-file FILE` writes one
--- exit 2$ pmhooks diff empty.yaml
--- stderr
pmhooks: error: empty.yaml: the file is empty; a manifest has the key Webhooks
--- exit 2$ pmhooks diff missing.yaml
--- stderr
pmhooks: error: cannot read missing.yaml: No such file or directory (os error 2)
  hint: `pmhooks export --output-file FILE` writes a manifest
--- exit 2$ pmhooks diff .
--- stderr
pmhooks: error: cannot use .: it is a folder, not a file
  hint: `pmhooks export --output-file FILE` writes a manifest
--- exit 2$ pmhooks diff faults.yaml
--- stderr
pmhooks: error: 2 faults in the manifest
  because faults.yaml:3:10: NOWHERE is not set: give --var NOWHERE=VALUE, or set it in the profile's vars or the environment
  because faults.yaml:2:5: there is no key "Ulr"; did you mean Url?
--- exit 2$ pmhooks diff secret.yaml --deny-literal-secrets
--- stderr
pmhooks: error: the manifest holds secrets in clear
  because secret.yaml:3:40: Webhooks.HttpAuth.Password holds a secret in clear
  hint: write a reference in their place, such as ${HOOK_PASSWORD}
--- exit 2$ pmhooks diff - -
--- stderr
pmhooks: error: - (standard input) is named twice, but can be read only once
--- exit 2$ pmhooks diff empty.yaml --var 1=x
--- stderr
pmhooks: error: invalid value for '--var <NAME[=VALUE]>': expected NAME=VALUE or NAME, where NAME has letters, digits and _ only
--- exit 2
"#]]
    );
}

#[test]
fn two_live_webhooks_with_one_identity_are_named() {
    let twins = json!({"Webhooks": [webhook(5), webhook(6)]});
    let server = Faulty::new([Step::answer(200, twins)]);
    let env = TestEnv::with_api(server.url());
    let url = webhook(5)["Url"].as_str().unwrap().to_owned();
    env.file("hooks.yaml", format!("Webhooks:\n  - Url: {url}\n"));
    env.run("diff hooks.yaml").check(str![[r#"
--- stderr
pmhooks: error: cannot plan the changes of the server of POSTMARK_SERVER_TOKEN
  because webhooks 5 and 6 have the same stream (outbound) and the same URL, so an entry could mean either
  hint: look at both: `pmhooks get 5 6`; then delete the one that is too many
--- exit 2
"#]]);
}

#[test]
fn headers_in_another_order_and_a_host_in_capitals_are_no_difference() {
    // torture 75
    let headers = json!([{"Name": "B", "Value": "2"}, {"Name": "a", "Value": "1"}]);
    let mut live = webhook_with(5, "HttpHeaders", headers);
    live["Url"] = json!("https://HOOKS.example.com:443/x");
    live["HttpAuth"] = json!({"Username": "u", "Password": ""});
    let server = Faulty::new([Step::answer(200, json!({"Webhooks": [live]}))]);
    let mut env = TestEnv::with_api(server.url());
    env.env("PW", "s3cret");
    env.file("hooks.yaml", "Webhooks:\n  - Url: https://hooks.example.com/x\n    HttpAuth: { Username: u, Password: \"${PW}\" }\n    HttpHeaders:\n      - { Name: A, Value: \"1\" }\n      - { Name: B, Value: \"2\" }\n");
    env.run("diff hooks.yaml").check(str![[r#"
CHANGE  ID  STREAM  URL  FIELD  BEFORE  AFTER  RESULT
--- stderr
pmhooks: warning: Postmark does not show the password of webhook 5, so it is not compared
No difference: 1 webhook is as the manifest says.
"#]]);
}

#[test]
fn a_stream_that_would_have_too_many_is_told_beforehand() {
    // torture 77
    let webhook = |n| format!("  - Url: https://h.example/{n}\n    MessageStream: broadcast\n");
    let manifest = (0..11).map(webhook).collect::<Vec<_>>().concat();
    let env = sandbox(&format!("Webhooks:\n{manifest}"));
    env.run("-p sandbox diff hooks.yaml").check(str![[r#"
--- stderr
pmhooks: error: cannot plan the changes of profile sandbox
  because the stream broadcast would have 11 webhooks, and Postmark allows 10
--- exit 2
"#]]);
}
