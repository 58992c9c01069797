//! Whatever a secret looks like, and wherever it was put: no output holds it.

use crate::support::*;

/// A text with a long plain run, by which it is found again, and what breaks a careless masking.
fn secret(random: &mut fastrand::Rng) -> String {
    const ODD: [&str; 18] = [
        "\"", "\\", "/", "+", "&", "%", "%41", "ü", "$", "#", "?", "@", ":", "${X}", "'", "<b>",
        "=", "://",
    ];
    let mut text = String::new();
    for _ in 0..random.usize(0..4) {
        text += ODD[random.usize(..ODD.len())];
    }
    (0..random.usize(16..40)).for_each(|_| text.push(random.alphanumeric()));
    for _ in 0..random.usize(0..4) {
        text += ODD[random.usize(..ODD.len())];
    }
    text
}

fn canaries(random: &mut fastrand::Rng) -> Canaries {
    Canaries {
        password: secret(random),
        header: secret(random),
        query: secret(random),
        ..Canaries::new()
    }
}

/// A webhook with a secret in every place that can hold one.
fn webhook(path: &str, canaries: &Canaries) -> Value {
    let encode = |text: &str| -> String {
        url::form_urlencoded::byte_serialize(text.as_bytes())
            .collect::<String>()
            .replace('+', "%20")
    };
    let (user, query) = (encode(&canaries.header), encode(&canaries.query));
    // Spelled plainly, and as only a parser sees it.
    let (slash, key) = if path == "one" { ("", "api_key") } else { ("/", "%61pi%5fkey") };
    json!({
        "Url": format!("https://{slash}user:{user}@hooks.example.com/{path}?lang=en&{key}={query}"),
        "HttpAuth": {"Username": "user", "Password": canaries.password},
        "HttpHeaders": [
            {"Name": "X-Secret", "Value": canaries.header},
            {"Name": "Authorization", "Value": format!("Bearer {}", canaries.query)},
        ],
        "Triggers": {"Bounce": {"Enabled": true}},
    })
}

/// A manifest of webhooks in which nothing is a reference.
fn manifest(webhooks: &[Value]) -> String {
    json!({ "Webhooks": webhooks }).to_string().replace('$', "$$")
}

fn files(env: &TestEnv, canaries: &Canaries) {
    let (one, two) = (webhook("one", canaries), webhook("two", canaries));
    env.file("one.json", one.to_string());
    env.file("manifest.json", manifest(&[one.clone(), two.clone()]));
    let mut drifted = one;
    drifted["HttpAuth"]["Password"] = json!(format!("{}x", canaries.password));
    drifted["HttpHeaders"][0]["Value"] = json!(format!("x{}", canaries.header));
    drifted["Triggers"]["Bounce"]["Enabled"] = json!(false);
    env.file("drifted.json", manifest(&[drifted, two]));
    let place = format!("Webhooks:\n  - Url: \"{}\"\n    Tirggers: 1\n", canaries.password);
    env.file("broken.yaml", place);
}

const FORMATS: [&str; 6] = ["", "-vv", "-o json -vv", "-o yaml", "-o jsonl", "-o tsv -v"];

#[test]
fn no_secret_is_shown_whatever_it_looks_like() {
    // torture 6, 7, 8, 10, 74
    let mut random = fastrand::Rng::with_seed(610);
    for round in 0..6 {
        let canaries = canaries(&mut random);
        let mut sandbox = Sandboxed::new("");
        sandbox.env.token(&canaries.token).env("PASSWORD", &canaries.password);
        sandbox.env.env("HEADER", &canaries.header);
        let env = &sandbox.env;
        files(env, &canaries);
        let made = env.run("create --from one.json --no-verify -o ids");
        canaries.assert_clean_run(made.code(0));
        let id = made.stdout.trim();
        let format = FORMATS[round % FORMATS.len()];
        for line in [
            "create --from one.json --dry-run",
            "create --from one.json --if-absent",
            "list",
            "get ID",
            "health",
            "lint",
            "lint manifest.json",
            "stats ID",
            "verify ID",
            "test ID --print",
            "test ID --curl",
            "export",
            "export --var HOST=hooks.example.com --output-file exported.yaml",
            "diff manifest.json",
            "diff drifted.json",
            "diff drifted.json --prune",
            "diff drifted.json --deny-literal-secrets",
            "diff drifted.json --plan-out refused.json",
            "diff broken.yaml",
            "apply drifted.json --dry-run",
            "apply drifted.json --yes",
            "apply manifest.json --yes --prune",
            "edit ID --username user --password env:HEADER --secret-header X-Secret=env:HEADER",
            "edit ID --remove-header X-Secret --dry-run",
            "rotate-auth --stream outbound --username user --password env:PASSWORD --dry-run",
            "doctor ID",
            "doctor",
            "whoami",
            "delete ID --dry-run",
            "delete ID --yes",
        ] {
            let run = env.run(format!("{} {format}", line.replace("ID", id)));
            canaries.assert_clean_run(&run);
            assert_ne!(run.code, None, "{run}");
        }
        // They were really there.
        let sent = sandbox.writes();
        assert!(sent.contains(&json!(canaries.password).to_string()), "{sent}");
        let inputs = ["one.json", "manifest.json", "drifted.json", "broken.yaml"];
        let mut meant = inputs.map(|name| env.home().join(name)).to_vec();
        meant.push(env.state_dir().join("deleted"));
        let meant: Vec<_> = meant.iter().map(std::path::PathBuf::as_path).collect();
        canaries.assert_clean_tree(env.home(), &meant);
    }
}

#[test]
fn no_secret_is_shown_where_postmark_repeats_it_in_a_refusal() {
    // torture 6, 7, 33
    let mut random = fastrand::Rng::with_seed(33);
    for format in FORMATS {
        let canaries = canaries(&mut random);
        let url = webhook("one", &canaries)["Url"].as_str().unwrap().to_owned();
        for fault in [
            Step::refused(422, 1354, &format!("The Url '{url}' is not valid.")),
            Step::refused(401, 10, &format!("No server has the token of {url}")),
            Step::bytes(200, "text/html", format!("<p>{}</p>", canaries.token)),
            Step::close(),
        ] {
            let server = Faulty::new([
                Step::answer(200, json!({"Webhooks": []})).only("GET", "/webhooks").forever(),
                fault.forever(),
            ])
            .may_be_unused();
            let mut env = TestEnv::with_api(server.url());
            env.token(&canaries.token);
            files(&env, &canaries);
            for line in [
                "create --from one.json",
                "apply manifest.json --yes",
                "diff manifest.json",
                "export",
                "get 7",
            ] {
                canaries.assert_clean_run(&env.run(format!("{line} {format} --retries 0")));
            }
        }
    }
}
