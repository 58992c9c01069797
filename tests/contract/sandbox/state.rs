//! What is kept, how, and who may use it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pmhooks::sandbox::{self, Holder, Options, SandboxError, State};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::client::{Api, OTHER_TOKEN, call, options, start_with};

fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("state").join("sandbox.json");
    (folder, file)
}

/// The lock file of a state file.
fn lock(file: &Path) -> PathBuf {
    let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
    file.with_file_name(format!(".{name}.pmhooks-lock"))
}

fn at(file: &Path) -> Options {
    Options { state: State::File(file.to_owned()), ..options() }
}

fn create(api: &Api) -> Value {
    api.ok("POST", "/webhooks", r#"{"Url":"https://h.example.com"}"#)
}

fn refused(options: Options) -> SandboxError {
    sandbox::start(options).expect_err("it must not start")
}

#[test]
fn everything_survives_a_restart_and_ids_go_on() {
    let (_folder, file) = folder();
    let api = start_with(at(&file));
    let kept = create(&api);
    let deleted = create(&api);
    api.ok("DELETE", &format!("/webhooks/{}", deleted["ID"]), "");
    api.ok("POST", "/webhooks/1234567/verify", "");
    api.ok("PUT", "/server", r#"{"TrackOpens":true}"#);
    api.ok("POST", "/message-streams/broadcast/archive", "");
    let other = api.call_as(OTHER_TOKEN, "GET", "/server", "").ok();
    let read = |api: &Api| {
        ["/webhooks", "/server", "/message-streams?IncludeArchivedStreams=true"]
            .map(|path| api.ok("GET", path, ""))
    };
    let before = read(&api);
    drop(api);

    let api = start_with(at(&file));
    assert_eq!(read(&api), before);
    assert_eq!(api.call_as(OTHER_TOKEN, "GET", "/server", "").ok(), other);
    let numbers = api.ok("GET", "/webhooks/1234567/statistics", "");
    assert_eq!(numbers["Metrics"]["TotalRequests"], 4);
    let next = create(&api)["ID"].as_i64();
    assert_eq!(next, deleted["ID"].as_i64().map(|id| id + 1), "never the ID of a deleted one");
    assert!(next > kept["ID"].as_i64());
}

#[test]
fn looking_writes_nothing() {
    let (_folder, file) = folder();
    let api = start_with(at(&file));
    api.ok("GET", "/webhooks", "");
    api.ok("GET", "/server", "");
    assert!(!file.exists());
    create(&api);
    assert!(file.exists());
}

#[cfg(unix)]
#[test]
fn files_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, file) = folder();
    let api = start_with(at(&file));
    create(&api);
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(&lock(&file)), 0o600);
    assert_eq!(mode(file.parent().expect("a folder")), 0o700);
}

#[test]
fn a_broken_or_newer_state_is_refused_and_kept() {
    for (content, why) in [
        ("", "damaged at line 1"),
        ("{\"Version\":1", "damaged at line 1"),
        ("[]", "damaged"),
        ("{\"Version\":1}", "damaged"),
        ("{\"Version\":3,\"Anything\":true}", "newer version"),
        ("{\"Version\":3}\n{\"Anything\":1}\n", "newer version"),
        ("{\"Version\":2}\n{\"Anything\":1}\n", "damaged at line 2"),
        ("{\"Version\":2}\n{\"Server\":{\"ID\":\"SECRET\"}}\n{}", "damaged at line 2"),
        ("{\"Version\":0}", "version that never was"),
        (
            r#"{"Version":1,"NextWebhookID":1,"NextServerID":1,"Servers":[{"ID":1,"Token":"SECRET",
                "Details":{},"Streams":[],"Webhooks":[]}]}"#,
            "NextServerID",
        ),
        (
            r#"{"Version":1,"NextWebhookID":1,"NextServerID":1,"Servers":[{"ID":"SECRET"}]}"#,
            "damaged at line 1",
        ),
        (
            r#"{"Version":1,"NextWebhookID":1,"NextServerID":9,"Servers":[
                {"ID":1,"Token":"SECRET","Details":{},"Streams":[],"Webhooks":[]},
                {"ID":1,"Token":"other","Details":{},"Streams":[],"Webhooks":[]}]}"#,
            "two servers have one ID",
        ),
    ] {
        let (_folder, file) = folder();
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(&file, content).expect("written");
        let error = refused(at(&file));
        assert!(matches!(error, SandboxError::State { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(why), "{content}: {text}");
        assert!(text.contains(&file.display().to_string()), "{text}");
        assert!(!text.contains("SECRET"), "{text}");
        assert_eq!(fs::read_to_string(&file).expect("kept"), content);
    }
}

#[test]
fn a_reset_puts_the_examples_back() {
    let (_folder, file) = folder();
    let api = start_with(at(&file));
    let examples = api.ok("GET", "/webhooks", "")["Webhooks"].clone();
    create(&api);
    api.ok("DELETE", "/webhooks/1234567", "");
    api.call_as(OTHER_TOKEN, "GET", "/server", "").ok();
    drop(api);
    assert_eq!(json!(sandbox::reset(&file).expect("reset")), examples);
    let api = start_with(at(&file));
    assert_eq!(api.ok("GET", "/webhooks", "")["Webhooks"], examples);
    assert_eq!(api.account("GET", "/servers?count=9&offset=0", "").ok()["TotalCount"], 1);
}

#[test]
fn a_reset_moves_a_broken_file_aside() {
    let (_folder, file) = folder();
    fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    for broken in ["first", "second"] {
        fs::write(&file, broken).expect("written");
        assert_eq!(sandbox::reset(&file).expect("reset").len(), 2);
        start_with(at(&file)).ok("GET", "/webhooks", "");
    }
    let folder = fs::read_dir(file.parent().expect("a folder")).expect("a list");
    let mut aside: Vec<String> = folder
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.to_string_lossy().contains(".broken-"))
        .map(|path| fs::read_to_string(path).expect("text"))
        .collect();
    aside.sort();
    assert_eq!(aside, ["first", "second"]);
}

