//! Webhooks as Postmark answers them, and a sandbox behind a recording server.

use serde_json::{Value, json};

use super::env::TestEnv;
use super::faulty::Faulty;
use super::run::IntoArgs;
use super::running::Running;
use super::step::Step;

/// A webhook as Postmark's Webhooks API page shows one: with a password, a header, all triggers.
pub fn webhook(id: i64) -> Value {
    json!({
        "ID": id,
        "Url": "https://hooks.example.com/pm",
        "MessageStream": "outbound",
        "Status": "verified",
        "HttpAuth": {"Username": "postmark", "Password": "secret-password"},
        "HttpHeaders": [{"Name": "X-Env", "Value": "staging"}],
        "Triggers": {
            "Open": {"Enabled": false, "PostFirstOpenOnly": false},
            "Click": {"Enabled": false},
            "Delivery": {"Enabled": true},
            "Bounce": {"Enabled": true, "IncludeContent": true},
            "SpamComplaint": {"Enabled": false, "IncludeContent": false},
            "SubscriptionChange": {"Enabled": false}
        }
    })
}

/// The same with one key changed.
pub fn webhook_with(id: i64, key: &str, value: Value) -> Value {
    let mut webhook = webhook(id);
    webhook[key] = value;
    webhook
}

/// A server that answers each `GET /webhooks/ID` with that webhook.
pub fn serves(webhook: &Value) -> Step {
    let path = format!("/webhooks/{}", webhook["ID"]);
    Step::answer(200, webhook.clone()).only("GET", &path).forever()
}

/// An empty server of a sandbox of its own, every request to which is recorded.
pub struct Sandboxed {
    pub env: TestEnv,
    pub log: Faulty,
    _sandbox: Running,
}

impl Sandboxed {
    /// With the options of `sandbox serve`, such as `--verify fail`.
    pub fn new(options: impl IntoArgs) -> Self {
        let mut env = TestEnv::new();
        let mut args = "sandbox serve --port 0 --memory".into_args();
        args.extend(options.into_args());
        let sandbox = env.spawn(args);
        let log = Faulty::recording(&sandbox.wait_for_url());
        env.token(super::TOKEN).api(log.url());
        Sandboxed { env, log, _sandbox: sandbox }
    }

    /// Makes a webhook, and returns its ID.
    #[track_caller]
    pub fn create(&self, flags: &str) -> String {
        let made = self.env.run(format!("create -o ids --no-verify {flags}"));
        made.code(0);
        made.stdout.trim().to_owned()
    }

    /// The requests other than GET so far: method, path and body.
    pub fn writes(&self) -> String {
        writes(&self.log)
    }
}

/// The servers that documents speak of, `Shop staging` and `Shop`, with their tokens in the environment.
pub struct Shop {
    pub env: TestEnv,
    _sandbox: Running,
}

impl Shop {
    pub fn new() -> Self {
        let mut env = TestEnv::new();
        let sandbox = env.spawn("sandbox serve --memory --port 0");
        let url = sandbox.wait_for_url();
        for (variable, token, name) in [
            ("STAGING_TOKEN", "11111111-1111-4111-8111-111111111111", "Shop staging"),
            ("PRODUCTION_TOKEN", "22222222-2222-4222-8222-222222222222", "Shop"),
        ] {
            name_server(&url, token, name);
            env.env(variable, token);
        }
        env.api(&url).env("ACCOUNT_TOKEN", "11111111-1111-4111-8111-111111111111");
        Shop { env, _sandbox: sandbox }
    }
}

fn name_server(url: &str, token: &str, name: &str) {
    let body = json!({ "Name": name }).to_string();
    let request = format!(
        "PUT /server HTTP/1.1\r\nHost: localhost\r\nX-Postmark-Server-Token: {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = std::net::TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// The requests other than GET that a server got: method, path and body, a line each.
pub fn writes(server: &Faulty) -> String {
    let requests = server.requests();
    let writes = requests.iter().filter(|request| request.method != "GET");
    writes
        .map(|r| format!("{} {} {}", r.method, r.path, r.text()).trim_end().to_owned() + "\n")
        .collect()
}
