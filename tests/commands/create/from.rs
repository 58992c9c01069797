//! `create --from`: a webhook from a file.

use crate::support::*;

fn create_from(env: &TestEnv, text: &str) -> Transcript {
    env.cmd("create --from - -o ids").stdin(text).run()
}

#[test]
fn json_and_yaml_say_the_same_and_flags_come_on_top() {
    let sandbox = Sandboxed::new("");
    let env = &sandbox.env;
    env.file(
        "hook.yaml",
        "Url: https://hooks.example.com/pm\nHttpAuth: { Username: u, Password: \"p\" }\n\
         HttpHeaders:\n  - { Name: X-A, Value: \"1\" }\n\
         Triggers:\n  Bounce: { Enabled: true }\n  Open: { Enabled: true, PostFirstOpenOnly: true }\n",
    );
    env.file(
        "hook.json",
        r#"{"Url": "https://hooks.example.com/pm", "HttpAuth": {"Username": "u", "Password": "p"},
            "HttpHeaders": [{"Name": "X-A", "Value": "1"}],
            "Triggers": {"Bounce": {"Enabled": true},
                "Open": {"Enabled": true, "PostFirstOpenOnly": true}}}"#,
    );
    env.run("create --from hook.yaml -q").code(0);
    env.run("create --from hook.json -q").code(0);
    let requests = sandbox.log.requests();
    assert_eq!(requests[0].json(), requests[1].json());
    env.run(
        "create --from hook.yaml -q --url https://other.example/ --stream broadcast --on click \
         --off open --header x-a:2 --no-verify",
    )
    .code(0);
    assert_data_eq!(
        sandbox.log.requests()[2].text(),
        str![[
            r#"{"Url":"https://other.example/","MessageStream":"broadcast","HttpAuth":{"Username":"u","Password":"p"},"HttpHeaders":[{"Name":"x-a","Value":"2"}],"Triggers":{"Bounce":{"Enabled":true,"IncludeContent":false},"Open":{"Enabled":false,"PostFirstOpenOnly":false},"Click":{"Enabled":true}},"Verify":false}"#
        ]]
    );
}

#[test]
fn what_get_shows_can_be_created_again() {
    let sandbox = Sandboxed::new("");
    let env = &sandbox.env;
    let id = sandbox.create("--url https://u:pw@h.example/ --on all --header X-A:b");
    for format in ["json", "yaml"] {
        let shown = env.run(format!("get {id} -o {format} --show-secrets")).stdout.clone();
        create_from(env, &shown).code(0);
    }
    let list = env.run("list -o json --show-secrets").json();
    for other in [1, 2] {
        for key in ["Url", "MessageStream", "HttpAuth", "HttpHeaders", "Triggers"] {
            assert_eq!(list[other][key], list[0][key]);
        }
    }
    let masked = env.run(format!("get {id} -o json")).stdout.clone();
    create_from(env, &masked).code(2);
}

