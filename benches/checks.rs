//! What checks over many webhooks and many servers cost, beside the ideal: the waits of the endpoint or of
//! the API, shared by as many requests as may run at the same time.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::table::{Goal, Table, median, ms};

const PMHOOKS: &str = env!("CARGO_BIN_EXE_pmhooks");
const WAIT: Duration = Duration::from_millis(50);
const RUNS: usize = 5;
const PROFILES: u32 = 100;
/// Postmark takes ten webhooks on a stream.
const PER_STREAM: usize = 10;

pub fn measure(table: &mut Table) {
    let home = tempfile::tempdir().unwrap();
    let endpoint = slow_endpoint();
    let mut report = |name: &str, took: Duration, waits: u32| {
        let ideal = WAIT * waits;
        let ratio = took.as_secs_f64() / ideal.as_secs_f64();
        table.ratio(name, &ms(took), &format!("ideal {}", ms(ideal)), ratio, Goal::AtMost(1.3));
    };
    let events = 40 * 6;
    let api = Sandbox::start(home.path(), 40, &endpoint, Duration::ZERO);
    let took = api.run(&["test", "--all", "--concurrency", "8", "-q", "-o", "json"]);
    report("test --all, 40 webhooks x 6 events at 50 ms, 8 at a time", took, events / 8);
    drop(api);
    let api = Sandbox::start(home.path(), 64, &endpoint, WAIT);
    let took = api.run(&["health", "--concurrency", "8", "-q", "-o", "json"]);
    report("health, 64 webhooks at 50 ms, 8 at a time", took, 64 / 8);
    drop(api);
    let api = Sandbox::serve(home.path(), &home.path().join("fleet.json"), WAIT);
    let took = api.run_on_profiles(&["list", "--all-profiles", "-q", "-o", "json"]);
    report("list, 100 profiles at 50 ms, 16 at a time", took, PROFILES.div_ceil(16));
}

/// An endpoint that thinks for a while before each 200, for any number of connections.
fn slow_endpoint() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer_all(stream));
        }
    });
    url
}

fn answer_all(mut stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        reader.read_exact(&mut vec![0; length]).unwrap();
        thread::sleep(WAIT);
        if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}

/// The emulator with so many webhooks, all triggers on.
struct Sandbox {
    child: Child,
    url: String,
    home: std::path::PathBuf,
}

impl Sandbox {
    const TOKEN: &'static str = "00000000-0000-4000-8000-00000000be7c";

    fn start(home: &Path, webhooks: usize, endpoint: &str, latency: Duration) -> Self {
        let state = home.join(format!("{webhooks}.json"));
        let filled = Self::serve(home, &state, Duration::ZERO);
        let all = r#"{"Open":{"Enabled":true},"Click":{"Enabled":true},"Delivery":{"Enabled":true},"Bounce":{"Enabled":true},"SpamComplaint":{"Enabled":true},"SubscriptionChange":{"Enabled":true}}"#;
        for number in 0..webhooks {
            let stream = format!("stream-{}", number / PER_STREAM);
            if number % PER_STREAM == 0 {
                let stream = format!(
                    r#"{{"ID":"{stream}","Name":"{stream}","MessageStreamType":"Transactional"}}"#
                );
                filled.post("/message-streams", &stream);
            }
            let webhook =
                format!(r#"{{"Url":"{endpoint}","MessageStream":"{stream}","Triggers":{all}}}"#);
            filled.post("/webhooks", &webhook);
        }
        drop(filled);
        Self::serve(home, &state, latency)
    }

    fn serve(home: &Path, state: &Path, latency: Duration) -> Self {
        let mut child = Command::new(PMHOOKS)
            .args(["sandbox", "serve", "--port", "0", "-o", "jsonl", "--state"])
            .arg(state)
            .args(["--latency", &format!("{}ms", latency.as_millis())])
            .env_clear()
            .env("HOME", home)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        let url = ready.get("Url").and_then(|url| url.as_str()).unwrap().to_owned();
        Self { child, url, home: home.to_owned() }
    }

    fn post(&self, path: &str, body: &str) {
        let mut stream = TcpStream::connect(self.url.trim_start_matches("http://")).unwrap();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nX-Postmark-Server-Token: {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            Self::TOKEN,
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// The median time of a command with a profile for each of so many servers.
    fn run_on_profiles(&self, arguments: &[&str]) -> Duration {
        let profile = |n| {
            let token = format!("00000000-0000-4000-8000-{n:012}");
            format!("[profiles.p{n}]\nserver_token = \"{token}\"\napi_url = \"{}\"\n", self.url)
        };
        let config = self.home.join("config.toml");
        std::fs::write(&config, (0..PROFILES).map(profile).collect::<String>()).unwrap();
        self.timed(|command| {
            command.arg("--config").arg(&config).args(arguments);
        })
    }

    /// The median time of a command.
    fn run(&self, arguments: &[&str]) -> Duration {
        self.timed(|command| {
            command.env("POSTMARK_API_URL", &self.url);
            command.env("POSTMARK_SERVER_TOKEN", Self::TOKEN).args(arguments);
        })
    }

    fn timed(&self, complete: impl Fn(&mut Command)) -> Duration {
        let times = (0..RUNS)
            .map(|_| {
                let mut command = Command::new(PMHOOKS);
                command.env_clear().env("HOME", &self.home);
                complete(&mut command);
                let start = Instant::now();
                let output = command.output().unwrap();
                let took = start.elapsed();
                let stderr = String::from_utf8_lossy(&output.stderr);
                assert!(matches!(output.status.code(), Some(0 | 1)), "{stderr}");
                took
            })
            .collect();
        median(times)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
