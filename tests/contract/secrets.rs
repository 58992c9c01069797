//! Secrets stay out of sight: in success and failure, in traces, in panics.

use super::fixtures::webhook;
use crate::support::*;

/// A webhook in which every secret is a canary.
fn canary_webhook(id: i64, canaries: &Canaries) -> Value {
    let mut webhook = webhook(id);
    webhook["Url"] = json!(canary_url(canaries));
    webhook["HttpAuth"] = json!({"Username": "user", "Password": canaries.password});
    webhook["HttpHeaders"] = json!([{"Name": "X-Secret", "Value": canaries.header}]);
    webhook["Extra"] = json!({"CallbackUrl": canary_url(canaries), "Note": canary_url(canaries)});
    webhook
}

fn canary_url(canaries: &Canaries) -> String {
    let (user, query) = (&canaries.header, &canaries.query);
    format!("https://user:{user}@hooks.example.com/p?key={query}&lang=en#token={query}")
}

/// Every command that talks to the server, with secrets in what it sends.
fn commands() -> Vec<Vec<&'static str>> {
    let create = "create --stream outbound --on bounce --username user --password env:PASSWORD \
                  --secret-header X-Secret=env:HEADER --yes --from new.json";
    let edit = "edit 7 --on click --username other --password file:password \
                --secret-header X-Other=env:HEADER --yes";
    let lines = [
        "list",
        "list --stream outbound",
        "get 7",
        "get 7 8",
        create,
        "create --from new.json --if-absent",
        "create --from new.json --dry-run",
        edit,
        "edit 7 --no-http-auth --no-headers --yes --dry-run",
        "delete 7 --yes",
        "delete 7 8 --yes",
        "delete 7 --dry-run",
        "streams",
        "server get",
        "server edit --track-opens true --yes",
        "whoami",
        "profile list",
        "profile show mine",
        "-p mine list",
        "-p mine whoami",
        "profile add other --token env:POSTMARK_SERVER_TOKEN --replace",
    ];
    lines.into_iter().map(|line| line.split_whitespace().collect()).collect()
}

fn canary_env(canaries: &Canaries, url: &str) -> TestEnv {
    let mut env = TestEnv::with_api(url);
    env.token(&canaries.token)
        .env("PASSWORD", &canaries.password)
        .env("HEADER", &canaries.header)
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "full")
        .env("PMHOOKS_DEBUG", "1");
    env.file("password", &canaries.password);
    env.file("new.json", canary_webhook(1, canaries).to_string());
    let token = &canaries.token;
    env.config(&format!("[profiles.mine]\nserver_token = \"{token}\"\napi_url = \"{url}\"\n"));
    env
}

fn good_answers(canaries: &Canaries) -> Vec<Step> {
    let server = json!({
        "ID": 5, "Name": "Staging", "ApiTokens": [canaries.token], "Color": "Blue",
        "SmtpApiActivated": true, "RawEmailEnabled": false, "DeliveryType": "Live",
        "ServerLink": "https://postmarkapp.com/servers/5/streams",
        "InboundAddress": "x@inbound.postmarkapp.com", "InboundHookUrl": canary_url(canaries),
        "BounceHookUrl": "", "OpenHookUrl": "", "DeliveryHookUrl": "", "PostFirstOpenOnly": false,
        "InboundDomain": "", "InboundHash": "", "InboundSpamThreshold": 5, "TrackOpens": false,
        "TrackLinks": "None", "IncludeBounceContentInHook": true, "ClickHookUrl": "",
        "EnableSmtpApiErrorHooks": false
    });
    let streams = json!({"MessageStreams": [{
        "ID": "outbound", "ServerID": 5, "Name": "Default", "Description": null,
        "MessageStreamType": "Transactional", "CreatedAt": "2026-01-01T00:00:00-05:00",
        "UpdatedAt": null, "ArchivedAt": null, "ExpectedPurgeDate": null,
        "SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": "none"}
    }], "TotalCount": 1});
    let one = |id| canary_webhook(id, canaries);
    let gone = json!({"ErrorCode": 0, "Message": format!("Removed {}.", canary_url(canaries))});
    let mut steps = vec![
        Step::answer(200, json!({"Webhooks": [one(7), one(8)]})).only("GET", "/webhooks"),
        Step::answer(200, one(9)).only("POST", "/webhooks"),
        Step::answer(200, server.clone()).only("GET", "/server"),
        Step::answer(200, server).only("PUT", "/server"),
        Step::answer(200, streams).only("GET", "/message-streams"),
    ];
    for id in [7, 8] {
        let path = format!("/webhooks/{id}");
        steps.push(Step::answer(200, one(id)).only("GET", &path));
        steps.push(Step::answer(200, one(id)).only("PUT", &path));
        steps.push(Step::answer(200, gone.clone()).only("DELETE", &path));
    }
    steps.into_iter().map(Step::forever).collect()
}

