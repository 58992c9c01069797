//! Verification: a request to a webhook's URL for each enabled trigger, which must be answered with 200.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::StatusCode;
use serde_json::{Value, json};
use url::Url;

use super::Verify;
use super::webhooks::Webhook;
use crate::event;
use crate::http::client::{Header, HttpClient, Method, Request, RetryPolicy};

/// Timeout of one probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum response of an endpoint, in bytes. Its content is ignored.
const ANSWER_BYTES: usize = 1024 * 1024;
/// Headers of the connection, which a webhook cannot set.
const CONNECTION_HEADERS: [&str; 6] =
    ["host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"];

/// The result of one probe.
#[derive(Clone, Debug)]
pub(super) struct ProbeResult {
    pub(super) trigger: &'static str,
    /// The endpoint's HTTP status, or the error text.
    pub(super) answer: Result<u16, String>,
    pub(super) took: Duration,
}

impl ProbeResult {
    /// Only 200 passes; no other success does (Postmark's Webhooks API page, "Verify a webhook").
    pub(super) fn passed(&self) -> bool {
        self.answer == Ok(200)
    }
}

/// Probes a webhook for each enabled trigger, in parallel. Blocks until all have ended.
pub(super) fn probe(how: Verify, http: &HttpClient, webhook: &Webhook) -> Vec<ProbeResult> {
    let enabled = webhook.triggers.enabled().map(|(name, _)| name);
    let canned = |answer: u16| {
        move |trigger| ProbeResult { trigger, answer: Ok(answer), took: Duration::ZERO }
    };
    match how {
        Verify::Pass => enabled.map(canned(200)).collect(),
        Verify::Fail => enabled.map(canned(503)).collect(),
        Verify::Real => std::thread::scope(|scope| {
            let at_work: Vec<_> = enabled
                .map(|trigger| (trigger, scope.spawn(move || send(http, webhook, trigger))))
                .collect();
            let ended = at_work.into_iter().map(|(trigger, work)| {
                work.join().unwrap_or_else(|_| ProbeResult {
                    trigger,
                    answer: Err("the probe broke off".to_owned()),
                    took: Duration::ZERO,
                })
            });
            ended.collect()
        }),
    }
}

fn send(http: &HttpClient, webhook: &Webhook, trigger: &'static str) -> ProbeResult {
    let started = Instant::now();
    let answer = match request(webhook, trigger) {
        Ok(request) => http.send(&request).map(|a| a.status).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    ProbeResult { trigger, answer, took: started.elapsed() }
}

/// Postmark does not document the body of a probe; this is a small event with the documented headers.
fn request(webhook: &Webhook, trigger: &str) -> Result<Request, url::ParseError> {
    let mut url = Url::parse(&webhook.url)?;
    let mut headers = vec![
        header("User-Agent", "Postmark", false),
        header("Content-Type", "application/json", false),
        header("X-PM-Webhook-Trace-Id", &event::uuid(), false),
    ];
    let text = |object: &Value, key: &str| {
        object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    if webhook.http_auth.is_object() {
        // Credentials in the URL would give a second Authorization header.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        let (user, password) =
            (text(&webhook.http_auth, "Username"), text(&webhook.http_auth, "Password"));
        let credentials = BASE64_STANDARD.encode(format!("{user}:{password}"));
        headers.push(header("Authorization", &format!("Basic {credentials}"), true));
    }
    for custom in &webhook.http_headers {
        let name = text(custom, "Name");
        if !CONNECTION_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            headers.retain(|header| !header.name.eq_ignore_ascii_case(&name));
            headers.push(header(&name, &text(custom, "Value"), true));
        }
    }
    let event = json!({ "RecordType": trigger, "MessageStream": webhook.message_stream });
    Ok(Request {
        method: Method::Post,
        is_redirected: false,
        addresses: None,
        url,
        headers,
        body: Some(event.to_string().into_bytes()),
        timeout: PROBE_TIMEOUT,
        retries: 0,
        retry: RetryPolicy::Never,
        limit: ANSWER_BYTES,
    })
}

fn header(name: &str, value: &str, secret: bool) -> Header {
    Header { name: name.to_owned(), value: value.to_owned().into(), secret }
}

/// The report of a verification.
pub(super) fn report(webhook: &Webhook, results: &[ProbeResult]) -> Value {
    let passed = results.iter().filter(|probe| probe.passed()).count();
    let rows = results.iter().map(|probe| {
        json!({
            "TriggerType": probe.trigger,
            "Success": probe.passed(),
            "StatusCode": probe.answer.as_ref().ok(),
            "Message": match &probe.answer {
                Ok(status) => phrase(*status),
                Err(why) => why.clone(),
            },
        })
    });
    json!({
        "Id": webhook.id,
        "Url": webhook.url,
        "Success": passed == results.len(),
        "Results": rows.collect::<Vec<_>>(),
        "Message": format!("{passed}/{} triggers verified successfully", results.len()),
    })
}

fn phrase(status: u16) -> String {
    let known = StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason());
    known.map_or_else(|| format!("The endpoint answered {status}."), str::to_owned)
}
