//! What the sandbox remembers: servers with their streams and webhooks, and the two numbers that count on.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::streams::Stream;
use super::webhook::Webhook;
use super::{clock, seed, servers};

/// The form of the state file that this version reads and writes.
pub(super) const VERSION: u32 = 1;

/// Everything. Cloning is cheap: servers are shared until one of the clones changes them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct State {
    pub(super) version: u32,
    /// The ID of the next webhook. IDs only grow, so none is ever used twice.
    #[serde(rename = "NextWebhookID")]
    next_webhook_id: i64,
    #[serde(rename = "NextServerID")]
    next_server_id: i64,
    #[serde(serialize_with = "write_servers", deserialize_with = "read_servers")]
    servers: Vec<Arc<Server>>,
}

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

impl State {
    /// The first state: one server, with the two example webhooks.
    pub(super) fn seeded() -> Self {
        let server = seed::server();
        Self {
            version: VERSION,
            next_webhook_id: server.webhooks.iter().map(|w| w.id).max().unwrap_or_default() + 1,
            next_server_id: server.id + 1,
            servers: vec![Arc::new(server)],
        }
    }

    /// A number that no webhook has had.
    pub(super) fn take_webhook_id(&mut self) -> i64 {
        let id = self.next_webhook_id;
        self.next_webhook_id = id.saturating_add(1);
        id
    }

    /// All servers, in the order in which they were made.
    pub(super) fn servers(&self) -> impl Iterator<Item = &Server> {
        self.servers.iter().map(Arc::as_ref)
    }

    /// The server that a token opens, made at its first use.
    pub(super) fn server(&mut self, token: &str) -> &Server {
        let place = self.place(token);
        &self.servers[place]
    }

    /// The same, to be changed.
    pub(super) fn server_mut(&mut self, token: &str) -> &mut Server {
        let place = self.place(token);
        Arc::make_mut(&mut self.servers[place])
    }

    fn place(&mut self, token: &str) -> usize {
        let known = self.servers.iter().position(|server| server.token == token);
        known.unwrap_or_else(|| {
            let id = self.next_server_id;
            let details = servers::first_details(id, format!("Sandbox server {id}"));
            self.add_server(token.to_owned(), details);
            self.servers.len() - 1
        })
    }

    pub(super) fn server_by_id_mut(&mut self, id: i64) -> Option<&mut Server> {
        self.servers.iter_mut().find(|server| server.id == id).map(Arc::make_mut)
    }

    /// The ID that the next server will have.
    pub(super) fn next_server_id(&self) -> i64 {
        self.next_server_id
    }

    /// Adds a server with the three streams that every new one has.
    pub(super) fn add_server(&mut self, token: String, details: Map<String, Value>) {
        let id = self.next_server_id;
        self.next_server_id = id.saturating_add(1);
        let streams = Stream::defaults(&clock::eastern(clock::now()));
        let server = Server { id, token, details, streams, webhooks: Vec::new() };
        self.servers.push(Arc::new(server));
    }

    /// Why a state that was read cannot be true, if it cannot.
    pub(super) fn flaw(&self) -> Option<&'static str> {
        let webhooks = || self.servers().flat_map(|server| &server.webhooks);
        if webhooks().any(|webhook| webhook.id >= self.next_webhook_id) {
            return Some("NextWebhookID is not above the IDs in use");
        }
        if self.servers().any(|server| server.id >= self.next_server_id) {
            return Some("NextServerID is not above the IDs in use");
        }
        None
    }
}

fn write_servers<S: Serializer>(servers: &[Arc<Server>], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(servers.iter().map(Arc::as_ref))
}

fn read_servers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Arc<Server>>, D::Error> {
    Ok(Vec::<Server>::deserialize(from)?.into_iter().map(Arc::new).collect())
}
