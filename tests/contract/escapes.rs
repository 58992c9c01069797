//! Text from outside, made inert: in tables, errors, traces, JSON and YAML.

use super::fixtures::{listing, webhook};
use crate::support::*;

/// Every character that does something instead of being seen, and what forges lines and rows.
fn active_text() -> String {
    let mut text: String =
        (0..=0x1f).chain([0x7f]).chain(0x80..=0x9f).filter_map(char::from_u32).collect();
    for code in [0xad, 0x61c, 0x180e, 0xfeff]
        .into_iter()
        .chain(0x200b..=0x200f)
        .chain(0x2028..=0x202e)
        .chain(0x2060..=0x206f)
    {
        text.extend(char::from_u32(code));
    }
    text + "\u{1b}[31mred\u{1b}]0;title\u{7}\u{1b}]52;c;aGk=\u{7}\u{1b}]8;;https://x/\u{1b}\\\u{1b}P1$q\u{9b}2J\
            \n::error::x\r\n::add-mask::y\n##vso[task.x]z\u{2028}31337  outbound  https://evil/\t\"'\\u001b\\"
}

fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Nothing that acts, line ends and the tabs of tsv aside.
#[track_caller]
fn assert_inert(bytes: &[u8], allowed: &[char]) {
    let text = std::str::from_utf8(bytes).unwrap();
    let bad = text.chars().find(|c| is_active(*c) && !allowed.contains(c));
    assert!(bad.is_none(), "{bad:?} in\n{text:?}");
    for line in text.lines() {
        let start = line.trim_start();
        let forged = ["::", "##vso", "31337  "].into_iter().any(|evil| start.starts_with(evil));
        assert!(!forged, "a forged line: {line}");
    }
}

fn evil_webhook() -> Value {
    let evil = active_text();
    let mut webhook = webhook(7);
    webhook["Url"] = json!(format!("https://h/{evil}"));
    webhook["MessageStream"] = json!(evil);
    webhook["Status"] = json!(evil);
    webhook["HttpAuth"]["Username"] = json!(evil);
    webhook["HttpHeaders"][0]["Name"] = json!(evil);
    webhook["Triggers"][&evil] = json!({"Enabled": true, &evil: evil});
    webhook[&evil] = json!([evil]);
    webhook
}

// torture 31, 32, 35
#[test]
fn nothing_that_acts_on_a_terminal_gets_through() {
    let server = Faulty::new([
        Step::answer(200, json!({"Webhooks": [evil_webhook(), evil_webhook()]}))
            .only("GET", "/webhooks")
            .forever(),
        Step::answer(200, evil_webhook()).only("GET", "/webhooks/7").forever(),
    ]);
    let env = TestEnv::with_api(server.url());
    let all = "id,stream,url,triggers,auth,headers,status";
    for command in [
        format!("list --columns {all}"),
        format!("list --columns {all} -o tsv"),
        "list -o ids".to_owned(),
        "list -o json".to_owned(),
        "list -o jsonl".to_owned(),
        "list -o yaml".to_owned(),
        "get 7".to_owned(),
        "get 7 -o json -vv".to_owned(),
        "get 7 -o yaml --show-secrets".to_owned(),
        "edit 7 --on bounce --dry-run".to_owned(),
        "delete 7 --dry-run".to_owned(),
    ] {
        let run = env.run(&command);
        run.code(0);
        let tabs: &[char] = if command.contains("tsv") { &['\n', '\t'] } else { &['\n'] };
        assert_inert(&run.stdout_bytes, tabs);
        assert_inert(&run.stderr_bytes, &['\n']);
    }
    // A webhook is a row, however many lines it holds.
    assert_eq!(env.run(format!("list --columns {all}")).stdout.lines().count(), 3);
    let rows = env.run(format!("list --columns {all} -o tsv")).stdout;
    assert!(rows.lines().all(|row| row.split('\t').count() == 7), "{rows}");
    assert_eq!(env.run("list -o jsonl").json_lines().len(), 2);
    // What is escaped reads back as it was.
    let shown = env.run("get 7 -o json --show-secrets").json();
    assert_eq!(shown, evil_webhook());
    let yaml = env.run("get 7 -o yaml --show-secrets").stdout;
    assert_eq!(serde_saphyr::from_str::<Value>(&yaml).unwrap(), evil_webhook());
}

