//! Rules about where is posted to.

use url::{Host, Url};

use super::Said;
use super::scene::{INBOUND, Scene, Subject};
use crate::http::client;
use crate::postmark::{HookUrl, MASK, mask};

/// Services that lead from the internet to somebody's machine for a while.
const TUNNELS: [&str; 25] = [
    "ngrok.io",
    "ngrok.app",
    "ngrok.dev",
    "ngrok-free.app",
    "ngrok-free.dev",
    "trycloudflare.com",
    "loca.lt",
    "localtunnel.me",
    "localhost.run",
    "lhr.life",
    "lhr.rocks",
    "serveo.net",
    "serveousercontent.com",
    "bore.pub",
    "tunnelto.dev",
    "pagekite.me",
    "devtunnels.ms",
    "sharedwithexpose.com",
    "loclx.io",
    "pinggy.io",
    "pinggy.link",
    "tunnelmole.net",
    "zrok.io",
    "ts.net",
    "smee.io",
];

/// Services that show to whoever has the link what was posted.
const BINS: [&str; 19] = [
    "webhook.site",
    "requestbin.com",
    "requestbin.net",
    "requestb.in",
    "pipedream.net",
    "beeceptor.com",
    "mockbin.org",
    "mockbin.io",
    "hookbin.com",
    "requestcatcher.com",
    "webhook-test.com",
    "ptsv2.com",
    "ptsv3.com",
    "postb.in",
    "typedwebhook.tools",
    "requestinspector.com",
    "httpbin.org",
    "httpdump.app",
    "rbaskets.in",
];

/// Names that no public resolver knows.
const PRIVATE: [&str; 11] = [
    "local",
    "localhost",
    "internal",
    "lan",
    "home",
    "corp",
    "home.arpa",
    "intranet",
    "test",
    "invalid",
    "example",
];

/// PM001.
pub(super) fn plain_http(scene: &Scene, url: &HookUrl, subject: Option<&Subject>) -> Option<Said> {
    if !url.is_plain_http() {
        return None;
    }
    let https = url.masked().get("http".len()..).map(|rest| format!("https{rest}"));
    // Of a host that is nobody's outside there is no better URL.
    let is_public = not_public(scene, url, subject).is_none();
    let https = https.filter(|url| is_public && !url.contains(MASK));
    let message = "its URL is plain http: what is posted, credentials too, can be read on the way";
    Some((message.to_owned(), new_url(scene, subject, https.as_deref())))
}

/// PM003. Inbound mail has no other place for credentials.
pub(super) fn credentials(scene: &Scene, subject: &Subject) -> Option<Said> {
    let url = &subject.webhook.url;
    let mut parsed = Url::parse(url.expose()).ok()?;
    let mut held: Vec<String> =
        secret_keys(&parsed).map(|key| format!("the secret {key:?}")).collect();
    if url.has_credentials() {
        held.insert(0, "user:password@".to_owned());
    }
    if held.is_empty() {
        return None;
    }
    strip(&mut parsed);
    let auth = match subject.webhook.http_auth {
        Some(_) => "",
        None => " --username postmark --password env:HOOK_PASSWORD",
    };
    let flags = format!("--url {}{auth}", for_a_flag(&parsed));
    let written = match subject.webhook.http_auth {
        Some(_) => "take them out of Url",
        None => {
            "take them out of Url and write HttpAuth: {Username: postmark, Password: \"${HOOK_PASSWORD}\"}"
        }
    };
    let message =
        format!("its URL carries {}: URLs end up in logs and on screens", held.join(" and "));
    Some((message, scene.edit(&subject.webhook, &flags, written)))
}

/// PM019.
pub(super) fn two_credentials(scene: &Scene, subject: &Subject) -> Option<Said> {
    // torture 21
    let webhook = &subject.webhook;
    if webhook.http_auth.is_none() || !webhook.url.has_credentials() {
        return None;
    }
    let mut parsed = Url::parse(webhook.url.expose()).ok()?;
    let _ = parsed.set_username("").and_then(|()| parsed.set_password(None));
    let message = "it has both HttpAuth and credentials in its URL: which of them Postmark sends is not documented";
    let fix = scene.edit(
        webhook,
        &format!("--url {}", for_a_flag(&parsed)),
        "take user:password@ out of Url",
    );
    Some((message.to_owned(), fix))
}

/// PM004.
pub(super) fn not_public(scene: &Scene, url: &HookUrl, subject: Option<&Subject>) -> Option<Said> {
    if scene.is_unset(Url::parse(url.expose()).ok()?.host_str()?) {
        return None;
    }
    let message = of_host(&Url::parse(url.expose()).ok()?)?;
    Some((message, new_url(scene, subject, None)))
}

/// What is wrong with a host.
fn of_host(url: &Url) -> Option<String> {
    if client::is_loopback(url) {
        return Some("its host is this machine: Postmark cannot reach it".to_owned());
    }
    if client::names_internal(url) {
        return Some("its host is inside a private network: Postmark cannot reach it".to_owned());
    }
    let Host::Domain(name) = url.host()? else { return None };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let is_under = |suffix: &&str| {
        name.strip_suffix(*suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if let Some(tunnel) = TUNNELS.iter().find(|t| is_under(t)) {
        return Some(format!(
            "its host is a tunnel ({tunnel}): it ends with somebody's session, and the name may go to somebody else"
        ));
    }
    if let Some(bin) = BINS.iter().find(|b| is_under(b)) {
        return Some(format!(
            "its host is a request bin ({bin}): whoever has the link reads what is posted"
        ));
    }
    if !name.contains('.') || PRIVATE.iter().any(is_under) {
        return Some(
            "its host is a name of a private network: Postmark cannot reach it".to_owned(),
        );
    }
    None
}

/// What gives a webhook, or inbound mail, another URL.
fn new_url(scene: &Scene, subject: Option<&Subject>, url: Option<&str>) -> String {
    let known = url.map(shell_words::quote);
    let flag = known.as_deref().unwrap_or("https://HOST/PATH");
    let written = |key: &str| format!("write {flag} as {key}");
    match subject {
        Some(subject) => scene.edit(&subject.webhook, &format!("--url {flag}"), &written("Url")),
        None if scene.is_manifest() => written(INBOUND),
        None => scene.command(&format!("server edit --inbound-hook-url {flag}")),
    }
}

/// The secret-looking keys of a query.
fn secret_keys(url: &Url) -> impl Iterator<Item = String> {
    let pairs: Vec<_> = url.query_pairs().into_owned().collect();
    pairs.into_iter().filter(|(k, v)| mask::looks_secret(k) && !v.is_empty()).map(|(k, _)| k)
}

/// A URL as a word of a command; a word for it where a secret is still in it.
fn for_a_flag(url: &Url) -> String {
    let masked = mask::url(url.as_str());
    if masked.contains(MASK) { "URL".to_owned() } else { shell_words::quote(&masked).into_owned() }
}

/// Takes the credentials out of a URL.
fn strip(parsed: &mut Url) {
    let _ = parsed.set_username("").and_then(|()| parsed.set_password(None));
    if mask::query_secrets(parsed).is_empty() {
        return;
    }
    let kept: Vec<_> = parsed
        .query_pairs()
        .into_owned()
        .filter(|(key, value)| !mask::looks_secret(key) || value.is_empty())
        .collect();
    parsed.set_query(None);
    if !kept.is_empty() {
        parsed.query_pairs_mut().extend_pairs(kept);
    }
}