#[test]
fn a_state_that_is_a_folder_is_refused() {
    let (folder, _) = folder();
    let error = refused(at(folder.path()));
    assert!(error.to_string().contains("it is a folder, not a file"), "{error}");
    assert!(sandbox::reset(folder.path()).is_err());
}

#[test]
fn while_a_server_has_the_state_nobody_else_gets_it_and_all_are_told_where_it_is() {
    let (_folder, file) = folder();
    let api = start_with(Options { holder: Holder::Server, ..at(&file) });
    let by =
        format!("`pmhooks sandbox serve` at {} (pid {})", api.sandbox.url(), std::process::id());
    let started = Instant::now();
    let others = [
        refused(at(&file)),
        refused(Options { holder: Holder::Server, ..at(&file) }),
        sandbox::reset(&file).expect_err("in use"),
    ];
    for error in others {
        match &error {
            SandboxError::InUse { by: words, .. } => assert_eq!(*words, by),
            other => panic!("{other:?}"),
        }
        assert!(error.to_string().contains(&by));
    }
    assert!(started.elapsed() < Duration::from_secs(2), "nobody waits for it");
    api.sandbox.stop();
    start_with(at(&file)).ok("GET", "/webhooks", "");
}

#[test]
fn short_commands_wait_for_each_other() {
    let (_folder, file) = folder();
    let first = start_with(at(&file));
    std::thread::scope(|scope| {
        let second = scope.spawn(|| start_with(at(&file)).ids());
        std::thread::sleep(Duration::from_millis(100));
        assert!(!second.is_finished());
        match refused(Options { holder: Holder::Server, ..at(&file) }) {
            SandboxError::InUse { by, .. } => assert!(by.contains("pid"), "{by}"),
            other => panic!("{other:?}"),
        }
        create(&first);
        first.sandbox.stop();
        assert_eq!(second.join().expect("it got its turn").len(), 3);
    });
}

#[test]
fn words_of_a_server_that_died_do_not_stop_the_commands_after_it() {
    let (_folder, file) = folder();
    fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    fs::write(lock(&file), "pmhooks-lock: `pmhooks sandbox serve` at http://x (pid 1)")
        .expect("made");
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..6).map(|_| scope.spawn(|| create(&start_with(at(&file))))).collect();
        for run in runs {
            run.join().expect("each gets its turn");
        }
    });
    assert_eq!(start_with(at(&file)).ids().len(), 8);
}

#[cfg(unix)]
#[test]
fn a_link_to_the_state_is_refused_and_one_to_its_folder_has_the_same_lock() {
    let (folder, file) = folder();
    let api = start_with(Options { holder: Holder::Server, ..at(&file) });
    create(&api);
    let link = folder.path().join("link.json");
    std::os::unix::fs::symlink(&file, &link).expect("a link");
    assert!(matches!(refused(at(&link)), SandboxError::Disk(_)));
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(file.parent().expect("a folder"), &link).expect("a link");
    assert!(matches!(refused(at(&link.join("sandbox.json"))), SandboxError::InUse { .. }));
}

