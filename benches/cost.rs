//! What one call costs, beside curl doing the same in the same run.
//!
//! Ours and the peer's runs alternate, so that whatever else the machine does falls on both alike.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::PrivatePkcs8KeyDer;

use crate::table::{Goal, Table, median, ms};

const PMHOOKS: &str = env!("CARGO_BIN_EXE_pmhooks");
const RUNS: usize = 200;

/// Where distributions keep the bundle that both sides have to read for https.
const BUNDLES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

pub fn measure(table: &mut Table) {
    let home = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(home.path());
    let ours = |url: &str, arguments: &[&str]| pmhooks(home.path(), url, &sandbox.token, arguments);
    if installed("curl") {
        let header = format!("X-Postmark-Server-Token: {}", sandbox.token);
        let url = format!("{}/webhooks", sandbox.url);
        let peer = curl(&["-sS", "-H", &header, &url]);
        beside(table, "list over http", ours(&sandbox.url, &["list"]), "curl", peer, 0.38);
        let tls = TlsServer::start(home.path());
        let mut list = ours(&tls.url, &["list"]);
        list.env("SSL_CERT_FILE", &tls.bundle);
        let url = format!("{}/webhooks", tls.url);
        let bundle = tls.bundle.to_str().unwrap();
        let peer = curl(&["-sS", "--cacert", bundle, "-H", &header, &url]);
        beside(table, "list over https", list, "curl", peer, 0.14);
        let version = ours(&sandbox.url, &["--version"]);
        beside(table, "--version", version, "curl", curl(&["--version"]), 0.22);
    } else {
        table.missing("list, --version", "curl is not installed");
    }
    if installed("stripe") {
        let mut stripe = Command::new("stripe");
        stripe.arg("--version");
        beside(table, "--version", ours(&sandbox.url, &["--version"]), "stripe", stripe, 1.0);
    }
    if let Some(node) = node(&sandbox) {
        beside(
            table,
            "list over http",
            ours(&sandbox.url, &["list"]),
            "Node's postmark",
            node,
            1.0,
        );
    }
    if let Some(kilobytes) = peak_memory(home.path(), &sandbox) {
        table.figure("peak memory of list", kilobytes / 1024.0, "MiB", Goal::AtMost(9.0));
    }
    let size = fs::metadata(PMHOOKS).unwrap().len();
    table.figure("binary", as_f64(size) / 1e6, "MB", Goal::AtMost(6.0));
    if std::env::args().any(|arg| arg == "--build") {
        let seconds = first_build(home.path());
        table.figure("first build from nothing", seconds, "s", Goal::AtMost(110.0));
    }
}

