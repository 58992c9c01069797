//! What is said of an answer, and of none: every cause is produced for real.

use super::time_is_hidden;
use crate::support::*;

fn result(run: &Transcript) -> Value {
    run.json()[0]["Results"][0].clone()
}

fn test(env: &TestEnv, url: &str, more: &[&str]) -> Transcript {
    env.run([&["test", "--url", url, "-o", "json", "--event", "bounce"], more].concat())
}

#[test]
fn every_status_has_its_verdict() {
    // torture 93
    let statuses: Vec<u16> = vec![
        200, 201, 204, 304, 400, 401, 403, 404, 405, 408, 410, 413, 415, 418, 422, 429, 500, 502,
        503, 504, 599,
    ];
    let endpoint = Faulty::new(statuses.iter().map(|status| Step::status(*status)));
    let env = TestEnv::new();
    let mut lines = String::new();
    for status in statuses {
        let run = test(&env, &endpoint.url(), &[]);
        let result = result(&run);
        assert_eq!(result["StatusCode"], status);
        let text = |key: &str| result[key].as_str().unwrap_or_default().to_owned();
        assert_eq!(run.code, Some(i32::from(result["Success"] == false)), "{run}");
        let fix = text("Fix");
        lines.push_str(&format!("{status} {} {}: {fix}\n", text("Outcome"), text("Message")));
    }
    assert_data_eq!(
        lines,
        str![[r#"
200 delivered OK: 
201 delivered Created: 
204 delivered No Content: 
304 retried Not Modified: the endpoint redirects without saying where to, or too often: look at its routing, and give the webhook the URL that answers in the end
400 dropped Bad Request: the endpoint did not like the event itself: look at its log, and at the event that was sent
401 dropped Unauthorized: the endpoint wants other credentials: compare the webhook's HttpAuth and headers with what the endpoint expects
403 dropped Forbidden: something refuses the post: a firewall or bot filter in front, a CSRF check, the credentials, or a list of allowed addresses (if it names Postmark's alone, `pmhooks verify` can test it, this machine cannot)
404 dropped Not Found: there is nothing at this path: look at the URL, at the routes of the endpoint, and at what is deployed
405 dropped Method Not Allowed: there is something at this path, but not for POST: look for a slash too many or too few, and at the routes of the endpoint
408 retried Request Timeout: the endpoint did not get the whole request in its time: look at limits in front of it
410 dropped Gone: there is nothing at this path: look at the URL, at the routes of the endpoint, and at what is deployed
413 dropped Payload Too Large: the event is too large for the endpoint: raise the limit of the body's size, in front of it too (inbound mail comes with up to 50 MB)
415 dropped Unsupported Media Type: the endpoint does not take application/json: look at what it expects as Content-Type
418 dropped I'm a teapot: look at the endpoint's log, and at the event that was sent
422 dropped Unprocessable Entity: the endpoint did not like the event itself: look at its log, and at the event that was sent
429 retried Too Many Requests: the endpoint limits how often it is called: exempt Postmark, or raise the limit
500 retried Internal Server Error: the endpoint failed: look at its log at this time, for the trace ID
502 retried Bad Gateway: a proxy or load balancer answers in the endpoint's place: look whether the application runs and answers in time
503 retried Service Unavailable: a proxy or load balancer answers in the endpoint's place: look whether the application runs and answers in time
504 retried Gateway Timeout: a proxy or load balancer answers in the endpoint's place: look whether the application runs and answers in time
599 retried the endpoint answered 599: the endpoint failed: look at its log at this time, for the trace ID

"#]]
    );
}

#[test]
fn inbound_mail_has_its_own_rules() {
    for (status, outcome, code) in [
        (200, "delivered", 0),
        (204, "delivered", 0),
        (403, "dropped", 1),
        (404, "retried", 1),
        (500, "retried", 1),
    ] {
        let endpoint = Faulty::new([Step::status(status)]);
        let env = TestEnv::new();
        let run = env.run(["test", "--url", &endpoint.url(), "--event", "inbound", "-o", "json"]);
        assert_eq!(result(run.code(code))["Outcome"], outcome, "{status}");
        let warned = result(&run)["Warnings"].to_string().contains("exactly 200");
        assert_eq!(warned, status == 204, "{run}");
    }
}

#[test]
fn a_failure_tells_what_postmark_would_do_and_where_to_look() {
    let endpoint = Faulty::new([Step::status(401), Step::status(503), Step::status(204)]);
    let mut env = TestEnv::new();
    time_is_hidden(&mut env);
    let url = endpoint.url();
    let args = ["test", "--url", &url, "--event", "open,click,bounce", "--concurrency", "1"];
    env.run(args).check(str![[r#"
ID  EVENT   OUTCOME    STATUS  MS[GAP]MESSAGE
-   open    dropped    401     [MS]Unauthorized
-   click   retried    503     [MS]Service Unavailable
-   bounce  delivered  204     [MS]No Content
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it
pmhooks: warning: bounce: verification would fail: it wants exactly 200, though events take any 2xx
open: Postmark drops it at once and does not try again.
click: Postmark tries again up to 9 times within about 72 minutes (after 1, 5, 15, 1, 5, 10, 10, 10 and 15 minutes), then the event is lost.
  hint: open: the endpoint wants other credentials: compare the webhook's HttpAuth and headers with what the endpoint expects
  hint: click: a proxy or load balancer answers in the endpoint's place: look whether the application runs and answers in time
--- exit 1
"#]]);
}

#[test]
fn nobody_there_is_unreachable_by_its_cause() {
    let env = TestEnv::new();
    let mut lines = String::new();
    for url in [DEAD_URL, "http://no-such-host.invalid/"] {
        let run = test(&env, url, &[]);
        let result = result(run.code(1));
        assert_eq!(
            (&result["Outcome"], &result["StatusCode"]),
            (&json!("unreachable"), &Value::Null)
        );
        lines.push_str(&format!("{}\n  {}\n", result["Message"], result["Fix"]));
    }
    assert_data_eq!(
        lines,
        str![[r#"
"cannot connect to 127.0.0.1:1: Connection refused (os error 111)"
  "look whether the service runs and listens there (127.0.0.1:1), and whether a firewall lets Postmark in"
"the name no-such-host.invalid cannot be resolved"
  "look for a typing mistake in no-such-host.invalid, and whether the name is in the public DNS"

"#]]
    );
}

#[test]
fn bad_tls_is_unreachable_by_its_cause() {
    // torture 23
    let mut lines = String::new();
    for certificate in Certificate::BAD {
        let server = TlsServer::new(certificate);
        let mut env = TestEnv::new();
        env.env("SSL_CERT_FILE", server.ca_file());
        let run = test(&env, &server.url(), &[]);
        let result = result(run.code(1));
        assert_eq!(result["Outcome"], "unreachable", "{certificate:?}: {result}");
        server.assert_no_data();
        let message =
            result["Message"].as_str().unwrap().replace(&server.address().to_string(), "[HOST]");
        lines.push_str(&format!("{certificate:?}: {message}\n  {}\n", result["Fix"]));
    }
    assert_data_eq!(
        lines,
        str![[r#"
Expired: no safe connection to [HOST]: its certificate expired on 2020-01-01
  "renew the certificate, and see why it was not renewed by itself"
NotYetValid: no safe connection to [HOST]: its certificate is not valid before 2200-01-01
  "renew the certificate, and see why it was not renewed by itself"
WrongHost: no safe connection to [HOST]: its certificate is not for the name 127.0.0.1, but for other.example
  "get a certificate for the name in the webhook's URL, or use the name that it is for"
SelfSigned: no safe connection to [HOST]: its certificate comes from an authority that this machine does not know
  "serve the whole chain with the intermediate certificate, from an authority that everybody knows: Postmark does not know a company's own (--cacert trusts one here)"
UnknownCa: no safe connection to [HOST]: its certificate comes from an authority that this machine does not know
  "serve the whole chain with the intermediate certificate, from an authority that everybody knows: Postmark does not know a company's own (--cacert trusts one here)"
Authority: no safe connection to [HOST]: its certificate is self-signed, or an authority's and not its own
  "serve the whole chain with the intermediate certificate, from an authority that everybody knows: Postmark does not know a company's own (--cacert trusts one here)"
WrongPurpose: no safe connection to [HOST]: its certificate is not acceptable: certificate does not allow extended key usage for server authentication, allows client authentication
  "serve the whole chain with the intermediate certificate, from an authority that everybody knows: Postmark does not know a company's own (--cacert trusts one here)"
PlainText: no safe connection to [HOST]: it does not speak TLS on this port
  "look whether this port speaks TLS 1.2 or 1.3 at all: it may be plain HTTP, or old"
OldProtocol: no safe connection to [HOST]: it speaks no version of TLS that is still safe
  "look whether this port speaks TLS 1.2 or 1.3 at all: it may be plain HTTP, or old"

"#]]
    );
}

#[test]
fn a_good_certificate_is_fine() {
    let server = TlsServer::with_steps(Certificate::Good, [Step::status(200)]);
    let ca = server.ca_file().display().to_string();
    test(&TestEnv::new(), &server.url(), &["--cacert", &ca]).code(0);
}

#[test]
fn certificates_of_ones_own_that_cannot_be_read_are_no_verdict() {
    // torture 24
    let run = test(&TestEnv::new(), "https://127.0.0.1:1/", &["--cacert", "/nonexistent.pem"]);
    assert_eq!(run.code(2).error_json()["Kind"], "Usage");
}

#[test]
fn silence_and_what_breaks_off_is_retried_and_the_next_event_still_tried() {
    // torture 94
    let endpoint = Faulty::new([
        Step::hang(),
        Step::answer(200, json!({"a": "long answer"})).drip(Duration::from_millis(200), 1),
        Step::close(),
        Step::reset(),
        Step::answer(200, json!({"a": 1})).truncate(3),
        Step::raw("SSH-2.0-OpenSSH_9.9\r\n"),
    ]);
    let mut env = TestEnv::new();
    time_is_hidden(&mut env);
    let args = ["test", "--url", &endpoint.url(), "--timeout", "500ms", "--concurrency", "1"];
    let run = env.run(args);
    run.check(str![[r#"
ID  EVENT                OUTCOME  STATUS  MS[GAP]MESSAGE
-   open                 retried  -       [MS]no complete answer from 127.0.0.1:[PORT] within 500ms
-   click                retried  -       [MS]no complete answer from 127.0.0.1:[PORT] within 500ms
-   delivery             retried  -       [MS]127.0.0.1:[PORT] closed the connection without an answer
-   bounce               retried  -       [MS]127.0.0.1:[PORT] reset the connection without an answer
-   spam-complaint       retried  -       [MS]the answer of 127.0.0.1:[PORT] was cut after 3 bytes
-   subscription-change  retried  -       [MS]127.0.0.1:[PORT] did not answer in HTTP: invalid HTTP version parsed
--- stderr
pmhooks: warning: the address is inside this machine or network: Postmark itself could not reach it
every event: Postmark tries again up to 9 times within about 72 minutes (after 1, 5, 15, 1, 5, 10, 10, 10 and 15 minutes), then the event is lost.
  hint: open, click: answer at once and do the work afterwards (a longer --timeout shows whether it answers at all)
  hint: delivery, bounce, spam-complaint: the endpoint broke off: look at its log, and at what stands in front of it
  hint: subscription-change: look whether this port speaks HTTP: it may want https, or be another service
--- exit 1
"#]]).within(Duration::from_secs(5));
}

#[test]
fn an_answer_without_end_is_judged_by_its_status() {
    for step in [Step::endless_body(), Step::huge_content_length()] {
        let endpoint = Faulty::new([step]);
        let run = test(&TestEnv::new(), &endpoint.url(), &[]);
        let result = result(run.code(0));
        assert_eq!(result["Outcome"], "delivered");
        assert!(result["Warnings"][0].as_str().unwrap().contains("larger than 1048576 bytes"));
        assert!(endpoint.bytes_sent() < 16 << 20);
    }
}

#[test]
fn a_slow_answer_is_warned_about() {
    let endpoint = Faulty::new([Step::status(200).delay(Duration::from_millis(2100))]);
    let run = test(&TestEnv::new(), &endpoint.url(), &[]);
    let warning = result(run.code(0))["Warnings"][0].as_str().unwrap().to_owned();
    assert!(warning.contains("took 2."), "{warning}");
}

#[test]
fn events_overlap_and_stay_in_order() {
    let endpoint = Faulty::always(Step::status(200).delay(Duration::from_millis(400)));
    let env = TestEnv::new();
    let args =
        ["test", "--url", &endpoint.url(), "--event", "all", "--concurrency", "8", "-o", "json"];
    let run = env.run(args);
    run.within(Duration::from_millis(2800));
    let results = run.code(0).json()[0]["Results"].clone();
    let order: Vec<_> =
        results.as_array().unwrap().iter().map(|r| r["TriggerType"].as_str().unwrap()).collect();
    assert_eq!(
        order.join(" "),
        "Open Click Delivery Bounce SpamComplaint SubscriptionChange Inbound SMTPApiError"
    );
    assert_eq!(endpoint.requests().len(), 8);
}

#[test]
fn an_answer_is_shown_in_part_and_harmless_and_only_when_asked() {
    // torture 95
    let hostile = format!("\x1b[31mred\x1b]0;title\x07\r\n::error::x{}", "y".repeat(10_000));
    let endpoint = Faulty::always(Step::bytes(500, "text/html", hostile));
    let env = TestEnv::new();
    let quiet = env.run(["test", "--url", &endpoint.url(), "--event", "open"]);
    quiet.code(1).lacks("::error::");
    let run = env.run(["test", "--url", &endpoint.url(), "--event", "open", "-v"]);
    run.code(1)
        .has(r"open was answered: \u{1b}[31mred\u{1b}]0;title\u{7}\r\n::error::x")
        .lacks("\x1b[31m");
    assert!(!run.stderr.lines().any(|line| line.len() > 400 || line.starts_with("::")), "{run}");
}
