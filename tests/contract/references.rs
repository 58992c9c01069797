//! References in manifests: tokens are never inserted, values from the environment never shown.

use crate::support::*;

const SECRET: &str = "Geheim-Wert_0815.4711";

/// A reference in every field that can hold one.
const EVERYWHERE: &str = "\
Server:
  InboundHookUrl: https://in.example.com/${SECRET}
Webhooks:
  - Url: https://e.example.com/c/${SECRET}?q=${SHORT}
    HttpAuth: { Username: \"${SECRET}\", Password: \"p-${SECRET}\" }
    HttpHeaders:
      - { Name: \"X-${NAME}\", Value: \"v-${SECRET}\" }
    Triggers:
      Bounce: { Enabled: true, Note: \"n-${SECRET}\" }
      Delivery: { Enabled: true, Nested: [\"${SECRET}\", { Deep: \"${SHORT}\" }] }
  - Url: https://${SHORT}.example.com/x
    MovedFrom: https://e.example.com/old/${SECRET}
    MessageStream: \"${STREAM}\"
    Triggers: { Open: { Enabled: true } }
";

fn fields(env: &TestEnv, value: &str) -> Vec<String> {
    let fields = [
        format!("  - Url: https://e.example.com/{value}\n"),
        format!("  - Url: https://e.example.com/?q={value}\n"),
        format!("  - Url: \"https://u:{value}@e.example.com/\"\n"),
        format!("  - Url: https://e.example.com/\n    MovedFrom: https://e.example.com/{value}\n"),
        format!("  - Url: https://e.example.com/\n    MessageStream: \"{value}\"\n"),
        format!(
            "  - Url: https://e.example.com/\n    HttpAuth: {{ Username: \"{value}\", Password: p }}\n"
        ),
        format!(
            "  - Url: https://e.example.com/\n    HttpAuth: {{ Username: u, Password: \"a{value}\" }}\n"
        ),
        format!(
            "  - Url: https://e.example.com/\n    HttpHeaders: [{{ Name: X-A, Value: \"Bearer {value}\" }}]\n"
        ),
        format!(
            "  - Url: https://e.example.com/\n    Triggers: {{ Bounce: {{ Enabled: true, Note: \"{value}\" }} }}\n"
        ),
    ];
    let files = fields.iter().enumerate().map(|(at, text)| {
        let name = format!("{at}.yaml");
        env.file(&name, format!("Webhooks:\n{text}"));
        name
    });
    let mut files: Vec<_> = files.collect();
    env.file(
        "server.yaml",
        format!("Server:\n  InboundHookUrl: https://e.example.com/{value}\nWebhooks: []\n"),
    );
    files.push("server.yaml".to_owned());
    files
}

#[test]
fn a_variable_that_holds_a_token_is_refused_in_every_field() {
    let env = TestEnv::with_api(Faulty::untouchable().url());
    for file in fields(&env, "${POSTMARK_SERVER_TOKEN}") {
        for command in
            ["diff", "diff -o json --plan-out plan.json", "apply --yes", "apply --dry-run"]
        {
            env.run(format!("{command} {file}")).code(2).has("POSTMARK_SERVER_TOKEN").lacks(TOKEN);
        }
        env.run(format!("lint {file}")).code(2).has("POSTMARK_SERVER_TOKEN").lacks(TOKEN);
    }
    env.run("diff 0.yaml").check(str![[r#"
--- stderr
pmhooks: error: 0.yaml:2:10: POSTMARK_SERVER_TOKEN holds a Postmark token, which is never inserted
--- exit 2
"#]]);
    assert!(!env.tree().contains("plan.json"));
}

#[test]
fn a_variable_is_refused_by_its_name_whatever_it_holds() {
    let mut env = TestEnv::with_api(Faulty::untouchable().url());
    env.config("[profiles.other]\nserver_token_env = \"CI_TOKEN\"\n");
    env.env("CI_TOKEN", "another").env("POSTMARK_ACCOUNT_TOKEN", "account");
    env.env("POSTMARK_PRODUCTION_TOKEN", "third");
    for name in ["CI_TOKEN", "POSTMARK_ACCOUNT_TOKEN", "POSTMARK_PRODUCTION_TOKEN"] {
        env.file("hooks.yaml", format!("Webhooks:\n  - Url: https://e.example.com/${{{name}}}\n"));
        for extra in ["", &format!("--var {name}"), &format!("--var {name}=x")] {
            env.run(format!("diff hooks.yaml {extra}")).code(2).has(name).has("token");
        }
        env.run("lint hooks.yaml").code(2).has(name);
    }
}

#[test]
fn a_value_that_contains_a_token_is_refused_from_every_source() {
    let api = Faulty::untouchable();
    let mut env = TestEnv::with_api(api.url());
    let other = "99999999-aaaa-4bbb-8ccc-dddddddddddd";
    let config = format!(
        "[profiles.p]\nserver_token = \"{other}\"\napi_url = \"{}\"\nvars = {{ V = \"x{other}\" }}\n",
        api.url()
    );
    env.config(&config);
    let credentials = base64_of(&format!("{TOKEN}:{TOKEN}"));
    let values = [
        TOKEN.to_owned(),
        format!("prefix{TOKEN}suffix"),
        TOKEN.replace('-', "%2d"),
        other.to_uppercase(),
        credentials,
    ];
    for value in values {
        env.env("V", &value);
        for file in fields(&env, "${V}") {
            env.run(format!("diff {file}")).code(2).has("token").lacks(&value);
        }
        env.run("diff 0.yaml --var V").code(2).has("token").lacks(&value);
        env.run("lint 0.yaml").code(2).has("token").lacks(&value);
        env.env("V", "harmless");
        env.run(["diff", "0.yaml", "--var", &format!("V={value}")]).code(2).has("token");
        env.run(["lint", "0.yaml", "--var", &format!("V={value}")]).code(2).has("token");
    }
    env.run("-p p diff 0.yaml").code(2).has("token").lacks(other);
    env.run("-p p lint 0.yaml").code(2).has("token").lacks(other);
    // Halves are as good as the whole.
    let (a, b) = TOKEN.split_at(9);
    env.env("A", a).env("B", b);
    env.file("halves.yaml", "Webhooks:\n  - Url: https://e.example.com/${A}${B}\n");
    env.run("diff halves.yaml").code(2).has("token").lacks(TOKEN);
}

fn base64_of(text: &str) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.encode(text)
}

#[cfg(unix)]
#[test]
fn the_token_of_a_program_or_a_file_is_refused_too() {
    let api = Faulty::untouchable();
    let mut env = TestEnv::new();
    let token = "99999999-aaaa-4bbb-8ccc-dddddddddddd";
    env.file("token", token);
    let url = api.url();
    env.config(&format!(
        "[profiles.program]\nserver_token_command = [\"/bin/echo\", \"{token}\"]\napi_url = \"{url}\"\n\
         [profiles.file]\nserver_token_file = \"{}\"\napi_url = \"{url}\"\n",
        env.home().join("token").display()
    ));
    env.env("V", token);
    env.file("hooks.yaml", "Webhooks:\n  - Url: https://e.example.com/${V}\n");
    for profile in ["program", "file", "program,file"] {
        for command in ["diff", "apply --yes"] {
            env.run(format!("-p {profile} {command} hooks.yaml")).code(2).has("token").lacks(token);
        }
    }
}

/// An empty server, and the manifest with all its variables.
fn everywhere() -> Sandboxed {
    let mut sandbox = Sandboxed::new("");
    sandbox.env.file("hooks.yaml", EVERYWHERE);
    sandbox
        .env
        .env("SECRET", SECRET)
        .env("SHORT", "q7")
        .env("NAME", "Q7Name")
        .env("STREAM", "broadcast");
    sandbox
}

fn has_no_value(text: &str) {
    for value in [SECRET, "q7", "Q7Name", "broadcast"] {
        assert!(!text.contains(value), "{value} in {text}");
    }
}

#[test]
fn a_value_of_the_environment_is_masked_wherever_it_was_inserted() {
    let sandbox = everywhere();
    let env = &sandbox.env;
    let shown = |command: &str, code: i32| {
        let run = env.run(command);
        run.code(code);
        has_no_value(&run.stdout);
        has_no_value(&run.stderr);
    };
    env.run("diff hooks.yaml").check(str![[r#"
CHANGE    ID  STREAM    URL                                          FIELD                            BEFORE   AFTER                                        RESULT
~ update      (server)                                               Server.InboundHookUrl            (empty)  https://in.example.com/********              planned
+ create      ********  https://********.example.com/x               Url                              (none)   https://********.example.com/x               planned
+ create      ********  https://********.example.com/x               MessageStream                    (none)   ********                                     planned
+ create      ********  https://********.example.com/x               Triggers.Open.Enabled            (none)   true                                         planned
+ create      ********  https://********.example.com/x               Triggers.Open.PostFirstOpenOnly  (none)   false                                        planned
+ create      outbound  https://e.example.com/c/********?q=********  Url                              (none)   https://e.example.com/c/********?q=********  planned
+ create      outbound  https://e.example.com/c/********?q=********  MessageStream                    (none)   outbound                                     planned
+ create      outbound  https://e.example.com/c/********?q=********  HttpAuth.Username                (none)   ********                                     planned
+ create      outbound  https://e.example.com/c/********?q=********  HttpAuth.Password                (none)   ********                                     planned
+ create      outbound  https://e.example.com/c/********?q=********  HttpHeaders.X-********           (none)   v-********                                   planned
+ create      outbound  https://e.example.com/c/********?q=********  Triggers.Bounce.Enabled          (none)   true                                         planned
+ create      outbound  https://e.example.com/c/********?q=********  Triggers.Bounce.Note             (none)   n-********                                   planned
+ create      outbound  https://e.example.com/c/********?q=********  Triggers.Bounce.IncludeContent   (none)   false                                        planned
+ create      outbound  https://e.example.com/c/********?q=********  Triggers.Delivery.Enabled        (none)   true                                         planned
+ create      outbound  https://e.example.com/c/********?q=********  Triggers.Delivery.Nested         (none)   ["********",{"Deep":"********"}]             planned
--- stderr
pmhooks: warning: hooks.yaml:4:5: the option "Note" of Bounce is not known here; it is sent as it is
pmhooks: warning: hooks.yaml:4:5: the option "Nested" of Delivery is not known here; it is sent as it is
2 to create, 1 to change, 0 to delete; 0 as they should be.
--- exit 1
"#]]);
    for format in ["table", "json", "jsonl", "yaml", "tsv"] {
        for verbose in ["", "-vv"] {
            shown(&format!("diff hooks.yaml -o {format} {verbose}"), 1);
            shown(&format!("apply hooks.yaml --dry-run -o {format} {verbose}"), 0);
            shown(&format!("lint hooks.yaml -o {format}"), 1);
        }
    }
    // The rules themselves speak of streams.
    let log = env.run("lint hooks.yaml -o sarif").code(1).json();
    has_no_value(&log["runs"][0]["results"].to_string());
    shown("diff hooks.yaml --plan-out plan.json -q", 1);
    has_no_value(&env.read("plan.json"));
    assert!(env.read("plan.json").contains("https://e.example.com/c/${SECRET}?q=${SHORT}"));
    // Of what is written nothing is missing.
    shown("apply --plan plan.json --yes -vv --no-verify", 2);
    shown("apply --plan plan.json --yes -vv", 0);
    let sent = sandbox.writes();
    for part in
        [&format!("https://e.example.com/c/{SECRET}?q=q7"), "https://q7.example.com/x", "X-Q7Name"]
    {
        assert!(sent.contains(part), "{part}: {sent}");
    }
    // What the server has of it is masked, too. The sandbox drops fields that it does not know.
    shown("diff hooks.yaml -vv", 1);
    let drifted = EVERYWHERE.replace("Enabled: true", "Enabled: false");
    env.file("hooks.yaml", drifted);
    for format in ["table", "json", "yaml"] {
        shown(&format!("diff hooks.yaml -vv -o {format}"), 1);
    }
    shown("diff hooks.yaml --plan-out plan.json -q", 1);
    has_no_value(&env.read("plan.json"));
    env.file("hooks.yaml", format!("{EVERYWHERE}  - Url: https://new.example.com/${{SECRET}}\n"));
    shown("apply hooks.yaml --yes --prune -o json -vv", 0);
}

#[test]
fn a_value_of_the_environment_is_masked_on_a_terminal() {
    let sandbox = everywhere();
    let run = sandbox.env.pty("diff hooks.yaml").finish();
    has_no_value(&run.code(1).output);
    let mut terminal = sandbox.env.pty("apply hooks.yaml");
    terminal.expect("[y/N]");
    terminal.send("y");
    has_no_value(&terminal.finish().code(0).output);
}

#[test]
fn a_value_of_the_environment_is_masked_in_errors() {
    let mut env = TestEnv::new();
    env.env("SECRET", SECRET).env("NAME", "Q7Name").env("STREAM", "q7");
    let refusal = format!("The Url https://e.example.com/{SECRET} is not valid.");
    let server = Faulty::new([
        Step::answer(200, json!({"Webhooks": []})).only("GET", "/webhooks").forever(),
        Step::refused(422, 1354, &refusal).only("POST", "/webhooks").forever(),
    ])
    .may_be_unused();
    env.token(TOKEN).api(server.url());
    let url = "  - Url: https://e.example.com/${SECRET}\n";
    env.file("refused.yaml", format!("Webhooks:\n{url}"));
    let run = env.run("apply refused.yaml --yes -vv --retries 0");
    has_no_value(&run.code(5).stdout);
    has_no_value(&run.stderr);
    run.has("The Url https://e.example.com/******** is not valid.");
    let stream = "    MessageStream: \"${STREAM}\"\n";
    for (name, manifest) in [
        ("twice.yaml", format!("{url}{stream}{url}{stream}")),
        (
            "header.yaml",
            format!("{url}    HttpHeaders: [{{ Name: \"X-${{NAME}}\", Value: \"\" }}]\n"),
        ),
        (
            "masked.yaml",
            format!("{url}    HttpHeaders: [{{ Name: \"X-${{NAME}}\", Value: \"********\" }}]\n"),
        ),
        ("url.yaml", "  - Url: ${SECRET}\n".to_owned()),
        ("stream.yaml", format!("{url}    MessageStream: \"${{SECRET}}\"\n")),
        ("bool.yaml", format!("{url}    Triggers: {{ Open: {{ Enabled: \"${{SECRET}}\" }} }}\n")),
        (
            "many.yaml",
            (0..11)
                .map(|n| format!("  - Url: https://e.example.com/{n}\n{stream}"))
                .collect::<Vec<_>>()
                .concat(),
        ),
    ] {
        env.file(name, format!("Webhooks:\n{manifest}"));
        let run = env.run(format!("diff {name}"));
        has_no_value(&run.code(2).stdout);
        has_no_value(&run.stderr);
    }
}

#[test]
fn a_url_of_the_environment_is_masked_in_other_spellings() {
    let mut sandbox = Sandboxed::new("");
    let env = &mut sandbox.env;
    env.env(
        "URL",
        "http://uzer99:pa55word@Hooks.internal/hidden-path?key=4711-4711&page=hidden-too",
    );
    env.file(
        "hooks.yaml",
        "Webhooks:\n  - Url: ${URL}\n    Triggers: { Open: { Enabled: true } }\n",
    );
    let parts = ["uzer99", "pa55word", "ooks.internal", "hidden-path", "4711-4711", "hidden-too"];
    for format in ["table", "json", "sarif"] {
        let run = env.run(format!("lint hooks.yaml -o {format}"));
        for part in parts {
            run.code(1).lacks(part);
        }
    }
    // The server has the same URL in another spelling.
    let live = "http://uzer99:pa55word@hooks.internal:80/hidden-path?key=4711-4711&page=hidden-too";
    let create = ["create", "--url", live, "--on", "bounce", "--no-verify", "-q"];
    env.run(create).code(0);
    for command in ["diff hooks.yaml", "diff hooks.yaml -o json --plan-out plan.json"] {
        let run = env.run(command);
        for part in parts {
            run.code(1).has("pdate").lacks(part);
        }
    }
    let plan = env.read("plan.json");
    for part in parts {
        assert!(!plan.contains(part), "{part} in {plan}");
    }
}

#[test]
fn a_value_that_is_given_is_shown_unless_it_stands_where_a_secret_does() {
    let mut env = TestEnv::new();
    env.unset("POSTMARK_API_URL").env("HOST", "hooks.example.com").env("KEY", "k-4711-k");
    env.config("[profiles.x]\nserver_token = \"t\"\n");
    env.file(
        "hooks.yaml",
        "Webhooks:\n  - Url: https://${HOST}/p?key=${KEY}\n    HttpAuth: { Username: u, Password: \"${KEY}\" }\n",
    );
    env.run("-p sandbox diff hooks.yaml")
        .code(1)
        .lacks("hooks.example.com")
        .has("https://********/p");
    for given in ["--var HOST --var KEY", "--var HOST=hooks.example.com --var KEY=k-4711-k"] {
        env.run(format!("-p sandbox diff hooks.yaml {given}"))
            .code(1)
            .has("https://hooks.example.com/p?key=********")
            .lacks("k-4711-k");
    }
    // What stands in a secret's place is a webhook's secret.
    env.run("-p sandbox diff hooks.yaml --show-secrets").code(1).has("k-4711-k");
}

#[test]
fn a_variable_without_a_value_is_refused() {
    let mut env = TestEnv::with_api(Faulty::untouchable().url());
    env.env("EMPTY", "");
    env.file("hooks.yaml", "Webhooks:\n  - Url: https://e.example.com/${NAME}\n");
    let said =
        ["--var NAME=", "--var NAME", "--var EMPTY", "--var 'NAME '", "--var =x"].map(|var| {
            let run = env.run(format!("diff hooks.yaml {var}"));
            run.code(2);
            env.run(format!("apply hooks.yaml --yes {var}")).code(2);
            env.run(format!("lint hooks.yaml {var}")).code(2);
            env.run(format!("export {var}")).code(2);
            format!("$ {var}\n{run}")
        });
    snapbox::assert_data_eq!(
        said.concat(),
        str![[r#"
$ --var NAME=
--- stderr
pmhooks: error: invalid value for '--var <NAME[=VALUE]>': the value of NAME is empty
--- exit 2$ --var NAME
--- stderr
pmhooks: error: the environment variable NAME is not set, and --var NAME gives no value
--- exit 2$ --var EMPTY
--- stderr
pmhooks: error: the environment variable EMPTY is set, but empty
--- exit 2$ --var 'NAME '
--- stderr
pmhooks: error: invalid value for '--var <NAME[=VALUE]>': expected NAME=VALUE or NAME, where NAME has letters, digits and _ only
--- exit 2$ --var =x
--- stderr
pmhooks: error: invalid value for '--var <NAME[=VALUE]>': expected NAME=VALUE or NAME, where NAME has letters, digits and _ only
--- exit 2
"#]]
    );
}
