//! The state: in memory and, unless told otherwise, in a file. A change is on disk before its response.
//!
//! The file is a log of JSON lines. Its first line names the version, each other line replaces or removes
//! one entity, so that a write does not grow with the state. The log is rewritten when most of it is
//! outdated. Version 1, of pmhooks 0.1.0, was one JSON document; it is read and replaced at the first
//! write.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::SandboxError;
use super::servers::{self, Server};
use super::wire::Refusal;
use crate::fs::append::{Appender, Owner};
use crate::fs::{self, Access, FsError, Lock};

/// Version of the state file that is written.
const VERSION: u32 = 2;
/// Maximum size of a state file that is read, in bytes: some hundred thousand webhooks.
const MAX_FILE_BYTES: u64 = 512 * 1024 * 1024;
/// The log is rewritten when it is larger than this and than [`REWRITE_RATIO`] times its last rewrite.
const REWRITE_BYTES: usize = 1024 * 1024;
const REWRITE_RATIO: usize = 4;

/// All servers with their streams and webhooks, and the next IDs.
#[derive(Clone, Default)]
pub(super) struct State {
    next: NextIds,
    servers: BTreeMap<i64, Arc<Server>>,
    by_token: HashMap<String, i64>,
    /// By server, stream and address, the latter two in lower case.
    suppressions: BTreeMap<(i64, String, String), Suppression>,
    /// How far the clock is ahead of the real time.
    clock_offset: SignedDuration,
}

/// An address to which a stream does not send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Suppression {
    pub(super) email: String,
    pub(super) reason: String,
    pub(super) origin: String,
    pub(super) created_at: Timestamp,
}

impl Suppression {
    pub(super) fn new(email: &str, reason: &str, origin: &str, created_at: Timestamp) -> Self {
        let (email, reason) = (email.to_owned(), reason.to_owned());
        Self { email, reason, origin: origin.to_owned(), created_at }
    }

    /// Complaints and the recipients' own unsubscribes stay (Postmark's Suppressions API page).
    pub(super) fn can_be_deleted(&self) -> bool {
        self.reason == "HardBounce"
            || (self.reason == "ManualSuppression" && self.origin != "Recipient")
    }
}

fn suppression_key(server: i64, stream: &str, email: &str) -> (i64, String, String) {
    (server, stream.to_lowercase(), email.to_lowercase())
}

/// The next IDs. They only grow, so that no ID is ever used twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NextIds {
    #[serde(rename = "WebhookID")]
    webhook: i64,
    #[serde(rename = "ServerID")]
    server: i64,
}

/// One line of the log.
#[derive(Serialize, Deserialize)]
enum Record {
    Version(u32),
    Next(NextIds),
    #[serde(serialize_with = "write_server", deserialize_with = "read_server")]
    Server(Arc<Server>),
    ServerRemoved(i64),
    /// Server, stream, suppression.
    Suppressed(i64, String, Suppression),
    /// Server, stream, address.
    Unsuppressed(i64, String, String),
    /// Seconds that the clock is ahead of the real time.
    ClockOffset(i64),
}

fn write_server<S: Serializer>(server: &Arc<Server>, to: S) -> Result<S::Ok, S::Error> {
    server.as_ref().serialize(to)
}

fn read_server<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<Server>, D::Error> {
    Server::deserialize(from).map(Arc::new)
}

impl State {
    /// The first state: one server with the two example webhooks.
    fn seeded() -> Self {
        let mut state = Self::default();
        let server = servers::first();
        state.next = NextIds {
            webhook: server.webhooks.iter().map(|w| w.id).max().unwrap_or_default() + 1,
            server: server.id + 1,
        };
        state.put(Arc::new(server));
        state
    }

    fn put(&mut self, server: Arc<Server>) {
        self.by_token.insert(server.token.clone(), server.id);
        if let Some(before) = self.servers.insert(server.id, server.clone())
            && before.token != server.token
        {
            self.by_token.remove(&before.token);
        }
    }

