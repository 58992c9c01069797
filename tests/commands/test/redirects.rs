//! Redirects are followed as Postmark follows them, and carry nothing to strangers.

use super::time_is_hidden;
use crate::support::*;

const AUTH: [&str; 4] = ["--header", "X-Api-Key: header-secret", "--event", "bounce"];

#[test]
fn within_an_origin_everything_is_carried_along() {
    let endpoint = Faulty::new([
        Step::redirect(307, "/two?x=1").only("POST", "/one"),
        Step::redirect(308, "three").only("POST", "/two"),
        Step::status(200).only("POST", "/three"),
    ]);
    let url = endpoint.url().replace("http://", "http://user:password@") + "/one";
    let mut env = TestEnv::new();
    time_is_hidden(&mut env);
    env.run([&["test", "--url", &url][..], &AUTH].concat()).check(str![[r#"
ID  EVENT   OUTCOME    STATUS  MS[GAP]MESSAGE
-   bounce  delivered  200     [MS]OK
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it
pmhooks: warning: bounce: the endpoint redirects (307 to http://127.0.0.1:[PORT]/two?x=1, then 308 to http://127.0.0.1:[PORT]/three); give the webhook the last of these URLs: http://127.0.0.1:[PORT]/three
"#]]);
    for request in endpoint.requests() {
        assert_eq!(request.header("Authorization"), Some("Basic dXNlcjpwYXNzd29yZA=="));
        assert_eq!(request.header("X-Api-Key"), Some("header-secret"));
        assert_eq!(request.json()["RecordType"], "Bounce");
        assert_eq!(request.header("Referer"), None);
    }
}

#[test]
fn another_origin_gets_the_event_and_no_credentials() {
    // Another port is another origin.
    let stranger = Faulty::new([
        Step::redirect(307, "/next").only("POST", "/"),
        Step::status(200).only("POST", "/next"),
    ]);
    let endpoint = Faulty::new([Step::redirect(307, &stranger.url())]);
    let url = endpoint.url().replace("http://", "http://user:password@");
    let mut env = TestEnv::new();
    time_is_hidden(&mut env);
    env.run([&["test", "--url", &url][..], &AUTH].concat()).check(str![[r#"
ID  EVENT   OUTCOME    STATUS  MS[GAP]MESSAGE
-   bounce  delivered  200     [MS]OK
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it
pmhooks: warning: bounce: the endpoint redirects (307 to http://127.0.0.1:[PORT]/, then 307 to http://127.0.0.1:[PORT]/next); give the webhook the last of these URLs: http://127.0.0.1:[PORT]/next
pmhooks: warning: bounce: a redirect leads to another origin: credentials and custom headers were not sent there
"#]]);
    for request in stranger.requests() {
        assert_eq!((request.header("Authorization"), request.header("X-Api-Key")), (None, None));
        assert_eq!(request.header("User-Agent"), Some("Postmark"));
        assert_eq!(request.json()["RecordType"], "Bounce");
        assert!(!request.text().contains("header-secret"));
    }
}

#[test]
fn the_way_back_home_brings_no_credentials_back() {
    // A proxy stands for the internet, so that two hosts can point at each other.
    let proxy = Faulty::new([
        Step::redirect(307, "http://stranger.example/"),
        Step::redirect(307, "http://home.example/end"),
        Step::status(200),
    ]);
    let mut env = TestEnv::new();
    env.env("http_proxy", proxy.url());
    env.run([&["test", "--url", "http://home.example/"][..], &AUTH].concat()).code(0);
    let keys: Vec<_> = proxy.requests().iter().map(|r| r.header("X-Api-Key").is_some()).collect();
    assert_eq!(keys, [true, false, false]);
}

#[test]
fn a_post_becomes_a_get_where_http_clients_make_it_one() {
    let endpoint = Faulty::new([
        Step::redirect(301, "/there").only("POST", "/"),
        Step::status(200).only("GET", "/there"),
    ]);
    let mut env = TestEnv::new();
    time_is_hidden(&mut env);
    let run = env.run(["test", "--url", &endpoint.url(), "--event", "bounce"]);
    run.check(str![[r#"
ID  EVENT   OUTCOME    STATUS  MS[GAP]MESSAGE
-   bounce  delivered  200     [MS]OK
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it
pmhooks: warning: bounce: the endpoint redirects (301 to http://127.0.0.1:[PORT]/there); give the webhook the last of these URLs: http://127.0.0.1:[PORT]/there
pmhooks: warning: bounce: after the 301 the POST became a GET without a body, as HTTP clients do: the event itself did not arrive
"#]]);
    let request = &endpoint.requests()[1];
    assert!(request.body.is_empty() && request.header("Content-Type").is_none());
}

#[test]
fn a_redirect_that_repeats_a_secret_does_not_get_it_into_the_trace() {
    let endpoint = Faulty::new([
        Step::redirect(307, "/header-secret").only("POST", "/"),
        Step::status(200).only("POST", "/header-secret"),
    ]);
    let run = TestEnv::new().run([&["test", "-vv", "--url", &endpoint.url()][..], &AUTH].concat());
    run.code(0).has("POST http://127.0.0.1:[PORT]/********").lacks("header-secret");
}

#[test]
fn ten_hops_are_followed_and_no_more() {
    let endpoint = Faulty::new([Step::redirect(307, "/again").times(11)]);
    let env = TestEnv::new();
    let run = env.run(["test", "--url", &endpoint.url(), "--event", "bounce", "-o", "json"]);
    let result = run.code(1).json()[0]["Results"][0].clone();
    assert_eq!((&result["Outcome"], &result["StatusCode"]), (&json!("retried"), &json!(307)));
    assert_eq!(result["Redirects"].as_array().unwrap().len(), 10);
    assert!(result["Message"].as_str().unwrap().contains("more than 10 redirects"), "{result}");
}

#[test]
fn ten_hops_that_end_well_are_a_delivery() {
    let hop = Step::redirect(307, "/again").times(10);
    let endpoint = Faulty::new([hop, Step::status(200)]);
    TestEnv::new().run(["test", "--url", &endpoint.url(), "--event", "bounce"]).code(0);
}

#[test]
fn a_redirect_to_nowhere_is_retried() {
    for step in [
        Step::status(302),
        Step::redirect(302, "file:///etc/passwd"),
        Step::redirect(302, "gopher://example.com/"),
        Step::redirect(302, "http://"),
    ] {
        let endpoint = Faulty::new([step]);
        let env = TestEnv::new();
        let run = env.run(["test", "--url", &endpoint.url(), "--event", "bounce", "-o", "json"]);
        assert_eq!(run.code(1).json()[0]["Results"][0]["Outcome"], "retried", "{run}");
    }
}

#[test]
fn a_redirect_into_a_network_is_not_followed_from_outside() {
    // torture 92: a public endpoint, reached through a proxy that stands for the internet.
    let inside = Faulty::untouchable();
    let proxy = Faulty::new([Step::redirect(307, &inside.url())]);
    let mut env = TestEnv::new();
    env.env("http_proxy", proxy.url());
    let run = env.run("test --url http://hooks.example.com/ --event bounce -o json");
    let result = run.code(1).json()[0]["Results"][0].clone();
    assert_eq!(result["Outcome"], "retried");
    assert!(result["Message"].as_str().unwrap().contains("inside a network"), "{result}");
}

#[test]
fn a_redirect_to_another_internal_address_is_not_followed() {
    for target in [
        "http://[::1]:[PORT]/",
        "http://127.0.0.2:[PORT]/",
        "http://localhost:[PORT]/",
        "http://hooks.localhost:[PORT]/",
        "http://2130706434:[PORT]/",
        "http://[::ffff:127.0.0.1]:[PORT]/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://0.0.0.0:[PORT]/",
    ] {
        let inside = Faulty::untouchable();
        let port = inside.url().rsplit(':').next().unwrap().to_owned();
        let endpoint = Faulty::new([Step::redirect(307, &target.replace("[PORT]", &port))]);
        let run = TestEnv::new().run([
            "test",
            "--url",
            &endpoint.url(),
            "--event",
            "bounce",
            "-o",
            "json",
        ]);
        let result = run.code(1).json()[0]["Results"][0].clone();
        assert_eq!(result["StatusCode"], 307, "{target}: {result}");
        assert!(result["Message"].as_str().unwrap().contains("inside a network"), "{result}");
        assert_eq!(result["Redirects"], Value::Null, "{target}: {result}");
    }
}

#[test]
fn a_redirect_to_a_name_with_an_internal_address_is_not_followed() {
    // The machine's own name: where it resolves at all, it is an address of this network.
    let Ok(name) = std::fs::read_to_string("/etc/hostname") else { return };
    let inside = Faulty::untouchable();
    let port = inside.url().rsplit(':').next().unwrap().to_owned();
    let target = format!("http://{}:{port}/", name.trim());
    let endpoint = Faulty::new([Step::redirect(307, &target)]);
    let env = TestEnv::new();
    env.run(["test", "--url", &endpoint.url(), "--event", "bounce", "-o", "json"]).code(1);
}

#[test]
fn secrets_in_a_redirect_are_masked() {
    let canaries = Canaries::new();
    let there = Faulty::always(Step::status(200));
    let location = format!("{}/?token={}", there.url(), canaries.query);
    let endpoint = Faulty::always(Step::redirect(307, &location));
    let env = TestEnv::new();
    for more in [vec![], vec!["-vv"], vec!["-o", "json"]] {
        let run =
            env.run([vec!["test", "--url", &endpoint.url(), "--event", "bounce"], more].concat());
        canaries.assert_clean_run(&run);
        run.code(0);
    }
    assert!(there.requests()[0].path.contains(&canaries.query));
}
