//! Servers: `/server` for the token's own, `/servers` for all of the account.

use serde_json::{Map, Value, json};

use super::answer::{Outcome, Refusal};
use super::fields::{self, Fields, Wrong, is_http_url, query_value};
use super::server::Server;
use super::state::State;
use super::uuid;

/// Servers per page (Postmark's Servers API page, "List servers").
const LARGEST_PAGE: usize = 500;

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

/// PUT /server.
pub(super) fn edit(state: &mut State, token: &str, body: &[u8]) -> Outcome {
    let id = state.server(token).id;
    edit_by_id(state, id, body)
}

/// PUT /servers/{ID}.
pub(super) fn edit_by_id(state: &mut State, id: i64, body: &[u8]) -> Outcome {
    let object = fields::parse(body, Wrong::General, no_data())?;
    let fields = Fields::new(&object, Wrong::General);
    check_unique(state, Some(id), fields)?;
    let server = state.server_by_id_mut(id).ok_or_else(not_found)?;
    update(&mut server.details, fields)?;
    Ok(server.answer())
}

/// GET /servers.
pub(super) fn list(state: &State, query: &str) -> Outcome {
    let number = |key| query_value(query, key).and_then(|text| text.parse::<usize>().ok());
    let (Some(count @ 0..=LARGEST_PAGE), Some(offset)) = (number("count"), number("offset")) else {
        let message = format!("'count' (at most {LARGEST_PAGE}) and 'offset' are required.");
        return Err(Refusal::new(600, message));
    };
    let wanted = query_value(query, "name").map(|name| name.to_lowercase());
    let found: Vec<&Server> = state
        .servers()
        .filter(|server| wanted.as_ref().is_none_or(|name| lower_name(server).contains(name)))
        .collect();
    let page: Vec<Value> =
        found.iter().skip(offset).take(count).map(|server| server.answer()).collect();
    Ok(json!({ "TotalCount": found.len(), "Servers": page }))
}

fn lower_name(server: &Server) -> String {
    server.details.get("Name").and_then(Value::as_str).unwrap_or_default().to_lowercase()
}

/// GET /servers/{ID}.
pub(super) fn get(state: &State, id: i64) -> Outcome {
    state.server_by_id(id).map(Server::answer).ok_or_else(not_found)
}

/// POST /servers.
pub(super) fn create(state: &mut State, body: &[u8]) -> Outcome {
    let object = fields::parse(body, Wrong::General, no_data())?;
    let fields = Fields::new(&object, Wrong::General);
    let name = fields.text("Name")?.ok_or_else(bad_name)?;
    check_unique(state, None, fields)?;
    let id = state.take_server_id();
    let mut server = Server::new(id, uuid::random(), name);
    update(&mut server.details, fields)?;
    // How a server delivers can be chosen only here.
    if let Some(delivery) = one_of(fields, "DeliveryType", &DELIVERY_TYPES, 613)? {
        server.details.insert("DeliveryType".to_owned(), delivery.into());
    }
    let answer = server.answer();
    state.add_server(server);
    Ok(answer)
}

/// DELETE /servers/{ID}: has to be permitted by Postmark's support first, and here nobody did.
pub(super) fn delete(state: &State, id: i64) -> Outcome {
    get(state, id)?;
    Err(Refusal::new(604, "You do not have permission to delete servers by the API."))
}

fn no_data() -> Refusal {
    Refusal::new(609, "No server data was received.")
}

fn bad_name() -> Refusal {
    Refusal::new(608, "The server's name is missing or not valid.")
}

/// Postmark's table has 601 for it.
fn not_found() -> Refusal {
    Refusal::new(601, "The server does not exist.")
}

/// Refuses a name or an inbound domain that another server has.
fn check_unique(state: &State, own: Option<i64>, fields: Fields<'_>) -> Result<(), Refusal> {
    let taken = |key: &str, value: &str| {
        state.servers().filter(|server| Some(server.id) != own).any(|server| {
            let other = server.details.get(key).and_then(Value::as_str);
            other.is_some_and(|other| other.eq_ignore_ascii_case(value))
        })
    };
    if fields.text("Name")?.is_some_and(|name| taken("Name", name)) {
        return Err(Refusal::new(603, "A server with this name exists already."));
    }
    let domain = fields.text("InboundDomain")?.filter(|domain| !domain.is_empty());
    if domain.is_some_and(|domain| taken("InboundDomain", domain)) {
        return Err(Refusal::new(602, "The inbound domain is used by another server."));
    }
    Ok(())
}

/// Takes over every field that is given, each as a whole.
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
    if let Some(domain) = fields.text("InboundDomain")? {
        if domain.to_ascii_lowercase().contains("postmarkapp.com") {
            return Err(Refusal::new(608, "The inbound domain is not valid."));
        }
        put("InboundDomain", domain.into());
    }
    for name in URLS {
        if let Some(url) = fields.text(name)? {
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

/// A field with a few allowed words, in the spelling of the API.
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
