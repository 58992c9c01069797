//! Servers: `/server` for the server of the token, `/servers` for all servers of the account.

use std::hash::Hasher as _;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::store::Transaction;
use super::streams::Stream;
use super::webhooks::{Trigger, Triggers, Webhook};
use super::wire::{self, FieldErrors, Fields, Outcome, Refusal, is_http_url, query_value};
use super::{ApiVersion, clock};
use crate::event;

/// Server token of the first server, which has the two example webhooks.
pub const BUILT_IN_TOKEN: &str = "5eed0000-0000-4000-8000-000000000001";
/// `CreatedAt` of the streams of a server that nobody created.
const CREATED_AT: &str = "2026-01-05T09:00:00-05:00";

/// Maximum number of servers per page (Postmark's Servers API page, "List servers").
const MAX_PAGE: usize = 500;

const COLORS: [&str; 8] =
    ["purple", "blue", "turquoise", "green", "red", "yellow", "grey", "orange"];
const TRACK_LINKS: [&str; 4] = ["None", "HtmlAndText", "HtmlOnly", "TextOnly"];
const DELIVERY_TYPES: [&str; 2] = ["Live", "Sandbox"];
const URLS: [&str; 5] =
    ["InboundHookUrl", "BounceHookUrl", "OpenHookUrl", "DeliveryHookUrl", "ClickHookUrl"];
const FLAGS: [&str; 6] = [
    "SmtpApiActivated",
    "RawEmailEnabled",
    "PostFirstOpenOnly",
    "TrackOpens",
    "IncludeBounceContentInHook",
    "EnableSmtpApiErrorHooks",
];

/// A server of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Server {
    #[serde(rename = "ID")]
    pub(super) id: i64,
    /// In lower case.
    pub(super) token: String,
    /// The fields of `/server` but the ID and the tokens.
    pub(super) details: Map<String, Value>,
    pub(super) streams: Vec<Stream>,
    pub(super) webhooks: Vec<Webhook>,
}

impl Server {
    /// A new server: the three default streams and no webhooks.
    fn new(id: i64, token: String, name: &str, hash: &str, created_at: &str) -> Self {
        let details = default_details(id, name, hash);
        Self { id, token, details, streams: Stream::defaults(created_at), webhooks: Vec::new() }
    }

    /// The object in the API's responses.
    pub(super) fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("ID".to_owned(), self.id.into());
        object.insert("Name".to_owned(), self.details.get("Name").cloned().unwrap_or_default());
        object.insert("ApiTokens".to_owned(), json!([self.token]));
        object.extend(self.details.clone());
        Value::Object(object)
    }
}

