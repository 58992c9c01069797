//! What is posted to `listen`: whatever the headers and the body are, what is acknowledged stands in the
//! record, whole, as `replay` reads it.
#![no_main]

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use pmhooks::ops::receive::{
    Dedup, EventSummary, Listener, Notice, NoticePolicy, ReceiveOptions,
};
use pmhooks::ops::record::{ReadItem, RecordFilter, RecordReader};
use tempfile::TempDir;

struct Listening {
    receiving: Listener,
    record: BufReader<File>,
    dedup: Dedup,
    _folder: TempDir,
}

fn listen() -> Mutex<Listening> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("record.jsonl");
    let options = ReceiveOptions {
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        credentials: &[],
        events: Vec::new(),
        record: Some(&path),
        record_secrets: false,
        fsync: false,
        count: None,
        status: 200,
        delay: Duration::ZERO,
        max_body: 1 << 20,
        max_connections: 10,
        forward: Vec::new(),
        tls: None,
        notices: NoticePolicy::Reject,
    };
    let receiving = Listener::start(options).expect("a port");
    let record = BufReader::new(File::open(&path).expect("a record"));
    Mutex::new(Listening { receiving, record, dedup: Dedup::default(), _folder: folder })
}

/// The headers that say where a request ends are this target's own.
fn is_free(line: &str) -> bool {
    let name = line.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
    let framing = ["", "connection", "content-length", "expect", "host", "transfer-encoding", "upgrade"];
    !line.starts_with([' ', '\t']) && !line.contains(['\r', '\0']) && !framing.contains(&&*name)
}

fuzz_target!(|data: &[u8]| {
    static LISTENING: OnceLock<Mutex<Listening>> = OnceLock::new();
    let mut listening = LISTENING.get_or_init(listen).lock().expect("one thread");
    let at = data.windows(2).position(|two| two == b"\n\n").unwrap_or(data.len());
    let (head, body) = data.split_at(at);
    let body = body.get(2..).unwrap_or_default();
    let head = String::from_utf8_lossy(head);
    let mut request = format!(
        "POST /hook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for line in head.split('\n').filter(|line| is_free(line)) {
        request += line;
        request += "\r\n";
    }
    let mut stream = TcpStream::connect(listening.receiving.address()).expect("it listens");
    // A head that is refused early may close the connection under the rest.
    let sent = stream.write_all(&[request.as_bytes(), b"\r\n", body].concat());
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    if !answer.starts_with(b"HTTP/1.1 200 ") {
        return;
    }
    sent.and(read.map(|_| ())).expect("it was accepted");
    let mut line = Vec::new();
    listening.record.read_until(b'\n', &mut line).expect("the record can be read");
    let mut events = RecordReader::new(&*line, RecordFilter::default());
    match events.read_next().expect("memory can be read") {
        Some(ReadItem::Event(event)) => assert_eq!(event.post.body, body),
        // What is no event is kept too, and told as such.
        _ => {
            let value = serde_json::from_slice::<serde_json::Value>(body).unwrap_or_default();
            assert!(!value.get("RecordType").is_some_and(serde_json::Value::is_string), "{value}");
        }
    }
    assert_eq!(line.last(), Some(&b'\n'));
    let notice = listening.receiving.notices.next(Duration::from_secs(5));
    let Some(Notice::Event(request)) = notice else { panic!("{notice:?}") };
    let summary = EventSummary::new(&request, &mut listening.dedup);
    assert!(summary.recipient.len() <= body.len() * 3);
});
