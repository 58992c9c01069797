//! Eight connections at full speed, and a kill in the middle: what was acknowledged is on the disk.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;

const CONNECTIONS: usize = 8;

/// Posts until so many are acknowledged in all, or the listener is gone. Returns which were.
fn load(url: &str, events: usize, acknowledged: &Arc<AtomicUsize>) -> Vec<String> {
    let is_over = Arc::new(AtomicBool::new(false));
    let client = |client: usize| {
        let (url, total, is_over) = (url.to_owned(), Arc::clone(acknowledged), is_over.clone());
        std::thread::spawn(move || {
            let mut stream = connect(&url);
            stream.set_nodelay(true).unwrap();
            let mut known = Vec::new();
            for number in 0.. {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                let id = format!("{client}-{number}");
                let body = format!(
                    "{{\"RecordType\":\"Delivery\",\"MessageID\":\"{id}\",\"Recipient\":\"kim@example.com\"}}"
                );
                let length = body.len();
                let request = format!(
                    "POST /load HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nX-PM-Webhook-Trace-Id: {id}\r\nContent-Length: {length}\r\n\r\n{body}"
                );
                if stream.write_all(request.as_bytes()).is_err() || !is_answered(&mut stream) {
                    break;
                }
                known.push(id);
                if total.fetch_add(1, Ordering::Relaxed) + 1 >= events {
                    is_over.store(true, Ordering::Relaxed);
                }
            }
            known
        })
    };
    let clients: Vec<_> = (0..CONNECTIONS).map(client).collect();
    clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
}

fn is_answered(stream: &mut TcpStream) -> bool {
    let (mut answer, mut piece) = (Vec::new(), [0; 512]);
    while !answer.ends_with(b"\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return false,
            Ok(count) => answer.extend_from_slice(&piece[..count]),
        }
    }
    answer.starts_with(b"HTTP/1.1 200 ")
}

/// One round: returns how many were acknowledged.
fn kill_in_the_middle(events: usize, flags: &str) -> usize {
    let env = world();
    let (mut listener, url) = listen(&env, &format!("-q --record events.jsonl {flags}"));
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let known = std::thread::scope(|scope| {
        let load = scope.spawn(|| load(&url, events, &acknowledged));
        while acknowledged.load(Ordering::Relaxed) < events / 2 {
            std::thread::yield_now();
        }
        listener.kill();
        load.join().unwrap()
    });
    drop(listener.finish());
    let text = env.read("events.jsonl");
    let mut torn = 0;
    let mut on_disk = HashSet::new();
    for line in text.split_inclusive('\n') {
        match serde_json::from_str::<Value>(line) {
            Ok(record) if line.ends_with('\n') => {
                let body: Value = serde_json::from_str(record["Body"].as_str().unwrap()).unwrap();
                on_disk.insert(body["MessageID"].as_str().unwrap().to_owned());
            }
            _ => torn += 1,
        }
    }
    let is_last_torn = !text.ends_with('\n');
    assert_eq!(torn, usize::from(is_last_torn), "a torn line in the middle");
    let lost: Vec<_> = known.iter().filter(|id| !on_disk.contains(*id)).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), known.len());
    assert!(known.len() >= events / 2);
    // It goes on where it was.
    let (listener, url) = listen(&env, "--record events.jsonl");
    assert_eq!(post(&url, &[], BOUNCE), 200);
    end(listener).code(0);
    let dry = env.run("replay events.jsonl --to http://127.0.0.1:1/ --dry-run -o json");
    let summary = &dry.code(if is_last_torn { 7 } else { 0 }).json()["Summary"];
    assert_eq!(summary["Events"], json!(on_disk.len() + 1));
    known.len()
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    // torture 113
    for _ in 0..3 {
        kill_in_the_middle(1000, "");
    }
    kill_in_the_middle(300, "--fsync");
}

#[test]
#[ignore = "takes minutes; PMHOOKS_TEST_LOAD=1 switches it on"]
fn what_was_acknowledged_survives_twenty_kills() {
    if std::env::var_os("PMHOOKS_TEST_LOAD").is_none() {
        println!("skipped: PMHOOKS_TEST_LOAD is not set");
        return;
    }
    let acknowledged: usize = (0..20).map(|_| kill_in_the_middle(20_000, "")).sum();
    println!("{acknowledged} events were acknowledged, and all of them are on the disk");
}