    fn apply(&mut self, record: Record) {
        match record {
            Record::Version(_) => {}
            Record::Next(next) => self.next = next,
            Record::Server(server) => self.put(server),
            Record::ServerRemoved(id) => {
                if let Some(server) = self.servers.remove(&id) {
                    self.by_token.remove(&server.token);
                }
                self.suppressions.retain(|(server, ..), _| *server != id);
            }
            Record::Suppressed(server, stream, suppression) => {
                let key = suppression_key(server, &stream, &suppression.email);
                self.suppressions.insert(key, suppression);
            }
            Record::Unsuppressed(server, stream, email) => {
                self.suppressions.remove(&suppression_key(server, &stream, &email));
            }
            Record::ClockOffset(seconds) => {
                self.clock_offset = SignedDuration::from_secs(seconds);
            }
        }
    }

    /// An inconsistency in a state that was read, if there is one.
    fn flaw(&self) -> Option<&'static str> {
        let mut webhooks = self.servers.values().flat_map(|server| &server.webhooks);
        if webhooks.any(|webhook| webhook.id >= self.next.webhook) {
            return Some("NextWebhookID is not above the IDs in use");
        }
        if self.servers.keys().any(|id| *id >= self.next.server) {
            return Some("NextServerID is not above the IDs in use");
        }
        None
    }

    /// The records that keep a server which was used for reading only until now.
    fn records_of_new(&self, server: &Server) -> [Record; 2] {
        let next = NextIds { server: self.next.server.max(server.id + 1), ..self.next };
        [Record::Next(next), Record::Server(Arc::new(server.clone()))]
    }

    fn records(&self) -> impl Iterator<Item = Record> + '_ {
        [Record::Version(VERSION), Record::Next(self.next)]
            .into_iter()
            .chain(self.servers.values().cloned().map(Record::Server))
            .chain(self.suppressions.iter().map(|((server, stream, _), suppression)| {
                Record::Suppressed(*server, stream.clone(), suppression.clone())
            }))
            .chain(
                (!self.clock_offset.is_zero())
                    .then(|| Record::ClockOffset(self.clock_offset.as_secs())),
            )
    }
}

/// The servers of tokens that were only used for reading. Each token has its server from the first look
/// on, but a server is kept only once it is changed.
#[derive(Default)]
struct Unsaved {
    ids: HashMap<String, i64>,
    highest: i64,
}

/// Maximum number of tokens whose server ID is remembered before it is kept.
const MAX_UNSAVED: usize = 10_000;

impl Unsaved {
    /// The ID of a token's server, which no other server has.
    fn id(&mut self, token: &str, next: i64) -> i64 {
        if let Some(id) = self.ids.get(token) {
            return *id;
        }
        let id = next.max(self.highest + 1);
        if self.ids.len() < MAX_UNSAVED {
            self.highest = id;
            self.ids.insert(token.to_owned(), id);
        }
        id
    }
}

/// The changes of one request. They take effect together, or not at all.
pub(super) struct Transaction<'a> {
    state: &'a State,
    unsaved: &'a mut Unsaved,
    next: NextIds,
    /// `None` for a removed server.
    changed: BTreeMap<i64, Option<Arc<Server>>>,
    pub(super) now: Timestamp,
}