#[test]
fn a_file_of_another_program_beside_the_state_is_not_touched() {
    let (folder, _) = folder();
    let file = folder.path().join("composer.json");
    let others = ["composer.lock", "composer.json.lock", ".composer.json.lock"];
    let others = others.map(|name| folder.path().join(name));
    for other in &others {
        fs::write(other, "of another program").expect("written");
    }
    create(&start_with(at(&file)));
    assert_eq!(start_with(at(&file)).ids().len(), 3);
    for other in others {
        assert_eq!(fs::read_to_string(&other).expect("kept"), "of another program");
    }
}

#[test]
fn a_write_that_the_disk_refuses_is_not_acknowledged_and_not_done() {
    let (_folder, file) = folder();
    let api = start_with(at(&file));
    create(&api);
    // A folder in the file's place, so that even the superuser cannot write it.
    fs::remove_file(&file).expect("removed");
    fs::create_dir(&file).expect("made");
    let failed = api.call("POST", "/webhooks", r#"{"Url":"https://h.example.com"}"#);
    assert_eq!(failed.refusal(), (500, 101));
    assert_eq!(api.ids().len(), 3);
    fs::remove_dir(&file).expect("removed");
    assert_eq!(create(&api)["ID"], 1_234_570, "and its ID was not used");
}

/// Torture 88: a process that is killed while it writes.
#[test]
fn every_acknowledged_write_survives_a_kill() {
    let (_folder, file) = folder();
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "contract::sandbox::state::a_sandbox_of_its_own_process", "--nocapture"])
        .env("SANDBOX_STATE", &file)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let out = BufReader::new(child.stdout.take().expect("its output"));
    let address = out
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.split_once("serving ").map(|(_, at)| at.parse().expect("an address")))
        .expect("its address");
    let killer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(400));
        child.kill().expect("killed");
        child.wait().expect("gone");
    });
    let mut acknowledged = Vec::new();
    'writing: for n in 0.. {
        let token = format!("{n:08x}-2222-4333-8444-aaaaaaaaaaaa");
        for m in 0..10 {
            let url = format!("https://h.example.com/{n}/{m}");
            let body = json!({ "Url": url }).to_string();
            let header = [("X-Postmark-Server-Token", token.as_str())];
            let created =
                std::panic::catch_unwind(|| call(address, "POST", "/webhooks", &header, &body));
            match created {
                Ok(answer) => acknowledged.push((token.clone(), answer.ok())),
                Err(_) => break 'writing,
            }
        }
    }
    killer.join().expect("killed");
    assert!(acknowledged.len() > 5, "the child was too slow: {}", acknowledged.len());
    let api = start_with(at(&file));
    for (token, webhook) in acknowledged {
        let path = format!("/webhooks/{}", webhook["ID"]);
        assert_eq!(api.call_as(&token, "GET", &path, "").ok(), webhook);
    }
}

/// Does nothing unless the test above runs it as a process of its own.
#[test]
fn a_sandbox_of_its_own_process() {
    let Some(file) = std::env::var_os("SANDBOX_STATE") else { return };
    let api = start_with(Options { holder: Holder::Server, ..at(Path::new(&file)) });
    println!("serving {}", api.address());
    std::thread::sleep(Duration::from_secs(20));
}

/// Changes the last record of each server in a state file, as only a text editor could.
fn rewrite_servers(file: &Path, change: impl FnOnce(Value) -> Vec<Value>) {
    let text = fs::read_to_string(file).expect("read");
    let mut records: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let last = records.iter().rev().find_map(|record| record.get("Server")).expect("a server");
    for server in change(last.clone()) {
        records.push(json!({ "Server": server }));
    }
    records.push(json!({ "Next": { "WebhookID": 3_000_000, "ServerID": 6_000 } }));
    let lines: Vec<String> = records.iter().map(|record| format!("{record}\n")).collect();
    fs::write(file, lines.concat()).expect("written");
}

#[test]
fn a_stream_whose_purge_date_has_passed_cannot_be_unarchived() {
    let (_folder, file) = folder();
    let api = start_with(at(&file));
    api.ok("POST", "/message-streams/broadcast/archive", "");
    drop(api);
    rewrite_servers(&file, |mut server| {
        server["Streams"][2]["ExpectedPurgeDate"] = json!("2026-02-20T09:00:00-05:00");
        vec![server]
    });
    let api = start_with(at(&file));
    let again = api.ok("POST", "/message-streams/broadcast/archive", "");
    assert_eq!(again["ExpectedPurgeDate"], "2026-02-20T09:00:00-05:00", "the first one counts");
    let refused = api.call("POST", "/message-streams/broadcast/unarchive", "");
    assert_eq!(refused.refusal(), (422, 1232));
    assert_ne!(api.ok("GET", "/message-streams/broadcast", "")["ArchivedAt"], Value::Null);
}