fn installed(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Postmark's own client for Node, doing the same, where it can be found.
fn node(sandbox: &Sandbox) -> Option<Command> {
    let host = sandbox.url.trim_start_matches("http://");
    let script = format!(
        "const {{ ServerClient }} = require('postmark');
         new ServerClient('{}', {{ useHttps: false, requestHost: '{host}' }})
           .getWebhooks().then(answer => console.log(answer.Webhooks.length));",
        sandbox.token
    );
    let mut command = Command::new("node");
    command.arg("-e").arg(script);
    command.output().is_ok_and(|output| output.status.success()).then_some(command)
}

/// The medians of both, and their ratio.
fn beside(
    table: &mut Table,
    what: &str,
    mut ours: Command,
    name: &str,
    mut peer: Command,
    most: f64,
) {
    let (mut mine, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        mine.push(time(&mut ours));
        theirs.push(time(&mut peer));
    }
    let (mine, theirs) = (median(mine), median(theirs));
    let ratio = mine.as_secs_f64() / theirs.as_secs_f64();
    table.ratio(what, &ms(mine), &format!("{name} {}", ms(theirs)), ratio, Goal::AtMost(most));
}

fn pmhooks(home: &Path, url: &str, token: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(PMHOOKS);
    command
        .env_clear()
        .env("HOME", home)
        .env("POSTMARK_API_URL", url)
        .env("POSTMARK_SERVER_TOKEN", token);
    command.args(arguments);
    command
}

fn curl(arguments: &[&str]) -> Command {
    let mut command = Command::new("curl");
    command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR").args(arguments);
    command
}

fn time(command: &mut Command) -> Duration {
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output().unwrap();
    let took = start.elapsed();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    took
}

#[allow(clippy::cast_precision_loss, reason = "sizes here are far below 2^52")]
fn as_f64(number: u64) -> f64 {
    number as f64
}

/// The peak of a run's memory in KiB: GNU time's figure, where it is installed.
fn peak_memory(home: &Path, sandbox: &Sandbox) -> Option<f64> {
    let mut command = Command::new("/usr/bin/time");
    command.env_clear().env("HOME", home);
    command.env("POSTMARK_API_URL", &sandbox.url).env("POSTMARK_SERVER_TOKEN", &sandbox.token);
    let output = command.args(["-f", "%M", PMHOOKS, "list"]).output().ok()?;
    let text = String::from_utf8(output.stderr).ok()?;
    text.trim().lines().last()?.parse().ok()
}

/// Seconds from an empty target folder to the release binary, sources already downloaded.
fn first_build(home: &Path) -> f64 {
    let start = Instant::now();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--locked", "--target-dir"]).arg(home.join("target"));
    assert!(cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap().success());
    start.elapsed().as_secs_f64()
}

/// The emulator, as a user serves it.
struct Sandbox {
    child: Child,
    url: String,
    token: String,
}

impl Sandbox {
    fn start(home: &Path) -> Self {
        let mut child = Command::new(PMHOOKS)
            .args(["sandbox", "serve", "--memory", "--port", "0", "-o", "jsonl"])
            .env_clear()
            .env("HOME", home)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        let text = |key: &str| ready.get(key).and_then(|v| v.as_str()).unwrap().to_owned();
        Self { child, url: text("Url"), token: text("ServerToken") }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server with a certificate of its own authority, which answers every request with one webhook.
struct TlsServer {
    url: String,
    bundle: PathBuf,
}

impl TlsServer {
    fn start(home: &Path) -> Self {
        let mut parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let authority_key = rcgen::KeyPair::generate().unwrap();
        let mut authority = rcgen::CertificateParams::default();
        authority.distinguished_name.push(rcgen::DnType::CommonName, "pmhooks bench authority");
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority_pem = authority.clone().self_signed(&authority_key).unwrap().pem();
        let issuer = rcgen::Issuer::new(authority, authority_key);
        parameters.use_authority_key_identifier_extension = true;
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, &issuer).unwrap();
        let system =
            BUNDLES.iter().find_map(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        let bundle = home.join("bundle.pem");
        fs::write(&bundle, format!("{system}\n{authority_pem}")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let configuration = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let configuration = Arc::new(configuration);
        std::thread::spawn(move || serve(&listener, &configuration));
        Self { url, bundle }
    }
}

fn serve(listener: &TcpListener, configuration: &Arc<rustls::ServerConfig>) {
    const BODY: &str = r#"{"Webhooks":[{"ID":1,"Url":"https://h.example.com/","MessageStream":"outbound","HttpAuth":null,"HttpHeaders":[],"Triggers":{"Open":{"Enabled":true,"PostFirstOpenOnly":false},"Click":{"Enabled":true},"Delivery":{"Enabled":true},"Bounce":{"Enabled":true,"IncludeContent":false},"SpamComplaint":{"Enabled":true,"IncludeContent":false},"SubscriptionChange":{"Enabled":true}}}]}"#;
    for stream in listener.incoming().flatten() {
        let configuration = Arc::clone(configuration);
        std::thread::spawn(move || {
            let connection = rustls::ServerConnection::new(configuration).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream);
            let mut request = Vec::new();
            let mut chunk = [0; 4096];
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut chunk) {
                    Ok(n) if n > 0 => request.extend_from_slice(chunk.get(..n).unwrap_or_default()),
                    _ => return,
                }
            }
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
                 Connection: close\r\n\r\n",
                BODY.len()
            );
            let _ =
                stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(BODY.as_bytes()));
            stream.conn.send_close_notify();
            let _ = stream.flush();
        });
    }
}