impl Transaction<'_> {
    /// An ID that no webhook has had.
    pub(super) fn take_webhook_id(&mut self) -> i64 {
        let id = self.next.webhook;
        self.next.webhook = id.saturating_add(1);
        id
    }

    /// An ID that no server has had.
    pub(super) fn take_server_id(&mut self) -> i64 {
        let id = self.next.server.max(self.unsaved.highest + 1);
        self.next.server = id.saturating_add(1);
        id
    }

    /// All servers, ordered by ID.
    pub(super) fn servers(&self) -> impl Iterator<Item = &Server> {
        self.state.servers.values().map(Arc::as_ref)
    }

    /// The server of a token. Every UUID opens one.
    pub(super) fn server(&mut self, token: &str) -> Arc<Server> {
        let saved = self.state.by_token.get(token).copied();
        let id = saved.unwrap_or_else(|| self.unsaved.id(token, self.next.server));
        let changed = self.changed.get(&id).cloned().flatten();
        let known = changed.or_else(|| self.state.servers.get(&id).cloned());
        known.unwrap_or_else(|| Arc::new(servers::of_unknown_token(token, id)))
    }

    /// The server of a token, to be changed.
    pub(super) fn server_mut(&mut self, token: &str) -> &mut Server {
        let server = self.server(token);
        self.next.server = self.next.server.max(server.id.saturating_add(1));
        let changed = self.changed.entry(server.id).or_insert(None);
        Arc::make_mut(changed.get_or_insert(server))
    }

    pub(super) fn server_by_id(&self, id: i64) -> Option<&Server> {
        self.state.servers.get(&id).map(Arc::as_ref)
    }

    pub(super) fn server_by_id_mut(&mut self, id: i64) -> Option<&mut Server> {
        let token = self.server_by_id(id)?.token.clone();
        Some(self.server_mut(&token))
    }

    /// Adds a server under an ID that was taken for it.
    pub(super) fn add_server(&mut self, server: Server) {
        self.changed.insert(server.id, Some(Arc::new(server)));
    }

    pub(super) fn remove_server(&mut self, id: i64) {
        self.changed.insert(id, None);
    }

    /// The records of what differs from the state.
    fn into_records(self) -> Vec<Record> {
        let mut records = Vec::new();
        if self.next != self.state.next {
            records.push(Record::Next(self.next));
        }
        for (id, server) in self.changed {
            match server {
                None => records.push(Record::ServerRemoved(id)),
                Some(server) if self.state.servers.get(&id) == Some(&server) => {}
                Some(server) => records.push(Record::Server(server)),
            }
        }
        records
    }
}

/// The state with its file.
pub(super) struct Store(Mutex<Kept>);

struct Kept {
    state: State,
    unsaved: Unsaved,
    file: Option<LogFile>,
}

/// The log on disk.
struct LogFile {
    path: PathBuf,
    /// Open for appending. `None` until the first write, and where the file must be rewritten.
    appender: Option<Appender>,
    /// The file holds another version, or a torn last line, or does not exist.
    needs_rewrite: bool,
    bytes: usize,
    bytes_after_rewrite: usize,
}

