//! `backfill`: lost events, rebuilt from what Postmark keeps.

use crate::support::*;

const SINCE: &str = "--since 2026-11-20T00:00:00Z --until 2026-11-21T00:00:00Z";

fn get(path: &str, body: Value) -> Step {
    Step::answer(200, body).only("GET", path).forever()
}

fn server() -> Step {
    get("/server", json!({"ID": 77, "Name": "Shop"}))
}

fn bounce(id: i64, kind: &str, at: &str) -> Value {
    json!({"ID": id, "Type": kind, "TypeCode": 1, "Name": "Hard bounce", "MessageID": "m-1",
        "ServerID": 77, "MessageStream": "outbound", "Email": format!("kim{id}@example.com"),
        "From": "shop@example.com", "BouncedAt": at, "DumpAvailable": true, "Inactive": true,
        "CanActivate": true, "Subject": "Invoice"})
}

fn bounces() -> Step {
    get(
        "/bounces",
        json!({"TotalCount": 3, "Bounces": [
            bounce(2, "SpamComplaint", "2026-11-20T09:30:15.1234567Z"),
            bounce(1, "HardBounce", "2026-11-20T03:00:00-05:00"),
            // Search filters have whole days and seconds only: this one is outside.
            bounce(3, "HardBounce", "2026-11-21T00:00:00Z"),
        ]}),
    )
}

fn details() -> Step {
    let event = |kind: &str, recipient: &str, details: Value| {
        json!({"Type": kind, "Recipient": recipient, "ReceivedAt": "2026-11-20T05:00:00-05:00",
            "Details": details})
    };
    get(
        "/messages/outbound/m-1/details",
        json!({"MessageID": "m-1", "MessageStream": "outbound", "Tag": "invoice",
        "Metadata": {"order": "7"}, "MessageEvents": [
            event("Delivered", "kim1@example.com", json!({"DeliveryMessage": "smtp;250 OK"})),
            event("Opened", "kim1@example.com", json!({"Summary": "Email opened"})),
            event("SubscriptionChanged", "kim2@example.com",
                json!({"Origin": "Recipient", "SuppressSending": "True"})),
        ]}),
    )
}

/// A server with two bounces and one message that was delivered, opened and complained about.
fn shop() -> Faulty {
    Faulty::new([
        server(),
        get(
            "/message-streams",
            json!({"MessageStreams": [
                {"ID": "outbound", "MessageStreamType": "Transactional"},
                {"ID": "inbound", "MessageStreamType": "Inbound"},
            ]}),
        ),
        bounces(),
        get(
            "/messages/outbound",
            json!({"TotalCount": 1, "Messages": [
            {"MessageID": "m-1", "ReceivedAt": "2026-11-20T04:59:00-05:00"}]}),
        ),
        details(),
        get(
            "/messages/outbound/opens/m-1",
            json!({"TotalCount": 1, "Opens": [
            {"FirstOpen": true, "MessageID": "m-1", "Recipient": "kim1@example.com",
                "UserAgent": "Mail", "ReceivedAt": "2026-11-20T05:00:00-05:00"}]}),
        ),
        get(
            "/message-streams/outbound/suppressions/dump",
            json!({"Suppressions": [
            {"EmailAddress": "kim2@example.com", "SuppressionReason": "SpamComplaint",
                "Origin": "Recipient", "CreatedAt": "2026-11-20T05:00:00-05:00"},
            {"EmailAddress": "lee@example.com", "SuppressionReason": "ManualSuppression",
                "Origin": "Customer", "CreatedAt": "2026-11-20T06:00:00-05:00"},
            {"EmailAddress": "old@example.com", "SuppressionReason": "HardBounce",
                "Origin": "Recipient", "CreatedAt": "2026-10-20T06:00:00-05:00"}]}),
        ),
    ])
    .may_be_unused()
}

