//! The five operations: shapes, defaults, merging.

use pmhooks::sandbox::ApiVersion;
use serde_json::{Value, json};

use super::client::{OTHER_TOKEN, options, start, start_with};

const URL_ONLY: &str = r#"{"Url":"https://hooks.example.com/a"}"#;

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn the_two_examples_of_the_api_page_are_there_from_the_start() {
    let list = start().ok("GET", "/webhooks", "");
    assert_eq!(
        list,
        json!({ "Webhooks": [
            {
                "ID": 1_234_567,
                "Url": "http://www.example.com/webhook-test-tracking",
                "MessageStream": "outbound",
                "Status": "verified",
                "HttpAuth": { "Username": "user", "Password": "pass" },
                "HttpHeaders": [{ "Name": "name", "Value": "value" }],
                "Triggers": {
                    "Open": { "Enabled": true, "PostFirstOpenOnly": false },
                    "Click": { "Enabled": true },
                    "Delivery": { "Enabled": true },
                    "Bounce": { "Enabled": false, "IncludeContent": false },
                    "SpamComplaint": { "Enabled": false, "IncludeContent": false },
                    "SubscriptionChange": { "Enabled": true },
                },
            },
            {
                "ID": 1_234_568,
                "Url": "http://www.example.com/webhook-test-bounce",
                "MessageStream": "outbound",
                "Status": "verified",
                "HttpAuth": { "Username": "user", "Password": "pass" },
                "HttpHeaders": [{ "Name": "name", "Value": "value" }],
                "Triggers": {
                    "Open": { "Enabled": false, "PostFirstOpenOnly": false },
                    "Click": { "Enabled": false },
                    "Delivery": { "Enabled": false },
                    "Bounce": { "Enabled": true, "IncludeContent": false },
                    "SpamComplaint": { "Enabled": false, "IncludeContent": false },
                    "SubscriptionChange": { "Enabled": false },
                },
            },
        ] })
    );
}

#[test]
fn keys_come_in_the_documented_order() {
    let webhook = start().ok("GET", "/webhooks/1234567", "");
    assert_eq!(
        keys(&webhook),
        ["ID", "Url", "MessageStream", "Status", "HttpAuth", "HttpHeaders", "Triggers"]
    );
    assert_eq!(
        keys(&webhook["Triggers"]),
        ["Open", "Click", "Delivery", "Bounce", "SpamComplaint", "SubscriptionChange"]
    );
    assert_eq!(keys(&webhook["Triggers"]["Open"]), ["Enabled", "PostFirstOpenOnly"]);
    assert_eq!(keys(&webhook["Triggers"]["Bounce"]), ["Enabled", "IncludeContent"]);
}

#[test]
fn a_success_is_always_200_with_the_headers_of_the_api() {
    let api = start();
    let created = api.call("POST", "/webhooks", URL_ONLY);
    let id = created.ok()["ID"].as_i64().expect("an ID");
    let edited = api.call("PUT", &format!("/webhooks/{id}"), "{}");
    let deleted = api.call("DELETE", &format!("/webhooks/{id}"), "");
    let mut request_ids = Vec::new();
    for answer in [created, edited, deleted] {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(answer.header("cache-control"), Some("private"));
        assert_eq!(answer.header("x-pm-apierrorcode"), None);
        request_ids.push(answer.header("x-request-id").expect("an ID").to_owned());
    }
    for id in &request_ids {
        assert_eq!(id.len(), 36);
        assert_eq!(id.as_bytes()[14], b'4', "a random UUID: {id}");
        assert!(b"89ab".contains(&id.as_bytes()[19]), "of the usual variant: {id}");
    }
    request_ids.dedup();
    assert_eq!(request_ids.len(), 3, "each request has its own ID");
}

#[test]
fn a_create_with_a_url_alone_gets_the_defaults() {
    let created = start().ok("POST", "/webhooks", URL_ONLY);
    assert_eq!(
        created,
        json!({
            "ID": 1_234_569,
            "Url": "https://hooks.example.com/a",
            "MessageStream": "outbound",
            "Status": "verified",
            "HttpAuth": null,
            "HttpHeaders": [],
            "Triggers": {
                "Open": { "Enabled": false, "PostFirstOpenOnly": false },
                "Click": { "Enabled": false },
                "Delivery": { "Enabled": false },
                "Bounce": { "Enabled": false, "IncludeContent": false },
                "SpamComplaint": { "Enabled": false, "IncludeContent": false },
                "SubscriptionChange": { "Enabled": false },
            },
        })
    );
}

