//! Those who post: `test` of this tool, and other people's HTTP.

use super::*;

#[test]
fn all_eight_events_of_test_arrive_and_are_sent_again_to_the_byte() {
    let mut env = world();
    env.env("PW", "s3cret");
    let auth = "--username pm --password env:PW";
    let (first, url) = listen(&env, &format!("--record first.jsonl --count 8 {auth}"));
    env.run(format!("test --url {url}/hook?a=b --event all {auth} -o json")).code(0);
    first.finish().code(0).has(
        "Received 8 events: 1 open, 1 click, 1 delivery, 1 bounce, 1 spam-complaint, 1 subscription-change, 1 inbound, 1 smtp-api-error.",
    );
    let (second, url) = listen(&env, "--record second.jsonl --count 8");
    env.run(format!("replay first.jsonl --to {url}/again -o json")).code(0);
    second.finish().code(0).has("Received 8 events").lacks("repeated");
    let bodies = |name: &str| {
        let lines = recorded(&env, name);
        lines.iter().map(|line| line["Body"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(bodies("first.jsonl"), bodies("second.jsonl"));
    let header = |name: &str, line: &Value| {
        let headers = line["Headers"].as_array().unwrap().clone();
        headers.into_iter().find(|header| header["Name"] == name).map(|h| h["Value"].clone())
    };
    for (one, two) in recorded(&env, "first.jsonl").iter().zip(&recorded(&env, "second.jsonl")) {
        for name in ["X-PM-Webhook-Trace-Id", "X-PM-Retries-Remaining", "Content-Type"] {
            let value = header(name, one);
            assert!(value.is_some());
            assert_eq!(value, header(name, two));
        }
        assert_eq!(header("Authorization", one), None);
        assert_eq!(one["Path"], "/hook?a=b");
    }
}

/// Runs a program that posts `{"RecordType":"Open","Recipient":"é"}` with the credentials a:b.
fn posts(program: &str, script: impl FnOnce(&str) -> Vec<String>) {
    if !std::path::Path::new(program).exists() {
        println!("skipped: {program} is not installed");
        return;
    }
    let mut env = world();
    env.env("PW", "b");
    let listening = "--record e.jsonl --username a --password env:PW --count 1 -o jsonl";
    let (listener, url) = listen(&env, listening);
    let ran = env.program(program, script(&url)).limit(Duration::from_secs(20)).run();
    ran.code(0).has("200");
    let lines = listener.finish();
    assert_eq!(lines.code(0).json_lines()[0]["Recipient"], "é");
    assert_eq!(
        recorded(&env, "e.jsonl")[0]["Body"],
        "{\"RecordType\":\"Open\",\"Recipient\":\"é\"}"
    );
}

#[test]
fn curl_posts() {
    posts("/usr/bin/curl", |url| {
        let body = "{\"RecordType\":\"Open\",\"Recipient\":\"é\"}";
        let words = [
            "-s",
            "-m",
            "9",
            "-w",
            "%{http_code}",
            "-u",
            "a:b",
            "-H",
            "Expect: 100-continue",
            "-d",
            body,
            url,
        ];
        words.map(str::to_owned).into()
    });
}

#[test]
fn python_posts() {
    posts("/usr/bin/python3", |url| {
        let script = format!(
            r#"
import base64, urllib.request
body = '{{"RecordType":"Open","Recipient":"é"}}'.encode()
request = urllib.request.Request("{url}/p", data=body, headers={{"Authorization": "Basic " + base64.b64encode(b"a:b").decode()}})
print(urllib.request.urlopen(request, timeout=9).status)
"#
        );
        vec!["-c".to_owned(), script]
    });
}

#[test]
fn node_posts() {
    let node = ["/usr/bin/node", "/usr/local/bin/node"];
    let node = node.into_iter().find(|path| std::path::Path::new(path).exists());
    posts(node.unwrap_or("node"), |url| {
        let script = format!(
            r#"fetch("{url}/n", {{method: "POST", headers: {{authorization: "Basic " + btoa("a:b")}}, body: '{{"RecordType":"Open","Recipient":"é"}}'}}).then(a => console.log(a.status))"#
        );
        vec!["-e".to_owned(), script]
    });
}