// torture 6, 7, 10
#[test]
fn no_command_that_succeeds_shows_a_secret() {
    let canaries = Canaries::new();
    let server = Faulty::new(good_answers(&canaries));
    let env = canary_env(&canaries, &server.url());
    for command in commands() {
        for extra in [&["-vv"][..], &["-o", "json", "-vv"], &["-o", "yaml"], &["-o", "tsv"]] {
            let run = env.run([&command[..], extra].concat());
            // What cannot be written in a format is refused, which is an answer too.
            assert!(matches!(run.code, Some(0 | 2)), "{run:?}");
            if extra[0] == "-vv" {
                run.code(0);
            }
            canaries.assert_clean_run(&run);
        }
    }
    // The secrets were really there.
    let sent = server.requests();
    assert!(sent.iter().all(|r| r.header("x-postmark-server-token") == Some(&canaries.token)));
    let posted = sent.iter().filter(|r| r.method == "POST").map(Recorded::json);
    assert!(
        posted.into_iter().any(|body| body["HttpAuth"]["Password"] == json!(canaries.password))
    );
    let meant = [env.config_path(), env.state_dir().join("deleted"), env.home().join("password")];
    let meant: Vec<_> = meant.iter().map(std::path::PathBuf::as_path).collect();
    let from = env.home().join("new.json");
    canaries.assert_clean_tree(env.home(), &[&meant[..], &[from.as_path()]].concat());
}

// torture 6, 7
#[test]
fn no_finding_shows_a_secret() {
    let canaries = Canaries::new();
    let server = Faulty::new(good_answers(&canaries));
    let env = canary_env(&canaries, &server.url());
    let token = &canaries.token;
    let profile = |name| {
        format!("[profiles.{name}]\nserver_token = \"{token}\"\napi_url = \"{}\"\n", server.url())
    };
    env.config(&(profile("mine") + &profile("same")));
    for target in ["", "--all-profiles"] {
        for format in ["table", "json", "yaml", "tsv", "jsonl", "sarif"] {
            let run = env.run(format!("lint {target} -vv -o {format}"));
            canaries.assert_clean_run(run.code(1));
        }
    }
    env.run("lint --all-profiles -o json").has("PM017").has("PM003");
}

// torture 6, 7, 8, 33
#[test]
fn no_command_that_fails_shows_a_secret() {
    let canaries = Canaries::new();
    let url = canary_url(&canaries);
    let page =
        format!("<html>You sent X-Postmark-Server-Token: {} to {url}</html>", canaries.token);
    let half = canary_webhook(7, &canaries).to_string();
    let mut broken = canary_webhook(7, &canaries);
    (broken["HttpAuth"], broken["HttpHeaders"]) =
        (json!(canaries.password), json!([canaries.header, 5]));
    let broken = json!({"Webhooks": [broken]});
    let faults = [
        Step::refused(401, 10, "Bad token."),
        Step::refused(422, 1354, &format!("The Url '{url}' is not valid.")),
        Step::refused(422, 1352, "No such webhook."),
        Step::refused(503, 0, &format!("Cannot reach {url}.")),
        Step::redirect(302, &url),
        Step::bytes(200, "text/html", page.clone()),
        Step::bytes(403, "text/html", page),
        Step::bytes(200, "application/json", half[..half.len() - 9].to_owned()),
        Step::bytes(200, "application/json", format!("{half}garbage")),
        Step::bytes(200, "application/json", half.clone()).truncate(half.len() - 20),
        Step::bytes(422, "application/json", half.clone()),
        Step::answer(200, broken),
        Step::close(),
    ];
    for fault in faults {
        let server =
            Faulty::always(fault.header("X-Request-Url", &url).header("Set-Cookie", "a=b"));
        let env = canary_env(&canaries, &server.url());
        for line in ["list", "get 7", "whoami", "streams", "-p mine list"] {
            for extra in ["-vv", "-o json -vv"] {
                let run = env.run(format!("{line} {extra} --retries 0"));
                assert_ne!(run.code, Some(0), "{run:?}");
                canaries.assert_clean_run(&run);
            }
        }
        let create = env.run("create --from new.json -vv --retries 0 --yes");
        canaries.assert_clean_run(&create);
    }
    let env = canary_env(&canaries, "http://127.0.0.1:1");
    for command in commands() {
        canaries.assert_clean_run(&env.run([&command[..], &["--retries", "0", "-vv"]].concat()));
    }
}

