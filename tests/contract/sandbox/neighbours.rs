//! Message streams and servers.

use pmhooks::sandbox::BUILT_IN_TOKEN;
use serde_json::{Value, json};

use super::client::{Api, OTHER_TOKEN, start};

fn stream_ids(api: &Api, query: &str) -> Vec<String> {
    let list = api.ok("GET", &format!("/message-streams{query}"), "");
    let streams = list["MessageStreams"].as_array().expect("a list");
    assert_eq!(list["TotalCount"], streams.len());
    streams.iter().map(|s| s["ID"].as_str().expect("a text").to_owned()).collect()
}

#[test]
fn a_new_server_has_three_streams() {
    let api = start();
    let list = api.call_as(OTHER_TOKEN, "GET", "/message-streams", "").ok();
    let first = &list["MessageStreams"][0];
    let keys: Vec<_> = first.as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        [
            "ID",
            "ServerID",
            "Name",
            "Description",
            "MessageStreamType",
            "CreatedAt",
            "UpdatedAt",
            "ArchivedAt",
            "ExpectedPurgeDate",
            "SubscriptionManagementConfiguration"
        ]
    );
    let types: Vec<(&Value, &Value)> = list["MessageStreams"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|s| (&s["ID"], &s["MessageStreamType"]))
        .collect();
    assert_eq!(
        json!(types),
        json!([["outbound", "Transactional"], ["inbound", "Inbound"], ["broadcast", "Broadcasts"]])
    );
    assert!(first["CreatedAt"].as_str().is_some_and(|at| at.len() == 25 && at.ends_with("-05:00")));
}

#[test]
fn streams_are_created_edited_archived_and_brought_back() {
    let api = start();
    let body =
        r#"{"ID":"news","Name":"News","MessageStreamType":"Broadcasts","Description":"a < b"}"#;
    let created = api.ok("POST", "/message-streams", body);
    assert_eq!(created["ServerID"], 1);
    assert_eq!(created["Description"], "a < b");
    assert_eq!(created["UpdatedAt"], Value::Null);
    let handling = &created["SubscriptionManagementConfiguration"]["UnsubscribeHandlingType"];
    assert_eq!(handling, "Postmark");
    assert_eq!(stream_ids(&api, ""), ["outbound", "inbound", "broadcast", "news"]);
    assert_eq!(stream_ids(&api, "?messagestreamtype=broadcasts"), ["broadcast", "news"]);
    assert_eq!(stream_ids(&api, "?MessageStreamType=All").len(), 4);

    let body = r#"{"Name":"Newer","SubscriptionManagementConfiguration":{"UnsubscribeHandlingType":"custom"}}"#;
    let edited = api.ok("PATCH", "/message-streams/news", body);
    assert_eq!(edited["Name"], "Newer");
    assert_eq!(edited["Description"], "a < b", "what is not named stays");
    assert_ne!(edited["UpdatedAt"], Value::Null);
    let handling = &edited["SubscriptionManagementConfiguration"]["UnsubscribeHandlingType"];
    assert_eq!(handling, "Custom");

    let archived = api.ok("POST", "/message-streams/news/archive", "");
    assert_eq!(archived["ID"], "news");
    assert_eq!(archived["ServerID"], 1);
    let purge = archived["ExpectedPurgeDate"].as_str().expect("a date");
    assert_eq!(api.ok("POST", "/message-streams/news/archive", "")["ExpectedPurgeDate"], purge);
    assert_eq!(stream_ids(&api, "").len(), 3);
    assert_eq!(stream_ids(&api, "?IncludeArchivedStreams=true").len(), 4);
    assert_ne!(api.ok("GET", "/message-streams/news", "")["ArchivedAt"], Value::Null);
    let back = api.ok("POST", "/message-streams/news/unarchive", "");
    assert_eq!((&back["ArchivedAt"], &back["ExpectedPurgeDate"]), (&Value::Null, &Value::Null));
}