impl Store {
    /// Opens a state file, or the first state if there is no file yet.
    pub(super) fn open(file: Option<&Path>) -> Result<Self, SandboxError> {
        let Some(path) = file else {
            return Ok(Self(Mutex::new(Kept {
                state: State::seeded(),
                unsaved: Unsaved::default(),
                file: None,
            })));
        };
        let Loaded { state, bytes, needs_rewrite } = load(path)?;
        let file = LogFile {
            path: path.to_owned(),
            appender: None,
            needs_rewrite,
            bytes,
            bytes_after_rewrite: 0,
        };
        Ok(Self(Mutex::new(Kept { state, unsaved: Unsaved::default(), file: Some(file) })))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs an operation on the state: its changes are kept as a whole, or not at all if it fails or
    /// the file cannot be written.
    ///
    /// A write blocks the other requests for as long as the disk needs.
    pub(super) fn transact<T>(
        &self,
        now: Timestamp,
        act: impl FnOnce(&mut Transaction<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut kept = self.lock();
        let Kept { state, unsaved, .. } = &mut *kept;
        let next = state.next;
        let mut transaction = Transaction { state, unsaved, next, changed: BTreeMap::new(), now };
        let done = act(&mut transaction)?;
        let records = transaction.into_records();
        if !records.is_empty() {
            kept.commit(records).map_err(not_kept)?;
        }
        Ok(done)
    }

    /// The server of a token.
    pub(super) fn server(&self, token: &str) -> Arc<Server> {
        let mut kept = self.lock();
        let Kept { state, unsaved, .. } = &mut *kept;
        let (next, now) = (state.next, Timestamp::UNIX_EPOCH);
        Transaction { state, unsaved, next, changed: BTreeMap::new(), now }.server(token)
    }
}

impl Store {
    pub(super) fn server_by_id(&self, id: i64) -> Option<Arc<Server>> {
        self.lock().state.servers.get(&id).cloned()
    }

    /// The suppression of an address on a stream.
    pub(super) fn suppression(
        &self,
        server: i64,
        stream: &str,
        email: &str,
    ) -> Option<Suppression> {
        let key = suppression_key(server, stream, email);
        self.lock().state.suppressions.get(&key).cloned()
    }

    /// The suppressions of a stream.
    pub(super) fn suppressions(&self, server: i64, stream: &str) -> Vec<Suppression> {
        let stream = stream.to_lowercase();
        let kept = self.lock();
        let all = kept.state.suppressions.range((server, stream.clone(), String::new())..);
        let own = all.take_while(|((id, name, _), _)| *id == server && *name == stream);
        own.map(|(_, suppression)| suppression.clone()).collect()
    }

    /// Adds a suppression. False if the address is suppressed already.
    pub(super) fn suppress(
        &self,
        server: &Server,
        stream: &str,
        suppression: Suppression,
    ) -> Result<bool, Refusal> {
        let mut kept = self.lock();
        let key = suppression_key(server.id, stream, &suppression.email);
        if kept.state.suppressions.contains_key(&key) {
            return Ok(false);
        }
        let mut records = Vec::new();
        if !kept.state.servers.contains_key(&server.id) {
            records.extend(kept.state.records_of_new(server));
        }
        records.push(Record::Suppressed(server.id, stream.to_owned(), suppression));
        kept.commit(records).map_err(not_kept)?;
        Ok(true)
    }

    /// Removes a suppression. False if the address is not suppressed.
    pub(super) fn unsuppress(
        &self,
        server: i64,
        stream: &str,
        email: &str,
    ) -> Result<bool, Refusal> {
        let mut kept = self.lock();
        if !kept.state.suppressions.contains_key(&suppression_key(server, stream, email)) {
            return Ok(false);
        }
        let record = Record::Unsuppressed(server, stream.to_owned(), email.to_owned());
        kept.commit(vec![record]).map_err(not_kept)?;
        Ok(true)
    }

    /// Marks a trigger as unverified: it gets no events until it is verified again.
    pub(super) fn pause_trigger(&self, server: i64, webhook: i64, trigger: &str) {
        let mut kept = self.lock();
        let Some(mut server) = kept.state.servers.get(&server).cloned() else { return };
        let changed = Arc::make_mut(&mut server);
        let Some(webhook) = changed.webhooks.iter_mut().find(|w| w.id == webhook) else { return };
        webhook.pause(trigger);
        // A pause that cannot be kept is made again at the next exhausted event.
        let _ = kept.commit(vec![Record::Server(server)]);
    }

    pub(super) fn clock_offset(&self) -> SignedDuration {
        self.lock().state.clock_offset
    }

    pub(super) fn keep_clock(&self, offset: SignedDuration) -> Result<(), Refusal> {
        let record = Record::ClockOffset(offset.as_secs());
        self.lock().commit(vec![record]).map_err(not_kept)
    }

    /// Puts the state back to the first one.
    pub(super) fn reset(&self) -> Result<(), Refusal> {
        let mut kept = self.lock();
        let state = State::seeded();
        if let Some(file) = &mut kept.file {
            file.rewrite(&state).map_err(not_kept)?;
        }
        kept.state = state;
        kept.unsaved = Unsaved::default();
        Ok(())
    }
}

fn not_kept(error: SandboxError) -> Refusal {
    Refusal::fault(format!("The sandbox cannot keep its state: {error}."))
}

impl Kept {
    fn commit(&mut self, records: Vec<Record>) -> Result<(), SandboxError> {
        let Some(file) = &mut self.file else {
            for record in records {
                self.state.apply(record);
            }
            return Ok(());
        };
        let limit = REWRITE_BYTES.max(REWRITE_RATIO * file.bytes_after_rewrite);
        if file.needs_rewrite || file.bytes > limit {
            let mut next = self.state.clone();
            for record in records {
                next.apply(record);
            }
            file.rewrite(&next)?;
            self.state = next;
        } else {
            file.append(&records)?;
            for record in records {
                self.state.apply(record);
            }
        }
        Ok(())
    }
}

impl LogFile {
    fn rewrite(&mut self, state: &State) -> Result<(), SandboxError> {
        let bytes = encode(state.records(), &self.path)?;
        self.appender = None;
        fs::replace(&self.path, &bytes, Access::Private).map_err(SandboxError::Disk)?;
        (self.bytes, self.bytes_after_rewrite) = (bytes.len(), bytes.len());
        self.needs_rewrite = false;
        Ok(())
    }

    fn append(&mut self, records: &[Record]) -> Result<(), SandboxError> {
        let lines = encode(records.iter(), &self.path)?;
        let mut appender = match self.appender.take() {
            Some(appender) => appender,
            None => Appender::open(&self.path, true, Owner::Folder).map_err(SandboxError::Disk)?.0,
        };
        let place = appender.append(&lines).map_err(SandboxError::Disk)?;
        if place == fs::append::Place::New {
            // The file was moved away or removed: what it held has to be written again.
            self.needs_rewrite = true;
        }
        self.appender = Some(appender);
        self.bytes += lines.len();
        Ok(())
    }
}

fn encode<R: Serialize>(
    records: impl Iterator<Item = R>,
    path: &Path,
) -> Result<Vec<u8>, SandboxError> {
    let mut lines = Vec::new();
    for record in records {
        serde_json::to_writer(&mut lines, &record).map_err(|error| SandboxError::State {
            path: path.to_owned(),
            reason: format!("it cannot be written as JSON: {error}"),
        })?;
        lines.push(b'\n');
    }
    Ok(lines)
}

struct Loaded {
    state: State,
    bytes: usize,
    needs_rewrite: bool,
}

/// Reads a state file of any version; the first state if there is no file.
fn load(path: &Path) -> Result<Loaded, SandboxError> {
    let content = match fs::read_in_place(path, MAX_FILE_BYTES) {
        Ok(content) => content.bytes,
        Err(error) if error.is_missing() => {
            return Ok(Loaded { state: State::seeded(), bytes: 0, needs_rewrite: true });
        }
        Err(error) => return Err(SandboxError::Disk(error)),
    };
    let unusable = |reason: String| SandboxError::State { path: path.to_owned(), reason };
    let is_log = content.starts_with(b"{\"Version\":") && content.contains(&b'\n');
    let first_line = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let loaded = match serde_json::from_slice::<VersionLine>(first_line) {
        Ok(VersionLine { version: VERSION }) if is_log => load_log(&content),
        Ok(VersionLine { version }) if version > VERSION => Err(NEWER.to_owned()),
        _ => load_document(&content),
    }
    .map_err(unusable)?;
    match loaded.state.flaw() {
        None => Ok(loaded),
        Some(flaw) => Err(unusable(format!("it is damaged: {flaw}"))),
    }
}

const NEWER: &str = "a newer version of this program wrote it";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct VersionLine {
    version: u32,
}

fn load_log(content: &[u8]) -> Result<Loaded, String> {
    let mut state = State::default();
    // A last line without its end was being written when the process died: nobody got a response.
    let whole = content.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let lines = content.get(..whole).unwrap_or_default().split_inclusive(|byte| *byte == b'\n');
    for (index, line) in lines.enumerate() {
        let record = serde_json::from_slice(line).map_err(|error: serde_json::Error| {
            // Only the place: the text of the error can quote the line, passwords included.
            format!("it is damaged at line {}, column {}", index + 1, error.column())
        })?;
        state.apply(record);
    }
    Ok(Loaded { state, bytes: whole, needs_rewrite: whole < content.len() })
}

/// The document of version 1.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DocumentV1 {
    #[serde(rename = "Version")]
    _version: u32,
    #[serde(rename = "NextWebhookID")]
    next_webhook_id: i64,
    #[serde(rename = "NextServerID")]
    next_server_id: i64,
    servers: Vec<Server>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AnyVersion {
    version: u32,
}

fn load_document(content: &[u8]) -> Result<Loaded, String> {
    let place = |error: serde_json::Error| {
        format!("it is damaged at line {}, column {}", error.line(), error.column())
    };
    // The version first: the rest of a newer state may look like anything.
    let AnyVersion { version } = serde_json::from_slice(content).map_err(place)?;
    match version {
        1 => {}
        0 => return Err("it is of a version that never was".to_owned()),
        _ => return Err(NEWER.to_owned()),
    }
    let document: DocumentV1 = serde_json::from_slice(content).map_err(place)?;
    let next = NextIds { webhook: document.next_webhook_id, server: document.next_server_id };
    let mut state = State { next, ..State::default() };
    let count = document.servers.len();
    document.servers.into_iter().for_each(|server| state.put(Arc::new(server)));
    if state.servers.len() != count {
        return Err("it is damaged: two servers have one ID".to_owned());
    }
    Ok(Loaded { state, bytes: content.len(), needs_rewrite: true })
}

/// Replaces a state file by the first state. A file that is not a valid state is kept aside.
pub(super) fn reset(path: &Path) -> Result<(), SandboxError> {
    match load(path) {
        Ok(_) => {}
        Err(SandboxError::State { .. }) => keep_aside(path)?,
        Err(error) => return Err(error),
    }
    let bytes = encode(State::seeded().records(), path)?;
    fs::replace(path, &bytes, Access::Private).map_err(SandboxError::Disk)
}

/// Copies a file to a name that is not in use.
fn keep_aside(path: &Path) -> Result<(), SandboxError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut number = 1_u32;
    let aside = loop {
        let aside = path.with_file_name(format!("{name}.broken-{number}"));
        if aside.symlink_metadata().is_err() {
            break aside;
        }
        number += 1;
    };
    let broken = fs::read_in_place(path, MAX_FILE_BYTES).map_err(SandboxError::Disk)?;
    fs::write_new(&aside, &broken.bytes).map_err(SandboxError::Disk)
}

/// Start of a server's text in the lock file, by which other processes recognize it.
const SERVER: &str = "`pmhooks sandbox serve`";
/// Time that a command waits for other commands.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for which the text in the lock file may still be that of a process that has ended.
const STALE_TEXT: Duration = Duration::from_millis(30);

/// Kind of process that holds a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A short command, which waits for other commands.
    Command,
    /// `sandbox serve`, which does not wait and is not waited for.
    Server,
}

