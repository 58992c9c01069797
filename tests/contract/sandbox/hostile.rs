//! Web pages, floods and nonsense. (Torture 83 to 87.)

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::client::{Api, BUILT_IN, call, connect, raw, read_answer, start, status_of};

/// A GET of the list with these header lines instead of the usual Host.
fn get(address: SocketAddr, target: &str, version: &str, lines: &str) -> Vec<u8> {
    let request = format!("GET {target} {version}\r\n{lines}{BUILT_IN}Connection: close\r\n\r\n");
    raw(address, request.as_bytes())
}

fn honest(api: &Api) {
    assert_eq!(api.ids(), [1_234_567, 1_234_568]);
}

// torture 84
#[test]
fn only_a_host_of_this_machine_is_answered() {
    let api = start();
    let status =
        |target, version, lines: &str| status_of(&get(api.address(), target, version, lines));
    for host in ["localhost", "LocalHost:1", "127.0.0.1", "127.0.0.1:8026", "[::1]", "[::1]:80"] {
        assert_eq!(
            status("/webhooks", "HTTP/1.1", &format!("Host: {host}\r\n")),
            Some(200),
            "{host}"
        );
    }
    assert_eq!(status("/webhooks", "HTTP/1.0", ""), Some(200), "HTTP/1.0 needs no Host");
    for host in [
        "evil.example.com",
        "evil.example.com:8026",
        "",
        "localhost.evil.example.com",
        "127.0.0.1.evil.example.com",
        "evil@localhost",
        "localhost:8026:1",
        "localhost:abc",
        "127.0.0.2",
        "0.0.0.0",
        "[::1",
        "::1",
    ] {
        assert_eq!(
            status("/webhooks", "HTTP/1.1", &format!("Host: {host}\r\n")),
            Some(403),
            "{host}"
        );
        assert_eq!(
            status("/webhooks", "HTTP/1.0", &format!("Host: {host}\r\n")),
            Some(403),
            "{host}"
        );
    }
    assert_eq!(status("/webhooks", "HTTP/1.1", ""), Some(403), "no Host");
    let two = "Host: localhost\r\nHost: localhost\r\n";
    assert_eq!(status("/webhooks", "HTTP/1.1", two), Some(403), "two Hosts");
    let good = "Host: localhost\r\n";
    assert_eq!(status("http://localhost:9/webhooks", "HTTP/1.1", good), Some(200));
    assert_eq!(status("http://evil.example.com/webhooks", "HTTP/1.1", good), Some(403));
    assert_eq!(status("http://u@localhost/webhooks", "HTTP/1.1", good), Some(403));
    let refusal = get(api.address(), "/webhooks", "HTTP/1.1", "Host: evil.example.com\r\n");
    let text = String::from_utf8(refusal).expect("text");
    assert!(text.contains("application/json") && text.contains("\"Message\""), "{text}");
}

// torture 85
#[test]
fn pages_of_other_sites_are_refused_and_never_given_a_cors_header() {
    let api = start();
    let token = ("X-Postmark-Server-Token", "5eed0000-0000-4000-8000-000000000001");
    let body = r#"{"Url":"https://h.example.com"}"#;
    let foreign =
        ["https://evil.example.com", "null", "http://localhost.evil.example.com", "file://", ""];
    for origin in foreign {
        for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"] {
            let headers = [token, ("Origin", origin), ("Content-Type", "text/plain")];
            let answer = call(api.address(), method, "/webhooks", &headers, body);
            assert_eq!(answer.status, 403, "{method} from {origin}");
            let cors = answer.headers.iter().find(|(name, _)| name.starts_with("access-control"));
            assert_eq!(cors, None, "{method} from {origin}");
        }
    }
    honest(&api);
    for origin in ["http://localhost:3000", "http://127.0.0.1", "https://[::1]:8443"] {
        for method in ["GET", "OPTIONS"] {
            let answer = call(api.address(), method, "/webhooks", &[token, ("Origin", origin)], "");
            assert!(answer.status < 300, "{method} from {origin}");
            assert!(answer.headers.iter().all(|(name, _)| !name.starts_with("access-control")));
        }
    }
}