// torture 8
#[test]
fn a_value_that_is_refused_is_not_repeated() {
    let canaries = Canaries::new();
    let env = canary_env(&canaries, "http://127.0.0.1:1");
    let (token, header) = (&canaries.token, &canaries.header);
    let attempts = [
        vec!["list".to_owned(), token.clone()],
        vec!["--token".to_owned(), token.clone(), "list".to_owned()],
        vec![format!("--token={token}"), "list".to_owned()],
        vec!["get".to_owned(), token.clone()],
        vec!["create".to_owned(), "--password".to_owned(), header.clone()],
        vec!["create".to_owned(), format!("--password={header}")],
        vec!["create".to_owned(), "--secret-header".to_owned(), format!("X-A={header}")],
        vec!["create".to_owned(), "--header".to_owned(), format!("X-A: {header}\r\n{header}")],
        vec!["create".to_owned(), "--header".to_owned(), header.clone()],
        vec!["create".to_owned(), "--url".to_owned(), format!("ftp://u:{header}@h/")],
        vec!["list".to_owned(), "--api-url".to_owned(), format!("https://u:{header}@h/")],
        vec!["list".to_owned(), "--api-url".to_owned(), format!("https://h/?token={header}")],
        vec!["list".to_owned(), "-p".to_owned(), format!("{token} x")],
        vec![
            "profile".to_owned(),
            "add".to_owned(),
            "x".to_owned(),
            "--token".to_owned(),
            token.clone(),
        ],
    ];
    for words in attempts {
        for extra in [&[][..], &["-o", "json"]] {
            let words: Vec<_> =
                words.iter().map(String::as_str).chain(extra.iter().copied()).collect();
            let run = env.run(&words[..]);
            run.code(2);
            canaries.assert_clean(&run.stdout_bytes);
            canaries.assert_clean(&run.stderr_bytes);
        }
    }
    let bad_tokens =
        [format!("{token}\nX-Other: 1"), format!("{token}\u{e9}"), format!("{token} {token}")];
    for bad in bad_tokens {
        let run = env.cmd("list").env("POSTMARK_SERVER_TOKEN", bad).run();
        assert!(matches!(run.code, Some(2 | 3)), "{run:?}");
        canaries.assert_clean_run(&run);
    }
}

// torture 11
#[test]
fn help_shows_no_value_of_the_environment() {
    let canaries = Canaries::new();
    let mut env = canary_env(&canaries, "http://127.0.0.1:1");
    env.env("POSTMARK_API_URL", canary_url(&canaries)).env("PMHOOKS_PROFILE", &canaries.header);
    env.env("PMHOOKS_CONFIG", format!("/nowhere/{}", canaries.query));
    for line in [
        "--help",
        "-h",
        "help",
        "list --help",
        "create --help",
        "create -h",
        "profile add --help",
        "sandbox serve --help",
        "doctor --help",
        "completions bash",
        "--version",
        "",
    ] {
        canaries.assert_clean_run(&env.run(line));
    }
}

