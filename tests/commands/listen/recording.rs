//! What is recorded, and what happens where it cannot be.

use super::*;

#[cfg(unix)]
fn mode(env: &TestEnv, name: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(env.home().join(name)).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_record_holds_what_came_without_credentials() {
    // torture 90
    let mut env = world();
    env.env("HOOK_PW", "s3cret");
    let (listener, url) =
        listen(&env, "--record events.jsonl --username pm --password env:HOOK_PW");
    let auth = "Authorization: Basic cG06czNjcmV0";
    let cookies = ["Cookie: a=b", "Proxy-Authorization: Basic eDp5"];
    let body = "{ \"RecordType\" : \"Delivery\",\n\t\"Recipient\":\"ø\u{202e}@example.com\" }\n";
    let headers = [auth, cookies[0], "X-PM-Webhook-Trace-Id: t-1", cookies[1], "X-Env: a"];
    assert_eq!(post(&url, &headers, body), 200);
    assert_eq!(post(&url, &[auth], [0xff, 0x00]), 200);
    assert_eq!(post(&url, &[], body), 401);
    let run = end(listener);
    run.code(0).lacks("s3cret").lacks("cG06").has("no credentials");
    let lines = recorded(&env, "events.jsonl");
    assert_eq!(
        lines[0],
        json!({
            "Time": lines[0]["Time"], "Method": "POST", "Path": "/hook",
            "Headers": [
                {"Name": "Host", "Value": "tunnel.example.com"},
                {"Name": "Connection", "Value": "close"},
                {"Name": "Content-Length", "Value": body.len().to_string()},
                {"Name": "X-PM-Webhook-Trace-Id", "Value": "t-1"},
                {"Name": "X-Env", "Value": "a"},
            ],
            "Body": body,
        })
    );
    let time = lines[0]["Time"].as_str().unwrap();
    assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
    assert_eq!((&lines[1]["BodyBase64"], &lines[1]["Body"]), (&json!("/wA="), &Value::Null));
    assert_eq!(lines.len(), 2);
    #[cfg(unix)]
    assert_eq!(mode(&env, "events.jsonl"), 0o600);
}

/// Posts an event with secrets in the path and the headers; returns its record and the run.
fn with_secrets(flags: &str) -> (Value, Transcript) {
    let env = world();
    let (listener, url) = listen(&env, &format!("--record events.jsonl --count 1 {flags}"));
    let request = format!(
        "POST /hook?key=canary-1&a=b&%74oken=canary-2&to=https%3A%2F%2Fu%3Acanary-3%40h;sig=canary-4 HTTP/1.0\r\n\
         Authorization: Basic canary-5\r\nCookie: session=canary-6\r\nX-Webhook-Secret: canary-7\r\n\
         X-Api-Key: canary-8\r\nX-Hub-Signature-256: canary-9\r\nX-Origin: Canary90abcdef123456\r\n\
         X-PM-Webhook-Trace-Id: t-1\r\nX-Env: staging\r\nContent-Length: {}\r\n\r\n{BOUNCE}",
        BOUNCE.len()
    );
    assert_eq!(status(&talk(&url, request)), 200);
    let run = listener.finish();
    run.code(0);
    (recorded(&env, "events.jsonl").remove(0), run)
}

#[test]
fn secrets_of_paths_and_headers_are_masked_everywhere() {
    let path = "/hook?key=********&a=b&%74oken=********&to=********";
    for flags in ["", "-v", "-vv", "-o jsonl"] {
        let (record, run) = with_secrets(flags);
        for text in [record.to_string(), run.to_string()] {
            assert!(!text.to_lowercase().contains("canary"), "{flags}: {text}");
        }
        assert_eq!(record["Path"], path);
        assert_eq!(
            record["Headers"],
            json!([
                {"Name": "X-Webhook-Secret", "Value": "********"},
                {"Name": "X-Api-Key", "Value": "********"},
                {"Name": "X-Hub-Signature-256", "Value": "********"},
                {"Name": "X-Origin", "Value": "********"},
                {"Name": "X-PM-Webhook-Trace-Id", "Value": "t-1"},
                {"Name": "X-Env", "Value": "staging"},
                {"Name": "Content-Length", "Value": BOUNCE.len().to_string()},
            ])
        );
        assert_eq!(record["Body"], BOUNCE);
        match flags {
            "-o jsonl" => assert_eq!(run.json_lines()[0]["Path"], path),
            "" => {}
            _ => drop(run.has(path)),
        }
    }
}

#[test]
fn secrets_are_recorded_or_shown_on_request_only() {
    let (record, run) = with_secrets("--record-secrets -v");
    run.lacks("canary-1");
    let text = record.to_string().to_lowercase();
    for number in 1..=9 {
        assert!(text.contains(&format!("canary-{number}")), "{number}: {text}");
    }
    let (record, run) = with_secrets("--show-secrets -v");
    run.has("key=canary-1");
    assert!(!record.to_string().contains("canary"), "{record}");
}

#[test]
fn masked_values_are_not_replayed() {
    let env = world();
    let target = Faulty::always(Step::answer(200, json!({})));
    let record = json!({
        "Time": "2026-11-27T09:00:00Z", "Method": "POST", "Path": "/",
        "Headers": [
            {"Name": "X-PM-Hidden", "Value": "********"}, {"Name": "X-PM-Other", "Value": "o"},
        ],
        "Body": BOUNCE,
    });
    env.file("events.jsonl", record.to_string());
    env.run(format!("replay events.jsonl --to {}", target.url())).code(0);
    let request = target.requests().remove(0);
    assert_eq!((request.header("x-pm-hidden"), request.header("x-pm-other")), (None, Some("o")));
}

#[test]
fn what_cannot_be_opened_ends_it_before_it_listens() {
    let env = world();
    std::fs::create_dir(env.home().join("folder")).unwrap();
    for path in ["missing/events.jsonl", "folder"] {
        let run = env.run(format!("listen --address 127.0.0.1:0 --record {path}"));
        run.code(9).lacks("Listening").has(path);
    }
    let (listener, _) = listen(&env, "--record events.jsonl");
    env.run("listen --address 127.0.0.1:0 --record events.jsonl").code(9).has("in use by");
    end(listener).code(0);
}

#[test]
#[cfg(unix)]
fn it_goes_on_behind_a_torn_line_and_names_a_loose_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let env = world();
    let path = env.file("events.jsonl", "{\"Time\":\"20");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (listener, url) = listen(&env, "--record events.jsonl --fsync");
    assert_eq!(post(&url, &[], BOUNCE), 200);
    end(listener).code(0).has("mode 644").has("was cut off");
    let text = env.read("events.jsonl");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!((lines[0], lines.len()), ("{\"Time\":\"20", 2));
    assert!(serde_json::from_str::<Value>(lines[1]).is_ok());
}

