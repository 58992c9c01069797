//! What several files of the contract need.

use crate::support::*;

/// A webhook with everything that can be set.
pub fn webhook(id: i64) -> Value {
    json!({
        "ID": id,
        "Url": "https://hooks.example.com/postmark",
        "MessageStream": "outbound",
        "Status": "verified",
        "HttpAuth": {"Username": "user", "Password": "hush"},
        "HttpHeaders": [{"Name": "X-Env", "Value": "hush"}],
        "Triggers": {
            "Open": {"Enabled": true, "PostFirstOpenOnly": false},
            "Click": {"Enabled": false},
            "Delivery": {"Enabled": false},
            "Bounce": {"Enabled": false, "IncludeContent": false},
            "SpamComplaint": {"Enabled": false, "IncludeContent": false},
            "SubscriptionChange": {"Enabled": false}
        }
    })
}

/// These webhooks, as `GET /webhooks` gives them.
pub fn listing(webhooks: Vec<Value>) -> Step {
    Step::answer(200, json!({"Webhooks": webhooks})).forever()
}

/// Lets a run end, and tells the most memory that it was seen to use, in bytes; 0 where the system
/// does not tell.
pub fn most_memory(run: Running) -> (Transcript, u64) {
    let status = format!("/proc/{}/status", run.pid());
    let watching = std::thread::spawn(move || {
        let mut most = 0;
        // A process that has ended has no such line any more.
        while let Some(now) = std::fs::read_to_string(&status).ok().and_then(|s| peak(&s)) {
            most = now;
            std::thread::sleep(Duration::from_millis(5));
        }
        most
    });
    let run = run.finish_within(Duration::from_secs(30));
    (run, watching.join().unwrap())
}

fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}
