//! The server that is there from the start, with the two webhooks of Postmark's Webhooks API page.

use serde_json::{Value, json};

use super::choices::Age;
use super::server::{self, Server};
use super::stream::Stream;
use super::webhook::{Trigger, Triggers, Webhook};

/// The server token of the server that is there from the start, with the two example webhooks.
pub const BUILT_IN_TOKEN: &str = "5eed0000-0000-4000-8000-000000000001";
/// When the streams of the first server say that they were made.
const MADE: &str = "2026-01-05T09:00:00-05:00";

/// The first server. It is the same whenever it is made.
pub(super) fn server() -> Server {
    let mut server = Server::new(1, BUILT_IN_TOKEN.to_owned(), "Sandbox");
    let hash = "5eed5eed5eed5eed5eed5eed5eed5eed";
    server.details.insert("InboundAddress".to_owned(), server::inbound_address(hash).into());
    server.details.insert("InboundHash".to_owned(), hash.into());
    server.streams = Stream::defaults(MADE);
    server.webhooks = examples();
    server
}

/// The two webhooks.
fn examples() -> Vec<Webhook> {
    vec![
        example(
            1_234_567,
            "http://www.example.com/webhook-test-tracking",
            &["Open", "Click", "Delivery", "SubscriptionChange"],
        ),
        example(1_234_568, "http://www.example.com/webhook-test-bounce", &["Bounce"]),
    ]
}

fn example(id: i64, url: &str, enabled: &[&str]) -> Webhook {
    let triggers = Triggers::from_names(|name| {
        let enabled = enabled.contains(&name);
        Trigger { enabled, option: false, verified: enabled }
    });
    Webhook {
        id,
        url: url.to_owned(),
        message_stream: "outbound".to_owned(),
        verified: true,
        http_auth: json!({ "Username": "user", "Password": "pass" }),
        http_headers: vec![json!({ "Name": "name", "Value": "value" })],
        triggers,
        hours: Vec::new(),
    }
}

/// The two webhooks, as the API answers them.
pub(super) fn answered() -> Vec<Value> {
    examples().iter().map(|webhook| webhook.answer(Age::New)).collect()
}
