//! A server, as it is kept and as it is answered.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::stream::Stream;
use super::webhook::Webhook;
use super::{clock, uuid};

/// One server of the account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Server {
    #[serde(rename = "ID")]
    pub(super) id: i64,
    /// In lower case.
    pub(super) token: String,
    /// The fields of `/server`, without the ID and the tokens.
    pub(super) details: Map<String, Value>,
    pub(super) streams: Vec<Stream>,
    pub(super) webhooks: Vec<Webhook>,
}

impl Server {
    /// A server as it begins: with the three streams that every new one has, and no webhooks.
    pub(super) fn new(id: i64, token: String, name: &str) -> Self {
        let streams = Stream::defaults(&clock::eastern(clock::now()));
        Self { id, token, details: first_details(id, name), streams, webhooks: Vec::new() }
    }

    /// The object that the API answers.
    pub(super) fn answer(&self) -> Value {
        let mut answer = Map::new();
        answer.insert("ID".to_owned(), self.id.into());
        answer.insert("Name".to_owned(), self.details.get("Name").cloned().unwrap_or_default());
        answer.insert("ApiTokens".to_owned(), json!([self.token]));
        answer.extend(self.details.clone());
        Value::Object(answer)
    }
}

/// The fields of a new server, but for its ID and tokens.
fn first_details(id: i64, name: &str) -> Map<String, Value> {
    let hash = uuid::random().replace('-', "");
    let details = json!({
        "Name": name,
        "Color": "blue",
        "SmtpApiActivated": false,
        "RawEmailEnabled": false,
        "DeliveryType": "Live",
        "ServerLink": format!("https://account.postmarkapp.com/servers/{id}/streams"),
        "InboundAddress": inbound_address(&hash),
        "InboundHookUrl": "",
        "BounceHookUrl": "",
        "OpenHookUrl": "",
        "DeliveryHookUrl": "",
        "PostFirstOpenOnly": false,
        "InboundDomain": "",
        "InboundHash": hash,
        "InboundSpamThreshold": 0,
        "TrackOpens": false,
        "TrackLinks": "None",
        "IncludeBounceContentInHook": false,
        "ClickHookUrl": "",
        "EnableSmtpApiErrorHooks": false,
    });
    match details {
        Value::Object(details) => details,
        _ => Map::new(),
    }
}

/// The address under which a server receives.
pub(super) fn inbound_address(hash: &str) -> String {
    format!("{hash}@inbound.postmarkapp.com")
}
