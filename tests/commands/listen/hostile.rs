//! Clients that are slow, broken or hostile: each is answered or dropped within a bound, and the next
//! honest event is recorded.

use std::time::Instant;

use super::*;

/// A listener with a record; at the end one honest event is posted and found.
fn against(flags: &str, attack: impl FnOnce(&str)) -> Transcript {
    let env = world();
    let (listener, url) = listen(&env, &format!("--record events.jsonl {flags}"));
    attack(&url);
    let started = Instant::now();
    assert_eq!(post(&url, &[], BOUNCE), 200);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    let lines = recorded(&env, "events.jsonl");
    assert_eq!(lines.last().unwrap()["Body"], BOUNCE);
    let run = end(listener);
    run.code(0).lacks("internal error");
    run
}

#[test]
fn garbage_is_refused_and_leaves_no_trace() {
    // torture 87
    let run = against("", |url| {
        let long = format!("POST /{} HTTP/1.1\r\nHost: h\r\n\r\n", "a".repeat(100_000));
        let heads = format!("POST / HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(300_000));
        for (bytes, allowed) in [
            ("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}".as_bytes(), &[0, 400][..]),
            (b"GET /\r\n\r\n", &[0, 400]),
            (b"\0\0\0\0\r\n\r\n", &[0, 400]),
            (b"POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", &[0, 400]),
            (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", &[0, 400]),
            (b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", &[0, 400]),
            (
                b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
                &[0, 400],
            ),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}", &[0, 400]),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n{}", &[0, 400]),
            (b"POST / HTTP/1.1\r\nNo colon\r\n\r\n", &[0, 400]),
            (b"post / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", &[405]),
            (long.as_bytes(), &[0, 400, 414, 431]),
            (heads.as_bytes(), &[0, 400, 431]),
        ] {
            let mut stream = connect(url);
            let _ = stream.write_all(bytes);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            let answer = String::from_utf8_lossy(&answer);
            let head = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
            assert!(allowed.contains(&status(&answer)), "{head:?}: {answer:?}");
        }
    });
    run.has("Received 1 event: 1 bounce");
}

#[test]
fn odd_but_honest_requests_are_events() {
    let env = world();
    let (listener, url) = listen(&env, "--record events.jsonl");
    let chunked = "POST /chunked HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n";
    assert_eq!(status(&talk(&url, chunked)), 200);
    assert_eq!(status(&talk(&url, "POST /old HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}")), 200);
    assert_eq!(status(&talk(&url, "POST /none HTTP/1.1\r\nConnection: close\r\n\r\n")), 200);
    let absolute = "POST http://evil.example.com/abs?a=b HTTP/1.1\r\nHost: evil.example.com\r\nOrigin: https://evil.example.com\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let answer = talk(&url, absolute);
    assert_eq!(status(&answer), 200);
    assert!(!answer.to_lowercase().contains("access-control"), "{answer}");
    // Several in one packet.
    let one = "POST /piped HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}";
    let last = one.replace("Host: h", "Host: h\r\nConnection: close");
    let answers = talk(&url, format!("{one}{one}{one}{last}"));
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 4, "{answers}");
    // One who says at once that nothing more will come.
    let mut half = connect(&url);
    half.write_all(one.replace("/piped", "/half").as_bytes()).unwrap();
    half.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    half.read_to_string(&mut answer).unwrap();
    assert_eq!(status(&answer), 200, "{answer:?}");
    // One who asks before the body.
    let mut asking = connect(&url);
    let head = "POST /asking HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    asking.write_all(head.as_bytes()).unwrap();
    let mut first = [0; 25];
    asking.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 100 Continue\r\n\r\n");
    asking.write_all(b"{}").unwrap();
    let mut answer = String::new();
    asking.read_to_string(&mut answer).unwrap();
    assert_eq!(status(&answer), 200);
    end(listener).code(0);
    let paths: Vec<_> = recorded(&env, "events.jsonl").iter().map(|l| l["Path"].clone()).collect();
    let piped = "/piped";
    assert_eq!(
        paths,
        ["/chunked", "/old", "/none", "/abs?a=b", piped, piped, piped, piped, "/half", "/asking"]
    );
}

