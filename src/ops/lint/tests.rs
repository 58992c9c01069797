//! Each rule: what it finds, and what is so near to that and not found.

use serde_json::{Value, json};

use super::*;
use crate::config::profile::ProfileName;
use crate::postmark::Webhook;

/// A webhook of which nothing is found.
fn good(id: i64) -> Value {
    json!({"ID": id, "Url": "https://hooks.shop.com/pm", "MessageStream": "outbound",
        "Status": "verified", "HttpAuth": {"Username": "postmark", "Password": "kZ3-long-and-random"},
        "HttpHeaders": [], "Triggers": {"Bounce": {"Enabled": true, "IncludeContent": false},
            "SpamComplaint": {"Enabled": true, "IncludeContent": false}}})
}

fn with(changes: Value) -> Value {
    let mut webhook = good(1);
    for (key, value) in changes.as_object().unwrap() {
        webhook[key] = value.clone();
    }
    webhook
}

fn on(triggers: &[&str]) -> Value {
    let one = |name: &&str| ((*name).to_owned(), json!({"Enabled": true}));
    json!({"Triggers": triggers.iter().map(one).collect::<serde_json::Map<_, _>>()})
}

fn webhook(value: Value) -> Webhook {
    serde_json::from_value(value).unwrap()
}

struct World {
    webhooks: Vec<Value>,
    settings: Value,
    streams: Value,
    only: Option<&'static str>,
    profile: Option<&'static str>,
}

impl Default for World {
    fn default() -> Self {
        let streams = json!([{"ID": "outbound", "MessageStreamType": "Transactional", "ArchivedAt": null},
            {"ID": "inbound", "MessageStreamType": "Inbound", "ArchivedAt": null},
            {"ID": "old", "MessageStreamType": "Broadcasts", "ArchivedAt": "2025-01-01T00:00:00-05:00"}]);
        let settings = json!({"ID": 1, "Name": "s", "TrackOpens": true, "TrackLinks": "HtmlOnly",
            "InboundHookUrl": "", "EnableSmtpApiErrorHooks": false, "BounceHookUrl": ""});
        Self { webhooks: Vec::new(), settings, streams, only: None, profile: None }
    }
}

impl World {
    fn of(webhooks: impl IntoIterator<Item = Value>) -> Self {
        Self { webhooks: webhooks.into_iter().collect(), ..Self::default() }
    }

    fn set(mut self, key: &str, value: Value) -> Self {
        self.settings[key] = value;
        self
    }

    fn input(self) -> LintInput {
        let name = |name: &str| name.parse::<ProfileName>().unwrap();
        LintInput::from_server(
            self.profile.map(name),
            self.webhooks.into_iter().map(webhook).collect(),
            serde_json::from_value(self.settings).unwrap(),
            serde_json::from_value(self.streams).unwrap(),
            self.only.map(|id| id.parse().unwrap()),
        )
    }

    fn found(self) -> Vec<LintFinding> {
        check(&[self.input()], &[])
    }

    fn rules(self) -> Vec<&'static str> {
        self.found().iter().map(|found| found.rule.id).collect()
    }
}

#[track_caller]
fn one(webhook: Value, expected: &[&str]) {
    assert_eq!(World::of([webhook]).rules(), expected);
}

#[track_caller]
fn at(url: &str, expected: &[&str]) {
    one(with(json!({"Url": url})), expected);
}

