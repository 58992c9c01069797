//! curl, as a client that nobody here wrote.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::client::{Api, start};

/// The standard output of curl, or `None` where there is no curl.
fn curl(api: &Api, path: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "10", "--noproxy", "*"])
        .args(["-H", "Accept: application/json"])
        .args(["-H", "X-Postmark-Server-Token: 5eed0000-0000-4000-8000-000000000001"])
        .args(arguments)
        .arg(format!("{}{path}", api.sandbox.url()))
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) => {
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{errors}");
            Some(String::from_utf8(output.stdout).expect("text"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: curl is not installed");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

// torture 89
#[test]
fn the_calls_of_the_api_page_work_with_curl() {
    let api = start();
    let Some(list) = curl(&api, "/webhooks?MessageStream=outbound", &["-X", "GET"]) else { return };
    let list: Value = serde_json::from_str(&list).expect("JSON");
    assert_eq!(list["Webhooks"].as_array().map(Vec::len), Some(2));

    let body = r#"{"Url":"http://www.example.com/x","Triggers":{"Open":{"Enabled":true}}}"#;
    let json = ["-H", "Content-Type: application/json", "-d", body];
    let created = curl(&api, "/webhooks", &[&["-X", "POST"], &json[..]].concat()).expect("curl");
    let created: Value = serde_json::from_str(&created).expect("JSON");
    let path = format!("/webhooks/{}", created["ID"]);
    let edited = curl(&api, &path, &["-X", "PUT", "-d", r#"{"HttpHeaders":[]}"#]).expect("curl");
    assert_eq!(serde_json::from_str::<Value>(&edited).expect("JSON"), created);
    let deleted = curl(&api, &path, &["-X", "DELETE", json[0], json[1]]).expect("curl");
    assert!(deleted.contains("\"ErrorCode\":0"), "{deleted}");
}

#[test]
fn a_large_body_from_curl_is_answered_413() {
    let api = start();
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), vec![b'x'; 12 * 1024 * 1024]).expect("written");
    let data = format!("@{}", file.path().display());
    let arguments = ["-o", "-", "-w", "\n%{http_code}", "--data-binary", &data];
    let Some(answer) = curl(&api, "/webhooks", &arguments) else { return };
    assert!(answer.ends_with("\n413"), "{answer}");
    let streamed = [
        "-w",
        "\n%{http_code}",
        "-H",
        "Transfer-Encoding: chunked",
        "-d",
        r#"{"Url":"http://h.example.com"}"#,
    ];
    let answer = curl(&api, "/webhooks", &streamed).expect("curl");
    assert!(answer.ends_with("\n200"), "{answer}");
}

#[test]
fn curl_reads_the_head_and_uses_its_connection_again() {
    let api = start();
    let Some(head) = curl(&api, "/webhooks", &["--head"]) else { return };
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    let again = format!("{}/server", api.sandbox.url());
    let connects = curl(
        &api,
        "/webhooks",
        &["-o", "/dev/null", "-o", "/dev/null", "-w", "%{num_connects}\n", &again],
    );
    assert_eq!(connects.as_deref(), Some("1\n0\n"), "the second call needs no connection");
}
