//! What official clients send and expect: letter case, empty strings, error codes, encodings, order of checks.

use std::io::{BufReader, Write};

use pmhooks::sandbox::{Options, Verify};
use serde_json::{Value, json};

use super::client::{
    BUILT_IN, OTHER_TOKEN, call, connect, options, raw, read_answer, start, start_with, status_of,
};

#[test]
fn keys_of_requests_match_without_regard_to_case_at_every_level() {
    let api = start();
    let body = r#"{"url":"https://h.example.com","MESSAGESTREAM":"BROADCAST","httpAuth":{"username":"u","PASSWORD":"p"},
        "httpheaders":[{"name":"X-Env","VALUE":"v"}],"triggers":{"bounce":{"enabled":true,"includecontent":true},"OPEN":{"ENABLED":true,"postFirstOpenOnly":true},
        "spam-complaint":null},"verify":false}"#;
    let webhook = api.ok("POST", "/webhooks", body);
    assert_eq!(webhook["Url"], "https://h.example.com");
    assert_eq!(webhook["MessageStream"], "broadcast");
    assert_eq!(webhook["HttpAuth"], json!({ "Username": "u", "Password": "p" }));
    assert_eq!(webhook["HttpHeaders"], json!([{ "Name": "X-Env", "Value": "v" }]));
    assert_eq!(webhook["Triggers"]["Bounce"], json!({ "Enabled": true, "IncludeContent": true }));
    assert_eq!(webhook["Triggers"]["Open"], json!({ "Enabled": true, "PostFirstOpenOnly": true }));
    assert_eq!(webhook["Status"], "unverified");
    let path = format!("/WEBHOOKS/{}/", webhook["ID"]);
    let edited = api.ok("PUT", &path, r#"{"TRIGGERS":{"spamcomplaint":{"Enabled":true}}}"#);
    assert_eq!(edited["Triggers"]["SpamComplaint"]["Enabled"], true);
    let refused = api.call("PUT", &path, r#"{"triggers":{"sent":{"enabled":true}}}"#);
    assert_eq!(refused.refusal(), (422, 1353));
    assert_eq!(api.call("PUT", &path, r#"{"status":"verified"}"#).refusal(), (422, 1363));
    assert_eq!(
        api.call("POST", "/webhooks", r#"{"id":5,"Url":"https://h.example.com"}"#).refusal(),
        (422, 1356)
    );

    // As the PHP, Ruby, Java and Rust clients spell them.
    let body =
        r#"{"inboundHookUrl":"https://h.example.com/in","color":"PURPLE","trackopens":true}"#;
    let server = api.ok("PUT", "/server", body);
    assert_eq!(server["InboundHookUrl"], "https://h.example.com/in");
    assert_eq!((&server["Color"], &server["TrackOpens"]), (&json!("purple"), &json!(true)));
    let server = api.account("PUT", "/Servers/1", r#"{"name":"Renamed","color":"green"}"#).ok();
    assert_eq!((&server["Name"], &server["Color"]), (&json!("Renamed"), &json!("green")));
    let body = r#"{"Id":"news","name":"News","messageStreamType":"broadcasts",
        "subscriptionManagementConfiguration":{"unsubscribeHandlingType":"custom"}}"#;
    let stream = api.ok("POST", "/Message-Streams", body);
    assert_eq!((&stream["ID"], &stream["Name"]), (&json!("news"), &json!("News")));
    let handling = &stream["SubscriptionManagementConfiguration"]["UnsubscribeHandlingType"];
    assert_eq!(handling, "Custom");
}

#[test]
fn the_exact_spelling_of_a_key_wins_over_another_one() {
    let api = start();
    let body = r#"{"color":"red","Color":"green","COLOR":"blue"}"#;
    assert_eq!(api.ok("PUT", "/server", body)["Color"], "green");
    assert_eq!(api.ok("PUT", "/server", r#"{"Color":null,"color":"red"}"#)["Color"], "red");
}

#[test]
fn stream_ids_match_without_regard_to_case_in_path_query_and_body() {
    let api = start();
    assert_eq!(api.ok("GET", "/message-streams/OUTBOUND", "")["ID"], "outbound");
    assert_eq!(api.ok("GET", "/message-streams/out%62ound", "")["ID"], "outbound");
    for query in ["MessageStream=Outbound", "messagestream=OUTBOUND", "MESSAGESTREAM=outbound"] {
        let list = api.ok("GET", &format!("/webhooks?{query}"), "");
        assert_eq!(list["Webhooks"].as_array().map(Vec::len), Some(2), "{query}");
    }
    let edited = api.ok("PUT", "/webhooks/1234567", r#"{"MessageStream":"Outbound"}"#);
    assert_eq!(edited["MessageStream"], "outbound");
    let taken = r#"{"ID":"broadcast","Name":"B","MessageStreamType":"Broadcasts"}"#;
    assert_eq!(api.call("POST", "/message-streams", taken).refusal(), (422, 1230));
    assert_eq!(api.call("GET", "/webhooks?MessageStream=Outbound2", "").refusal(), (422, 1226));
}

#[test]
fn an_empty_string_in_an_optional_field_counts_as_not_given() {
    let api = start();
    let body = r#"{"Url":"https://h.example.com","MessageStream":"","HttpAuth":"","HttpHeaders":"",
        "Triggers":{"Open":{"Enabled":true,"PostFirstOpenOnly":""}},"Verify":"","Status":"","ID":""}"#;
    let webhook = api.ok("POST", "/webhooks", body);
    assert_eq!(webhook["MessageStream"], "outbound");
    assert_eq!((&webhook["HttpAuth"], &webhook["HttpHeaders"]), (&Value::Null, &json!([])));
    let path = format!("/webhooks/{}", webhook["ID"]);
    assert_eq!(api.ok("PUT", &path, r#"{"Url":"","MessageStream":""}"#), webhook);
    let before = api.ok("GET", "/server", "");
    let body =
        r#"{"Name":"","Color":"","TrackLinks":"","DeliveryType":"","InboundSpamThreshold":""}"#;
    assert_eq!(api.ok("PUT", "/server", body), before);
    let body = r#"{"ID":"news","Name":"News","MessageStreamType":"Transactional","Description":"",
        "SubscriptionManagementConfiguration":{"UnsubscribeHandlingType":""}}"#;
    assert_eq!(api.ok("POST", "/message-streams", body)["Description"], Value::Null);
    // Where the empty string has a meaning, it keeps it.
    api.ok("PUT", "/server", r#"{"InboundHookUrl":"https://h.example.com"}"#);
    assert_eq!(api.ok("PUT", "/server", r#"{"InboundHookUrl":""}"#)["InboundHookUrl"], "");
    api.ok("PUT", &path, r#"{"HttpAuth":{"Username":"u","Password":"p"}}"#);
    let cleared = api.ok("PUT", &path, r#"{"HttpAuth":{"Username":"","Password":""}}"#);
    assert_eq!(cleared["HttpAuth"], Value::Null);
    assert_eq!(api.call("POST", "/webhooks", r#"{"Url":""}"#).refusal(), (422, 1354));
}

#[test]
fn servers_are_deleted_unless_the_account_may_not() {
    let api = start();
    let created = api.account("POST", "/servers", r#"{"name":"Gone"}"#).ok();
    let path = format!("/servers/{}", created["ID"]);
    let deleted = api.account("DELETE", &path, "").ok();
    assert_eq!(
        deleted,
        json!({ "ErrorCode": 0, "Message": format!("Server {} removed.", created["ID"]) })
    );
    assert_eq!(api.account("GET", &path, "").refusal(), (422, 601));
    assert_eq!(api.account("DELETE", &path, "").refusal(), (422, 601));
    let again = api.account("POST", "/servers", r#"{"Name":"Gone"}"#).ok();
    assert!(again["ID"].as_i64() > created["ID"].as_i64(), "never the ID of a deleted server");

    let api = start_with(Options { server_delete: false, ..options() });
    assert_eq!(api.account("DELETE", "/servers/1", "").refusal(), (422, 604));
    assert_eq!(api.ids().len(), 2);
}

#[test]
fn no_error_has_the_code_of_a_success() {
    let api = start();
    let token = ("X-Postmark-Server-Token", OTHER_TOKEN);
    let foreign = [token, ("Host", "evil.example.com")];
    let answers = [
        api.call("GET", "/nowhere", ""),
        api.call("PATCH", "/webhooks", "{}"),
        api.call("GET", "/email", ""),
        call(api.address(), "GET", "/webhooks", &[token, ("Origin", "https://evil.example")], ""),
        call(api.address(), "POST", "/webhooks", &[token, ("Content-Encoding", "gzip")], "x"),
        call(api.address(), "GET", "/webhooks", &[], ""),
        call(api.address(), "GET", "/webhooks", &foreign, ""),
    ];
    for answer in answers {
        let (status, code) = answer.refusal();
        assert!(status >= 400 && code > 0, "{answer:?}");
    }
    let faulty = start_with(Options {
        faults: vec!["* /=status:418".parse().expect("a fault")],
        ..options()
    });
    assert_eq!(faulty.call("GET", "/server", "").refusal(), (418, 9418));
}

#[test]
fn a_path_that_only_postmark_has_is_named() {
    let api = start();
    for (method, path, name) in [
        ("POST", "/templates/validate", "/templates/validate"),
        ("GET", "/Templates/5/", "/templates/{}"),
        ("GET", "/STATS/outbound/sends", "/stats/outbound/{}"),
        ("GET", "/stats/outbound/opens/platforms", "/stats/outbound/opens/{}"),
        ("GET", "/triggers/inboundRules", "/triggers/inboundrules"),
        ("POST", "/email/bulk", "/email/bulk"),
    ] {
        let answer = api.call(method, path, "");
        assert_eq!(answer.refusal(), (501, 9501), "{path}");
        let message = answer.json()["Message"].as_str().expect("a text").to_owned();
        assert!(message.contains(name), "{message}");
    }
    for path in
        ["/domains", "/senders/5", "/templates/push", "/data-removals", "/domains/1/verifydkim"]
    {
        assert_eq!(api.account("GET", path, "").refusal(), (501, 9501), "{path}");
        assert_eq!(api.call("GET", path, "").refusal(), (401, 10), "{path}");
    }
    for path in ["/webhook", "/emails", "/templates/1/2", "/stats", "/domains/1/2/3"] {
        let answer = api.call("GET", path, "");
        assert_eq!(answer.refusal(), (404, 9404), "{path}");
        assert!(answer.json()["Message"].as_str().is_some_and(|m| m.contains(path)), "{answer:?}");
    }
}

#[test]
fn authentication_is_checked_before_the_path_the_method_and_the_body() {
    let api = start();
    for (method, path) in [
        ("GET", "/nowhere"),
        ("GET", "/email"),
        ("DELETE", "/webhooks"),
        ("OPTIONS", "/webhooks"),
        ("PUT", "/webhooks/99"),
        ("GET", "/domains"),
    ] {
        let answer = call(api.address(), method, path, &[], "{");
        assert_eq!(answer.refusal(), (401, 10), "{method} {path}");
        let wrong = [("X-Postmark-Server-Token", "not-a-token")];
        assert_eq!(call(api.address(), method, path, &wrong, "{").refusal(), (401, 10));
    }
    let other_kind = [("X-Postmark-Account-Token", OTHER_TOKEN)];
    assert_eq!(call(api.address(), "GET", "/nowhere", &other_kind, "").refusal(), (404, 9404));
    assert_eq!(call(api.address(), "GET", "/webhooks", &other_kind, "").refusal(), (401, 10));
}

#[test]
fn a_body_is_read_only_after_host_origin_and_token_were_accepted() {
    let api = start();
    let good = "Host: localhost\r\n";
    for (head, status) in [
        (format!("Host: evil.example.com\r\n{BUILT_IN}"), 403),
        (format!("{good}{BUILT_IN}Origin: https://evil.example.com\r\n"), 403),
        (good.to_owned(), 401),
        (format!("{good}X-Postmark-Server-Token: x\r\n"), 401),
        (format!("{good}{BUILT_IN}Content-Encoding: gzip\r\n"), 415),
    ] {
        let mut stream = connect(api.address());
        let head = format!("POST /webhooks HTTP/1.1\r\n{head}Content-Length: 10000000\r\n\r\n");
        // No byte of the body is ever sent: a server that waits for it would not answer.
        stream.write_all(head.as_bytes()).expect("sent");
        let answer = read_answer(&mut BufReader::new(stream), false).expect("an answer");
        assert_eq!(answer.status, status, "{head}");
    }
}

#[test]
fn bodies_share_one_memory_budget() {
    let api = start();
    let head = format!(
        "POST /webhooks HTTP/1.1\r\nHost: localhost\r\n{BUILT_IN}Content-Length: 10000000\r\n\r\n"
    );
    let part = vec![b' '; 9_999_999];
    // Each sends all but the last byte, so that the bodies are held at the same time.
    let mut streams = Vec::new();
    for _ in 0..8 {
        let mut stream = connect(api.address());
        stream.write_all(head.as_bytes()).expect("sent");
        let _ = stream.write_all(&part);
        streams.push(stream);
    }
    let mut refused = 0;
    for mut stream in streams {
        let _ = stream.write_all(b" ");
        let Some(answer) = read_answer(&mut BufReader::new(stream), false) else { continue };
        if answer.status == 503 {
            assert_eq!(answer.refusal(), (503, 9503));
            refused += 1;
        }
    }
    assert!(refused >= 1, "80 MB were held at once");
    assert_eq!(api.ids().len(), 2);
}

#[test]
fn verification_can_be_turned_off_in_the_query_too() {
    let api = start_with(Options { verify: Verify::Fail, ..options() });
    let body = r#"{"Url":"https://h.example.com","Triggers":{"Open":{"Enabled":true}}}"#;
    for (query, saved) in [
        ("?verify=false", true),
        ("?Verify=FALSE", true),
        ("?VERIFY=false&x=1", true),
        ("?verify=true", false),
        ("?verify=", false),
        ("", false),
    ] {
        let answer = api.call("POST", &format!("/webhooks{query}"), body);
        if saved {
            assert_eq!(answer.ok()["Status"], "unverified", "{query}");
        } else {
            assert_eq!(answer.refusal(), (422, 1364), "{query}");
        }
    }
    let edit = r#"{"Url":"https://i.example.com"}"#;
    assert_eq!(api.call("PUT", "/webhooks/1234567", edit).refusal(), (422, 1364));
    assert_eq!(api.ok("PUT", "/webhooks/1234567?verify=false", edit)["Status"], "unverified");
}

#[test]
fn a_byte_order_mark_is_ignored_and_other_encodings_are_named() {
    let api = start();
    let post = |body: &[u8]| {
        let head = format!(
            "POST /webhooks HTTP/1.1\r\nHost: localhost\r\n{BUILT_IN}Content-Length: {}\r\n\
             Connection: close\r\n\r\n",
            body.len()
        );
        let mut stream = connect(api.address());
        stream.write_all(head.as_bytes()).expect("sent");
        stream.write_all(body).expect("sent");
        read_answer(&mut BufReader::new(stream), false).expect("an answer")
    };
    let json = r#"{"Url":"https://h.example.com"}"#;
    post(format!("\u{feff}{json}").as_bytes()).ok();
    assert_eq!(post("\u{feff}".as_bytes()).refusal(), (422, 1355));
    let utf_16: Vec<u8> =
        [0xfeff_u16].into_iter().chain(json.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let refused = post(&utf_16);
    assert_eq!(refused.refusal(), (422, 402));
    assert!(refused.json()["Message"].as_str().is_some_and(|m| m.contains("UTF-16")));
    let headers = [("X-Postmark-Server-Token", OTHER_TOKEN), ("Content-Encoding", "gzip")];
    let refused = call(api.address(), "POST", "/webhooks", &headers, "\u{1f}");
    assert_eq!(refused.refusal(), (415, 9415));
    assert!(refused.json()["Message"].as_str().is_some_and(|m| m.contains("uncompressed")));
    let headers = [("X-Postmark-Server-Token", OTHER_TOKEN), ("Content-Encoding", "identity")];
    call(api.address(), "POST", "/webhooks", &headers, json).ok();
}

#[test]
fn invalid_json_is_described_by_its_place_alone() {
    let api = start();
    for body in
        [r#"{"Url":"#, "{'Url':1}", r#"{"Url":1,}"#, "nope", r#"{"a":"\x"}"#, "{}{}", "[1 2]"]
    {
        let refused = api.call("POST", "/webhooks", body);
        assert_eq!(refused.refusal(), (422, 402), "{body}");
        let message = refused.json()["Message"].as_str().expect("a text").to_owned();
        assert!(message.contains("line 1, column "), "{message}");
        for word in ["expected", "EOF", "trailing", "ident", "escape", "key must"] {
            assert!(!message.contains(word), "{message}");
        }
    }
}

#[test]
fn a_request_that_is_not_http_gets_a_json_error() {
    let api = start();
    let long = "a".repeat(100_000);
    for (request, status) in [
        ("NONSENSE\r\n\r\n".to_owned(), 400),
        ("GET /webhooks HTTP/1.1\r\nX A: b\r\n\r\n".to_owned(), 400),
        ("GET /web\0hooks HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(), 400),
        (format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"), 414),
    ] {
        let answer = raw(api.address(), request.as_bytes());
        assert_eq!(
            status_of(&answer),
            Some(status),
            "{}",
            request.chars().take(40).collect::<String>()
        );
        let text = String::from_utf8(answer).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a body");
        assert!(head.to_lowercase().contains("content-type: application/json"), "{head}");
        let length = format!("content-length: {}", body.len());
        assert!(head.to_lowercase().contains(&length), "{head}");
        let body: Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(body["ErrorCode"], 9000 + i64::from(status));
        assert!(body["Message"].as_str().is_some_and(|m| !m.is_empty()));
    }
}

#[test]
fn clients_are_told_how_long_an_idle_connection_stays_open() {
    let api = start();
    for path in ["/webhooks", "/nowhere"] {
        assert_eq!(api.call("GET", path, "").header("keep-alive"), Some("timeout=10"));
    }
}

#[test]
fn every_success_is_a_200_with_json() {
    let api = start();
    let created = api.call("POST", "/webhooks", r#"{"Url":"https://h.example.com"}"#);
    let id = created.ok()["ID"].clone();
    let calls = [
        ("GET", "/webhooks".to_owned()),
        ("PUT", format!("/webhooks/{id}")),
        ("POST", format!("/webhooks/{id}/verify")),
        ("GET", format!("/webhooks/{id}/statistics")),
        ("DELETE", format!("/webhooks/{id}")),
        ("OPTIONS", "/webhooks".to_owned()),
        ("POST", "/message-streams/broadcast/archive".to_owned()),
        ("POST", "/message-streams/broadcast/unarchive".to_owned()),
    ];
    for (method, path) in calls {
        let body = if method == "PUT" { "{}" } else { "" };
        api.call(method, &path, body).ok();
    }
}