#[test]
#[cfg(unix)]
fn a_record_that_is_moved_or_removed_is_made_anew() {
    // torture 113
    let env = world();
    let (listener, url) = listen(&env, "--record events.jsonl");
    let at = |name: &str| env.home().join(name);
    post(&url, &[], BOUNCE);
    std::fs::rename(at("events.jsonl"), at("events.1")).unwrap();
    assert_eq!(post(&url, &[], DELIVERY), 200);
    listener.wait_for_line("a new file was created", Duration::from_secs(5));
    assert_eq!(post(&url, &[], BOUNCE), 200);
    assert_eq!((recorded(&env, "events.1").len(), recorded(&env, "events.jsonl").len()), (2, 1));
    std::fs::remove_file(at("events.jsonl")).unwrap();
    assert_eq!(post(&url, &[], DELIVERY), 200);
    assert_eq!(recorded(&env, "events.jsonl").len(), 1);
    end(listener).code(0);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_refuses_and_says_so_once() {
    // torture 113
    let env = world();
    let (listener, url) = listen(&env, "--record /dev/full");
    assert_eq!((post(&url, &[], BOUNCE), post(&url, &[], BOUNCE)), (503, 503));
    let run = end(listener);
    run.code(0).lacks("gone@example.com");
    assert_eq!(run.stderr.matches("cannot write /dev/full").count(), 1, "{run}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_fills_keeps_whole_lines_only() {
    // torture 113
    let env = world();
    let script = "trap '' XFSZ; ulimit -f 4; exec pmhooks listen --address 127.0.0.1:0 --record events.jsonl";
    let listener = env.shell(script).spawn();
    let url = listener.wait_for_url();
    let answers: Vec<_> = (0..20).map(|_| post(&url, &[], BOUNCE)).collect();
    let kept = answers.iter().filter(|status| **status == 200).count();
    assert!(kept > 0 && answers.iter().all(|status| [200, 503].contains(status)), "{answers:?}");
    assert_eq!(answers[19], 503);
    assert_eq!(recorded(&env, "events.jsonl").len(), kept);
    let rest = env.read("events.jsonl");
    env.file("kept", rest);
    // Room again.
    std::fs::remove_file(env.home().join("events.jsonl")).unwrap();
    assert_eq!(post(&url, &[], BOUNCE), 200);
    assert_eq!(recorded(&env, "events.jsonl").len(), 1);
    end(listener).code(0).has("the record can be written again");
}

#[test]
fn only_the_events_that_are_meant_are_kept_and_so_many() {
    let env = world();
    let (listener, url) = listen(&env, "--record events.jsonl --event bounce --count 2 --delay 1s");
    assert_eq!(post(&url, &[], DELIVERY), 200);
    let posting = |_| {
        let url = url.clone();
        std::thread::spawn(move || post(&url, &[], BOUNCE))
    };
    let posts: Vec<_> = (0..6).map(posting).collect();
    // Who comes after the end finds nobody.
    let answers: Vec<_> = posts.into_iter().map(|post| post.join().unwrap_or(0)).collect();
    listener.finish().code(0).has("Received 2 events: 2 bounce");
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 2, "{answers:?}");
    assert_eq!(recorded(&env, "events.jsonl").len(), 2);
}
