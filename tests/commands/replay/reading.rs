//! What files a replay can read, and what it does with what is not an event.

use super::*;

#[test]
fn a_last_line_that_was_cut_off_is_named_and_passed_over() {
    // torture 113
    let endpoint = Faulty::always(Step::status(200));
    let env = world();
    let whole = three();
    env.file("events.jsonl", &whole[..whole.len() - 40]);
    replay(&env, &endpoint, "").check(str![[r#"
LINE  EVENT     RECIPIENT         OUTCOME    STATUS  MS[GAP]MESSAGE
1     bounce    gone@example.com  delivered  200     [MS]OK
2     delivery  kim@example.com   delivered  200     [MS]OK
--- stderr
Sent 2 events to http://127.0.0.1:[PORT]: 2 delivered.
pmhooks: error: not all of events.jsonl was sent: 1 line is damaged
  because line 3: the object is cut off
--- exit 7
"#]]);
    assert_eq!(traces(&endpoint), ["trace-1", "trace-2"]);
}

#[test]
fn what_is_damaged_in_the_middle_does_not_hide_what_follows() {
    let endpoint = Faulty::always(Step::status(200));
    let env = world();
    let get = record("2026-11-20T09:00:00Z", "t", "{}").replace("POST", "GET");
    let file = format!("\u{feff}not JSON\n[1]\n{{\"a\":\n{get}{}", three());
    env.file("events.jsonl", file);
    replay(&env, &endpoint, "--columns line,outcome").check(str![[r#"
LINE  OUTCOME
5     delivered
6     delivered
7     delivered
--- stderr
Sent 3 events to http://127.0.0.1:[PORT]: 3 delivered.
pmhooks: error: not all of events.jsonl was sent: 4 lines are damaged
  because line 1: not a JSON object
  because line 2: not a JSON object
  because line 3: the object is cut off
  because line 4: Method is "GET"; Postmark sends only POST
--- exit 7
"#]]);
    assert_eq!(traces(&endpoint), ["trace-1", "trace-2", "trace-3"]);
}

#[test]
fn bare_bodies_are_sent_to_the_byte_and_are_the_same_event_each_time() {
    let pretty = "{\n  \"RecordType\": \"Open\",\n  \"Recipient\": \"a@example.com\"\n}";
    let inbound = r#"{"FromFull":{}, "To":"in@example.com","Attachments":[]}"#;
    for file in [
        format!("{pretty}\n\n{inbound}\r\n"),
        format!("[{pretty},{inbound}]"),
        format!("[\n{pretty},\n{inbound}\n]\n"),
    ] {
        let endpoint = Faulty::always(Step::status(204));
        let env = world();
        let run = || env.cmd(["replay", "-", "--to", &endpoint.url(), "-o", "json"]).stdin(&file);
        let report = run().run();
        report.code(0);
        run().run().code(0);
        let bodies: Vec<_> = endpoint.requests().iter().map(Recorded::text).collect();
        assert_eq!(bodies, [pretty, inbound, pretty, inbound]);
        let traces = traces(&endpoint);
        assert_eq!(traces[..2], traces[2..], "an endpoint knows it by its trace");
        assert_ne!(traces[0], traces[1]);
        let retries: Vec<_> = endpoint
            .requests()
            .iter()
            .map(|r| r.header("X-PM-Retries-Remaining").unwrap().to_owned())
            .collect();
        assert_eq!(retries, ["9", "10", "9", "10"]);
        let events: Vec<_> = report.json()["Results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row["Event"].clone(), row["Recipient"].clone()))
            .collect();
        let expected = [("Open", "a@example.com"), ("Inbound", "in@example.com")];
        assert_eq!(events, expected.map(|(event, to)| (json!(event), json!(to))));
    }
}

#[test]
fn a_body_that_is_not_text_comes_back_to_the_byte() {
    let endpoint = Faulty::always(Step::status(200));
    let env = world();
    let mut line: Value = serde_json::from_str(&record("2026-11-20T09:00:00Z", "t", "")).unwrap();
    let object = line.as_object_mut().unwrap();
    object.remove("Body");
    object.insert("BodyBase64".to_owned(), json!("AP/+DQo="));
    env.file("events.jsonl", format!("{line}\n"));
    replay(&env, &endpoint, "").code(0);
    assert_eq!(endpoint.requests()[0].body, [0, 0xff, 0xfe, b'\r', b'\n']);
}

#[test]
fn nothing_to_send_is_no_success() {
    // torture 80
    let endpoint = Faulty::untouchable();
    let env = world();
    env.file("empty.jsonl", "\n");
    env.file("torn.jsonl", "{\"Time\":");
    env.file("body.json", DELIVERY);
    let url = endpoint.url();
    env.run(["replay", "empty.jsonl", "--to", &url]).check(str![[r#"
--- stderr
pmhooks: error: empty.jsonl has no events
--- exit 2
"#]]);
    env.run(["replay", "torn.jsonl", "--to", &url, "--dry-run"]).check(str![[r#"
--- stderr
pmhooks: error: torn.jsonl has no events
  because line 1: the object is cut off
--- exit 2
"#]]);
    env.run(["replay", "events.jsonl", "--to", &url, "--event", "click"]).check(str![[r#"
--- stderr
pmhooks: error: no event of events.jsonl is selected (it has 3 events)
--- exit 1
"#]]);
    env.run(["replay", "events.jsonl", "--to", &url, "--from-line", "4"]).code(2);
    env.run(["replay", "events.jsonl", "--to", &url, "--since", "1s"]).code(1);
    env.run(["replay", "body.json", "--to", &url, "--since", "1s"])
        .code(1)
        .has("1 event without a time");
    env.run(["replay", "missing.jsonl", "--to", &url]).check(str![[r#"
--- stderr
pmhooks: error: cannot read missing.jsonl: No such file or directory (os error 2)
--- exit 2
"#]]);
    env.run(["replay", "tmp", "--to", &url]).code(2).has("it is a folder");
}

#[test]
fn a_pipe_is_read_to_its_end() {
    let endpoint = Faulty::always(Step::status(200));
    let env = world();
    let line = format!(
        "mkfifo pipe; cat events.jsonl > pipe & pmhooks replay pipe --to {} -q -o tsv",
        endpoint.url()
    );
    env.shell(&line).run().code(0);
    assert_eq!(traces(&endpoint).len(), 3);
}

#[test]
fn a_file_that_grows_by_its_own_replay_ends_all_the_same() {
    let endpoint = Faulty::always(Step::status(200).delay(Duration::from_millis(100)));
    let env = world();
    let running = env.spawn(format!("replay events.jsonl --to {} -o jsonl", endpoint.url()));
    endpoint.wait_for(1);
    env.file("events.jsonl", three() + &three());
    running.finish().code(0);
    assert_eq!(traces(&endpoint).len(), 3);
}

#[test]
fn text_from_a_record_is_escaped() {
    // torture 31
    let endpoint = Faulty::always(Step::status(200));
    let env = world();
    let body = r#"{"RecordType":"Od\u001b[31md","Recipient":"a\nb\u202e@example.com"}"#;
    env.file("events.jsonl", record("2026-11-20T09:00:00Z", "t", body));
    let run = replay(&env, &endpoint, "-v");
    run.code(0).lacks("\u{1b}").lacks("\u{202e}").has(r"Od\u{1b}[31md").has(r"a\nb\u{202e}@");
}
