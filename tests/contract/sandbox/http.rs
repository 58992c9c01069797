//! The server under the sandbox, with limits small enough to be met in a test.

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use pmhooks::http::server::{self, BodyError, Limits, Reply, RunningServer, WholeRequest};

use super::client::{connect, raw, read_answer, status_of};

const LIMITS: Limits = Limits {
    connections: 4,
    head_time: Duration::from_millis(200),
    body_time: Duration::from_millis(200),
    body_bytes: 1000,
};

/// Answers with what it was handed; `/slow` takes a while, `/panic` does not come back.
fn serve(limits: Limits) -> (RunningServer, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let running = server::serve(listener, limits, answer).expect("a server");
    let address = running.address();
    (running, address)
}

async fn answer(request: WholeRequest) -> Reply {
    match request.uri().path() {
        "/slow" => tokio::time::sleep(Duration::from_millis(300)).await,
        "/panic" => panic!("on purpose"),
        _ => {}
    }
    let text = match request.body() {
        Ok(body) => body.clone(),
        Err(BodyError::TooLarge) => "too large".into(),
        Err(BodyError::TooSlow) => "too slow".into(),
        Err(BodyError::Malformed) => "broken".into(),
        Err(BodyError::OverBudget) => "crowded".into(),
    };
    Reply::Answer(hyper::Response::new(text))
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").into()
}

/// Torture 86: a head that drips, and a connection that says nothing.
// torture 86
#[test]
fn a_head_that_takes_too_long_ends_the_connection() {
    let (_running, address) = serve(LIMITS);
    for start in ["", "GET / HTTP/1.1\r\nHo"] {
        let started = Instant::now();
        let mut stream = connect(address);
        stream.write_all(start.as_bytes()).expect("sent");
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).expect("closed");
        let took = started.elapsed();
        assert!(took >= Duration::from_millis(150) && took < Duration::from_secs(2), "{took:?}");
    }
}

/// Torture 86: a body that drips.
#[test]
fn a_body_that_takes_too_long_is_handed_over_as_such() {
    let (_running, address) = serve(LIMITS);
    let mut stream = connect(address);
    stream.write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc").expect("sent");
    let answer = read_answer(&mut BufReader::new(stream), false).expect("an answer");
    assert_eq!(answer.body, b"too slow");
    assert_eq!(answer.header("connection"), Some("close"));
}

#[test]
fn a_body_that_is_too_large_is_handed_over_as_such_and_the_answer_arrives() {
    let (_running, address) = serve(LIMITS);
    let body = "x".repeat(5_000_000);
    let request =
        format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let answer = raw(address, request.as_bytes());
    assert_eq!(status_of(&answer), Some(200));
    assert!(answer.ends_with(b"too large"));
    let expecting =
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n";
    let answer = raw(address, expecting.as_bytes());
    assert!(answer.starts_with(b"HTTP/1.1 200"), "it is not asked to continue");
}

#[test]
fn a_body_that_breaks_off_is_handed_over_as_such() {
    let (_running, address) = serve(LIMITS);
    let request = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
    assert!(raw(address, request.as_bytes()).ends_with(b"broken"));
}

/// RFC 9112, 6.3: what follows a request with both framings must not be read as a request.
#[test]
fn a_connection_ends_after_a_chunked_request() {
    let (_running, address) = serve(LIMITS);
    let request = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n\
                   3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let answer = String::from_utf8(raw(address, request.as_bytes())).expect("text");
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
    assert!(answer.ends_with("abc"), "{answer}");
}

#[test]
fn the_longest_idle_connection_makes_room_and_a_busy_one_is_spared() {
    let (_running, address) = serve(Limits { head_time: Duration::from_secs(5), ..LIMITS });
    let mut busy = connect(address);
    busy.write_all(&get("/slow")).expect("sent");
    std::thread::sleep(Duration::from_millis(30));
    let mut idle: Vec<_> = (0..3).map(|_| connect(address)).collect();
    std::thread::sleep(Duration::from_millis(30));
    let started = Instant::now();
    assert_eq!(status_of(&raw(address, &get("/"))), Some(200));
    assert!(started.elapsed() < Duration::from_millis(200), "at once");
    let mut rest = Vec::new();
    let _ = idle[0].read_to_end(&mut rest);
    assert!(rest.is_empty(), "the first of the idle ones had to go");
    idle[2].write_all(&get("/")).expect("the last one is still there");
    let answer = read_answer(&mut BufReader::new(idle.remove(2)), false).expect("an answer");
    assert_eq!(answer.status, 200);
    let answer = read_answer(&mut BufReader::new(busy), false).expect("an answer");
    assert_eq!(answer.status, 200);
}

#[test]
fn a_connection_that_was_answered_and_kept_makes_room_too() {
    let (_running, address) = serve(Limits { head_time: Duration::from_secs(5), ..LIMITS });
    let kept: Vec<_> = (0..4)
        .map(|_| {
            let mut stream = connect(address);
            stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").expect("sent");
            let mut reader = BufReader::new(stream);
            read_answer(&mut reader, false).expect("an answer");
            reader
        })
        .collect();
    let started = Instant::now();
    assert_eq!(status_of(&raw(address, &get("/"))), Some(200));
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    drop(kept);
}

#[test]
fn where_all_are_busy_the_next_one_waits() {
    let (_running, address) = serve(LIMITS);
    let crowd: Vec<_> = (0..4)
        .map(|_| {
            let mut stream = connect(address);
            stream.write_all(&get("/slow")).expect("sent");
            stream
        })
        .collect();
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(status_of(&raw(address, &get("/"))), Some(200));
    for stream in crowd {
        assert_eq!(read_answer(&mut BufReader::new(stream), false).expect("an answer").status, 200);
    }
}

#[test]
fn a_handler_that_panics_costs_only_its_own_connection() {
    let (_running, address) = serve(LIMITS);
    for _ in 0..6 {
        assert_eq!(raw(address, &get("/panic")), b"");
    }
    assert_eq!(status_of(&raw(address, &get("/"))), Some(200));
}

#[test]
fn a_stop_closes_idle_connections_at_once() {
    let (running, address) = serve(Limits { head_time: Duration::from_secs(30), ..LIMITS });
    let fresh = connect(address);
    let mut used = connect(address);
    used.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").expect("sent");
    let mut used = BufReader::new(used);
    read_answer(&mut used, false).expect("an answer");
    let started = Instant::now();
    running.stop();
    assert!(started.elapsed() < Duration::from_millis(500), "{:?}", started.elapsed());
    for mut stream in [fresh, used.into_inner()] {
        assert_eq!(stream.read(&mut [0; 1]).expect("closed"), 0);
    }
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn a_stop_waits_for_an_answer_that_is_on_its_way() {
    let (running, address) = serve(LIMITS);
    let mut stream = connect(address);
    stream.write_all(&get("/slow")).expect("sent");
    std::thread::sleep(Duration::from_millis(50));
    let started = Instant::now();
    running.stop();
    assert!(started.elapsed() > Duration::from_millis(100), "{:?}", started.elapsed());
    assert_eq!(read_answer(&mut BufReader::new(stream), false).expect("an answer").status, 200);
}