// torture 107
#[test]
fn a_mask_tells_no_length() {
    let masks = |length: usize| {
        let mut webhook = webhook(7);
        let long = "s".repeat(length);
        webhook["Url"] = json!(format!("https://u:{long}@hooks.example.com/?token={long}"));
        webhook["HttpAuth"]["Password"] = json!(long);
        webhook["HttpHeaders"][0]["Value"] = json!(long);
        let server = Faulty::always(Step::answer(200, webhook));
        let env = TestEnv::with_api(server.url());
        env.run("get 7 -o json").stdout + &env.run("get 7").stdout
    };
    assert_eq!(masks(1), masks(500));
    assert_eq!(masks(1).matches("********").count(), 8);
}

// torture 10
#[test]
fn show_secrets_shows_what_is_the_webhooks_and_no_token() {
    let canaries = Canaries::new();
    let server = Faulty::new(good_answers(&canaries));
    let env = canary_env(&canaries, &server.url());
    let shown = env.run("get 7 -o json --show-secrets").json();
    assert_eq!(shown["HttpAuth"]["Password"], json!(canaries.password));
    assert_eq!(shown["HttpHeaders"][0]["Value"], json!(canaries.header));
    assert_eq!(shown["Url"], json!(canary_url(&canaries)));
    for line in [
        "server get --show-secrets -o json",
        "server get --show-secrets",
        "whoami --show-secrets",
        "profile show mine --show-secrets -o json",
    ] {
        env.run(line).code(0).lacks(&canaries.token);
    }
    // A trace is pasted into tickets, so it masks whatever was asked.
    let traced = env.run("get 7 -vv --show-secrets");
    canaries.assert_clean(&traced.stderr_bytes);
}

// torture 1
#[test]
fn a_token_is_on_no_command_line() {
    let canaries = Canaries::new();
    let server = Faulty::always(Step::hang());
    let env = canary_env(&canaries, &server.url());
    let run = env.spawn("-p mine list");
    server.wait_for(1);
    let line = std::fs::read(format!("/proc/{}/cmdline", run.pid())).unwrap_or_default();
    canaries.assert_clean(line);
    let help = env.run("profile add --help").stdout;
    assert!(help.contains("--token <SOURCE>"), "{help}");
}

#[cfg(unix)]
mod panics {
    use std::io::Write as _;

    use crate::support::*;

    /// This very binary, asked to run the one test that panics.
    fn this_binary() -> std::path::PathBuf {
        std::env::current_exe().unwrap()
    }

    const PANICKING: [&str; 5] = [
        "contract::secrets::panics::panics_in_the_middle_of_a_question",
        "--exact",
        "--ignored",
        "--nocapture",
        "--quiet",
    ];

    #[test]
    #[allow(clippy::disallowed_methods, reason = "this process is its own, as `main`'s is")]
    #[ignore = "it panics on purpose, in a process of its own that another test starts"]
    fn panics_in_the_middle_of_a_question() {
        pmhooks::report_panics(std::process::exit);
        let _guard = pmhooks::term::interrupt::TerminalGuard::keep();
        if let Ok(mut state) = rustix::termios::tcgetattr(std::io::stdin()) {
            state.local_modes.remove(rustix::termios::LocalModes::ECHO);
            let now = rustix::termios::OptionalActions::Now;
            rustix::termios::tcsetattr(std::io::stdin(), now, &state).unwrap();
            std::io::stderr().write_all(b"\x1b[?25l").unwrap();
        }
        let token = "hush-hush".to_owned();
        panic!("the token is {token}");
    }

    // torture 9
    #[test]
    fn a_panic_is_one_line_without_values() {
        let mut env = TestEnv::new();
        env.env("RUST_BACKTRACE", "full").redact("[LINE]", r"secrets\.rs:(?<redacted>\d+)");
        let run = env.program(this_binary(), PANICKING).run();
        run.code(70).lacks("hush");
        assert_eq!(run.stderr.lines().count(), 1, "{run}");
        let shown = env.program(this_binary(), PANICKING).run().to_string();
        let shown = &shown[shown.find("--- stderr").unwrap()..];
        assert_data_eq!(
            shown,
            str![[r#"
--- stderr
pmhooks: error: an internal error at secrets.rs:[LINE]; please report it with what you did
--- exit 70
"#]]
        );
    }

    // torture 9
    #[test]
    fn a_panic_leaves_the_terminal_in_order() {
        let env = TestEnv::new();
        env.program(this_binary(), PANICKING).pty().finish().assert_restored().code(70);
    }
}