/// Takes the lock beside a state file.
pub(super) fn lock(state: &Path, holder: Holder) -> Result<Lock, SandboxError> {
    fs::refuse_link(state).map_err(SandboxError::Disk)?;
    let pid = std::process::id();
    let (text, timeout) = match holder {
        Holder::Command => {
            (format!("another run of `pmhooks -p sandbox` (pid {pid})"), LOCK_TIMEOUT)
        }
        Holder::Server => (format!("{SERVER} (pid {pid})"), Duration::ZERO),
    };
    let server = ServerText::default();
    let is_server = |text: &str| server.is_current(text, Instant::now());
    match Lock::beside(state, &text, timeout, is_server) {
        Ok(lock) => Ok(lock),
        Err(FsError::Locked { holder, .. }) => {
            Err(SandboxError::InUse { address: server_address(&holder), by: holder })
        }
        Err(error) => Err(SandboxError::Disk(error)),
    }
}

/// The address in a server's text, which [`name_server`] wrote.
fn server_address(text: &str) -> Option<SocketAddr> {
    let (address, _) = text.split_once("at http://")?.1.split_once(' ')?;
    let mut address: SocketAddr = address.parse().ok()?;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    Some(address)
}

/// When the text of a server was first seen in a lock file.
#[derive(Default)]
struct ServerText(Cell<Option<Instant>>);

impl ServerText {
    /// True once the text has been a server's for so long that it must be the present holder's.
    fn is_current(&self, text: &str, now: Instant) -> bool {
        let since = text.starts_with(SERVER).then(|| self.0.get().unwrap_or(now));
        self.0.set(since);
        since.is_some_and(|since| now.saturating_duration_since(since) >= STALE_TEXT)
    }
}

/// Adds a server's address to its text in the lock file.
pub(super) fn name_server(lock: &mut Lock, address: SocketAddr) -> Result<(), SandboxError> {
    let text = format!("{SERVER} at http://{address} (pid {})", std::process::id());
    lock.describe(&text).map_err(SandboxError::Disk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_server_counts_only_when_it_stays() {
        let start = Instant::now();
        let text = format!("{SERVER} at http://127.0.0.1:1 (pid 1)");
        let server = ServerText::default();
        assert!(!server.is_current(&text, start), "it may be left over");
        assert!(!server.is_current("another run", start + STALE_TEXT), "and it was");
        assert!(!server.is_current(&text, start + 2 * STALE_TEXT), "the time starts anew");
        assert!(server.is_current(&text, start + 3 * STALE_TEXT));
    }
}