#[test]
fn null_means_not_given_everywhere() {
    let api = start();
    let body = r#"{"ID":null,"Status":null,"Url":"https://h.example.com","MessageStream":null,
        "HttpAuth":null,"HttpHeaders":null,"Verify":null,
        "Triggers":{"Open":null,"Bounce":{"Enabled":true,"IncludeContent":null}}}"#;
    let created = api.ok("POST", "/webhooks", body);
    assert_eq!(created["Triggers"]["Bounce"], json!({ "Enabled": true, "IncludeContent": false }));
    assert_eq!(created["MessageStream"], "outbound");

    let before = api.ok("GET", "/webhooks/1234567", "");
    let nulls = r#"{"Url":null,"HttpAuth":null,"HttpHeaders":null,"Triggers":null}"#;
    assert_eq!(api.ok("PUT", "/webhooks/1234567", nulls), before);
    let half =
        r#"{"HttpAuth":{"Username":null,"Password":null},"Triggers":{"Open":{"Enabled":null}}}"#;
    assert_eq!(api.ok("PUT", "/webhooks/1234567", half), before);
}

#[test]
fn an_edit_changes_only_what_it_names() {
    let api = start();
    let before = api.ok("GET", "/webhooks/1234567", "");
    assert_eq!(api.ok("PUT", "/webhooks/1234567", "{}"), before);

    let body = r#"{"Triggers":{"Click":{"Enabled":false},"Bounce":{"Enabled":true,"IncludeContent":true}}}"#;
    let mut expected = before.clone();
    expected["Triggers"]["Click"]["Enabled"] = json!(false);
    expected["Triggers"]["Bounce"] = json!({ "Enabled": true, "IncludeContent": true });
    assert_eq!(api.ok("PUT", "/webhooks/1234567", body), expected);

    // An option that is not named is kept.
    let body = r#"{"Triggers":{"Bounce":{"Enabled":false}}}"#;
    expected["Triggers"]["Bounce"]["Enabled"] = json!(false);
    assert_eq!(api.ok("PUT", "/webhooks/1234567", body), expected);

    let body = r#"{"Url":"https://new.example.com/x"}"#;
    expected["Url"] = json!("https://new.example.com/x");
    assert_eq!(api.ok("PUT", "/webhooks/1234567", body), expected);
    assert_eq!(api.ok("GET", "/webhooks/1234567", ""), expected, "and it stays so");
}

