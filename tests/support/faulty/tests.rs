//! The faulty server, seen by a client that hides nothing.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crate::support::*;

const GET: &str = "GET /webhooks?a=b HTTP/1.1\r\nHost: x\r\n\r\n";
const LAST: &str = "GET /webhooks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

fn connect(server: &Faulty) -> TcpStream {
    let socket = TcpStream::connect(server.address()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket
}

/// Sends the bytes on a new connection and reads to its end, or to the error in which it ends.
fn ask(server: &Faulty, bytes: &str) -> (String, Option<ErrorKind>) {
    let mut socket = connect(server);
    let _ = socket.write_all(bytes.as_bytes());
    read_to_end(&mut socket)
}

fn read_to_end(socket: &mut TcpStream) -> (String, Option<ErrorKind>) {
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    let error = loop {
        match socket.read(&mut buffer) {
            Ok(0) => break None,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(e) => break Some(e.kind()),
        }
    };
    (String::from_utf8(answer).unwrap(), error)
}

/// What the server says when it is dropped.
fn complaint(server: Faulty) -> String {
    let panic = catch_unwind(AssertUnwindSafe(|| drop(server))).expect_err("no complaint");
    panic.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn answers_come_in_order_on_one_connection() {
    let server = Faulty::new([
        Step::status(503).header("retry-After", "2").times(2),
        Step::answer(200, json!({"Webhooks": []})).only("GET", "/webhooks"),
        Step::refused(422, 1352, "No such webhook."),
    ]);
    let (answer, error) = ask(&server, &[GET, GET, GET, LAST].concat());
    let unavailable =
        "HTTP/1.1 503 Service Unavailable\r\nretry-After: 2\r\nContent-Length: 0\r\n\r\n";
    let expected = [
        unavailable,
        unavailable,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n",
        "{\"Webhooks\":[]}",
        "HTTP/1.1 422 Unprocessable Entity\r\nContent-Type: application/json\r\n",
        "Content-Length: 47\r\nConnection: close\r\n\r\n",
        "{\"ErrorCode\":1352,\"Message\":\"No such webhook.\"}",
    ];
    assert_eq!((answer, error), (expected.concat(), None));
    assert_eq!(server.connections(), 1);
    assert_data_eq!(
        server.log(),
        str![[r#"
GET /webhooks?a=b
GET /webhooks?a=b
GET /webhooks?a=b
GET /webhooks
"#]]
    );
}

#[test]
fn a_request_is_kept_to_the_byte() {
    let server = Faulty::always(Step::status(200));
    let sized = "POST /webhooks HTTP/1.1\r\nhost: x\r\nX-PostMark:  a b \r\nContent-Length: 8\r\n\r\n{\"a\": 1}";
    let chunked = "PUT /webhooks/5 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n";
    ask(&server, &[sized, chunked, LAST].concat());
    let requests = server.wait_for(3);
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        requests[0].headers,
        [header("host", "x"), header("X-PostMark", "a b"), header("Content-Length", "8")]
    );
    assert_eq!(requests[0].header("x-postmark"), Some("a b"));
    assert_eq!(requests[0].header("X-Other"), None);
    assert_eq!(requests[0].json(), json!({"a": 1}));
    assert_eq!(requests[0].raw, sized.as_bytes());
    assert_eq!(requests[1].text(), "[1,2]");
    assert_eq!(requests[1].raw, chunked.as_bytes());
    assert_eq!(requests[2].raw, LAST.as_bytes());
    assert!(requests[0].at <= requests[2].at);
    assert_eq!(server.bytes_received(), (sized.len() + chunked.len() + LAST.len()) as u64);
}

#[test]
fn a_header_sent_twice_is_noticed() {
    let server = Faulty::always(Step::status(200));
    ask(
        &server,
        "GET / HTTP/1.1\r\nAuthorization: a\r\nauthorization: b\r\nConnection: close\r\n\r\n",
    );
    let request = server.requests().remove(0);
    assert!(catch_unwind(|| request.header("Authorization").map(str::len)).is_err());
}

#[test]
fn connections_end_as_told() {
    let server = Faulty::new([
        Step::close(),
        Step::reset(),
        Step::raw("SSH-2.0-x\r\n"),
        Step::close().on_accept(),
        Step::reset().on_accept(),
        Step::raw("SSH-2.0-y\r\n").on_accept(),
    ]);
    let nothing = String::new();
    assert_eq!(ask(&server, GET), (nothing.clone(), None));
    assert_eq!(ask(&server, GET), (nothing.clone(), Some(ErrorKind::ConnectionReset)));
    assert_eq!(ask(&server, GET), ("SSH-2.0-x\r\n".into(), None));
    // Before the request is sent, so that the order of a close and a request is not left to chance.
    assert_eq!(read_to_end(&mut connect(&server)), (nothing.clone(), None));
    let reset = read_to_end(&mut connect(&server));
    assert_eq!(reset, (nothing, Some(ErrorKind::ConnectionReset)));
    assert_eq!(ask(&server, GET), ("SSH-2.0-y\r\n".into(), None));
    assert_eq!((server.requests().len(), server.connections()), (3, 6));
}

#[test]
fn a_step_on_accept_gets_its_new_connection() {
    let server = Faulty::new([Step::status(503), Step::close().on_accept(), Step::status(200)]);
    assert!(ask(&server, GET).0.contains("Connection: close\r\n"));
    assert_eq!(read_to_end(&mut connect(&server)), (String::new(), None));
    assert!(ask(&server, LAST).0.starts_with("HTTP/1.1 200 "));
}

#[test]
fn bodies_are_cut_as_told() {
    let text = |step: fn(Step) -> Step| step(Step::bytes(200, "text/plain", "0123456789"));
    let server = Faulty::new([
        text(|step| step.truncate(4)),
        text(|step| step.chunked().truncate(7)),
        text(Step::chunked),
        text(|step| step.reset_after(4)),
        Step::huge_content_length(),
    ]);
    let body = |(answer, error): (String, Option<ErrorKind>)| {
        (answer.split_once("\r\n\r\n").unwrap().1.to_owned(), error)
    };
    assert_eq!(body(ask(&server, GET)), ("0123".into(), None));
    assert_eq!(body(ask(&server, GET)), ("a\r\n0123".into(), None));
    assert_eq!(body(ask(&server, LAST)), ("a\r\n0123456789\r\n0\r\n\r\n".into(), None));
    assert_eq!(ask(&server, GET).1, Some(ErrorKind::ConnectionReset));

    let mut socket = connect(&server);
    socket.write_all(GET.as_bytes()).unwrap();
    let mut answer = String::new();
    while !answer.ends_with("Content-Length: 1099511627776\r\n\r\n[") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap_or_else(|e| panic!("{e} after {answer}"));
        answer.push(byte[0].into());
    }
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert_eq!(read_to_end(&mut socket), (String::new(), Some(ErrorKind::WouldBlock)));
}

#[test]
fn drops_and_delays_take_their_time() {
    let pause = Duration::from_millis(10);
    let server = Faulty::new([
        Step::bytes(200, "text/plain", "0123456789").drip(pause, 2),
        Step::status(200).drip_headers(pause, 10),
        Step::status(200).delay(pause * 5),
    ]);
    for _ in 0..3 {
        let start = Instant::now();
        assert!(ask(&server, LAST).0.starts_with("HTTP/1.1 200 OK\r\n"));
        assert!(start.elapsed() >= pause * 5, "{:?}", start.elapsed());
    }
}

#[test]
fn what_has_no_end_ends_with_the_client_or_the_test() {
    let server = Faulty::new([
        Step::endless_body(),
        Step::endless_headers(),
        Step::endless_interim(),
        Step::hang(),
        Step::hang().on_accept(),
    ]);
    for start in ["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 102"] {
        let before = server.bytes_sent();
        let mut socket = connect(&server);
        socket.write_all(GET.as_bytes()).unwrap();
        let mut taken = vec![0; 1 << 20];
        socket.read_exact(&mut taken).unwrap();
        assert!(taken.starts_with(start.as_bytes()));
        assert!(server.bytes_sent() >= before + taken.len() as u64);
    }
    let mut silent = connect(&server);
    silent.write_all(GET.as_bytes()).unwrap();
    server.wait_for(4);
    let mut unheard = connect(&server);
    unheard.write_all(GET.as_bytes()).unwrap();
    while server.connections() < 5 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let start = Instant::now();
    drop(server);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(read_to_end(&mut silent).0, "");
}

#[test]
fn steps_can_be_a_table_of_routes() {
    let server = Faulty::new([
        Step::answer(200, json!({"ID": 1})).only("GET", "/server").forever(),
        Step::html(502).only("POST", "/webhooks"),
        Step::redirect(302, "http://127.0.0.1:1/x").only("GET", "/webhooks").forever(),
    ]);
    assert!(ask(&server, LAST).0.contains("\r\nLocation: http://127.0.0.1:1/x\r\n"));
    let post = "POST /webhooks HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    assert!(ask(&server, post).0.contains("<title>Sign in</title>"));
    assert!(ask(&server, LAST).0.starts_with("HTTP/1.1 302 Found\r\n"));
}

#[test]
fn requests_can_be_sent_on() {
    let sandbox =
        Faulty::always(Step::answer(200, json!([1])).chunked().header("X-Request-Id", "7"));
    let server = Faulty::new([
        Step::status(503),
        Step::forward_then_close(&sandbox.url()),
        Step::forward(&sandbox.url()).forever(),
    ]);
    let post = "POST /webhooks HTTP/1.1\r\nHost: x\r\nX-Token: t\r\nContent-Length: 2\r\n\r\n{}";
    assert!(ask(&server, LAST).0.starts_with("HTTP/1.1 503 "));
    assert_eq!(ask(&server, post), (String::new(), None));
    let (answer, _) = ask(&server, LAST);
    assert!(answer.contains("X-Request-Id: 7\r\nContent-Length: 3\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n[1]"), "{answer}");
    assert_eq!(sandbox.log(), "POST /webhooks\nGET /webhooks");
    let sent = &sandbox.requests()[0];
    assert_eq!((sent.header("X-Token"), sent.text()), (Some("t"), "{}".into()));
    assert_eq!(sent.header("Host"), Some(&sandbox.url()["http://".len()..]));
}

#[test]
fn a_server_ends_though_another_hangs() {
    let silent = Faulty::always(Step::hang());
    let server = Faulty::recording(&silent.url());
    let mut socket = connect(&server);
    socket.write_all(GET.as_bytes()).unwrap();
    silent.wait_for(1);
    let start = Instant::now();
    drop(server);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn a_proxy_is_a_server_that_tunnels() {
    let origin = Faulty::new([Step::status(204)]);
    let proxy = Faulty::new([Step::tunnel(origin.address())]);
    let connect =
        "CONNECT api.postmarkapp.com:443 HTTP/1.1\r\nHost: api.postmarkapp.com:443\r\n\r\n";
    let mut socket = self::connect(&proxy);
    socket.write_all(connect.as_bytes()).unwrap();
    let mut established = [0; 39];
    socket.read_exact(&mut established).unwrap();
    socket.write_all(LAST.as_bytes()).unwrap();
    assert!(read_to_end(&mut socket).0.starts_with("HTTP/1.1 204 No Content\r\nConnection"));
    assert_eq!(proxy.log(), "CONNECT api.postmarkapp.com:443");
    assert_eq!(origin.requests()[0].raw, LAST.as_bytes());
}

#[test]
fn other_loopback_addresses_can_be_used() {
    if TcpStream::connect("[::1]:1").is_err_and(|e| e.kind() != ErrorKind::ConnectionRefused) {
        return; // This machine has no IPv6.
    }
    let server = Faulty::at("[::1]:0", [Step::status(200)]);
    assert!(server.url().starts_with("http://[::1]:"));
    ask(&server, LAST);
}

#[test]
fn the_conscience_speaks() {
    assert!(complaint(Faulty::always(Step::hang())).contains("it was never hit"));

    let server = Faulty::new([Step::status(200)]);
    ask(&server, LAST);
    let (answer, _) = ask(&server, LAST);
    assert!(answer.contains("400 Bad Request") && answer.contains("did not expect"), "{answer}");
    let complaint_text = complaint(server);
    assert!(complaint_text.contains("nobody expected GET /webhooks"), "{complaint_text}");

    let server = Faulty::new([Step::status(200), Step::hang().times(3)]);
    ask(&server, LAST);
    let complaint_text = complaint(server);
    assert!(complaint_text.contains("not used up: Step { act: Hang"), "{complaint_text}");

    let server = Faulty::untouchable();
    connect(&server);
    assert!(complaint(server).contains("must not happen"));

    let server = Faulty::always(Step::status(200));
    ask(&server, LAST);
    assert!(catch_unwind(AssertUnwindSafe(|| server.wait_for_within(2, Duration::ZERO))).is_err());
}

#[test]
fn a_quiet_server_has_nothing_to_say() {
    drop(Faulty::untouchable());
    drop(Faulty::new([Step::status(200)]).may_be_unused());
}
