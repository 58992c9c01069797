//! What receiving costs: events per second that `listen` records and acknowledges, beside an nginx that
//! answers the same POSTs without keeping them, a Node server that appends each body to a file first, and
//! Debian's `webhook`, whose hook does so; and the memory that many events leave behind. wrk sends; a peer
//! that is not installed is left out.

use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::table::{Goal, Table};

const PMHOOKS: &str = env!("CARGO_BIN_EXE_pmhooks");
/// How often each server is measured, in turns: the machine is not equally busy all the time.
const ROUNDS: usize = 3;
const SECONDS: u32 = 4;
const CONNECTIONS: &str = "32";
const EVENT: &str = r#"{"RecordType":"Bounce","MessageStream":"outbound","ID":692560173,"Type":"HardBounce","TypeCode":1,"Name":"Hard bounce","Tag":"Test","MessageID":"883953f4-6105-42a2-a16a-77a8eac79483","ServerID":1234,"Description":"The server was unable to deliver your message (ex: unknown user, mailbox not found).","Details":"smtp;550 5.1.1 The email account that you tried to reach does not exist","Email":"john@example.com","From":"sender@example.com","BouncedAt":"2026-11-05T16:33:54.9070259Z","DumpAvailable":true,"Inactive":true,"CanActivate":true,"Subject":"Test subject","Metadata":{"a_key":"a_value","b_key":"b_value"}}"#;

