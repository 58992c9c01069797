//! Secrets that Postmark or an endpoint repeats, in any spelling: no output holds them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::support::*;

/// One spelling of a text.
fn spelled(text: &str, random: &mut fastrand::Rng) -> String {
    let needs_escape = |c: char| !c.is_ascii_alphanumeric();
    let all = random.bool();
    let each = |escape: &dyn Fn(char) -> String| -> String {
        let keep = |c: char| !(all || needs_escape(c));
        text.chars().map(|c| if keep(c) { c.to_string() } else { escape(c) }).collect()
    };
    let percent =
        |c: char| c.to_string().bytes().map(|b| format!("%{b:02X}")).collect::<Vec<_>>().concat();
    let unicode = |c: char| {
        c.encode_utf16(&mut [0; 2])
            .iter()
            .map(|unit| format!("\\u{unit:04x}"))
            .collect::<Vec<_>>()
            .concat()
    };
    match random.u8(..10) {
        0 => each(&percent),
        1 => each(&|c| if c == ' ' { "+".to_owned() } else { percent(c).to_lowercase() }),
        2 => each(&unicode),
        3 => json!(text).to_string().trim_matches('"').replace('/', "\\/"),
        4 => each(&|c| format!("&#{};", u32::from(c))),
        5 => each(&|c| format!("&#x{:x};", u32::from(c))),
        6 => text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;"),
        7 => STANDARD.encode(text),
        8 => STANDARD_NO_PAD.encode(format!("user:{text}")),
        _ => URL_SAFE_NO_PAD.encode(text),
    }
}

/// A text as it is, spelled, or spelled twice. Percent encoding in lower case would change a secret's
/// letters where it leaves them plain, so only what decodes to the secret is used.
fn echo(secret: &str, is_token: bool, random: &mut fastrand::Rng) -> String {
    let secret = match random.u8(..4) {
        0 if is_token => secret.to_uppercase(),
        _ => secret.to_owned(),
    };
    match random.u8(..3) {
        0 => secret,
        1 => spelled(&secret, random),
        _ => {
            let once = spelled(&secret, random);
            spelled(&once, random)
        }
    }
}

/// A secret with a plain run at its start, and what needs escaping behind it.
fn secret(random: &mut fastrand::Rng) -> String {
    const ODD: [&str; 10] = ["/", "+", "&", "<", "\"", "'", " ", "ö", "=", "%"];
    let mut letters = |length| -> String { (0..length).map(|_| random.lowercase()).collect() };
    let (start, end) = (letters(12), letters(6));
    let odd: String = (0..random.usize(..4)).map(|_| ODD[random.usize(..10)]).collect();
    start + &odd + &end + "z9"
}

fn canaries(random: &mut fastrand::Rng) -> Canaries {
    Canaries {
        password: secret(random),
        header: secret(random),
        query: secret(random).replace(['ö', ' '], "x"),
        ..Canaries::new()
    }
}

/// A webhook with secrets in the positions that are known, and their echoes elsewhere.
fn webhook(canaries: &Canaries, echo: &mut dyn FnMut() -> String) -> Value {
    let query: String = url::form_urlencoded::byte_serialize(canaries.query.as_bytes()).collect();
    json!({
        "ID": 7, "Url": format!("https://hooks.example.com/pm?key={query}"),
        "MessageStream": "outbound", "Status": "verified",
        "HttpAuth": {"Username": "user", "Password": canaries.password},
        "HttpHeaders": [
            {"Name": "X-Secret", "Value": canaries.header},
            {"Name": "X-Env", "Value": echo()},
        ],
        "Triggers": {
            "Bounce": {"Enabled": true, "IncludeContent": false, "Note": echo()},
            "Teleport": {"Enabled": true, "Note": echo()},
        },
        "Note": echo(), "Notes": [echo(), {"Deep": echo()}],
    })
}

/// A text in a path. What a URL cannot hold is left out: it would be another text.
fn location(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_graphic() && !"#?\\\"<>`{}|^".contains(c);
    if text.chars().all(is_plain) { format!("/{text}") } else { "/elsewhere".to_owned() }
}

/// A text in a header, where it is one line of ASCII.
fn in_header(text: &str) -> String {
    if text.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        text.to_owned()
    } else {
        "x".to_owned()
    }
}

/// `knows` is true where the run has read the webhook, and so knows all of its secrets.
fn check(canaries: &Canaries, run: &Transcript, echoes: &[(bool, String)], knows: bool) {
    let text = run.to_string();
    if knows {
        canaries.assert_clean_run(run);
    }
    assert!(!text.to_lowercase().contains(&canaries.token), "{text}");
    for (_, echo) in echoes.iter().filter(|(is_token, _)| knows || *is_token) {
        assert!(!text.contains(echo.as_str()), "{echo:?} in\n{text}");
    }
}

const FORMATS: [&str; 8] =
    ["", "-v", "-vv", "-o json -vv", "-o yaml", "-o jsonl", "-o tsv -v", "-o json"];