#[test]
fn events_of_all_apis_are_rebuilt_in_the_format_that_replay_reads() {
    let api = shop();
    let env = TestEnv::with_api(api.url());
    env.run(format!("backfill {SINCE} --output-file lost.jsonl")).check(str![[r#"
EVENT                REBUILT
bounce               1
spam-complaint       1
smtp-api-error       0
delivery             1
open                 1
click                0
subscription-change  2
--- stderr
pmhooks: warning: without --missing-from, endpoints receive duplicates of events that they already have
Not rebuilt: bounces: Inactive and CanActivate are today's values, Content is absent.
Not rebuilt: opens: Postmark keeps only the first open of each recipient.
Not rebuilt: opens and clicks: those of messages sent before --since are not found.
Not rebuilt: subscription changes: reactivations leave no trace.
6 events rebuilt.
"#]]);
    let lines = env.read("lost.jsonl");
    let records: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let bodies = records.iter().map(|record| {
        assert!(record["Headers"][1]["Value"].as_str().is_some_and(|id| id.len() == 36));
        format!("{} {}\n", record["Rebuilt"]["From"], record["Body"].as_str().unwrap())
    });
    assert_data_eq!(
        bodies.collect::<String>(),
        str![[r#"
"bounces" {"RecordType":"Bounce","MessageStream":"outbound","ID":1,"Type":"HardBounce","TypeCode":1,"Name":"Hard bounce","MessageID":"m-1","Metadata":{"order":"7"},"ServerID":77,"Email":"kim1@example.com","From":"shop@example.com","BouncedAt":"2026-11-20T08:00:00.0000000Z","DumpAvailable":true,"Inactive":true,"CanActivate":true,"Subject":"Invoice"}
"bounces" {"RecordType":"SpamComplaint","MessageStream":"outbound","ID":2,"Type":"SpamComplaint","TypeCode":1,"Name":"Hard bounce","MessageID":"m-1","Metadata":{"order":"7"},"ServerID":77,"Email":"kim2@example.com","From":"shop@example.com","BouncedAt":"2026-11-20T09:30:15.1234567Z","DumpAvailable":true,"Inactive":true,"CanActivate":true,"Subject":"Invoice"}
"messages" {"RecordType":"Delivery","MessageStream":"outbound","ServerID":77,"MessageID":"m-1","Recipient":"kim1@example.com","Tag":"invoice","DeliveredAt":"2026-11-20T10:00:00.0000000Z","Details":"smtp;250 OK","Metadata":{"order":"7"}}
"messages" {"RecordType":"SubscriptionChange","MessageID":"m-1","ServerID":77,"MessageStream":"outbound","ChangedAt":"2026-11-20T10:00:00.0000000Z","Recipient":"kim2@example.com","Origin":"Recipient","SuppressSending":true,"Tag":"invoice","Metadata":{"order":"7"},"SuppressionReason":"SpamComplaint"}
"opens" {"RecordType":"Open","MessageStream":"outbound","FirstOpen":true,"UserAgent":"Mail","MessageID":"m-1","Metadata":{"order":"7"},"ReceivedAt":"2026-11-20T10:00:00.0000000Z","Tag":"invoice","Recipient":"kim1@example.com"}
"suppressions" {"RecordType":"SubscriptionChange","MessageID":null,"ServerID":77,"MessageStream":"outbound","ChangedAt":"2026-11-20T11:00:00.0000000Z","Recipient":"lee@example.com","Origin":"Customer","SuppressSending":true,"SuppressionReason":"ManualSuppression"}

"#]]
    );
    let replayed = env.run("replay lost.jsonl --to http://localhost:3000/ --dry-run -q");
    replayed.code(0);
    assert_eq!(replayed.stdout.lines().count(), 7, "{replayed}");
    assert!(!env.home().join("lost.jsonl.resume").exists());
}

#[test]
fn a_second_run_rebuilds_the_same_bytes() {
    let api = shop();
    let env = TestEnv::with_api(api.url());
    let run = || env.run(format!("backfill {SINCE} -q")).code(0).stdout.clone();
    let first = run();
    assert_eq!(first.lines().count(), 6);
    assert_eq!(first, run());
}

#[test]
fn a_dry_run_counts_the_events_and_writes_nothing() {
    let api = shop();
    let env = TestEnv::with_api(api.url());
    env.run(format!("backfill {SINCE} --event bounce,delivery,click --dry-run")).check(str![[r#"
EVENT     REBUILT
bounce    1
delivery  1
click     0
--- stderr
Not rebuilt: bounces: Inactive and CanActivate are today's values, Content is absent.
Not rebuilt: opens and clicks: those of messages sent before --since are not found.
2 events would be rebuilt.
"#]]);
    let report = env.run(format!("backfill {SINCE} --event bounce --dry-run -o json"));
    assert_data_eq!(
        report.stdout.clone(),
        str![[r#"
{
  "Since": "2026-11-20T00:00:00.000Z",
  "Until": "2026-11-21T00:00:00.000Z",
  "Results": [
    {
      "Event": "Bounce",
      "Rebuilt": 1
    }
  ],
  "AlreadyKnown": 0,
  "ExpiredMessages": 0,
  "UnreachableRows": 0,
  "Limitations": [
    "bounces: Inactive and CanActivate are today's values, Content is absent"
  ],
  "DryRun": true
}

"#]]
    );
}

#[test]
fn events_that_the_endpoint_has_are_left_out() {
    let api = shop();
    let env = TestEnv::with_api(api.url());
    let all = env.run(format!("backfill {SINCE} -q")).code(0).stdout.clone();
    env.file("record.jsonl", all.lines().take(2).collect::<Vec<_>>().join("\n") + "\nbroken\n");
    let missing = env.run(format!("backfill {SINCE} --missing-from record.jsonl"));
    assert_eq!(missing.stdout, all.split_inclusive('\n').skip(2).collect::<String>());
    assert_data_eq!(
        missing.stderr.clone(),
        str![[r#"
pmhooks: warning: damaged lines of record.jsonl were skipped: 3
Not rebuilt: bounces: Inactive and CanActivate are today's values, Content is absent.
Not rebuilt: opens: Postmark keeps only the first open of each recipient.
Not rebuilt: opens and clicks: those of messages sent before --since are not found.
Not rebuilt: subscription changes: reactivations leave no trace.
4 events rebuilt, 2 already known.

"#]]
    );

    env.file("ids", "\n00000000-0000-4000-8000-000000000001\n");
    let none_known = env.run(format!("backfill {SINCE} --missing-from ids -q"));
    assert_eq!(none_known.code(0).stdout, all);
    env.file("ids", "00000000-0000-4000-8000-000000000001\nm-1\n");
    env.run(format!("backfill {SINCE} --missing-from ids")).check(str![[r#"
--- stderr
pmhooks: error: cannot read the events of --missing-from
  because ids:2: expected a recorded event or a MessageID
--- exit 2
"#]]);
}

#[test]
fn a_window_with_too_many_rows_is_split_until_postmark_returns_them() {
    // 10 001 rows in the first half hour of the day, none later.
    let row = |id: i64| bounce(id, "HardBounce", "2026-11-20T00:10:00Z");
    let total = |total: usize| {
        let rows: Vec<_> = (0..2).map(row).collect();
        Step::answer(200, json!({"TotalCount": total, "Bounces": rows})).only("GET", "/bounces")
    };
    let api = Faulty::new([
        server(),
        total(10_001),
        total(2),
        Step::answer(200, json!({"TotalCount": 0, "Bounces": []})).only("GET", "/bounces"),
        details(),
    ]);
    let env = TestEnv::with_api(api.url());
    let rebuilt = env.run(format!("backfill {SINCE} --event bounce --stream outbound -q"));
    assert_eq!(rebuilt.code(0).stdout.lines().count(), 2);
    let searches = api.requests().into_iter().filter(|r| r.path.starts_with("/bounces"));
    let searches: Vec<_> = searches.map(|r| r.path.replace("%3A", ":") + "\n").collect();
    assert_data_eq!(
        searches.concat(),
        str![[r#"
/bounces?count=500&offset=0&messagestream=outbound&fromdate=2026-11-19T19:00:00&todate=2026-11-20T19:00:00
/bounces?count=500&offset=0&messagestream=outbound&fromdate=2026-11-19T19:00:00&todate=2026-11-20T07:00:00
/bounces?count=500&offset=0&messagestream=outbound&fromdate=2026-11-20T07:00:01&todate=2026-11-20T19:00:00

"#]]
    );
}

#[test]
fn an_interrupted_run_is_resumed_where_it_stopped() {
    let api = shop();
    let mut env = TestEnv::with_api(api.url());
    let whole = env.run(format!("backfill {SINCE} -q")).code(0).stdout.clone();
    let failing = Faulty::new([
        server(),
        get(
            "/message-streams",
            json!({"MessageStreams": [
            {"ID": "outbound", "MessageStreamType": "Transactional"}]}),
        ),
        get("/message-streams/outbound/suppressions/dump", json!({"Suppressions": []})),
        bounces(),
        details(),
        Step::status(500).only("GET", "/messages/outbound").forever(),
        Step::forward(api.url().as_str()).forever(),
    ])
    .may_be_unused();
    env.api(failing.url());
    env.run(format!("backfill {SINCE} --output-file lost.jsonl --retries 0")).check(str![[r#"
--- stderr
pmhooks: warning: without --missing-from, endpoints receive duplicates of events that they already have
pmhooks: error: cannot rebuild all events
  because 127.0.0.1:[PORT] answered 500
  hint: try again later; https://status.postmarkapp.com says how Postmark is
  hint: continue: `pmhooks backfill --resume lost.jsonl`
--- exit 6
"#]]);
    // A torn line after the last position is cut off.
    let torn = env.read("lost.jsonl") + "{\"Time\":";
    env.file("lost.jsonl", torn);
    env.api(api.url());
    env.run("backfill --resume lost.jsonl").code(2).has("belongs to server 77 of");
    let state = env.read("lost.jsonl.resume").replace(&failing.url(), &api.url());
    env.file("lost.jsonl.resume", state);
    env.run("backfill --resume lost.jsonl -q").code(0);
    assert_eq!(env.read("lost.jsonl"), whole);
    env.run("backfill --resume lost.jsonl").code(9).has("it is complete");
}

#[test]
fn failed_inbound_mail_is_posted_again_after_a_confirmation() {
    let api = Faulty::new([
        server(),
        get("/bounces", json!({"TotalCount": 0, "Bounces": []})),
        get(
            "/messages/inbound",
            json!({"TotalCount": 2, "InboundMessages": [
            {"MessageID": "i-1"}, {"MessageID": "i-2"}]}),
        ),
        Step::answer(
            200,
            json!({"ErrorCode": 0, "Message": "Successfully rescheduled failed message: i-1."}),
        )
        .only("PUT", "/messages/inbound/i-1/retry"),
        Step::answer(
            200,
            json!({"ErrorCode": 0, "Message": "Successfully rescheduled failed message: i-2."}),
        )
        .only("PUT", "/messages/inbound/i-2/retry"),
    ]);
    let env = TestEnv::with_api(api.url());
    let line = format!("backfill {SINCE} --event bounce --stream outbound --retry-inbound");
    env.run(&line).code(2).has("--yes");
    env.run(format!("{line} --dry-run -o json")).code(0).has("\"Failed\": 2");
    env.run(format!("{line} --yes")).code(0).has("Inbound: 2 of 2 failed messages rescheduled.");
}

#[test]
fn invalid_time_ranges_and_events_are_refused_before_anything_is_sent() {
    let env = TestEnv::with_api("http://127.0.0.1:9");
    for (flags, message) in [
        ("--since 2999-01-01", "--since is in the future"),
        ("--since 1h --until 2h", "--since must be before --until"),
        ("--since 1h --event inbound", "inbound mail cannot be rebuilt"),
        ("--since yesterday", "a time is written as"),
        ("--resume lost.jsonl --since 1h", "cannot be used with"),
    ] {
        env.run(format!("backfill {flags}")).code(2).has(message);
    }
    env.run("backfill --resume lost.jsonl").code(9).has("cannot resume lost.jsonl");
}

#[test]
fn an_existing_output_file_is_not_touched() {
    let api = Faulty::new([server()]);
    let env = TestEnv::with_api(api.url());
    env.file("mine.jsonl", "mine\n");
    let line =
        format!("backfill {SINCE} --event bounce --stream outbound --output-file mine.jsonl");
    env.run(line).check(str![[r#"
--- stderr
pmhooks: warning: without --missing-from, endpoints receive duplicates of events that they already have
pmhooks: error: cannot create mine.jsonl: File exists (os error 17)
  hint: continue an interrupted run: `pmhooks backfill --resume mine.jsonl`
--- exit 9
"#]]);
    assert_eq!(env.read("mine.jsonl"), "mine\n");
}