pub fn measure(table: &mut Table) {
    if !has("wrk", "-v") {
        table.missing("events per second, recorded", "wrk is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("post.lua");
    let lua = format!(
        "wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\n\
         wrk.headers['X-PM-Webhook-Trace-Id'] = 'a-trace'\nwrk.body = [[{EVENT}]]\n"
    );
    std::fs::write(&script, lua).unwrap();

    let listen = Server::listen(folder.path(), "listen.jsonl", &[]);
    let synced = Server::listen(folder.path(), "synced.jsonl", &["--fsync"]);
    let nginx = has("nginx", "-v").then(|| Server::nginx(folder.path()));
    let node = has("node", "--version").then(|| Server::node(folder.path()));
    let webhook = has("webhook", "-version").then(|| Server::webhook(folder.path()));
    let servers = [Some(&listen), Some(&synced), nginx.as_ref(), node.as_ref(), webhook.as_ref()];
    let mut rates = [const { Vec::new() }; 5];
    for _ in 0..ROUNDS {
        for (server, rates) in servers.iter().zip(&mut rates) {
            if let Some(server) = server {
                rates.push(load(&server.url, &script, SECONDS).rate);
            }
        }
    }
    let [listened, synced, beside_nginx, beside_node, beside_webhook] = rates.map(median);
    let mut row = |what: &str, ours: Option<f64>, beside: &str, other: Option<f64>, goal| {
        let Some((ours, other)) = ours.zip(other) else {
            return table.missing(what, &format!("{beside}: not installed"));
        };
        let (rate, beside) = (format!("{ours:.0}"), format!("{beside}: {other:.0}"));
        table.ratio(what, &rate, &beside, ours / other, goal);
    };
    let what = "events per second, recorded";
    row(what, listened, "nginx, keeps nothing", beside_nginx, Goal::AtLeast(0.5));
    row(what, listened, "Node, appends to a file", beside_node, Goal::AtLeast(3.0));
    row(what, listened, "webhook, a hook that appends", beside_webhook, Goal::AtLeast(3.0));
    row("the same with --fsync", synced, "without", listened, Goal::None);
    drop((nginx, node, webhook));
    memory(table, folder.path(), &script);
}

/// The memory after a tenth of the events, and after all.
fn memory(table: &mut Table, folder: &Path, script: &Path) {
    let all: u64 =
        if std::env::args().any(|word| word == "--million") { 1_000_000 } else { 200_000 };
    let server = Server::listen(folder, "memory.jsonl", &[]);
    let until = |events: u64, mut sent: u64| {
        while sent < events {
            sent += load(&server.url, script, 1).sent;
        }
        sent
    };
    let first = until(all / 10, 0);
    let before = server.resident();
    let last = until(all, first);
    let after = server.resident();
    let ratio = f64::from(after) / f64::from(before);
    let what = format!("resident after {last} events");
    let beside = format!("after {first}: {before} kB");
    table.ratio(&what, &format!("{after} kB"), &beside, ratio, Goal::AtMost(1.2));
}

fn median(mut rates: Vec<f64>) -> Option<f64> {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied()
}

fn has(program: &str, flag: &str) -> bool {
    let mut command = Command::new(program);
    command.arg(flag).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

struct Load {
    rate: f64,
    sent: u64,
}

/// Sends events for so long. An answer other than 200 ends the measurement.
fn load(url: &str, script: &Path, seconds: u32) -> Load {
    let mut command = Command::new("wrk");
    command.args(["-t", "1", "-c", CONNECTIONS, "-d", &format!("{seconds}s"), "-s"]);
    let output = command.arg(script).arg(url).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    for trouble in ["Non-2xx", "Socket errors"] {
        assert!(!text.contains(trouble), "{text}");
    }
    let word = |at: &str, index: usize| {
        let line = text.lines().find(|line| line.contains(at)).unwrap();
        line.split_whitespace().nth(index).unwrap().to_owned()
    };
    Load {
        rate: word("Requests/sec:", 1).parse().unwrap(),
        sent: word("requests in", 0).parse().unwrap(),
    }
}

/// A server that ends with this.
struct Server {
    url: String,
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(command: &mut Command, port: u16) -> Self {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let given_up = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < given_up, "{command:?} does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        Self { url: format!("http://127.0.0.1:{port}/hook"), child }
    }

    fn listen(folder: &Path, record: &str, flags: &[&str]) -> Self {
        let port = free_port();
        let mut command = Command::new(PMHOOKS);
        command.env_clear().env("HOME", folder);
        command.args(["listen", "-q", "--address", &format!("127.0.0.1:{port}"), "--record"]);
        Self::start(command.arg(folder.join(record)).args(flags), port)
    }

    fn nginx(folder: &Path) -> Self {
        let port = free_port();
        let place = folder.join("nginx");
        std::fs::create_dir(&place).unwrap();
        let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {};\n", place.join(name).display()))
            .concat();
        let place = place.display();
        let configuration = format!(
            "daemon off;\nworker_processes auto;\npid {place}/pid;\nerror_log {place}/error.log;\n\
             events {{ worker_connections 1024; }}\n\
             http {{\naccess_log off;\nkeepalive_requests 1000000000;\n{paths}\
             server {{ listen 127.0.0.1:{port}; location / {{ return 200; }} }}\n}}\n"
        );
        let file: PathBuf = folder.join("nginx.conf");
        std::fs::write(&file, configuration).unwrap();
        Self::start(Command::new("nginx").arg("-c").arg(file), port)
    }

    fn node(folder: &Path) -> Self {
        let port = free_port();
        let script = format!(
            "const fs = require('fs');
             const file = fs.openSync('{}', 'a');
             require('http').createServer((request, response) => {{
               const parts = [];
               request.on('data', part => parts.push(part));
               request.on('end', () => fs.appendFile(file, Buffer.concat(parts) + '\\n', error => {{
                 response.statusCode = error ? 503 : 200;
                 response.end();
               }}));
             }}).listen({port}, '127.0.0.1');",
            folder.join("node.jsonl").display()
        );
        Self::start(Command::new("node").arg("-e").arg(script), port)
    }

    /// Each event is a process of its own, as is this program's way.
    fn webhook(folder: &Path) -> Self {
        let port = free_port();
        let kept = folder.join("webhook.jsonl");
        let append = format!("printf '%s\\n' \"$1\" >> '{}'", kept.display());
        let argument = |text: &str| serde_json::json!({ "source": "string", "name": text });
        let hooks = serde_json::json!([{
            "id": "hook",
            "execute-command": "/bin/sh",
            "include-command-output-in-response": true,
            "pass-arguments-to-command": [
                argument("-c"), argument(&append), argument("sh"), { "source": "entire-payload" },
            ],
        }]);
        let file = folder.join("hooks.json");
        std::fs::write(&file, hooks.to_string()).unwrap();
        let mut command = Command::new("webhook");
        command.args(["-ip", "127.0.0.1", "-port", &port.to_string(), "-urlprefix", "", "-hooks"]);
        Self::start(command.arg(file), port)
    }

    /// The resident memory, in kB.
    fn resident(&self) -> u32 {
        let mut file = std::fs::File::open(format!("/proc/{}/status", self.child.id())).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