/// The fields of a new server but its ID and tokens.
fn default_details(id: i64, name: &str, hash: &str) -> Map<String, Value> {
    let details = json!({
        "Name": name,
        "Color": "blue",
        "SmtpApiActivated": false,
        "RawEmailEnabled": false,
        "DeliveryType": "Live",
        "ServerLink": format!("https://account.postmarkapp.com/servers/{id}/streams"),
        "InboundAddress": format!("{hash}@inbound.postmarkapp.com"),
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

/// The first server, with the two webhooks of Postmark's Webhooks API page.
pub(super) fn first() -> Server {
    let hash = "5eed5eed5eed5eed5eed5eed5eed5eed";
    let token = BUILT_IN_TOKEN.to_owned();
    let webhooks = examples();
    Server { webhooks, ..Server::new(1, token, "Sandbox", hash, CREATED_AT) }
}

/// The server of a token that nobody created. But for its ID it is derived from the token alone, so that
/// it stays the same until it is kept.
pub(super) fn of_unknown_token(token: &str, id: i64) -> Server {
    let hash = format!("{:016x}{:016x}", hash_of(token, 1), hash_of(token, 2));
    Server::new(id, token.to_owned(), &format!("Sandbox server {id}"), &hash, CREATED_AT)
}

/// A hash that stays the same in each process and version: its results are kept in files.
fn hash_of(token: &str, salt: u8) -> u64 {
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    hasher.write_u8(salt);
    hasher.write(token.as_bytes());
    hasher.finish()
}

/// FNV-1a, with the final mix of SplitMix64: similar tokens get dissimilar values.
struct Fnv(u64);

impl std::hash::Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

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

/// The two example webhooks, as in the API's responses.
pub(super) fn example_webhooks() -> Vec<Value> {
    examples().iter().map(|webhook| webhook.to_json(ApiVersion::Current)).collect()
}

/// PUT /server.
pub(super) fn edit(state: &mut Transaction<'_>, token: &str, body: &[u8]) -> Outcome {
    let object = wire::parse(body, FieldErrors::General, no_data())?;
    let fields = Fields::new(&object, FieldErrors::General);
    let id = state.server(token).id;
    check_unique(state, Some(id), fields)?;
    let server = state.server_mut(token);
    update(&mut server.details, fields)?;
    Ok(server.to_json())
}

/// PUT /servers/{ID}.
pub(super) fn edit_by_id(state: &mut Transaction<'_>, id: i64, body: &[u8]) -> Outcome {
    let object = wire::parse(body, FieldErrors::General, no_data())?;
    let fields = Fields::new(&object, FieldErrors::General);
    check_unique(state, Some(id), fields)?;
    let server = state.server_by_id_mut(id).ok_or_else(not_found)?;
    update(&mut server.details, fields)?;
    Ok(server.to_json())
}

/// GET /servers.
pub(super) fn list(state: &Transaction<'_>, query: &str) -> Outcome {
    let number = |key| query_value(query, key).and_then(|text| text.parse::<usize>().ok());
    let (Some(count @ 0..=MAX_PAGE), Some(offset)) = (number("count"), number("offset")) else {
        let message = format!("'count' (at most {MAX_PAGE}) and 'offset' are required.");
        return Err(Refusal::new(600, message));
    };
    let wanted = query_value(query, "name").map(|name| name.to_lowercase());
    let found: Vec<&Server> = state
        .servers()
        .filter(|server| wanted.as_ref().is_none_or(|name| lower_name(server).contains(name)))
        .collect();
    let page: Vec<Value> =
        found.iter().skip(offset).take(count).map(|server| server.to_json()).collect();
    Ok(json!({ "TotalCount": found.len(), "Servers": page }))
}

fn lower_name(server: &Server) -> String {
    server.details.get("Name").and_then(Value::as_str).unwrap_or_default().to_lowercase()
}

/// GET /servers/{ID}.
pub(super) fn get(state: &Transaction<'_>, id: i64) -> Outcome {
    state.server_by_id(id).map(Server::to_json).ok_or_else(not_found)
}

/// POST /servers.
pub(super) fn create(state: &mut Transaction<'_>, body: &[u8]) -> Outcome {
    let object = wire::parse(body, FieldErrors::General, no_data())?;
    let fields = Fields::new(&object, FieldErrors::General);
    let name = fields.text("Name")?.ok_or_else(bad_name)?;
    check_unique(state, None, fields)?;
    let id = state.take_server_id();
    let hash = event::uuid().replace('-', "");
    let created_at = clock::eastern(state.now);
    let mut server = Server::new(id, event::uuid(), name, &hash, &created_at);
    update(&mut server.details, fields)?;
    // The delivery type can be set only at creation.
    if let Some(delivery) = one_of(fields, "DeliveryType", &DELIVERY_TYPES, 613)? {
        server.details.insert("DeliveryType".to_owned(), delivery.into());
    }
    let answer = server.to_json();
    state.add_server(server);
    Ok(answer)
}

/// DELETE /servers/{ID}. Postmark's support has to permit it, so that `permitted` is a choice.
pub(super) fn delete(state: &mut Transaction<'_>, id: i64, permitted: bool) -> Outcome {
    get(state, id)?;
    if !permitted {
        return Err(Refusal::new(604, "You do not have permission to delete servers by the API."));
    }
    state.remove_server(id);
    Ok(json!({ "ErrorCode": 0, "Message": format!("Server {id} removed.") }))
}

fn no_data() -> Refusal {
    Refusal::new(609, "No server data was received.")
}

fn bad_name() -> Refusal {
    Refusal::new(608, "The server's name is missing or not valid.")
}

/// Postmark's table of codes has 601 for it.
fn not_found() -> Refusal {
    Refusal::new(601, "The server does not exist.")
}

/// Refuses a name or an inbound domain that another server has.
fn check_unique(
    state: &Transaction<'_>,
    own: Option<i64>,
    fields: Fields<'_>,
) -> Result<(), Refusal> {
    let is_taken = |key: &str, value: &str| {
        state.servers().filter(|server| Some(server.id) != own).any(|server| {
            let other = server.details.get(key).and_then(Value::as_str);
            other.is_some_and(|other| other.eq_ignore_ascii_case(value))
        })
    };
    if fields.text("Name")?.is_some_and(|name| is_taken("Name", name)) {
        return Err(Refusal::new(603, "A server with this name already exists."));
    }
    if fields.text("InboundDomain")?.is_some_and(|domain| is_taken("InboundDomain", domain)) {
        return Err(Refusal::new(602, "The inbound domain is used by another server."));
    }
    Ok(())
}

/// Takes over every field that is given. An empty URL or domain removes the one that is set.
fn update(details: &mut Map<String, Value>, fields: Fields<'_>) -> Result<(), Refusal> {
    let mut put = |name: &str, value: Value| {
        details.insert(name.to_owned(), value);
    };
    if let Some(name) = fields.text("Name")? {
        if name.trim().is_empty() {
            return Err(bad_name());
        }
        put("Name", name.into());
    }
    if let Some(domain) = fields.text_or_empty("InboundDomain")? {
        if domain.to_ascii_lowercase().contains("postmarkapp.com") {
            return Err(Refusal::new(608, "The inbound domain is not valid."));
        }
        put("InboundDomain", domain.into());
    }
    for name in URLS {
        if let Some(url) = fields.text_or_empty(name)? {
            if !url.is_empty() && !is_http_url(url) {
                return Err(Refusal::new(606, format!("The '{name}' is not a valid URL.")));
            }
            put(name, url.into());
        }
    }
    for name in FLAGS {
        if let Some(flag) = fields.flag(name)? {
            put(name, flag.into());
        }
    }
    if let Some(color) = one_of(fields, "Color", &COLORS, 607)? {
        put("Color", color.into());
    }
    if let Some(links) = one_of(fields, "TrackLinks", &TRACK_LINKS, 612)? {
        put("TrackLinks", links.into());
    }
    one_of(fields, "DeliveryType", &DELIVERY_TYPES, 613)?;
    if let Some(threshold) = fields.integer("InboundSpamThreshold")? {
        if !(0..=30).contains(&threshold) {
            return Err(Refusal::new(611, "The 'InboundSpamThreshold' must be from 0 to 30."));
        }
        put("InboundSpamThreshold", threshold.into());
    }
    Ok(())
}

/// A field with a few accepted words, in the API's spelling.
fn one_of(
    fields: Fields<'_>,
    name: &str,
    words: &[&'static str],
    code: u16,
) -> Result<Option<&'static str>, Refusal> {
    let Some(given) = fields.text(name)? else { return Ok(None) };
    let found = words.iter().find(|word| word.eq_ignore_ascii_case(given)).copied();
    let refusal =
        || Refusal::new(code, format!("The '{name}' must be one of {}.", words.join(", ")));
    found.ok_or_else(refusal).map(Some)
}
