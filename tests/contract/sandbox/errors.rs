//! Every code that the emulator raises for webhooks, streams and servers.

use pmhooks::sandbox::{Options, Verify};
use serde_json::{Value, json};

use super::client::{Api, OTHER_TOKEN, options, start, start_with};

/// Each mistake in a call with the built-in token, with the code that it must be refused with.
fn refuses(api: &Api, cases: &[(&str, &str, String, i64)]) {
    let read = || ["/webhooks", "/message-streams", "/server"].map(|path| api.ok("GET", path, ""));
    let before = read();
    for (mistake, call, body, code) in cases {
        let (method, path) = call.split_once(' ').expect("a method and a path");
        let answer = api.call(method, path, body);
        assert_eq!(answer.refusal(), (422, *code), "{mistake}: {answer:?}");
        let content = answer.header("content-type");
        assert_eq!(content, Some("application/json; charset=utf-8"), "{mistake}");
    }
    assert_eq!(before, read(), "a refused request changes nothing");
}

#[test]
fn each_mistake_in_a_create_has_its_code() {
    let post = |mistake, body: &str, code| (mistake, "POST /webhooks", body.to_owned(), code);
    let with = |mistake, key: &str, value: Value, code| {
        let mut body = json!({ "Url": "https://h.example.com" });
        body[key] = value;
        (mistake, "POST /webhooks", body.to_string(), code)
    };
    let cases = [
        post("no body", "", 1355),
        post("null for a body", "null", 1355),
        post("cut JSON", r#"{"Url":"#, 402),
        post("JSON of endless depth", &"[".repeat(100_000), 402),
        post("a list", "[]", 1361),
        with("an ID", "ID", json!(5), 1356),
        with("an ID of another type", "ID", json!("x"), 1356),
        with("a status", "Status", json!("verified"), 1363),
        post("no URL", "{}", 1354),
        post("a misspelled key", r#"{"Uri":"https://h.example.com"}"#, 1354),
        with("an empty URL", "Url", json!(""), 1354),
        with("a relative URL", "Url", json!("/hook"), 1354),
        with("an FTP URL", "Url", json!("ftp://h.example.com"), 1354),
        with("a URL without a host", "Url", json!("https://"), 1354),
        with("a URL with a line end", "Url", json!("https://h\n.example.com"), 1354),
        with("a URL with a space before it", "Url", json!(" https://h.example.com"), 1354),
        with("a number for the URL", "Url", json!(5), 1361),
        with("a number for the stream", "MessageStream", json!(5), 1361),
        with("a text for the triggers", "Triggers", json!("Open"), 1361),
        with("a list for a trigger", "Triggers", json!({ "Open": [] }), 1361),
        with("a text for a flag", "Triggers", json!({ "Open": { "Enabled": "true" } }), 1361),
        with("an unknown trigger", "Triggers", json!({ "Inbound": { "Enabled": true } }), 1353),
        with("a text for Verify", "Verify", json!("no"), 1361),
        with("a text for the authentication", "HttpAuth", json!("user:pass"), 1361),
        with("half an authentication", "HttpAuth", json!({ "Username": "u" }), 1361),
        with("an object for the headers", "HttpHeaders", json!({ "X-A": "1" }), 1361),
        with("a header that is a text", "HttpHeaders", json!(["X-A: 1"]), 1361),
        with("a line end in it", "HttpHeaders", json!([{ "Name": "X", "Value": "a\nb" }]), 1361),
        with("a header without a name", "HttpHeaders", json!([{ "Value": "v" }]), 1358),
        with("a name with a space", "HttpHeaders", json!([{ "Name": "X A", "Value": "v" }]), 1358),
        with("an unknown stream", "MessageStream", json!("nowhere"), 1226),
        with("the inbound stream", "MessageStream", json!("inbound"), 1351),
    ];
    refuses(&start(), &cases);
}

#[test]
fn each_mistake_with_a_webhook_that_exists_has_its_code() {
    let put = |mistake, body: &str, code| (mistake, "PUT /webhooks/1234567", body.to_owned(), code);
    let call = |mistake, call, code| (mistake, call, String::new(), code);
    let cases = [
        put("no body but space", " \r\n", 1355),
        put("not JSON", "Url=https://x", 402),
        put("a status", r#"{"Status":"verified"}"#, 1363),
        put("another ID", r#"{"ID":1234568}"#, 1357),
        put("an ID of another type", r#"{"ID":"1234567"}"#, 1361),
        put("another stream", r#"{"MessageStream":"broadcast"}"#, 1357),
        put("a blank URL", r#"{"Url":" "}"#, 1354),
        put("a header without a name", r#"{"HttpHeaders":[{"Name":""}]}"#, 1358),
        put("a number for an option", r#"{"Triggers":{"Bounce":{"IncludeContent":1}}}"#, 1361),
        put("an unknown trigger", r#"{"Triggers":{"Sent":{}}}"#, 1353),
        call("an unknown webhook", "GET /webhooks/99", 1352),
        call("a negative ID", "GET /webhooks/-7", 1352),
        call("an ID beyond 64 bits", "GET /webhooks/99999999999999999999", 1352),
        call("nothing to delete", "DELETE /webhooks/99", 1352),
        call("nothing to verify", "POST /webhooks/99/verify", 1352),
        call("nothing to count", "GET /webhooks/99/statistics", 1352),
        ("nothing to edit", "PUT /webhooks/99", "{}".to_owned(), 1352),
    ];
    refuses(&start(), &cases);
}

#[test]
fn more_than_thirty_headers_are_refused() {
    let api = start();
    let edit = |count: usize| {
        let headers: Vec<Value> = (0..count).map(|n| json!({ "Name": format!("X-{n}") })).collect();
        api.call("PUT", "/webhooks/1234567", &json!({ "HttpHeaders": headers }).to_string())
    };
    edit(30).ok();
    assert_eq!(edit(31).refusal(), (422, 1361));
}

#[test]
fn an_eleventh_webhook_on_a_stream_is_refused() {
    let api = start();
    let body = r#"{"Url":"https://h.example.com"}"#;
    for _ in 2..10 {
        api.ok("POST", "/webhooks", body);
    }
    assert_eq!(api.call("POST", "/webhooks", body).refusal(), (422, 1359));
    let elsewhere = r#"{"Url":"https://h.example.com","MessageStream":"broadcast"}"#;
    api.ok("POST", "/webhooks", elsewhere);
    api.ok("DELETE", "/webhooks/1234567", "");
    api.ok("POST", "/webhooks", body);
}

#[test]
fn a_webhook_on_an_archived_stream_is_refused() {
    let api = start();
    api.ok("POST", "/message-streams/broadcast/archive", "");
    let body = r#"{"Url":"https://h.example.com","MessageStream":"broadcast"}"#;
    assert_eq!(api.call("POST", "/webhooks", body).refusal(), (422, 1350));
    api.ok("POST", "/message-streams/broadcast/unarchive", "");
    api.ok("POST", "/webhooks", body);
}

#[test]
fn a_failed_verification_answers_its_report_with_the_code_in_header_and_body() {
    let api = start_with(Options { verify: Verify::Fail, ..options() });
    let body = r#"{"Url":"https://h.example.com","Triggers":{"Open":{"Enabled":true}}}"#;
    let answer = api.call("POST", "/webhooks", body);
    assert_eq!(answer.refusal(), (422, 1364));
    assert_eq!(
        answer.json(),
        json!({
            "ErrorCode": 1364,
            "Id": 0,
            "Url": "https://h.example.com",
            "Success": false,
            "Results": [{
                "TriggerType": "Open",
                "Success": false,
                "StatusCode": 503,
                "Message": "Service Unavailable",
            }],
            "Message": "0/1 triggers verified successfully",
        })
    );
}

#[test]
fn each_mistake_with_a_stream_has_its_code() {
    let post = |mistake, key: &str, value: Value, code| {
        let mut body = json!({ "ID": "news", "Name": "News", "MessageStreamType": "Broadcasts" });
        body[key] = value;
        (mistake, "POST /message-streams", body.to_string(), code)
    };
    let patch = |mistake, body: Value, code| {
        (mistake, "PATCH /message-streams/outbound", body.to_string(), code)
    };
    let call = |mistake, call, code| (mistake, call, String::new(), code);
    let handling = |how: &str| json!({ "UnsubscribeHandlingType": how });
    let cases = [
        post("no type", "MessageStreamType", Value::Null, 1221),
        post("a strange type", "MessageStreamType", json!("Some"), 1221),
        post("no ID", "ID", Value::Null, 1222),
        post("no name", "Name", Value::Null, 1223),
        post("a long name", "Name", json!("x".repeat(101)), 1224),
        post("an ID with capitals", "ID", json!("News"), 1227),
        post("an ID from a digit on", "ID", json!("1news"), 1227),
        post("an ID with a dot", "ID", json!("new.s"), 1227),
        post("a long ID", "ID", json!("x".repeat(31)), 1227),
        post("a second inbound stream", "MessageStreamType", json!("Inbound"), 1228),
        post("a taken ID", "ID", json!("broadcast"), 1230),
        post("a long description", "Description", json!("x".repeat(1001)), 1231),
        post("an ID of Postmark's own", "ID", json!("pm-news"), 1233),
        post("HTML", "Description", json!("a </b>"), 1234),
        post("a reserved ID", "ID", json!("all"), 1237),
        post("a strange handling", "SubscriptionManagementConfiguration", handling("x"), 1240),
        patch("a blank name", json!({ "Name": " " }), 1223),
        patch("HTML", json!({ "Description": "<b>" }), 1234),
        patch("a number for a name", json!({ "Name": 5 }), 403),
        patch("a list", json!([]), 403),
        call("no stream", "POST /message-streams", 402),
        call("a strange type to list", "GET /message-streams?MessageStreamType=Some", 1221),
        call("an unknown stream", "GET /message-streams/nowhere", 1226),
        call("nothing to archive", "POST /message-streams/nowhere/archive", 1226),
        call("nothing to bring back", "POST /message-streams/nowhere/unarchive", 1226),
        call("an archive of outbound", "POST /message-streams/outbound/archive", 1229),
        call("an archive of inbound", "POST /message-streams/inbound/archive", 1229),
    ];
    refuses(&start(), &cases);
}

#[test]
fn each_mistake_with_the_server_of_the_token_has_its_code() {
    let put = |mistake, body: &str, code| (mistake, "PUT /server", body.to_owned(), code);
    let cases = [
        put("no data", "", 609),
        put("cut JSON", "{", 402),
        put("a bad inbound URL", r#"{"InboundHookUrl":"nonsense"}"#, 606),
        put("a bad click URL", r#"{"ClickHookUrl":"ftp://h.example.com"}"#, 606),
        put("a bad color", r#"{"Color":"pink"}"#, 607),
        put("a blank name", r#"{"Name":" "}"#, 608),
        put("a domain of Postmark's", r#"{"InboundDomain":"x.postmarkapp.com"}"#, 608),
        put("a threshold of 31", r#"{"InboundSpamThreshold":31}"#, 611),
        put("a threshold of -1", r#"{"InboundSpamThreshold":-1}"#, 611),
        put("a bad TrackLinks", r#"{"TrackLinks":"Some"}"#, 612),
        put("a bad DeliveryType", r#"{"DeliveryType":"Later"}"#, 613),
        put("a text for a flag", r#"{"TrackOpens":"yes"}"#, 403),
        put("half good, half bad", r#"{"TrackOpens":true,"Color":"pink"}"#, 607),
    ];
    refuses(&start(), &cases);
}

#[test]
fn an_eleventh_stream_is_refused() {
    let api = start();
    let create = |n: usize| {
        let body =
            json!({ "ID": format!("s{n}"), "Name": "S", "MessageStreamType": "Transactional" });
        api.call("POST", "/message-streams", &body.to_string())
    };
    for n in 3..10 {
        create(n).ok();
    }
    assert_eq!(create(10).refusal(), (422, 1225));
}

#[test]
fn each_mistake_with_servers_has_its_code() {
    let api = start();
    let cases = [
        ("no page", "GET", "/servers", "", 600),
        ("no offset", "GET", "/servers?count=5", "", 600),
        ("a count that is no number", "GET", "/servers?count=x&offset=0", "", 600),
        ("a count above 500", "GET", "/servers?count=501&offset=0", "", 600),
        ("a negative offset", "GET", "/servers?count=5&offset=-1", "", 600),
        ("an unknown server", "GET", "/servers/99", "", 601),
        ("an edit of an unknown server", "PUT", "/servers/99", "{}", 601),
        ("a taken name", "POST", "/servers", r#"{"Name":"sandbox"}"#, 603),
        ("a deletion of an unknown server", "DELETE", "/servers/99", "", 601),
        ("no name", "POST", "/servers", "{}", 608),
        ("no data", "POST", "/servers", "", 609),
        ("a bad delivery type", "POST", "/servers", r#"{"Name":"N","DeliveryType":"x"}"#, 613),
    ];
    for (name, method, path, body, code) in cases {
        let answer = api.account(method, path, body);
        assert_eq!(answer.refusal(), (422, code), "{name}: {answer:?}");
    }
    let page = api.account("GET", "/servers?count=500&offset=0", "").ok();
    assert_eq!(page["TotalCount"], 1, "a refused request makes no server");
}

#[test]
fn an_inbound_domain_belongs_to_one_server() {
    let api = start();
    let body = r#"{"InboundDomain":"in.example.com"}"#;
    api.ok("PUT", "/server", body);
    api.ok("PUT", "/server", body);
    assert_eq!(api.call_as(OTHER_TOKEN, "PUT", "/server", body).refusal(), (422, 602));
}