#[test]
fn a_stranger_is_refused_before_the_body() {
    // torture 86
    let mut env = world();
    env.env("PW", "x");
    let (listener, url) = listen(&env, "--username a --password env:PW");
    let head =
        "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 49000000\r\n\r\n";
    let mut stream = connect(&url);
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
    end(listener).code(0);
}

#[test]
fn one_gigabyte_is_refused_at_its_head() {
    // torture 86
    let run = against("", |url| {
        let head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n";
        assert_eq!(status(&talk(url, head)), 413);
    });
    run.has("--max-body");
}

#[test]
fn five_hundred_idle_connections_are_in_nobodys_way() {
    // torture 86
    let run = against("--max-connections 32", |url| {
        let idle: Vec<_> = (0..500).map(|_| connect(url)).collect();
        let mut dripping = connect(url);
        dripping.write_all(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n{").unwrap();
        assert_eq!(post(url, &[], DELIVERY), 200);
        drop((idle, dripping));
    });
    run.has("Received 2 events");
}

#[test]
fn a_head_that_drips_is_dropped_after_ten_seconds() {
    // torture 86
    let run = against("", |url| {
        let mut stream = connect(url);
        stream.write_all(b"POST / HTTP/1.1\r\nHo").unwrap();
        let started = Instant::now();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        let took = started.elapsed();
        assert!((8..14).contains(&took.as_secs()), "{took:?}");
    });
    run.has("Received 1 event");
}

#[test]
#[cfg(target_os = "linux")]
fn large_bodies_at_once_do_not_fill_the_memory() {
    // torture 86, 90
    let env = world();
    let (listener, url) = listen(&env, "-q --max-body 20MB --record events.jsonl");
    let pid = listener.pid();
    let half = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 20000000\r\n\r\n";
    let open: Vec<_> = (0..20)
        .map(|_| {
            let mut stream = connect(&url);
            stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
            // Those that there is no room for are closed.
            let _ = stream.write_all(half.as_bytes());
            let _ = stream.write_all(&vec![b' '; 19_000_000]);
            stream
        })
        .collect();
    let peak = peak(pid);
    assert!(peak < 400_000, "{peak} kB");
    drop(open);
    let body = format!("{{\"RecordType\":\"Inbound\",\"x\":\"{}\"}}", "a".repeat(5_000_000));
    let deadline = Instant::now() + Duration::from_secs(5);
    while post(&url, &[], &body) != 200 {
        assert!(Instant::now() < deadline);
    }
    assert_eq!(recorded(&env, "events.jsonl").last().unwrap()["Body"], body);
    end(listener).code(0);
}

#[test]
#[cfg(target_os = "linux")]
fn large_heads_that_wait_do_not_fill_the_memory() {
    // torture 86, 113
    let env = world();
    let (listener, url) = listen(&env, "-q --forward http://127.0.0.1:1/");
    let junk = "a".repeat(55_000);
    let one =
        format!("POST / HTTP/1.1\r\nHost: h\r\nX-Junk: {junk}\r\nContent-Length: 2\r\n\r\n{{}}");
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let (url, one) = (url.clone(), one.clone());
            std::thread::spawn(move || {
                let mut stream = connect(&url);
                for _ in 0..750 {
                    stream.write_all(one.as_bytes()).unwrap();
                    let mut answer = Vec::new();
                    while !answer.ends_with(b"\r\n\r\n") {
                        let mut piece = [0; 512];
                        let count = stream.read(&mut piece).unwrap();
                        assert!(count > 0);
                        answer.extend_from_slice(&piece[..count]);
                    }
                    assert!(answer.starts_with(b"HTTP/1.1 200 "));
                }
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
    let peak = peak(listener.pid());
    assert!(peak < 250_000, "{peak} kB");
    end(listener).code(0);
}

/// The most memory that a process ever held, in kB.
#[cfg(target_os = "linux")]
fn peak(pid: u32) -> u64 {
    let status_file = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let peak = status_file.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}
