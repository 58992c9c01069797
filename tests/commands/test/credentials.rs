//! Credentials: one Authorization, checked where asked, told to nobody.

use super::{api, time_is_hidden, webhook};
use crate::support::*;

/// A webhook with everything that can be secret, at an endpoint.
fn full(canaries: &Canaries, endpoint: &str) -> Value {
    let mut hook = webhook(5, &format!("{endpoint}/?token={}", canaries.query), &["Bounce"]);
    hook["HttpAuth"] = json!({"Username": "postmark", "Password": canaries.password});
    hook["HttpHeaders"] = json!([{"Name": "X-Secret", "Value": canaries.header}]);
    hook
}

#[test]
fn credentials_in_the_url_are_sent_as_authorization() {
    let endpoint = Faulty::always(Step::status(200));
    let url = endpoint.url().replace("http://", "http://us%40er:p%2Fw%C3%BC@");
    TestEnv::new().run(["test", "--url", &url, "--event", "open"]).code(0).lacks("p%2Fw");
    let request = &endpoint.requests()[0];
    assert_eq!(request.header("Authorization"), Some("Basic dXNAZXI6cC93w7w="));
    assert_eq!(request.path, "/");
}

#[test]
fn of_two_sources_httpauth_wins_with_a_warning() {
    // torture 21
    let endpoint = Faulty::always(Step::status(200));
    let mut hook = webhook(5, &endpoint.url().replace("http://", "http://url:pw1@"), &["Open"]);
    hook["HttpAuth"] = json!({"Username": "auth", "Password": "pw2"});
    hook["HttpHeaders"] = json!([{"Name": "authorization", "Value": "Bearer pw3"}]);
    let api = api(hook);
    let mut env = TestEnv::with_api(api.url());
    time_is_hidden(&mut env);
    env.run("test 5").check(str![[r#"
ID  EVENT  OUTCOME    STATUS  MS[GAP]MESSAGE
5   open   delivered  200     [MS]OK
--- stderr
pmhooks: warning: the webhook has both HttpAuth and a header Authorization; HttpAuth is sent
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it
"#]]);
    assert_eq!(endpoint.requests()[0].header("Authorization"), Some("Basic YXV0aDpwdzI="));
}

#[test]
fn of_the_url_and_a_header_the_header_wins() {
    let endpoint = Faulty::always(Step::status(200));
    let url = endpoint.url().replace("http://", "http://url:pw1@");
    let env = TestEnv::new();
    let run =
        env.run(["test", "--url", &url, "--header", "Authorization: Bearer x", "--event", "open"]);
    run.code(0).has("the header is sent");
    assert_eq!(endpoint.requests()[0].header("Authorization"), Some("Bearer x"));
}

#[test]
fn a_header_of_the_webhooks_own_replaces_postmarks() {
    let endpoint = Faulty::always(Step::status(200));
    let args =
        ["test", "--url", &endpoint.url(), "--header", "user-agent: Mine", "--event", "open"];
    TestEnv::new().run(args).code(0);
    assert_eq!(endpoint.requests()[0].header("User-Agent"), Some("Mine"));
}

#[test]
fn a_webhook_with_a_header_of_the_connection_is_refused() {
    // torture 91
    for (name, value) in [
        ("Host", "evil.example"),
        ("Content-Length", "5"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
        ("X-A", "a\r\nX-B: b"),
        ("X A", "v"),
        ("X-A", "\u{0}"),
    ] {
        let endpoint = Faulty::untouchable();
        let mut hook = webhook(5, &endpoint.url(), &["Open"]);
        hook["HttpHeaders"] = json!([{"Name": name, "Value": value}]);
        let api = api(hook);
        let run = TestEnv::with_api(api.url()).run("test 5");
        run.code(2).has("cannot post to webhook 5").lacks("X-B");
    }
}

#[test]
fn header_values_beyond_ascii_are_sent_as_utf_8() {
    for value in ["Zürich", "日本", "a\tb", "x\u{85}y", "naïve \u{1f600}"] {
        let endpoint = Faulty::always(Step::status(200));
        let header = format!("X-Env: {value}");
        TestEnv::new()
            .run(["test", "--url", &endpoint.url(), "--event", "bounce", "--header", &header])
            .code(0);
        assert_eq!(endpoint.requests()[0].header("X-Env"), Some(value));
    }
}

#[test]
fn a_header_that_cannot_be_sent_fails_its_webhook_alone() {
    let endpoint = Faulty::always(Step::status(200));
    let mut hooks: Vec<_> = (5..8).map(|id| webhook(id, &endpoint.url(), &["Open"])).collect();
    hooks[0]["HttpHeaders"] = json!([{"Name": "X-A", "Value": "a\nb"}]);
    hooks[1]["HttpHeaders"] = json!([{"Name": "Host", "Value": "x"}]);
    let api = Faulty::new([
        Step::answer(200, json!({"Webhooks": hooks})).forever().only("GET", "/webhooks"),
        Step::answer(200, json!({"ID": 77, "Name": "Staging"})).forever().only("GET", "/server"),
    ]);
    let run = TestEnv::with_api(api.url()).run("test --all");
    run.code(7).has("2 of 3 webhooks").has("webhook 5").has("webhook 6");
    assert_eq!(endpoint.requests().len(), 1);
}

#[test]
fn an_endpoint_that_refuses_strangers_passes() {
    let endpoint = Faulty::new([Step::status(200), Step::status(401), Step::status(400)]);
    let canaries = Canaries::new();
    let api = api(full(&canaries, &endpoint.url()));
    let mut env = TestEnv::with_api(api.url());
    time_is_hidden(&mut env);
    let run = env.run("test 5 --check-auth --concurrency 1");
    run.check(str![[r#"
ID  EVENT                          OUTCOME    STATUS  MS[GAP]MESSAGE
5   bounce                         delivered  200     [MS]OK
5   bounce without credentials     refused    401     [MS]refused, as it should be: Unauthorized
5   bounce with wrong credentials  refused    400     [MS]refused: Bad Request
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it
pmhooks: warning: bounce with wrong credentials: a refusal is 401 or 403; the endpoint answers 400
"#]]);
    canaries.assert_clean_run(&run);
    let requests = endpoint.requests();
    let body = |n: usize| requests[n].json();
    assert_eq!((body(0), body(0)), (body(1), body(2)), "the same event");
    assert_eq!((requests[1].header("Authorization"), requests[1].header("X-Secret")), (None, None));
    assert_eq!(requests[1].path, "/");
    for request in &requests[1..] {
        canaries.assert_clean(&request.raw);
    }
    let wrong = requests[2].header("Authorization").unwrap();
    assert_ne!(Some(wrong), requests[0].header("Authorization"));
    assert!(requests[2].header("X-Secret").unwrap().starts_with("wrong-"));
    assert!(requests[2].path.starts_with("/?token=wrong-"));
}

#[test]
fn an_endpoint_that_takes_anything_is_a_finding() {
    let endpoint = Faulty::new([Step::status(200), Step::status(204), Step::status(500)]);
    let url = endpoint.url().replace("http://", "http://user:password@");
    let mut env = TestEnv::new();
    time_is_hidden(&mut env);
    let args = ["test", "--url", &url, "--event", "open", "--check-auth", "--concurrency", "1"];
    env.run(args).check(str![[r#"
ID  EVENT                        OUTCOME      STATUS  MS[GAP]MESSAGE
-   open                         delivered    200     [MS]OK
-   open without credentials     not refused  204     [MS]accepted without the credentials in its URL: No Content
-   open with wrong credentials  not refused  500     [MS]neither accepted nor refused with wrong values of the credentials in its URL: Internal Server Error
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it
  hint: open without credentials: anybody can post to it: let the endpoint check the credentials in its URL, and answer 401
  hint: open with wrong credentials: the endpoint should refuse a post with wrong values of the credentials in its URL with 401
--- exit 1
"#]]);
}

#[test]
fn a_webhook_without_authentication_is_said() {
    let endpoint = Faulty::new([Step::status(200)]);
    let args = ["test", "--url", &endpoint.url(), "--event", "open", "--check-auth"];
    TestEnv::new().run(args).code(1).has("carries no authentication at all");
}

#[test]
fn no_secret_is_in_any_output_not_even_when_it_is_echoed() {
    // torture 6, 10
    let canaries = Canaries::new();
    let echo = json!({"seen": canaries.all(), "auth": format!("Basic {}", base64(&canaries))});
    let endpoint = Faulty::always(Step::answer(500, echo));
    let env = {
        let api = api(full(&canaries, &endpoint.url()));
        for more in [
            "",
            "-v",
            "-vv",
            "-o json -vv",
            "-o yaml",
            "--print",
            "--curl",
            "--check-auth -vv",
            "--show-secrets -o json",
        ] {
            let mut env = TestEnv::with_api(api.url());
            env.token(&canaries.token);
            let run = env.run(format!("test 5 {more}"));
            // What the echo says of the server token, the endpoint cannot know.
            let known = Canaries { token: Canaries::new().token, ..canaries.clone() };
            known.assert_clean_run(&run);
        }
        TestEnv::new()
    };
    env.run("--version").code(0);
}

fn base64(canaries: &Canaries) -> String {
    use base64::Engine;
    let pair = format!("postmark:{}", canaries.password);
    base64::engine::general_purpose::STANDARD.encode(pair)
}

#[test]
fn the_curl_command_has_variables_for_secrets() {
    let mut hook = webhook(5, "https://u:pw1@hooks.example.com/it's?key=pw2&a=1", &["Delivery"]);
    hook["HttpHeaders"] = json!([{"Name": "X-Env", "Value": "pw3"}]);
    let api = api(hook);
    let mut env = TestEnv::with_api(api.url());
    env.redact("[ID]", "(?<redacted>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22})");
    env.redact("[TIME]", r"(?<redacted>20[0-9-]{8}T[0-9:.]+Z)");
    env.run("test 5 --curl").check(str![[r#"
curl --silent --show-error --globoff 'https://hooks.example.com/it'\''s?key='"$HOOK_URL_SECRET"'&a=1' \
  --header 'User-Agent: Postmark' \
  --header 'Content-Type: application/json' \
  --header 'X-PM-Webhook-Trace-Id: [ID]' \
  --header 'X-PM-Retries-Remaining: 9' \
  --user 'u:'"$HOOK_PASSWORD" \
  --header 'X-Env: '"$HOOK_X_ENV" \
  --data-binary @- <<'EVENT'
{"RecordType":"Delivery","MessageStream":"broadcast","ServerID":77,"MessageID":"[ID]","Recipient":"recipient@example.com","Tag":"pmhooks-test","DeliveredAt":"[TIME]","Details":"smtp;250 2.0.0 OK: a test of pmhooks, no mail was sent","Metadata":{"pmhooks":"test"}}
EVENT
--- stderr
The secrets are not shown; set these variables first: HOOK_PASSWORD, HOOK_URL_SECRET, HOOK_X_ENV
"#]]);
}

#[cfg(unix)]
#[test]
fn the_curl_command_posts_the_same() {
    if !std::path::Path::new("/usr/bin/curl").exists() {
        println!("skipped: curl is not installed");
        return;
    }
    let endpoint = Faulty::always(Step::status(200));
    let url = format!("{}/a[1]?key=q", endpoint.url().replace("http://", "http://u%20s:pw@"));
    let env = TestEnv::new();
    let line = format!(
        "eval \"$(pmhooks test --url '{url}' --event inbound --header \"X-A: it's\" --curl)\""
    );
    let run = env
        .shell(&line)
        .env("HOOK_PASSWORD", "pw")
        .env("HOOK_URL_SECRET", "q")
        .env("HOOK_X_A", "it's");
    run.run().code(0);
    env.run(["test", "--url", &url, "--event", "inbound", "--header", "X-A: it's"]).code(0);
    let requests = endpoint.requests();
    for header in ["User-Agent", "Content-Type", "Authorization", "X-A", "X-PM-Retries-Remaining"] {
        assert_eq!(requests[0].header(header), requests[1].header(header), "{header}");
    }
    assert_eq!(requests[0].path, requests[1].path);
    assert_eq!(requests[0].json()["TextBody"], requests[1].json()["TextBody"]);
}
