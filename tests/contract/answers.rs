//! Answers that are not what was promised: refused with their place and status, or taken as they are.

use snapbox::IntoData as _;

use super::fixtures::webhook;
use crate::support::*;

// torture 65
#[test]
fn bodies_that_are_not_what_was_promised() {
    let json = |body: &str| Step::bytes(200, "application/json", body);
    let list = |webhooks: &str| json(&format!("{{\"Webhooks\":[{webhooks}]}}"));
    let with = |from: &str, to: &str| {
        let text = webhook(7).to_string();
        assert!(text.contains(from), "{from} not in {text}");
        list(&text.replacen(from, to, 1))
    };
    let hush = r#"{"Webhooks":[],"HttpAuth":{"Username":"u","Password":"hush-hush"}}"#;
    let cases = [
        ("a login page", Step::html(200)),
        ("204", Step::status(204)),
        ("empty", json("")),
        ("spaces", json("  \n ")),
        ("null", json("null")),
        ("an array", json("[]")),
        ("a text", json("\"hush\"")),
        ("byte order mark", json("\u{feff}{\"Webhooks\":[]}")),
        ("not UTF-8", Step::bytes(200, "application/json", *b"{\"Webhooks\":[\"\xff\xfe\"]}")),
        ("plain text, not UTF-8", Step::bytes(200, "text/plain", *b"\xff\xfeh\x00i\x1b[31m")),
        ("truncated", json(&hush[..60])),
        ("truncated on the way", json(hush).truncate(60)),
        ("trailing garbage", json(&format!("{hush} x"))),
        ("two documents", json(&format!("{hush}{hush}"))),
        ("deep nesting", json(&format!("{{\"Webhooks\":{}", "[".repeat(100_000)))),
        ("deep nesting of the unknown", json(&format!("{{\"X\":{}", "{\"a\":".repeat(100_000)))),
        ("no list", json("{\"webhooks\":[]}")),
        ("a list of another kind", json("{\"Webhooks\":{}}")),
        ("duplicate keys", with("\"Url\":", "\"Url\":\"https://a/\",\"Url\":")),
        ("ID as a text", with("\"ID\":7", "\"ID\":\"7\"")),
        ("ID as a float", with("\"ID\":7", "\"ID\":7.5")),
        ("ID of 2^64", with("\"ID\":7", "\"ID\":18446744073709551616")),
        ("Url as a number", with("\"Url\":\"https://hooks.example.com/postmark\"", "\"Url\":5")),
        ("no Triggers", with("\"Triggers\":", "\"X\":")),
        ("Triggers of null", with("\"Triggers\":{", "\"Triggers\":null,\"X\":{")),
        ("a trigger that is no object", with("{\"Enabled\":true", "true,\"X\":{\"Enabled\":true")),
        ("a password of another kind", with("\"Password\":\"hush\"", "\"Password\":[\"hush\"]")),
        ("a header that is a text", with("[{\"Name\"", "[\"hush, expected hush\",{\"Name\"")),
        ("unasked gzip", json("\u{1f}garbage").header("Content-Encoding", "gzip")),
        ("SSH", Step::raw("SSH-2.0-OpenSSH_9.7\r\n")),
        ("HTTP/0.9", Step::raw("{\"Webhooks\":[]}")),
        ("SMTP", Step::raw("220 mx.example.com ESMTP\r\n")),
        ("nothing", Step::close()),
        ("reset", Step::reset()),
    ];
    let told = told_of(cases, "list --retries 0 --columns id,url");
    assert_data_eq!(told, str![[r#"
a login page: 6 the answer of 127.0.0.1:[PORT] (200) is not Postmark's: text/html; charset=utf-8, 65 bytes, beginning with "<!DOCTYPE html> <html><head><title>Sign in</title></head></html>"
204: 6 the answer of 127.0.0.1:[PORT] (204) is not Postmark's: it is empty
empty: 6 the answer of 127.0.0.1:[PORT] (200) is not Postmark's: it is empty
spaces: 6 the answer of 127.0.0.1:[PORT] (200) is not Postmark's: it is empty
null: 6 the answer of 127.0.0.1:[PORT] (200) is not as documented: at the top: invalid type: null, expected an object
an array: 6 the answer of 127.0.0.1:[PORT] (200) is not as documented: at the top: invalid length 0, expected an object
a text: 6 the answer of 127.0.0.1:[PORT] (200) is not as documented: at the top: invalid type: string, expected an object
byte order mark: 6 the answer of 127.0.0.1:[PORT] (200) is not Postmark's: application/json, 18 bytes, broken JSON: expected value at line 1 column 1
not UTF-8: 6 the answer of 127.0.0.1:[PORT] (200) is not Postmark's: application/json, 19 bytes, broken JSON: invalid unicode code point at line 1 column 15
plain text, not UTF-8: 6 the answer of 127.0.0.1:[PORT] (200) is not Postmark's: text/plain, 10 bytes, beginning with "��h\0i\u{1b}[31m"
truncated: 6 the answer of 127.0.0.1:[PORT] (200) is not Postmark's: application/json, 60 bytes, broken JSON: EOF while parsing a string at line 1 column 60
truncated on the way: 6 the answer of 127.0.0.1:[PORT] was cut after 60 bytes
trailing garbage: 6 the answer of 127.0.0.1:[PORT] (200) is not Postmark's: application/json, 68 bytes, broken JSON: trailing characters at line 1 column 68
two documents: 6 the answer of 127.0.0.1:[PORT] (200) is not Postmark's: application/json, 132 bytes, broken JSON: trailing characters at line 1 column 67
deep nesting: 6 the answer of 127.0.0.1:[PORT] (200) is not as documented: at Webhooks[0]: invalid type: sequence, expected an object
deep nesting of the unknown: 6 the answer of 127.0.0.1:[PORT] (200) is not Postmark's: application/json, 500005 bytes, broken JSON: EOF while parsing a value at line 1 column 500005
no list: 6 the answer of 127.0.0.1:[PORT] (200) is not as documented: at the top: missing field `Webhooks`
a list of another kind: 6 the answer of 127.0.0.1:[PORT] (200) is not as documented: at Webhooks: invalid type: map, expected a sequence
duplicate keys: 6 the answer of 127.0.0.1:[PORT] (200) is not as documented: at Webhooks[0]: duplicate field `Url`
ID as a text: 6 the answer of 127.0.0.1:[PORT] (200) is not as documented: at Webhooks[0].ID: invalid type: string, expected a whole number
ID as a float: 6 the answer of 127.0.0.1:[PORT] (200) is not as documented: at Webhooks[0].ID: invalid type: floating point, expected a whole number
ID of 2^64: 6 the answer of 127.0.0.1:[PORT] (200) is not as documented: at Webhooks[0].ID: invalid type: floating point, expected a whole number
Url as a number: 6 the answer of 127.0.0.1:[PORT] (200) is not as documented: at Webhooks[0].Url: invalid type: integer, expected a string
no Triggers: 6 the answer of 127.0.0.1:[PORT] (200) is not as documented: at Webhooks[0]: missing field `Triggers`
Triggers of null: 6 the answer of 127.0.0.1:[PORT] (200) is not as documented: at Webhooks[0].Triggers: invalid type: null, expected an object
a trigger that is no object: 6 the answer of 127.0.0.1:[PORT] (200) is not as documented: at Webhooks[0].Triggers.Open: invalid type: boolean, expected an object
a password of another kind: 6 the answer of 127.0.0.1:[PORT] (200) is not as documented: at Webhooks[0].HttpAuth.Password: invalid type: sequence, expected a string
a header that is a text: 6 the answer of 127.0.0.1:[PORT] (200) is not as documented: at Webhooks[0].HttpHeaders[0]: invalid type: string, expected an object
unasked gzip: 6 the answer of 127.0.0.1:[PORT] (200) is not Postmark's: application/json, 8 bytes, beginning with "\u{1f}garbage"
SSH: 6 127.0.0.1:[PORT] did not answer in HTTP: invalid HTTP version parsed
HTTP/0.9: 6 127.0.0.1:[PORT] did not answer in HTTP: invalid HTTP version parsed
SMTP: 6 127.0.0.1:[PORT] did not answer in HTTP: invalid HTTP version parsed
nothing: 6 127.0.0.1:[PORT] closed the connection without an answer
reset: 6 127.0.0.1:[PORT] reset the connection without an answer

"#]].raw());
}

// torture 65
#[test]
fn an_answer_that_is_reset_on_its_way_is_not_shown_in_part() {
    let list = json!({"Webhooks": [webhook(1), webhook(2)]});
    let server = Faulty::new([Step::answer(200, list).reset_after(600)]);
    let run = TestEnv::with_api(server.url()).run("list --retries 0 -o json");
    assert_eq!(run.code(6).error_json()["Kind"], json!("Unreachable"));
}

/// A line per case: the exit code and the reasons.
fn told_of<'a>(cases: impl IntoIterator<Item = (&'a str, Step)>, command: &str) -> String {
    let mut told = String::new();
    for (name, step) in cases {
        let server = Faulty::new([step]);
        let run = TestEnv::with_api(server.url()).run(command);
        run.lacks("hush").lacks("panicked");
        let text = run.to_string();
        let lines = text.lines().filter(|line| line.contains("because") || run.code == Some(0));
        let lines: Vec<_> = lines.map(|line| line.trim_start_matches("  because ")).collect();
        told += &format!("{name}: {} {}\n", run.code.unwrap(), lines.join(" | "));
    }
    told
}

// torture 65, 105
#[test]
fn what_is_odd_but_clear_is_taken() {
    let json = |value: Value| Step::answer(200, json!({"Webhooks": [value]}));
    let change = |key: &str, value: Value| {
        let mut webhook = webhook(7);
        webhook[key] = value;
        json(webhook)
    };
    let plain = webhook(7).to_string();
    let cases = [
        ("unknown trigger", {
            let mut webhook = webhook(7);
            webhook["Triggers"]["Reply"] = json!({"Enabled": true});
            json(webhook)
        }),
        ("unknown key", change("Region", json!({"Name": "eu"}))),
        ("unknown status", change("Status", json!("paused"))),
        ("no status", change("Status", Value::Null)),
        ("no authentication", change("HttpAuth", Value::Null)),
        ("empty authentication", change("HttpAuth", json!({"Username": "", "Password": ""}))),
        ("no headers", change("HttpHeaders", Value::Null)),
        ("no trigger", change("Triggers", json!({}))),
        ("a large ID", change("ID", json!(i64::MAX))),
        ("a negative ID", change("ID", json!(-7))),
        (
            "a wrong content type",
            Step::bytes(200, "text/plain", format!("{{\"Webhooks\":[{plain}]}}")),
        ),
        ("HTTP/1.0", { Step::raw(format!("HTTP/1.0 200 OK\r\n\r\n{{\"Webhooks\":[{plain}]}}")) }),
        (
            "a comment around it",
            Step::bytes(200, "application/json", format!("\r\n {{\"Webhooks\":[{plain}]}}\n\n")),
        ),
    ];
    let told = told_of(cases, "list --retries 0 --no-header");
    assert_data_eq!(
        told,
        str![[r#"
unknown trigger: 0 7  outbound  https://hooks.example.com/postmark  open, Reply  basic  verified
unknown key: 0 7  outbound  https://hooks.example.com/postmark  open  basic  verified
unknown status: 0 7  outbound  https://hooks.example.com/postmark  open  basic  paused
no status: 0 7  outbound  https://hooks.example.com/postmark  open  basic  -
no authentication: 0 7  outbound  https://hooks.example.com/postmark  open  none  verified
empty authentication: 0 7  outbound  https://hooks.example.com/postmark  open  none  verified
no headers: 0 7  outbound  https://hooks.example.com/postmark  open  basic  verified
no trigger: 0 7  outbound  https://hooks.example.com/postmark  none  basic  verified
a large ID: 0 9223372036854775807  outbound  https://hooks.example.com/postmark  open  basic  verified
a negative ID: 0 -7  outbound  https://hooks.example.com/postmark  open  basic  verified
a wrong content type: 0 7  outbound  https://hooks.example.com/postmark  open  basic  verified
HTTP/1.0: 0 7  outbound  https://hooks.example.com/postmark  open  basic  verified
a comment around it: 0 7  outbound  https://hooks.example.com/postmark  open  basic  verified

"#]]
    );
}

// torture 106
#[test]
fn errors_in_other_shapes_than_the_documented_one() {
    let json = |status: u16, body: Value| Step::answer(status, body);
    let cases = [
        ("code as a text", json(422, json!({"ErrorCode": "1352", "Message": "none"}))),
        ("no message", json(422, json!({"ErrorCode": 1359}))),
        ("message of null", json(422, json!({"ErrorCode": 1359, "Message": null}))),
        ("no code", json(422, json!({"Message": "Something is wrong."}))),
        (
            "code in a header",
            Step::answer(422, json!({"Message": "x"})).header("X-PM-ApiErrorCode", "1352"),
        ),
        ("a message that is an object", json(422, json!({"ErrorCode": 5, "Message": {"a": 1}}))),
        ("neither", json(422, json!({"error": "hush"}))),
        ("no body", Step::status(422)),
        ("HTML", Step::html(403)),
        ("HTML of 401", Step::html(401)),
        ("401 without a body", Step::status(401)),
        ("404 of another server", json(404, json!({"message": "Not Found"}))),
        ("405", Step::html(405)),
        ("413", Step::status(413)),
        ("500 without a body", Step::status(500)),
        ("500 with Postmark's words", Step::refused(500, 0, "Internal error")),
        ("503 in HTML", Step::html(503)),
        ("600", Step::html(600)),
        ("304", Step::status(304)),
        ("300", Step::html(300)),
    ];
    let told = told_of(cases, "list --retries 0");
    assert_data_eq!(
        told,
        str![[r#"
code as a text: 8 Postmark refused (422, code 1352): none
no message: 5 Postmark refused (422, code 1359): without a reason
message of null: 5 Postmark refused (422, code 1359): without a reason
no code: 5 Postmark refused (422): Something is wrong.
code in a header: 8 Postmark refused (422, code 1352): x
a message that is an object: 6 the answer of 127.0.0.1:[PORT] (422) is not Postmark's: application/json, 33 bytes, JSON, but not an error of Postmark's
neither: 6 the answer of 127.0.0.1:[PORT] (422) is not Postmark's: application/json, 16 bytes, JSON, but not an error of Postmark's
no body: 6 the answer of 127.0.0.1:[PORT] (422) is not Postmark's: it is empty
HTML: 6 the answer of 127.0.0.1:[PORT] (403) is not Postmark's: text/html; charset=utf-8, 65 bytes, beginning with "<!DOCTYPE html> <html><head><title>Sign in</title></head></html>"
HTML of 401: 4 Postmark refused (401): without a reason
401 without a body: 4 Postmark refused (401): without a reason
404 of another server: 6 the answer of 127.0.0.1:[PORT] (404) is not Postmark's: application/json, 23 bytes, JSON, but not an error of Postmark's
405: 6 the answer of 127.0.0.1:[PORT] (405) is not Postmark's: text/html; charset=utf-8, 65 bytes, beginning with "<!DOCTYPE html> <html><head><title>Sign in</title></head></html>"
413: 6 the answer of 127.0.0.1:[PORT] (413) is not Postmark's: it is empty
500 without a body: 6 127.0.0.1:[PORT] answered 500
500 with Postmark's words: 6 127.0.0.1:[PORT] answered 500: Internal error
503 in HTML: 6 127.0.0.1:[PORT] answered 503
600: 6 127.0.0.1:[PORT] answered 600
304: 6 127.0.0.1:[PORT] answered 304 and redirects to nowhere
300: 6 127.0.0.1:[PORT] answered 300 and redirects to nowhere

"#]]
    );
}