#[test]
fn a_mask_is_never_written() {
    // torture 107
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url());
    create_from(&env, "{Url: 'https://u:********@h/'}").check(str![[r#"
--- stderr
pmhooks: error: standard input: Url holds ********, which pmhooks shows in a secret's place; put the secret itself there, or read the webhook with --show-secrets
--- exit 2
"#]]);
    create_from(&env, "{Url: 'https://h/', HttpAuth: {Username: u, Password: '********'}}")
        .check(str![[r#"
--- stderr
pmhooks: error: standard input: HttpAuth.Password holds ********, which pmhooks shows in a secret's place; put the secret itself there, or read the webhook with --show-secrets
--- exit 2
"#]]);
    env.file("a.yaml", "Url: https://h/\nHttpHeaders: [{Name: X-A, Value: 'Bearer ********'}]\n");
    env.run("create --from a.yaml").check(str![[r#"
--- stderr
pmhooks: error: a.yaml: HttpHeaders.X-A holds ********, which pmhooks shows in a secret's place; put the secret itself there, or read the webhook with --show-secrets
--- exit 2
"#]]);
}

#[test]
fn what_is_wrong_in_it_is_told_with_its_place() {
    // torture 105, 110
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url());
    let mut said = String::new();
    for text in [
        "",
        "[]",
        "Url: 3",
        "Ulr: https://h/",
        "Url: https://h/\nTriggers:\n  Bounc: { Enabled: true }",
        "Url: https://h/\nTriggers: { Bounce: true }",
        "Url: https://h/\nTriggers: { Bounce: { Enabled: yes } }",
        "Url: https://h/\nTriggers: { Bounce: { IncludeContent: true } }",
        "Url: https://h/\nTriggers: { Bounce: { Enabled: true, IncludeContents: true } }",
        "Url: https://h/\nTriggers: { Teleport: true }",
        "Url: https://h/\nHttpAuth: { Username: u }",
        "Url: https://h/\nHttpAuth: { User: u, Password: s3cret }",
        "Url: https://h/\nHttpAuth: { Username: u, Password: 12345 }",
        "Url: https://h/\nHttpHeaders: { X-A: s3cret }",
        "Url: https://h/\nHttpHeaders: [{ Name: 'X A', Value: s3cret }]",
        "Url: https://h/\nHttpHeaders: [{ Name: X-A, Value: s3cret, Secret: s3cret }]",
        "Url: https://u:s3cret@/",
        "MessageStream: 'No/Stream'\nUrl: https://h/",
        "Url: https://h/\nUrl: https://s3cret/",
        "Url: \"https://h/s3cret",
        "Url: https://h/\n---\nUrl: https://s3cret/",
        "{\"Url\": \"https://h/\",, \"HttpAuth\": \"s3cret\"}",
    ] {
        let run = create_from(&env, text);
        run.code(2).lacks("s3cret");
        said += run.stderr.lines().next().unwrap().trim_start_matches("pmhooks: error: ");
        said += "\n";
    }
    assert_data_eq!(
        said,
        str![[r#"
standard input:1:1: there is no webhook in it
standard input:1:1: the document is a list, not a map of keys and values
standard input:1:6: Url is a number, not a text (put it in quotes)
standard input:1:1: there is no key "Ulr"; did you mean Url?
standard input:3:3: there is no trigger "Bounc"; did you mean Bounce?
standard input:2:21: Triggers.Bounce is true or false, not a map of keys and values
standard input:2:32: Triggers.Bounce.Enabled is a text, not true or false
standard input:2:21: Triggers.Bounce needs Enabled: true or false
standard input:2:38: Triggers.Bounce.IncludeContents is not known; did you mean IncludeContent?
standard input:2:23: Triggers.Teleport is true or false, not a map of keys and values
standard input:2:11: HttpAuth needs both Username and Password
standard input:2:13: HttpAuth has Username and Password, not "User"
standard input:2:36: HttpAuth.Password is a number, not a text (put it in quotes)
standard input:2:14: HttpHeaders is a map, not a list
standard input:2:15: a header's name has letters, digits and dashes only
standard input:2:43: a header has Name and Value, not "Secret"
standard input:1:6: Url: it is not a URL: empty host
standard input:1:16: MessageStream: a stream's ID starts with a letter and has at most 30 letters, digits, - and _
standard input:2:1: duplicate mapping key: Url
standard input:1:6: unclosed quote
standard input:3:1: multiple YAML documents detected
standard input:1:22: unexpected EOF while parsing an implicit flow mapping

"#]]
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    // torture 43
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url());
    env.file("binary", b"\xff\xfe");
    env.file("large", vec![b' '; 2 << 20]);
    env.run("create --from nope.yaml").check(str![[r#"
--- stderr
pmhooks: error: cannot read nope.yaml: No such file or directory (os error 2)
--- exit 2
"#]]);
    env.run("create --from tmp").check(str![[r#"
--- stderr
pmhooks: error: cannot use tmp: it is a folder, not a file
--- exit 2
"#]]);
    env.run("create --from binary").check(str![[r#"
--- stderr
pmhooks: error: binary: it is not text (UTF-8)
--- exit 2
"#]]);
    env.run("create --from large").check(str![[r#"
--- stderr
pmhooks: error: cannot read large: it is larger than 1048576 bytes
--- exit 2
"#]]);
    env.cmd("create --from -").stdin(vec![b' '; 2 << 20]).run().check(str![[r#"
--- stderr
pmhooks: error: standard input: it is larger than 1048576 bytes
--- exit 2
"#]]);
}

#[test]
fn what_is_not_known_is_passed_on_with_a_warning() {
    // torture 105
    let server = Faulty::always(Step::answer(200, webhook(5)));
    let env = TestEnv::with_api(server.url());
    let text = "ID: 7\nStatus: verified\nUrl: https://h/\nPool: { Size: 3 }\n\
        Triggers:\n  Teleport: { Enabled: true, Range: 9 }\n";
    create_from(&env, text).check(str![[r#"
5
--- stderr
pmhooks: warning: the key "Pool" is not known here; it is sent as it is
pmhooks: warning: the trigger "Teleport" is not known here; it is sent as it is
Created webhook 5.
"#]]);
    assert_data_eq!(
        server.requests()[0].text(),
        str![[
            r#"{"Url":"https://h/","Triggers":{"Teleport":{"Enabled":true,"Range":9}},"Pool":{"Size":3}}"#
        ]]
    );
}

#[test]
fn null_and_empty_mean_none() {
    let server = Faulty::always(Step::answer(200, webhook(5)));
    let env = TestEnv::with_api(server.url());
    for auth in ["null", "{ Username: null, Password: null }", "{ Username: '', Password: '' }"] {
        let text = format!(
            "Url: https://h/\nMessageStream: null\nHttpHeaders: null\nTriggers: {{ Click: null }}\n\
             HttpAuth: {auth}\n"
        );
        create_from(&env, &text).code(0);
    }
    for request in server.requests() {
        assert_eq!(request.text(), r#"{"Url":"https://h/"}"#);
    }
}

#[test]
fn if_absent_works_with_a_file() {
    let sandbox = Sandboxed::new("");
    let env = &sandbox.env;
    env.file("hook.yaml", "Url: https://h.example/\nTriggers: { Click: { Enabled: true } }\n");
    env.run("create --from hook.yaml --if-absent -o ids -q").check(str!["1234569"]);
    env.run("create --from hook.yaml --if-absent -o ids -q").check(str!["1234569"]);
}
