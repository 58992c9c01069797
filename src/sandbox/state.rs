//! What the sandbox remembers: servers with their streams and webhooks, and the two numbers that count on.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::seed;
use super::server::Server;

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
    servers: BTreeMap<i64, Arc<Server>>,
}

impl State {
    /// The first state: one server, with the two example webhooks.
    pub(super) fn seeded() -> Self {
        let server = seed::server();
        Self {
            version: VERSION,
            next_webhook_id: server.webhooks.iter().map(|w| w.id).max().unwrap_or_default() + 1,
            next_server_id: server.id + 1,
            servers: BTreeMap::from([(server.id, Arc::new(server))]),
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
        self.servers.values().map(Arc::as_ref)
    }

    /// The server that a token opens, made at its first use.
    pub(super) fn server(&mut self, token: &str) -> &Server {
        self.opened_by(token)
    }

    /// The same, to be changed.
    pub(super) fn server_mut(&mut self, token: &str) -> &mut Server {
        Arc::make_mut(self.opened_by(token))
    }

    fn opened_by(&mut self, token: &str) -> &mut Arc<Server> {
        let known = self.servers().find(|server| server.token == token).map(|server| server.id);
        let id = known.unwrap_or_else(|| self.take_server_id());
        self.servers.entry(id).or_insert_with(|| {
            Arc::new(Server::new(id, token.to_owned(), &format!("Sandbox server {id}")))
        })
    }

    pub(super) fn server_by_id(&self, id: i64) -> Option<&Server> {
        self.servers.get(&id).map(Arc::as_ref)
    }

    pub(super) fn server_by_id_mut(&mut self, id: i64) -> Option<&mut Server> {
        self.servers.get_mut(&id).map(Arc::make_mut)
    }

    /// A number that no server has had.
    pub(super) fn take_server_id(&mut self) -> i64 {
        let id = self.next_server_id;
        self.next_server_id = id.saturating_add(1);
        id
    }

    /// Adds a server under a number that was taken for it.
    pub(super) fn add_server(&mut self, server: Server) {
        self.servers.insert(server.id, Arc::new(server));
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

fn write_servers<S: Serializer>(
    servers: &BTreeMap<i64, Arc<Server>>,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_seq(servers.values().map(Arc::as_ref))
}

fn read_servers<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<i64, Arc<Server>>, D::Error> {
    let list = Vec::<Server>::deserialize(from)?;
    let length = list.len();
    let servers: BTreeMap<_, _> =
        list.into_iter().map(|server| (server.id, Arc::new(server))).collect();
    if servers.len() == length {
        Ok(servers)
    } else {
        Err(D::Error::custom("two servers have one ID"))
    }
}