// torture 87
#[test]
fn nonsense_is_refused_or_dropped_and_the_next_request_is_answered() {
    let api = start();
    let long = "a".repeat(100_000);
    let many_headers: String =
        (0..150).map(|n| format!("X-{n}: v\r\n")).collect::<Vec<_>>().concat();
    let post = "POST /webhooks HTTP/1.1\r\nHost: localhost\r\n";
    let get = "GET /webhooks HTTP/1.1\r\nHost: localhost\r\n";
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("HTTP/0.9", b"GET /webhooks\r\n\r\n".to_vec()),
        ("a TLS hello", [&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc][..], &[7; 500]].concat()),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        ("zeros", vec![0; 2_000]),
        ("line ends without end", b"\r\n".repeat(40_000)),
        ("a long target", format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n").into()),
        ("a long header", format!("{get}X-A: {long}\r\n\r\n").into()),
        ("many headers", format!("{get}{many_headers}\r\n").into()),
        ("NUL in the target", b"GET /web\0hooks HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()),
        ("a space in a header's name", format!("{get}X A: b\r\n\r\n").into()),
        ("a folded header", format!("{get}X-A: b\r\n c\r\n\r\n").into()),
        ("CONNECT", b"CONNECT evil.example.com:443 HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()),
        ("two lengths", format!("{post}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}").into()),
        ("a negative length", format!("{post}Content-Length: -2\r\n\r\n{{}}").into()),
        ("a length beyond 64 bits", format!("{post}Content-Length: 99999999999999999999\r\n\r\n").into()),
        ("a terabyte", format!("{post}Content-Length: 1099511627776\r\n\r\n{{").into()),
        ("an unknown coding", format!("{post}Transfer-Encoding: gzip\r\n\r\n{{}}").into()),
        ("a bad chunk", format!("{post}Transfer-Encoding: chunked\r\n\r\nzz\r\n{{}}\r\n0\r\n\r\n").into()),
        (
            "a length beside chunks",
            format!("{post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\nGET /x").into(),
        ),
        ("a strange version", b"GET /webhooks HTTP/9.9\r\nHost: localhost\r\n\r\n".to_vec()),
        ("an upgrade", format!("{post}Upgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 0\r\n\r\n").into()),
    ];
    for (name, bytes) in cases {
        let mut stream = connect(api.address());
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let status = status_of(&answer);
        assert!(status.is_none_or(|s| (400..500).contains(&s)), "{name}: {status:?}");
        honest(&api);
    }
}

// torture 87
#[test]
fn odd_paths_are_404_with_json() {
    let api = start();
    for path in [
        "/",
        "//",
        "//webhooks",
        "/webhooks//",
        "/webhooks/%2e%2e/x",
        "/webhooks/..",
        "/webhooks/1234567/verify/x",
        "/webhooks/+1",
        "/webhooks/-",
        "/webhooks/0x10",
        "/webhooks/%00",
        "/message-streams//archive",
        "/?x",
        "/webhooks;a=b",
        "/%",
    ] {
        let answer = api.call("GET", path, "");
        assert_eq!(answer.refusal(), (404, 9404), "{path}");
    }
    let star =
        raw(api.address(), b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(status_of(&star), Some(401));
    for query in ["?", "?%", "?=&&==", "?MessageStream", "?MessageStream=", "?%ff=%ff"] {
        api.ok("GET", &format!("/webhooks{query}"), "");
    }
}

// torture 86
#[test]
fn a_body_above_ten_megabytes_is_413_even_while_it_is_being_sent() {
    let api = start();
    let body = "x".repeat(11 * 1024 * 1024);
    let answer = api.call("POST", "/webhooks", &body);
    assert_eq!(answer.refusal(), (413, 9413));
    // In chunks, so that its length is not announced.
    let mut stream = connect(api.address());
    let head = format!(
        "POST /webhooks HTTP/1.1\r\nHost: localhost\r\n{BUILT_IN}Transfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("sent");
    let chunk = format!("{:x}\r\n{}\r\n", 1024 * 1024, "x".repeat(1024 * 1024));
    for _ in 0..11 {
        if stream.write_all(chunk.as_bytes()).is_err() {
            break;
        }
    }
    let answer = read_answer(&mut BufReader::new(stream), false).expect("an answer");
    assert_eq!(answer.refusal(), (413, 9413));
    honest(&api);
}

// torture 86
#[test]
fn a_crowd_of_idle_connections_does_not_keep_an_honest_client_out() {
    let api = start();
    let crowd: Vec<TcpStream> = (0..300).map(|_| connect(api.address())).collect();
    honest(&api);
    drop(crowd);
    honest(&api);
}

#[test]
fn a_connection_is_used_again_and_requests_may_be_sent_ahead() {
    let api = start();
    let request = format!("GET /webhooks HTTP/1.1\r\nHost: localhost\r\n{BUILT_IN}\r\n");
    let mut stream = connect(api.address());
    stream.write_all(request.repeat(20).as_bytes()).expect("sent");
    let mut reader = BufReader::new(stream);
    for _ in 0..20 {
        assert_eq!(read_answer(&mut reader, false).expect("an answer").status, 200);
    }
    reader.get_mut().write_all(request.as_bytes()).expect("still open");
    assert_eq!(read_answer(&mut reader, false).expect("an answer").status, 200);
}

#[test]
fn http_1_0_is_answered_and_closed() {
    let api = start();
    let request = format!("GET /webhooks HTTP/1.0\r\n{BUILT_IN}\r\n");
    let answer = raw(api.address(), request.as_bytes());
    assert_eq!(status_of(&answer), Some(200));
}

#[test]
fn a_client_that_expects_100_continue_gets_it() {
    let api = start();
    let body = r#"{"Url":"https://h.example.com"}"#;
    let head = format!(
        "POST /webhooks HTTP/1.1\r\nHost: localhost\r\n{BUILT_IN}Content-Length: {}\r\n\
         Expect: 100-continue\r\n\r\n",
        body.len()
    );
    let mut stream = connect(api.address());
    stream.write_all(head.as_bytes()).expect("sent");
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).expect("an interim answer");
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).expect("sent");
    let answer = read_answer(&mut BufReader::new(stream), false).expect("an answer");
    assert_eq!(answer.status, 200);
}

#[test]
fn many_clients_at_once_each_get_their_own_webhook() {
    let api = start();
    std::thread::scope(|scope| {
        for n in 0..8 {
            let api = &api;
            scope.spawn(move || {
                let token = format!("{n}0000000-2222-4333-8444-aaaaaaaaaaaa");
                for m in 0..10 {
                    let body = format!(r#"{{"Url":"https://h.example.com/{n}/{m}"}}"#);
                    api.call_as(&token, "POST", "/webhooks", &body).ok();
                }
                let list = api.call_as(&token, "GET", "/webhooks", "").ok();
                let urls = list["Webhooks"].as_array().expect("a list").iter();
                assert!(
                    urls.clone()
                        .all(|w| w["Url"].as_str().unwrap_or("").contains(&format!("/{n}/")))
                );
                assert_eq!(urls.count(), 10);
            });
        }
    });
}