#[test]
fn the_server_of_the_token_shows_every_documented_field() {
    let server = start().ok("GET", "/server", "");
    assert_eq!(
        server,
        json!({
            "ID": 1,
            "Name": "Sandbox",
            "ApiTokens": [BUILT_IN_TOKEN],
            "Color": "blue",
            "SmtpApiActivated": false,
            "RawEmailEnabled": false,
            "DeliveryType": "Live",
            "ServerLink": "https://account.postmarkapp.com/servers/1/streams",
            "InboundAddress": "5eed5eed5eed5eed5eed5eed5eed5eed@inbound.postmarkapp.com",
            "InboundHookUrl": "",
            "BounceHookUrl": "",
            "OpenHookUrl": "",
            "DeliveryHookUrl": "",
            "PostFirstOpenOnly": false,
            "InboundDomain": "",
            "InboundHash": "5eed5eed5eed5eed5eed5eed5eed5eed",
            "InboundSpamThreshold": 0,
            "TrackOpens": false,
            "TrackLinks": "None",
            "IncludeBounceContentInHook": false,
            "ClickHookUrl": "",
            "EnableSmtpApiErrorHooks": false,
        })
    );
}

#[test]
fn an_edit_of_the_server_takes_any_subset_and_answers_all_of_it() {
    let api = start();
    let mut expected = api.ok("GET", "/server", "");
    let body = r#"{"InboundHookUrl":"https://u:p@in.example.com/x","EnableSmtpApiErrorHooks":true,
        "TrackLinks":"htmlonly","Color":"Red","Name":null,"ID":99,"ApiTokens":["x"]}"#;
    expected["InboundHookUrl"] = json!("https://u:p@in.example.com/x");
    expected["EnableSmtpApiErrorHooks"] = json!(true);
    expected["TrackLinks"] = json!("HtmlOnly");
    expected["Color"] = json!("red");
    assert_eq!(api.ok("PUT", "/server", body), expected);
    expected["InboundHookUrl"] = json!("");
    assert_eq!(api.ok("PUT", "/server", r#"{"InboundHookUrl":""}"#), expected);
    assert_eq!(api.ok("GET", "/server", ""), expected);
}

#[test]
fn every_uuid_opens_a_server_of_its_own_that_stays_the_same() {
    let api = start();
    let third = "33333333-2222-4333-8444-aaaaaaaaaaaa";
    let look = |token: &str| {
        let server = api.call_as(token, "GET", "/server", "").ok();
        assert_eq!(server["ApiTokens"], json!([token]));
        server
    };
    let servers = [OTHER_TOKEN, third, BUILT_IN_TOKEN].map(look);
    assert_eq!(servers, [OTHER_TOKEN, third, BUILT_IN_TOKEN].map(look));
    assert_eq!((&servers[0]["ID"], &servers[1]["ID"]), (&json!(2), &json!(3)));
    for key in ["Name", "InboundAddress"] {
        assert_ne!(servers[0][key], servers[1][key], "{key}");
    }
    assert_eq!((&servers[2]["ID"], &servers[2]["Name"]), (&json!(1), &json!("Sandbox")));
}

#[test]
fn the_account_lists_its_servers_page_by_page() {
    let api = start();
    for n in 2..6 {
        api.account("POST", "/servers", &json!({ "Name": format!("Server {n}") }).to_string()).ok();
    }
    let page = |query: &str| {
        let page = api.account("GET", &format!("/servers?{query}"), "").ok();
        let ids = page["Servers"].as_array().expect("a list").iter().map(|s| s["ID"].clone());
        (page["TotalCount"].clone(), ids.collect::<Vec<_>>())
    };
    assert_eq!(page("count=2&offset=0"), (json!(5), vec![json!(1), json!(2)]));
    assert_eq!(page("count=2&offset=4"), (json!(5), vec![json!(5)]));
    assert_eq!(page("Count=500&Offset=9"), (json!(5), vec![]));
    assert_eq!(page("count=9&offset=0&name=SERVER%203"), (json!(1), vec![json!(3)]));
}

#[test]
fn a_server_that_the_account_creates_is_opened_by_the_token_that_it_answers() {
    let api = start();
    let body = r#"{"Name":"Staging","DeliveryType":"sandbox","TrackOpens":true}"#;
    let created = api.account("POST", "/servers", body).ok();
    assert_eq!(created["DeliveryType"], "Sandbox");
    assert_eq!(created["TrackOpens"], true);
    let token = created["ApiTokens"][0].as_str().expect("a token");
    assert_eq!(api.call_as(token, "GET", "/server", "").ok(), created);
    let path = format!("/servers/{}", created["ID"]);
    assert_eq!(api.account("GET", &path, "").ok(), created);
    let renamed = api.account("PUT", &path, r#"{"Name":"Stage","DeliveryType":"Live"}"#).ok();
    assert_eq!(renamed["Name"], "Stage");
    assert_eq!(renamed["DeliveryType"], "Sandbox", "it is chosen at the creation only");
    assert_eq!(api.call_as(token, "GET", "/server", "").ok(), renamed);
}