#[test]
fn headers_are_replaced_as_a_whole_and_cleared_by_an_empty_list() {
    let api = start();
    let body = r#"{"HttpHeaders":[{"Name":"X-A","Value":"1"},{"Name":"X-B"}]}"#;
    let edited = api.ok("PUT", "/webhooks/1234567", body);
    let expected = json!([{ "Name": "X-A", "Value": "1" }, { "Name": "X-B", "Value": "" }]);
    assert_eq!(edited["HttpHeaders"], expected);
    let cleared = api.ok("PUT", "/webhooks/1234567", r#"{"HttpHeaders":[]}"#);
    assert_eq!(cleared["HttpHeaders"], json!([]));
    assert_eq!(cleared["HttpAuth"]["Username"], "user", "the rest stays");
}

#[test]
fn a_pair_of_empty_strings_removes_the_authentication() {
    let api = start();
    let pair = |user, password| {
        let auth = json!({ "HttpAuth": { "Username": user, "Password": password } });
        api.ok("PUT", "/webhooks/1234567", &auth.to_string())["HttpAuth"].clone()
    };
    assert_eq!(pair("u", "p"), json!({ "Username": "u", "Password": "p" }));
    assert_eq!(pair("u", ""), json!({ "Username": "u", "Password": "" }));
    assert_eq!(pair("", ""), Value::Null);
}

#[test]
fn an_edit_may_repeat_the_id_and_the_stream_that_the_webhook_has() {
    let body = r#"{"ID":1234567,"MessageStream":"outbound"}"#;
    start().ok("PUT", "/webhooks/1234567", body);
}

#[test]
fn a_deleted_webhook_is_gone_and_its_id_is_not_given_again() {
    let api = start();
    let id = api.ok("POST", "/webhooks", URL_ONLY)["ID"].as_i64().expect("an ID");
    let deleted = api.ok("DELETE", &format!("/webhooks/{id}"), "");
    assert_eq!(deleted, json!({ "ErrorCode": 0, "Message": format!("Webhook {id} removed.") }));
    for method in ["GET", "DELETE"] {
        let gone = api.call(method, &format!("/webhooks/{id}"), "");
        assert_eq!(gone.refusal(), (422, 1352));
        assert_eq!(gone.json()["Message"], "The webhook for the provided 'ID' was not found.");
    }
    assert_eq!(api.ok("POST", "/webhooks", URL_ONLY)["ID"], id + 1);
}

#[test]
fn the_same_url_may_be_used_twice_on_a_stream() {
    let api = start();
    let first = api.ok("POST", "/webhooks", URL_ONLY);
    let second = api.ok("POST", "/webhooks", URL_ONLY);
    assert_eq!(first["Url"], second["Url"]);
    assert_ne!(first["ID"], second["ID"]);
}

#[test]
fn the_list_filters_by_stream_and_refuses_a_stream_that_does_not_exist() {
    let api = start();
    let body = r#"{"Url":"https://h.example.com","MessageStream":"broadcast"}"#;
    let id = api.ok("POST", "/webhooks", body)["ID"].clone();
    for query in
        ["MessageStream=broadcast", "messagestream=broadcast", "x=1&MESSAGESTREAM=broadcast"]
    {
        let list = api.ok("GET", &format!("/webhooks?{query}"), "");
        assert_eq!(list["Webhooks"].as_array().map(Vec::len), Some(1), "{query}");
        assert_eq!(list["Webhooks"][0]["ID"], id);
    }
    let none = api.ok("GET", "/webhooks?MessageStream=inbound", "");
    assert_eq!(none, json!({ "Webhooks": [] }));
    assert_eq!(api.ids().len(), 3, "all streams without a filter");
    let unknown = api.call("GET", "/webhooks?MessageStream=nowhere", "");
    assert_eq!(unknown.refusal(), (422, 1226));
}

#[test]
fn the_list_filters_by_status() {
    let api = start();
    let body = r#"{"Url":"https://h.example.com","Verify":false}"#;
    let id = api.ok("POST", "/webhooks", body)["ID"].clone();
    let list = api.ok("GET", "/webhooks?status=unverified", "");
    assert_eq!(list["Webhooks"].as_array().map(Vec::len), Some(1));
    assert_eq!(list["Webhooks"][0]["ID"], id);
    assert_eq!(api.call("GET", "/webhooks?status=both", "").refusal(), (422, 1362));
}

#[test]
fn paths_forgive_case_and_one_slash_at_the_end() {
    let api = start();
    for path in ["/webhooks/", "/WebHooks", "/webhooks/1234567/", "/WEBHOOKS/1234567"] {
        api.ok("GET", path, "");
    }
    api.ok("GET", "/Message-Streams/OUTBOUND", "");
}

#[test]
fn each_token_opens_a_server_of_its_own() {
    let api = start();
    let other = |method, path: &str, body| api.call_as(OTHER_TOKEN, method, path, body);
    assert_eq!(other("GET", "/webhooks", "").ok(), json!({ "Webhooks": [] }));
    assert_eq!(other("GET", "/webhooks/1234567", "").refusal(), (422, 1352));
    assert_eq!(other("DELETE", "/webhooks/1234567", "").refusal(), (422, 1352));
    let id = other("POST", "/webhooks", URL_ONLY).ok()["ID"].clone();
    assert_eq!(api.ids(), [1_234_567, 1_234_568]);
    let upper = OTHER_TOKEN.to_ascii_uppercase();
    let same = api.call_as(&upper, "GET", "/webhooks", "").ok();
    assert_eq!(same["Webhooks"][0]["ID"], id, "case of the token does not matter");
}

#[test]
fn the_older_api_has_no_status_and_no_verification() {
    let api = start_with(pmhooks::sandbox::Options { api: ApiVersion::Legacy, ..options() });
    let webhook = api.ok("GET", "/webhooks/1234567", "");
    assert_eq!(
        keys(&webhook),
        ["ID", "Url", "MessageStream", "HttpAuth", "HttpHeaders", "Triggers"]
    );
    assert_eq!(api.call("POST", "/webhooks/1234567/verify", "").status, 404);
    assert_eq!(api.call("GET", "/webhooks/1234567/statistics", "").status, 404);
    let body = r#"{"Url":"https://h.example.com","Verify":"whatever","Status":1}"#;
    let created = api.ok("POST", "/webhooks", body);
    assert!(created.get("Status").is_none());
    assert_eq!(api.call("GET", "/webhooks/1", "").refusal(), (422, 1302));
    let inbound = r#"{"Url":"https://h.example.com","MessageStream":"inbound"}"#;
    assert_eq!(api.call("POST", "/webhooks", inbound).refusal(), (422, 1301));
}
