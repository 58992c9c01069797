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
        "HttpHeaders": [{"Name": "X-Env", "Value": "secret-value"}],
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

/// The requests other than GET that a server got: method, path and body, a line each.
pub fn writes(server: &Faulty) -> String {
    let requests = server.requests();
    let writes = requests.iter().filter(|request| request.method != "GET");
    writes
        .map(|r| format!("{} {} {}", r.method, r.path, r.text()).trim_end().to_owned() + "\n")
        .collect()
}
