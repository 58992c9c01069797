//! What one call costs, beside curl doing the same in the same run.
//!
//!     cargo bench                  all but the build
//!     cargo bench -- --build       the first build from nothing, too
//!
//! Ours and the peer's runs alternate, so that whatever else the machine does falls on both alike. What
//! counts is the ratio of the medians; the milliseconds are of this machine and this minute.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement"
)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::PrivatePkcs8KeyDer;

const PMHOOKS: &str = env!("CARGO_BIN_EXE_pmhooks");
const RUNS: usize = 200;

/// Where distributions keep the bundle that both sides have to read for https.
const BUNDLES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

fn main() {
    let mut table = Table::default();
    let home = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(home.path());
    if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_ok() {
        let ours = pmhooks(home.path(), &sandbox.url, &sandbox.token, &["list"]);
        let header = format!("X-Postmark-Server-Token: {}", sandbox.token);
        let url = format!("{}/webhooks", sandbox.url);
        table.ratio("list over http", ours, curl(&["-sS", "-H", &header, &url]), 0.45);
        let tls = TlsServer::start(home.path());
        let mut ours = pmhooks(home.path(), &tls.url, &sandbox.token, &["list"]);
        ours.env("SSL_CERT_FILE", &tls.bundle);
        let url = format!("{}/webhooks", tls.url);
        let bundle = tls.bundle.to_str().unwrap();
        let peer = curl(&["-sS", "--cacert", bundle, "-H", &header, &url]);
        table.ratio("list over https", ours, peer, 0.20);
        let ours = pmhooks(home.path(), &sandbox.url, &sandbox.token, &["--version"]);
        table.ratio("--version", ours, curl(&["--version"]), 0.30);
    } else {
        println!("curl is not installed: there is nothing to compare the times with\n");
    }
    if let Some(kilobytes) = peak_memory(home.path(), &sandbox) {
        table.bound("peak memory of list", kilobytes / 1024.0, "MiB", 12.0);
    }
    let size = fs::metadata(PMHOOKS).unwrap().len();
    table.bound("binary", as_f64(size) / 1e6, "MB", 7.0);
    if std::env::args().any(|arg| arg == "--build") {
        table.bound("first build from nothing", first_build(home.path()), "s", 150.0);
    }
    table.print();
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

/// The rows of the report.
#[derive(Default)]
struct Table(Vec<[String; 6]>);

impl Table {
    fn ratio(&mut self, name: &str, mut ours: Command, mut peer: Command, goal: f64) {
        let (mut mine, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            mine.push(time(&mut ours));
            theirs.push(time(&mut peer));
        }
        let (mine, theirs) = (median(mine), median(theirs));
        let ratio = mine.as_secs_f64() / theirs.as_secs_f64();
        let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
        self.row(
            name,
            ms(mine),
            format!("curl {}", ms(theirs)),
            format!("{ratio:.2}"),
            goal,
            ratio,
        );
    }

    fn bound(&mut self, name: &str, value: f64, unit: &str, goal: f64) {
        self.row(name, format!("{value:.1} {unit}"), String::new(), String::new(), goal, value);
    }

    fn row(
        &mut self,
        name: &str,
        ours: String,
        peer: String,
        ratio: String,
        goal: f64,
        value: f64,
    ) {
        let verdict = if value <= goal { "met" } else { "MISSED" };
        self.0.push([name.to_owned(), ours, peer, ratio, format!("{goal}"), verdict.to_owned()]);
    }

    fn print(&self) {
        println!("| what | pmhooks | peer | ratio | at most | |");
        println!("|---|---|---|---|---|---|");
        for row in &self.0 {
            println!("| {} |", row.join(" | "));
        }
    }
}

fn time(command: &mut Command) -> Duration {
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output().unwrap();
    let took = start.elapsed();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    took
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap()
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