#[test]
fn the_rules_are_numbered_and_named_once() {
    for (index, rule) in RULES.iter().enumerate() {
        assert_eq!(rule.id, format!("PM{:03}", index + 1));
        assert!(rule.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", rule.name);
        assert!(rule.why.ends_with('.') && !rule.finds.ends_with('.'), "{}", rule.id);
        assert_eq!(RULES.iter().filter(|other| other.name == rule.name).count(), 1);
        for word in [rule.id.to_lowercase(), rule.name.to_uppercase()] {
            assert_eq!(word.parse::<&'static Rule>().unwrap(), rule);
        }
    }
    let error = "PM0O7".parse::<&'static Rule>().unwrap_err();
    assert!(error.contains("did you mean PM007?"), "{error}");
}

#[test]
fn a_good_webhook_is_one() {
    one(good(1), &[]);
}

#[test]
fn pm001_plain_http() {
    at("http://hooks.shop.com/", &["PM001"]);
    at("HTTP://hooks.shop.com/", &["PM001"]);
    at("https://hooks.shop.com/?next=http://x", &[]);
    let inbound = json!("http://u:pw@hooks.shop.com/in");
    assert_eq!(World::of([good(1)]).set("InboundHookUrl", inbound.clone()).rules(), ["PM001"]);
    let only = World { only: Some("outbound"), ..World::of([good(1)]) };
    assert_eq!(only.set("InboundHookUrl", inbound).rules(), [""; 0]);
}

#[test]
fn pm002_no_authentication() {
    let bare = |headers: Value| with(json!({"HttpAuth": null, "HttpHeaders": headers}));
    let header = |name: &str, value: &str| json!([{"Name": name, "Value": value}]);
    one(bare(json!([])), &["PM002"]);
    one(bare(header("X-Env", "staging")), &["PM002"]);
    one(bare(header("X-Env", "staging of the web shop 2")), &["PM002"]);
    one(bare(header("X-Api-Key", "k")), &[]);
    one(bare(header("Authorization", "Bearer x")), &[]);
    one(bare(header("X-Hook", "9f86d081884c7d65")), &[]);
    one(with(json!({"HttpAuth": null, "Url": "https://h.shop.com/?token=t"})), &["PM003"]);
    one(with(json!({"HttpAuth": null, "Url": "https://h.shop.com/?page=t"})), &["PM002"]);
    let inbound = |url: &str| World::of([good(1)]).set("InboundHookUrl", json!(url)).rules();
    assert_eq!(inbound("https://h.shop.com/in"), ["PM002"]);
    assert_eq!(inbound("https://u:p@h.shop.com/in"), [""; 0]);
}

#[test]
fn pm003_credentials_in_the_url_and_pm019_two_of_them() {
    // torture 21
    one(with(json!({"HttpAuth": null, "Url": "https://u:pw@h.shop.com/"})), &["PM003"]);
    at("https://u:pw@h.shop.com/", &["PM003", "PM019"]);
    at("https://h.shop.com/?sig=x&a=1", &["PM003"]);
    at("https://h.shop.com/?sig=&a=1", &[]);
    let found =
        World::of([with(json!({"Url": "https://u:pw@h.shop.com/?sig=CANARY&a=1"}))]).found();
    assert!(found[0].finding.fix.contains("--url 'https://h.shop.com/?a=1'"), "{found:?}");
    assert!(found[1].finding.fix.contains("--url URL"), "{found:?}");
    assert!(!format!("{found:?}").contains("CANARY"));
    for rest in ["#token=CANARY", "?a=1;key=CANARY"] {
        let url = format!("https://u:pw@h.shop.com/{rest}");
        let found = World::of([with(json!({"Url": url}))]).found();
        assert!(found.iter().all(|f| f.finding.fix.contains("--url URL")), "{found:?}");
        assert!(!format!("{found:?}").contains("CANARY"));
    }
}

#[test]
fn pm004_hosts_that_are_not_public() {
    for host in [
        "localhost",
        "127.0.0.1:8080",
        "[::1]",
        "10.1.2.3",
        "172.16.0.9",
        "192.168.0.1",
        "169.254.1.1",
        "[fd00::1]",
        "hooks",
        "printer.local",
        "api.internal",
        "box.home.arpa",
        "shop.test",
        "x.ngrok.io",
        "x.eu.ngrok-free.app",
        "x.trycloudflare.com",
        "x.loca.lt",
        "webhook.site",
        "x.requestbin.com",
        "x.m.pipedream.net",
        "x.free.beeceptor.com",
        "WEBHOOK.SITE.",
    ] {
        at(&format!("https://{host}/pm"), &["PM004"]);
    }
    for host in [
        "hooks.example.com",
        "mywebhook.site",
        "local.shop.com",
        "ngrok.io.shop.com",
        "172.32.0.1",
        "8.8.8.8",
        "[2600::1]",
        "internal-hooks.com",
    ] {
        at(&format!("https://{host}/pm"), &[]);
    }
    let inbound = json!("https://u:p@localhost/");
    assert_eq!(World::of([good(1)]).set("InboundHookUrl", inbound).rules(), ["PM004"]);
}

#[test]
fn pm005_the_same_trigger_twice() {
    let second = |changes: Value| {
        let mut second = with(changes);
        second["ID"] = 2.into();
        World::of([good(1), second])
    };
    let found = second(json!({"Url": "https://HOOKS.shop.com:443/pm"})).found();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].rule.id, "PM005");
    assert_eq!(found[0].id().unwrap().0, 2);
    assert!(found[0].finding.fix.contains("delete 2"), "{found:?}");
    let partly = second(on(&["Bounce", "Delivery"])).found();
    assert!(partly[0].finding.fix.contains("edit 2 --off bounce"), "{partly:?}");
    assert_eq!(second(on(&["Delivery"])).rules(), [""; 0]);
    assert_eq!(second(json!({"Url": "https://hooks.shop.com/PM"})).rules(), [""; 0]);
    let mut other = second(json!({"MessageStream": "broadcast"}));
    other.streams.as_array_mut().unwrap().push(json!({"ID": "broadcast"}));
    assert_eq!(other.rules(), [""; 0]);
}

