//! What webhooks as code cost: a plan, which takes no waiting, and an apply, beside the waits of the API
//! shared by as many changes as may be made at the same time.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use pmhooks::ops::manifest::Documents;
use pmhooks::ops::plan::{self, Wishes};
use pmhooks::postmark::{Reveal, Webhook};
use serde_json::{Value, json};

use crate::table::{Goal, Table, median, ms};

const PMHOOKS: &str = env!("CARGO_BIN_EXE_pmhooks");
const WAIT: Duration = Duration::from_millis(50);
const RUNS: usize = 5;
const CHANGES: usize = 200;
/// `apply` makes so many changes at the same time unless told otherwise.
const WIDTH: u32 = 4;

pub fn measure(table: &mut Table) {
    let (small, large) = (planned(1_000), planned(10_000));
    let milliseconds = large.as_secs_f64() * 1e3;
    table.figure("plan of 10 000 webhooks", milliseconds, "ms", Goal::AtMost(50.0));
    let ratio = large.as_secs_f64() / small.as_secs_f64();
    let beside = format!("1 000: {}", ms(small));
    table.ratio("the same, beside a tenth", &ms(large), &beside, ratio, Goal::AtMost(12.0));
    let took = applied();
    let ideal = WAIT * (u32::try_from(CHANGES).unwrap() / WIDTH);
    let ratio = took.as_secs_f64() / ideal.as_secs_f64();
    let what = format!("apply of {CHANGES} changes at 50 ms, {WIDTH} at a time");
    let beside = format!("ideal {}", ms(ideal));
    table.ratio(&what, &ms(took), &beside, ratio, Goal::AtMost(1.25));
}

/// Each time of webhooks that have just been read, as a user's run has them: not of those that a run before
/// has left in the cache.
fn planned(size: usize) -> Duration {
    median((0..RUNS).map(|_| planned_once(size)).collect())
}

/// A tenth is to be made, a tenth to be changed, the rest is so already.
fn planned_once(size: usize) -> Duration {
    let live: Vec<Webhook> =
        (0..size).map(|n| serde_json::from_value(webhook(n)).unwrap()).collect();
    let entry = |n: usize| {
        let mut entry = webhook(if n.is_multiple_of(10) { n + size } else { n });
        let object = entry.as_object_mut().unwrap();
        object.shift_remove("ID");
        if n % 10 == 1 {
            object.insert("Triggers".to_owned(), json!({"Bounce": {"Enabled": false}}));
        }
        entry
    };
    let entries: Vec<Value> = (0..size).map(entry).collect();
    // A document has a limit of its own; the plan has none.
    let documents: Value = entries
        .chunks(500)
        .map(|chunk| json!({"Origin": "-", "Document": {"Webhooks": chunk}}))
        .collect();
    let documents = Documents::from_json(&documents).unwrap();
    let manifest = documents.resolve(&|name| Err(name.to_owned())).unwrap();
    let wishes = Wishes { prune: false, verify: true, reveal: Reveal::Masked };
    let start = Instant::now();
    let plan = plan::plan(&live, None, &manifest, wishes).unwrap();
    let took = start.elapsed();
    assert_eq!((plan.count("Create"), plan.count("Update")), (size / 10, size / 10));
    took
}

/// Five on a stream, so that there is room for more.
fn webhook(number: usize) -> Value {
    json!({
        "ID": number + 1,
        "Url": format!("https://hooks.example.com/{number}"),
        "MessageStream": format!("stream-{}", number / 5),
        "HttpAuth": {"Username": "user", "Password": "password"},
        "HttpHeaders": [{"Name": "X-Env", "Value": "staging"}],
        "Triggers": {"Bounce": {"Enabled": true, "IncludeContent": false}},
    })
}

fn applied() -> Duration {
    let home = tempfile::tempdir().unwrap();
    let webhooks: Vec<_> = (0..CHANGES).map(webhook).collect();
    let api = slow_api(json!({"Webhooks": webhooks}).to_string(), webhook(0).to_string());
    let mut manifest = "Webhooks:\n".to_owned();
    for webhook in &webhooks {
        let get = |key: &str| webhook.get(key).unwrap();
        let (url, stream) = (get("Url"), get("MessageStream"));
        let off = "Triggers: { Bounce: { Enabled: false } }";
        writeln!(manifest, "  - {{ Url: {url}, MessageStream: {stream}, {off} }}").unwrap();
    }
    let file = home.path().join("hooks.yaml");
    std::fs::write(&file, manifest).unwrap();
    let time = |_| {
        let mut command = Command::new(PMHOOKS);
        command.env_clear().env("HOME", home.path()).env("POSTMARK_API_URL", &api);
        command.env("POSTMARK_SERVER_TOKEN", "00000000-0000-4000-8000-00000000be7c");
        command.args(["apply", "--yes", "-q", "-o", "json"]).arg(&file);
        let start = Instant::now();
        let output = command.output().unwrap();
        let took = start.elapsed();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        took
    };
    median((0..RUNS).map(time).collect())
}

/// An API that thinks for a while before each answer, for any number of connections.
fn slow_api(list: String, one: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answers = Arc::new((list, one));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = Arc::clone(&answers);
            thread::spawn(move || answer_all(stream, &answers));
        }
    });
    url
}

fn answer_all(mut stream: TcpStream, answers: &(String, String)) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let (mut length, mut is_list) = (0, false);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            is_list |= line.starts_with("GET");
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        reader.read_exact(&mut vec![0; length]).unwrap();
        thread::sleep(WAIT);
        let body = if is_list { &answers.0 } else { &answers.1 };
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
