//! Tokens, methods and paths.

use pmhooks::sandbox::BUILT_IN_TOKEN;

use super::client::{Answer, OTHER_TOKEN, call, start};

#[test]
fn a_wrong_token_is_401_with_code_10() {
    let api = start();
    let at = api.address();
    let get = |path: &str, headers: &[(&str, &str)]| call(at, "GET", path, headers, "");
    fn server(value: &str) -> (&str, &str) {
        ("X-Postmark-Server-Token", value)
    }
    fn account(value: &str) -> (&str, &str) {
        ("X-Postmark-Account-Token", value)
    }
    let list = "/servers?count=1&offset=0";
    let cases: Vec<(&str, Answer)> = vec![
        ("none", get("/webhooks", &[])),
        ("empty", get("/webhooks", &[server("")])),
        ("not a UUID", get("/webhooks", &[server("POSTMARK_API_TEST")])),
        (
            "a UUID with a letter too many",
            get("/webhooks", &[server(&format!("{BUILT_IN_TOKEN}a"))]),
        ),
        ("a UUID without hyphens", get("/webhooks", &[server(&BUILT_IN_TOKEN.replace('-', "a"))])),
        ("the wrong kind", get("/webhooks", &[account(BUILT_IN_TOKEN)])),
        ("the wrong kind for the account", get(list, &[server(BUILT_IN_TOKEN)])),
        ("none for the account", get(list, &[])),
        ("both", get("/webhooks", &[server(BUILT_IN_TOKEN), account(OTHER_TOKEN)])),
        ("both for the account", get(list, &[server(BUILT_IN_TOKEN), account(OTHER_TOKEN)])),
        ("two", get("/webhooks", &[server(BUILT_IN_TOKEN), server(OTHER_TOKEN)])),
        ("none, with a bad body", call(at, "POST", "/webhooks", &[], "{")),
    ];
    for (name, answer) in cases {
        assert_eq!(answer.refusal(), (401, 10), "{name}");
        let text = String::from_utf8_lossy(&answer.body).to_lowercase();
        assert!(!text.contains(BUILT_IN_TOKEN) && !text.contains(OTHER_TOKEN), "{name}: {text}");
    }
    let both = get("/webhooks", &[server(BUILT_IN_TOKEN), account(OTHER_TOKEN)]);
    let message = "Please do not include Account API Token for Server API Token calls.";
    assert_eq!(both.json()["Message"], message);
}

#[test]
fn a_wrong_method_is_told_the_right_ones() {
    let api = start();
    let allowed = |method, path| -> (u16, String) {
        let answer = api.call(method, path, "");
        (answer.status, answer.header("allow").unwrap_or_default().to_owned())
    };
    assert_eq!(allowed("DELETE", "/webhooks"), (405, "GET, HEAD, POST, OPTIONS".to_owned()));
    assert_eq!(allowed("POST", "/webhooks/5"), (405, "GET, HEAD, PUT, DELETE, OPTIONS".to_owned()));
    assert_eq!(allowed("GET", "/webhooks/5/verify"), (405, "POST, OPTIONS".to_owned()));
    assert_eq!(allowed("OPTIONS", "/server"), (200, "GET, HEAD, PUT, OPTIONS".to_owned()));
    assert_eq!(allowed("OPTIONS", "/nowhere"), (404, String::new()));
    assert_eq!(allowed("get", "/server"), (405, "GET, HEAD, PUT, OPTIONS".to_owned()));
}

#[test]
fn head_answers_as_get_does_without_the_body() {
    let api = start();
    let get = api.call("GET", "/webhooks", "");
    let head = api.call("HEAD", "/webhooks", "");
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert!(head.body.is_empty());
}