#[test]
fn ten_thousand_webhooks_are_no_trouble() {
    let (_folder, file) = folder();
    let api = start_with(at(&file));
    for _ in 2..10 {
        create(&api);
    }
    drop(api);
    // Written as the sandbox writes it, since creating them one by one would take minutes.
    rewrite_servers(&file, |full| {
        let servers = (0..1_000).map(|n| {
            let mut server = full.clone();
            server["ID"] = json!(n + 2);
            server["Token"] = json!(format!("{n:08x}-2222-4333-8444-aaaaaaaaaaaa"));
            let webhooks = server["Webhooks"].as_array_mut().expect("a list");
            for (at, webhook) in webhooks.iter_mut().enumerate() {
                webhook["ID"] = json!(2_000_000 + 10 * n + at);
            }
            server
        });
        servers.collect()
    });
    let api = start_with(at(&file));
    let token = "000003e7-2222-4333-8444-aaaaaaaaaaaa";
    let last = api.call_as(token, "GET", "/webhooks", "").ok();
    assert_eq!(last["Webhooks"].as_array().map(Vec::len), Some(10));
    let body = r#"{"Url":"https://h.example.com","MessageStream":"broadcast"}"#;
    assert_eq!(api.call_as(token, "POST", "/webhooks", body).ok()["ID"], 3_000_000);
    let page = api.account("GET", "/servers?count=500&offset=900", "").ok();
    assert_eq!(page["TotalCount"], 1_001);
    assert_eq!(page["Servers"].as_array().map(Vec::len), Some(101));
    // The long log is rewritten at the first write; from then on each write adds one server.
    let lengths: Vec<u64> = (0..3)
        .map(|n| {
            let color = ["red", "blue"][n % 2];
            let body = json!({ "Color": color }).to_string();
            api.call_as(token, "PUT", "/server", &body).ok();
            fs::metadata(&file).expect("there").len()
        })
        .collect();
    assert!(lengths[2] - lengths[0] < 20_000, "{lengths:?}");
}

#[test]
fn reading_with_unknown_tokens_creates_nothing_on_disk() {
    let (_folder, file) = folder();
    let api = start_with(at(&file));
    let paths = ["/server", "/webhooks", "/message-streams", "/webhooks/1", "/message-streams/x"];
    for n in 0..200 {
        let token = format!("{n:08x}-2222-4333-8444-aaaaaaaaaaaa");
        api.call_as(&token, "GET", paths[n % paths.len()], "");
    }
    assert!(!file.exists());
    let refused = r#"{"Url":"nonsense"}"#;
    assert_eq!(api.call_as(OTHER_TOKEN, "POST", "/webhooks", refused).refusal(), (422, 1354));
    assert_eq!(api.call_as(OTHER_TOKEN, "DELETE", "/webhooks/5", "").refusal(), (422, 1352));
    assert!(!file.exists());
    assert_eq!(api.account("GET", "/servers?count=9&offset=0", "").ok()["TotalCount"], 1);
}

#[test]
fn a_state_of_version_0_1_0_is_read_and_carried_over() {
    let (_folder, file) = folder();
    fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    fs::write(&file, include_str!("../../fixtures/v1/sandbox.json")).expect("written");
    let api = start_with(at(&file));
    assert_eq!(api.ids(), [1_234_567, 1_234_568]);
    let server = api.ok("GET", "/server", "");
    let numbers = api.ok("GET", "/webhooks/1234567/statistics", "");
    assert_eq!(numbers["WebhookId"], 1_234_567);
    assert_eq!(create(&api)["ID"], 1_234_569);
    drop(api);
    let api = start_with(at(&file));
    assert_eq!(api.ok("GET", "/server", ""), server);
    assert_eq!(api.ids(), [1_234_567, 1_234_568, 1_234_569]);
}

#[test]
fn a_line_that_was_cut_off_by_a_kill_is_ignored() {
    let (_folder, file) = folder();
    create(&start_with(at(&file)));
    let whole = fs::read_to_string(&file).expect("read");
    for tail in ["{", "{\"Server\":{\"ID\":1,\"Tok", "\u{0}\u{0}\u{0}"] {
        fs::write(&file, format!("{whole}{tail}")).expect("written");
        let api = start_with(at(&file));
        assert_eq!(api.ids().len(), 3, "{tail}");
        api.ok("PUT", "/server", r#"{"Color":"red"}"#);
        drop(api);
        let api = start_with(at(&file));
        assert_eq!(api.ok("GET", "/server", "")["Color"], "red", "{tail}");
    }
}