#[test]
fn pm006_and_pm007_streams_that_are_not_covered() {
    one(with(on(&["SpamComplaint"])), &["PM006"]);
    one(with(on(&["Bounce"])), &["PM007"]);
    one(with(on(&["Delivery"])), &["PM006", "PM007"]);
    let mut second = with(on(&["SpamComplaint"]));
    second["Url"] = "https://hooks.shop.com/other".into();
    assert_eq!(World::of([with(on(&["Bounce"])), second]).rules(), [""; 0]);
}

#[test]
fn pm008_a_stream_without_a_webhook() {
    let found = World::default().found();
    assert_eq!(found.len(), 1, "neither inbound nor archived ones: {found:?}");
    assert_eq!((found[0].rule.id, found[0].stream.as_deref()), ("PM008", Some("outbound")));
    let other = World { only: Some("broadcast"), ..World::default() };
    assert_eq!(other.rules(), [""; 0]);
}

#[test]
fn pm009_no_trigger_at_all() {
    let both = ["PM009", "PM006", "PM007"];
    one(with(json!({"Triggers": {}})), &both);
    one(with(json!({"Triggers": {"Rotation": {"Enabled": true}}})), &both[1..]);
}

#[test]
fn pm010_unverified() {
    one(with(json!({"Status": "unverified"})), &["PM010"]);
    one(with(json!({"Status": null})), &[]);
}

#[test]
fn pm011_whole_messages() {
    let bounce = |enabled: bool, content: bool| {
        with(json!({"Triggers": {"Bounce": {"Enabled": enabled, "IncludeContent": content},
            "SpamComplaint": {"Enabled": true}}}))
    };
    one(bounce(true, true), &["PM011"]);
    one(bounce(true, false), &[]);
    one(bounce(false, true), &["PM006"]);
}

#[test]
fn pm012_near_the_limit() {
    let many = |count: i64| {
        World::of((1..=count).map(|id| {
            let mut webhook = good(id);
            webhook["Url"] = format!("https://hooks.shop.com/{id}").into();
            webhook
        }))
    };
    assert_eq!(many(7).rules(), [""; 0]);
    assert!(many(8).found()[0].finding.message.contains("8 of at most 10"));
    assert!(many(10).found()[0].finding.message.contains("no more than 10"));
}

#[test]
fn pm013_old_hooks_beside_webhooks() {
    let old = |key: &str, value: &str| World::of([good(1)]).set(key, json!(value)).rules();
    assert_eq!(old("BounceHookUrl", "https://h.shop.com/"), ["PM013"]);
    assert_eq!(old("BounceHookUrl", ""), [""; 0]);
    assert_eq!(old("OpenHookUrl", "https://h.shop.com/"), [""; 0], "no webhook has open on");
}

#[test]
fn pm014_and_pm015_events_that_the_server_does_not_make() {
    let all = || World::of([with(on(&["Open", "Click", "Bounce", "SpamComplaint"]))]);
    assert_eq!(all().rules(), [""; 0]);
    assert_eq!(all().set("TrackOpens", json!(false)).rules(), ["PM014"]);
    assert_eq!(all().set("TrackLinks", json!("None")).rules(), ["PM015"]);
    let unknown = all().set("TrackOpens", json!(null)).set("TrackLinks", json!(null));
    assert_eq!(unknown.rules(), [""; 0]);
    assert_eq!(World::of([good(1)]).set("TrackOpens", json!(false)).rules(), [""; 0]);
}

