//! What is shown, and how it ends.

use super::*;

const TRACE: &str = "X-PM-Webhook-Trace-Id: 0b6f2a1e-5a5e-4f0c-9d5b-1f2f6f6d7a10";

#[test]
fn a_line_per_event_and_a_summary() {
    // torture 83, 90
    let env = world();
    let (listener, url) = listen(&env, "");
    let retries = "X-PM-Retries-Remaining: 9";
    assert_eq!(post(&url, &[TRACE, retries], BOUNCE), 200);
    assert_eq!(post(&url, &[TRACE, "X-PM-Retries-Remaining: 8"], BOUNCE), 200);
    assert_eq!(post(&url, &[], DELIVERY), 200);
    assert_eq!(post(&url, &[], DELIVERY), 200);
    assert_eq!(post(&url, &[], "{\"RecordType\":\"Telepathy\",\"New\":{}}"), 200);
    assert_eq!(post(&url, &[], "no \u{1b}[31m JSON\n"), 200);
    assert_eq!(post(&url, &[], [0xff, 0xfe]), 200);
    assert_eq!(post(&url, &[], ""), 200);
    assert_eq!(post(&url, &[], "[1]"), 200);
    listener.wait_for_line("not an object", Duration::from_secs(5));
    end(listener).code(0).check(str![[r#"
Listening on http://127.0.0.1:[PORT]
[CLOCK]  bounce               gone@example.com          HardBounce: smtp;550 5.1.1 no such user  outbound  9 left  0b6f2a1e-5a5e-4f0c-9d5b-1f2f6f6d7a10
[CLOCK]  bounce               gone@example.com          repeated  HardBounce: smtp;550 5.1.1 no such user  outbound  8 left  0b6f2a1e-5a5e-4f0c-9d5b-1f2f6f6d7a10
[CLOCK]  delivery             kim@example.com           250 ok  outbound  -
[CLOCK]  delivery             kim@example.com           repeated  250 ok  outbound  -
[CLOCK]  Telepathy            -                         -  -  -
[CLOCK]  Unknown              -                         not JSON: no \u{1b}[31m JSON\n  -  -
[CLOCK]  Unknown              -                         binary, 2 bytes  -  -
[CLOCK]  Unknown              -                         empty body  -  -
[CLOCK]  Unknown              -                         JSON, but not an object  -  -
--- stderr
Press Ctrl-C to stop.
Received 9 events: 2 delivery, 2 bounce, 5 other; 2 repeated.
"#]]);
}

#[test]
fn inbound_mail_is_recognized_in_every_form_and_the_rest_is_counted() {
    let env = world();
    let forms = [
        r#"{"FromFull":{"Email":"kim@example.com"},"Attachments":[]}"#,
        r#"{"FromFull":{"Email":"kim@example.com"},"Subject":"No attachments"}"#,
        r#"{"RecordType":"Inbound","From":"kim@example.com"}"#,
        r#"{"RawEmail":"From: kim@example.com\r\n\r\nHi"}"#,
    ];
    let (listener, url) = listen(&env, "--event inbound --record events.jsonl");
    for form in forms {
        assert_eq!(post(&url, &[], form), 200);
    }
    for other in [DELIVERY, BOUNCE, "{}"] {
        assert_eq!(post(&url, &[], other), 200);
    }
    let run = end(listener);
    run.code(0).has("Received 4 events: 4 inbound; 3 not selected by --event.");
    let bodies: Vec<_> = recorded(&env, "events.jsonl").iter().map(|l| l["Body"].clone()).collect();
    assert_eq!(bodies, forms);
    let dry_run = env.run("replay events.jsonl --to http://localhost:1 --event inbound --dry-run");
    dry_run.code(0).has("4 events would go");
}

#[test]
fn a_program_gets_an_object_per_event() {
    let env = world();
    let (listener, url) = listen(&env, "-o jsonl --count 2");
    post(&url, &[TRACE, "X-PM-Retries-Remaining: 3"], BOUNCE);
    post(&url, &[], [0xff, 0xfe]);
    let done = listener.finish();
    let lines = done.code(0).json_lines();
    assert_eq!(
        lines[0],
        json!({
            "Time": lines[0]["Time"],
            "Event": "Bounce",
            "Recipient": "gone@example.com",
            "Detail": "HardBounce: smtp;550 5.1.1 no such user",
            "MessageStream": "outbound",
            "TraceId": "0b6f2a1e-5a5e-4f0c-9d5b-1f2f6f6d7a10",
            "RetriesRemaining": 3,
            "Repeated": false,
            "Path": "/hook",
            "Body": serde_json::from_str::<Value>(BOUNCE).unwrap(),
        })
    );
    assert_eq!((&lines[1]["BodyBase64"], &lines[1]["TraceId"]), (&json!("//4="), &Value::Null));
    assert_eq!(lines.len(), 2);
}

#[test]
fn the_body_is_shown_on_request_and_nothing_when_quiet() {
    let env = world();
    let (listener, url) = listen(&env, "-v --count 1");
    post(&url, &[], DELIVERY);
    listener.finish().code(0).check(str![[r#"
Listening on http://127.0.0.1:[PORT]
[CLOCK]  delivery             kim@example.com           250 ok  outbound  -
  POST /hook
  {
    "RecordType": "Delivery",
    "Recipient": "kim@example.com",
    "Details": "250 ok",
    "MessageStream": "outbound",
    "MessageID": "m-2",
    "DeliveredAt": "2026-11-20T09:30:15Z"
  }
--- stderr
Press Ctrl-C to stop.
Received 1 event: 1 delivery.
"#]]);
    let (listener, url) = listen(&env, "-q --count 1");
    post(&url, &[], DELIVERY);
    listener.finish().code(0).check(str!["Listening on http://127.0.0.1:[PORT]"]);
}

#[test]
fn what_is_no_stream_is_refused() {
    let env = world();
    for format in ["json", "yaml", "tsv", "ids", "prometheus"] {
        env.run(format!("listen --address 127.0.0.1:0 -o {format}")).code(2).has("jsonl");
    }
    env.run("listen --columns event").code(2);
}

#[test]
fn a_port_in_use_is_said_with_a_way_out() {
    // torture 83
    let env = world();
    let (listener, url) = listen(&env, "");
    let port = url.rsplit(':').next().unwrap();
    env.run(format!("listen --address :{port}")).check(str![[r#"
--- stderr
pmhooks: error: cannot receive events
  because cannot listen on 127.0.0.1:[PORT]: Address already in use (os error 98)
  hint: take another port with --address 127.0.0.1:8030, or any that is free with --address 127.0.0.1:0
--- exit 9
"#]]);
    end(listener).code(0);
}

#[test]
fn a_wide_bind_is_warned_of() {
    // torture 83
    let env = world();
    let run = env.run("listen --address 0.0.0.0:0 --for 0s");
    run.code(0).has("requires no credentials").has("0.0.0.0");
    let listener = env.cmd("listen --address 0.0.0.0:0 --for 0s --username a --password -");
    listener.stdin("secret").run().code(0).lacks("requires").has("from other machines");
}

#[test]
fn it_ends_within_a_second_with_connections_open() {
    // torture 90
    let env = world();
    let (listener, url) = listen(&env, "--delay 1m");
    let idle = connect(&url);
    let mut half = connect(&url);
    half.write_all(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n{").unwrap();
    let waiting = std::thread::spawn({
        let url = url.clone();
        move || post(&url, &[], DELIVERY)
    });
    listener.wait_for_line("kim@example.com", Duration::from_secs(5));
    listener.interrupt();
    let started = std::time::Instant::now();
    listener.finish().code(0).has("Received 1 event: 1 delivery.");
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
    assert_eq!(waiting.join().unwrap(), 200);
    drop((idle, half));
}

#[test]
fn the_answer_is_as_asked() {
    let env = world();
    let (listener, url) = listen(&env, "--status 503 --delay 300ms --event bounce --count 1");
    let started = std::time::Instant::now();
    assert_eq!(post(&url, &[], DELIVERY), 503);
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert_eq!(post(&url, &[], BOUNCE), 503);
    listener.finish().code(0).lacks("kim@example.com").has("gone@example.com");
}

#[test]
fn a_reader_that_goes_away_is_a_normal_end() {
    let env = world();
    let run = env.shell("pmhooks listen --address 127.0.0.1:0 -o jsonl 2>url | head -n 1").spawn();
    let url = loop {
        let said = std::fs::read_to_string(env.home().join("url")).unwrap_or_default();
        if let Some(line) = said.lines().next() {
            break line.rsplit(' ').next().unwrap().to_owned();
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let address = url.strip_prefix("http://").unwrap();
    let event = format!("POST / HTTP/1.0\r\nContent-Length: {}\r\n\r\n{BOUNCE}", BOUNCE.len());
    while let Ok(mut stream) = TcpStream::connect(address) {
        let _ = stream.write_all(event.as_bytes());
        std::thread::sleep(Duration::from_millis(50));
    }
    run.finish().code(0).has("gone@example.com");
}

#[test]
fn people_read_their_own_clock_and_records_are_utc() {
    let mut env = TestEnv::new();
    env.env("TZ", "XYZ-9");
    let (listener, url) = listen(&env, "--record events.jsonl --count 1");
    post(&url, &[], BOUNCE);
    let run = listener.finish();
    let hour = |clock: &str| clock[..2].parse::<u32>().unwrap();
    let shown = hour(run.code(0).stdout.lines().nth(1).unwrap());
    let time = recorded(&env, "events.jsonl")[0]["Time"].as_str().unwrap().to_owned();
    assert_eq!(shown, (hour(&time[11..]) + 9) % 24, "{time}\n{run}");
}

#[cfg(unix)]
#[test]
fn events_are_aligned_at_eighty_columns_with_whole_trace_ids() {
    let env = world();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = format!("listen --address 127.0.0.1:{port} --count 8");
    let mut terminal = env.cmd(&listen).pty_sized(80, 24);
    terminal.expect("Press Ctrl-C to stop.");
    let samples = format!("test --url http://127.0.0.1:{port} --event all --concurrency 1");
    env.run(samples).code(0);
    let screen = terminal.finish().code(0).to_string();
    let lines: Vec<_> = screen.lines().skip_while(|line| !line.starts_with("[CLOCK]")).collect();
    let trace_id = regex::Regex::new("^ {10}[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}  ").unwrap();
    for pair in lines.chunks(2).take(8) {
        assert!(pair[0].starts_with("[CLOCK]  "), "{screen}");
        // The columns stand one below the other, and no trace ID is cut.
        assert_eq!(&pair[0][28..30], "  ", "{screen}");
        assert!(pair[0].chars().count() <= 79, "{screen}");
        assert!(trace_id.is_match(pair[1]) && pair[1].contains(" left"), "{screen}");
    }
}