// torture 35
#[test]
fn yaml_stays_readable_around_an_odd_text() {
    let mut odd = webhook(7);
    odd["Url"] = json!("https://h/\u{1b}[31m\u{202e}\u{9b}2J?q=a b");
    odd["HttpAuth"] = Value::Null;
    odd["HttpHeaders"] = json!([]);
    odd["Note"] = json!("yes");
    odd["Long"] = json!("word ".repeat(30).trim());
    let server = Faulty::always(Step::answer(200, odd));
    TestEnv::with_api(server.url()).run("get 7 -o yaml").check(str![[r#"
ID: 7
Url: "https://h/\e[31m\u202E\x9B2J?q=a b"
MessageStream: outbound
Status: verified
HttpAuth: null
HttpHeaders: []
Triggers:
  Open:
    Enabled: true
    PostFirstOpenOnly: false
  Click:
    Enabled: false
  Delivery:
    Enabled: false
  Bounce:
    Enabled: false
    IncludeContent: false
  SpamComplaint:
    Enabled: false
    IncludeContent: false
  SubscriptionChange:
    Enabled: false
Note: "yes"
Long: word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word
"#]]);
}

// torture 36
#[test]
fn random_texts_stay_one_row_and_read_back() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut texts = Vec::new();
    for _ in 0..300 {
        let length = random.usize(0..40);
        let text: String = (0..length)
            .map(|_| match random.u8(0..4) {
                0 => char::from(random.u8(0..0x80)),
                1 => *random
                    .choice(&['\\', '"', '\n', '\u{1b}', '\u{9b}', '\u{202e}', '\t', '\u{e0041}'])
                    .unwrap(),
                _ => random.char(..),
            })
            .collect();
        texts.push(text);
    }
    let webhooks: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| {
            let mut webhook = webhook(i64::try_from(n).unwrap() + 1);
            webhook["Url"] = json!(text);
            webhook
        })
        .collect();
    let server = Faulty::new([listing(webhooks)]);
    let env = TestEnv::with_api(server.url());
    println!("seed {seed}");
    let rows = env.run("list --columns id,url -o tsv --show-secrets").stdout;
    assert_eq!(rows.lines().count(), texts.len() + 1, "seed {seed}");
    assert_inert(rows.as_bytes(), &['\n', '\t']);
    let table = env.run("list --columns id,url --show-secrets").stdout;
    assert_eq!(table.lines().count(), texts.len() + 1, "seed {seed}");
    assert_inert(table.as_bytes(), &['\n']);
    let json = env.run("list -o json --show-secrets");
    assert_inert(&json.stdout_bytes, &['\n']);
    let yaml = env.run("list -o yaml --show-secrets").stdout;
    assert_inert(yaml.as_bytes(), &['\n']);
    let yaml = serde_saphyr::from_str::<Value>(&yaml).unwrap();
    assert_eq!(yaml, json.json(), "seed {seed}");
    let back = json.json();
    let urls: Vec<_> =
        back.as_array().unwrap().iter().map(|w| w["Url"].as_str().unwrap()).collect();
    assert_eq!(urls, texts, "seed {seed}");
}

// torture 31, 33
#[test]
fn errors_are_inert_and_short() {
    let evil = active_text();
    let html = format!("<html>{evil}{}</html>", "<p>long</p>".repeat(200_000));
    let header = "a\u{1b}[31m".to_owned() + "b\u{80}";
    let faults = [
        Step::refused(422, 1, &evil.repeat(50)),
        Step::refused(401, 10, &evil),
        Step::refused(503, 0, &evil.repeat(50)),
        Step::bytes(200, "text/html", html.clone()),
        Step::bytes(502, "text/html", html),
        Step::bytes(200, &header, "hello"),
        Step::bytes(200, "text/plain", active_text()).header("X-Evil", &header),
        Step::redirect(302, "https://h\u{1b}[31m/"),
        Step::raw(format!("HTTP/1.1 500 {}\r\n\r\n", "\u{1b}[31mred")),
        Step::raw(format!("HTTP/1.1 404 {evil}\r\n\r\n")),
        Step::raw(evil.clone()),
        Step::answer(200, json!({"Webhooks": [{&evil: 1, "ID": evil}]})),
    ];
    for fault in faults {
        let server = Faulty::always(fault);
        let env = TestEnv::with_api(server.url());
        for extra in ["", "-vv", "-o json"] {
            let run = env.run(format!("list --retries 0 {extra}"));
            assert!(matches!(run.code, Some(4..=6)), "{run}");
            assert_inert(&run.stderr_bytes, &['\n']);
            assert_inert(&run.stdout_bytes, &['\n']);
            if extra != "-vv" {
                let longest = run.stderr.lines().map(|line| line.chars().count()).max().unwrap();
                assert!(longest < 4200, "{longest}: {run}");
            }
        }
        let plain = env.run("list --retries 0").stderr;
        assert!(plain.lines().all(|line| line.chars().count() <= 520), "{plain}");
    }
}

// torture 33
#[test]
fn a_page_is_told_by_its_kind_size_and_first_words() {
    let page =
        format!("<!DOCTYPE html>\n<html>\n  <title>Sign in</title>{}", "x".repeat(2_000_000));
    let server = Faulty::always(Step::bytes(200, "text/html; charset=utf-8", page));
    TestEnv::with_api(server.url()).run("list").check(str![[r#"
--- stderr
pmhooks: error: cannot list the webhooks of the server of POSTMARK_SERVER_TOKEN
  because the answer of 127.0.0.1:[PORT] (200) is not Postmark's: text/html; charset=utf-8, 2000047 bytes, beginning with "<!DOCTYPE html> <html> <title>Sign in</title>xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
  hint: something else may answer there: a proxy, a login page, a wrong address
--- exit 6
"#]]);
}