#[test]
fn pm016_smtp_errors_that_nobody_hears_of() {
    let wanted = |triggers: &[&str], only| {
        let world = World { only, ..World::of([with(on(triggers))]) };
        world.set("EnableSmtpApiErrorHooks", json!(true)).rules()
    };
    assert_eq!(wanted(&["SpamComplaint"], None), ["PM006", "PM016"]);
    assert_eq!(wanted(&["SpamComplaint"], Some("outbound")), ["PM006"]);
    assert_eq!(wanted(&["SpamComplaint", "Bounce"], None), [""; 0]);
}

#[test]
fn pm017_one_secret_in_two_profiles() {
    let rules = |secrets: [Value; 2]| {
        let input = |(profile, secret): (&'static str, Value)| {
            World { profile: Some(profile), ..World::of([with(secret)]) }.input()
        };
        let names = ["staging", "production"];
        let inputs: Vec<_> = names.into_iter().zip(secrets).map(input).collect();
        let found = check(&inputs, &[]);
        assert!(!found.iter().any(|f| f.finding.message.contains("CANARY")), "{found:?}");
        let of = |found: &LintFinding| found.finding.profile.as_ref().unwrap().to_string();
        found
            .iter()
            .map(|f| format!("{} {} {}", of(f), f.rule.id, f.finding.message))
            .collect::<Vec<_>>()
    };
    let auth = |password: &str| json!({"HttpAuth": {"Username": "u", "Password": password}});
    assert_eq!(
        rules([auth("CANARY-of-both"), auth("CANARY-of-both")]),
        [
            "production PM017 its HttpAuth password is the same as that of webhook 1 of profile staging"
        ]
    );
    assert_eq!(rules([auth("CANARY-of-one"), auth("CANARY-of-two")]), [""; 0]);
    let header = |name: &str| {
        let mut webhook = auth(name);
        webhook["HttpHeaders"] = json!([{"Name": name, "Value": "CANARY-of-both"}]);
        webhook
    };
    assert_eq!(rules([header("X-Api-Token"), header("X-Signature")]).len(), 1);
    assert_eq!(rules([header("X-Env-Name"), header("X-Env-Label")]), [""; 0]);
    assert_eq!(
        check(
            &[World::of([good(1), with(json!({"ID": 2, "Url": "https://h.shop.com/2"}))]).input()],
            &[]
        )
        .len(),
        0
    );
}

#[test]
fn pm018_headers_that_postmark_sets() {
    let header = |name: &str| with(json!({"HttpHeaders": [{"Name": name, "Value": "v"}]}));
    for name in ["user-agent", "Content-Type", "X-PM-Webhook-Trace-Id", "Host", "Authorization"] {
        one(header(name), &["PM018"]);
    }
    for name in ["X-Env", "X-PMail", "X-User-Agent"] {
        one(header(name), &[]);
    }
    let mut alone = header("Authorization");
    alone["HttpAuth"] = Value::Null;
    one(alone, &[]);
}

#[test]
fn pm020_weak_passwords() {
    let auth = |username: &str, password: &str| {
        with(json!({"HttpAuth": {"Username": username, "Password": password}}))
    };
    one(auth("u", "1234567"), &["PM020"]);
    one(auth("the-user-name", "The-User-Name"), &["PM020"]);
    one(auth("u", "ChangeMe"), &["PM020"]);
    one(auth("u", "kj2-9dvx"), &[]);
}

#[test]
fn what_is_ignored_is_not_looked_for() {
    let input = World::of([with(json!({"Url": "http://localhost/"}))]).input();
    let ignored = ["PM004".parse().unwrap()];
    let found = check(std::slice::from_ref(&input), &ignored);
    assert_eq!(found.iter().map(|f| f.rule.id).collect::<Vec<_>>(), ["PM001"]);
    // Nor is another URL of this machine any better.
    assert!(found[0].finding.fix.contains("--url https://HOST/PATH"), "{}", found[0].finding.fix);
}
