//! Verification: a request to a webhook's URL for each enabled trigger, which must be answered with 200.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::StatusCode;
use serde_json::{Value, json};
use url::Url;

use super::choices::Verify;
use super::uuid;
use super::webhook::Webhook;
use crate::http::client::{Header, HttpClient, Method, Request, RetryPolicy};

/// How long one endpoint may take for one probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer that an endpoint may give, in bytes. It is not looked at.
const ANSWER_BYTES: usize = 1024 * 1024;
/// Headers of the transport, which a webhook cannot set.
const OF_THE_TRANSPORT: [&str; 6] =
    ["host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"];

/// What one probe met with.
#[derive(Clone, Debug)]
pub(super) struct Probed {
    pub(super) trigger: &'static str,
    /// The endpoint's HTTP status, or why there was none.
    pub(super) answer: Result<u16, String>,
    pub(super) took: Duration,
}

impl Probed {
    /// Only 200 passes; no other success does (Postmark's Webhooks API page, "Verify a webhook").
    pub(super) fn passed(&self) -> bool {
        self.answer == Ok(200)
    }
}

/// Probes a webhook for each enabled trigger. Blocks for as long as the slowest answer takes.
pub(super) fn probe(how: Verify, net: &HttpClient, webhook: &Webhook) -> Vec<Probed> {
    let enabled = webhook.triggers.enabled().map(|(name, _)| name);
    let canned =
        |answer: u16| move |trigger| Probed { trigger, answer: Ok(answer), took: Duration::ZERO };
    match how {
        Verify::Pass => enabled.map(canned(200)).collect(),
        Verify::Fail => enabled.map(canned(503)).collect(),
        Verify::Real => std::thread::scope(|scope| {
            let at_work: Vec<_> = enabled
                .map(|trigger| (trigger, scope.spawn(move || send(net, webhook, trigger))))
                .collect();
            let ended = at_work.into_iter().map(|(trigger, work)| {
                work.join().unwrap_or_else(|_| Probed {
                    trigger,
                    answer: Err("the probe broke off".to_owned()),
                    took: Duration::ZERO,
                })
            });
            ended.collect()
        }),
    }
}

fn send(net: &HttpClient, webhook: &Webhook, trigger: &'static str) -> Probed {
    let started = Instant::now();
    let answer = match request(webhook, trigger) {
        Ok(request) => net.send(&request).map(|a| a.status).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    Probed { trigger, answer, took: started.elapsed() }
}

/// What Postmark sends is not documented; this is a small event under the documented headers.
fn request(webhook: &Webhook, trigger: &str) -> Result<Request, url::ParseError> {
    let mut url = Url::parse(&webhook.url)?;
    let mut headers = vec![
        header("User-Agent", "Postmark", false),
        header("Content-Type", "application/json", false),
        header("X-PM-Webhook-Trace-Id", &uuid::random(), false),
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
        if !OF_THE_TRANSPORT.contains(&name.to_ascii_lowercase().as_str()) {
            headers.retain(|header| !header.name.eq_ignore_ascii_case(&name));
            headers.push(header(&name, &text(custom, "Value"), true));
        }
    }
    let event = json!({ "RecordType": trigger, "MessageStream": webhook.message_stream });
    Ok(Request {
        method: Method::Post,
        is_redirected: false,
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

/// The report that a verification answers, passed or not.
pub(super) fn report(webhook: &Webhook, probed: &[Probed]) -> Value {
    let passed = probed.iter().filter(|probe| probe.passed()).count();
    let results = probed.iter().map(|probe| {
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
        "Success": passed == probed.len(),
        "Results": results.collect::<Vec<_>>(),
        "Message": format!("{passed}/{} triggers verified successfully", probed.len()),
    })
}

fn phrase(status: u16) -> String {
    let known = StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason());
    known.map_or_else(|| format!("The endpoint answered {status}."), str::to_owned)
}