#[test]
fn what_postmark_repeats_is_masked_in_every_spelling() {
    let mut random = fastrand::Rng::with_seed(1118);
    for round in 0..24 {
        let canaries = canaries(&mut random);
        let mut echoes = Vec::new();
        let mut next = || {
            let (secret, is_token) = match random.u8(..4) {
                0 => (&canaries.token, true),
                1 => (&canaries.password, false),
                2 => (&canaries.header, false),
                _ => (&canaries.query, false),
            };
            let echo = echo(secret, is_token, &mut random);
            echoes.push((is_token, echo.clone()));
            echo
        };
        let hook = webhook(&canaries, &mut next);
        let message = format!("It is {} and {}.", next(), next());
        let page = format!("<p>{}</p><p>{}</p>", next(), next());
        let location = format!("https://h.example{}", location(&next()));
        let header = in_header(&next());
        let verdict = json!({"Success": false, "Message": next(), "Extra": next(), "Results": [
            {"TriggerType": "Bounce", "Success": false, "StatusCode": 500, "Message": next()}]});
        let streams = json!({"MessageStreams": [{"ID": "outbound", "Name": next(),
            "Description": next(), "MessageStreamType": "Transactional"}]});
        let server = json!({"ID": 5, "Name": next(), "ApiTokens": [canaries.token],
            "Note": next(), "Color": next()});
        let fault = match round % 6 {
            0 => Step::refused(422, 1354, &message),
            1 => Step::refused(401, 10, &message),
            2 => Step::refused(500, 100, &message),
            3 => Step::bytes(200, "text/html", page),
            4 => Step::redirect(302, &location),
            _ => Step::answer(422, verdict.clone()),
        };
        let listed = json!({"Webhooks": [hook.clone()]});
        let of =
            |step: Step, method, path| step.header("X-Echo", &header).only(method, path).forever();
        let faulty = Faulty::new([
            of(Step::answer(200, listed), "GET", "/webhooks"),
            of(Step::answer(200, hook.clone()), "GET", "/webhooks/7"),
            of(Step::answer(200, server), "GET", "/server"),
            of(Step::answer(200, streams), "GET", "/message-streams"),
            of(Step::answer(200, verdict), "POST", "/webhooks/7/verify"),
            of(
                Step::answer(200, json!({"ErrorCode": 0, "Message": message})),
                "DELETE",
                "/webhooks/7",
            ),
            fault.forever(),
        ])
        .may_be_unused();
        let mut env = TestEnv::with_api(faulty.url());
        env.token(&canaries.token).env("PASSWORD", &canaries.password);
        let format = FORMATS[round % FORMATS.len()];
        for (line, knows) in [
            ("list", true),
            ("get 7", true),
            ("get 7 8", true),
            ("verify 7", false),
            ("verify --all", true),
            ("streams", false),
            ("server get", false),
            ("whoami", false),
            ("stats 7", false),
            ("health", true),
            ("lint", false),
            ("export --show-secrets --output-file manifest.yaml --yes", true),
            ("edit 7 --on click --yes", true),
            ("edit 7 --username user --password env:PASSWORD --yes", true),
            ("delete 7 --yes", true),
            ("create --url https://h.example/ --on bounce --yes --if-absent", true),
            ("doctor 7 --no-test", false),
        ] {
            let run = env.run(format!("{line} {format} --retries 0"));
            check(&canaries, &run, &echoes, knows);
        }
    }
}

#[test]
fn what_an_endpoint_repeats_is_masked_in_every_spelling() {
    let mut random = fastrand::Rng::with_seed(1128);
    for round in 0..16 {
        let canaries = canaries(&mut random);
        let mut echoes = Vec::new();
        let mut next = || {
            let secret = [&canaries.password, &canaries.header, &canaries.query][random.usize(..3)];
            echoes.push(echo(secret, false, &mut random));
            echoes[echoes.len() - 1].clone()
        };
        let body = format!("<p>{}</p> {{\"said\": \"{}\"}}", next(), next());
        let header = in_header(&next());
        let word = |c: &char| c.is_ascii_alphanumeric();
        let host: String = canaries.header.chars().filter(word).collect();
        let is_host = round % 4 == 1 && host == canaries.header;
        let location = match round % 4 {
            0 => location(&next()),
            1 if is_host => format!("http://{host}.invalid/"),
            1 => "http://unknown.invalid/".to_owned(),
            _ => String::new(),
        };
        let step = match round % 4 {
            0 | 1 => Step::redirect(307, &location),
            2 => Step::bytes(500, "text/html", body),
            _ => Step::bytes(401, "application/json", body),
        };
        let endpoint = Faulty::always(step.header("X-Echo", &header));
        let query: String =
            url::form_urlencoded::byte_serialize(canaries.query.as_bytes()).collect();
        let mut env = TestEnv::new();
        env.env("PASSWORD", &canaries.password).env("HEADER", &canaries.header);
        let url = format!("{}/pm?key={query}", endpoint.url());
        for format in ["", "-vv", "-o json -vv", "-o tsv -v"] {
            let line = format!(
                "test --url {url} --event bounce --username user --password env:PASSWORD \
                 --secret-header X-Secret=env:HEADER --timeout 10s {format}"
            );
            let run = env.run(line);
            // The URL of the command line is the only place that holds a secret.
            let shown = run.stdout.clone() + &run.stderr;
            canaries.assert_clean(&shown);
            for echo in echoes.iter().chain(is_host.then_some(&host)) {
                assert!(!shown.contains(echo.as_str()), "{echo:?} in\n{shown}");
            }
        }
    }
}
