//! Rules about URLs.

use url::{Host, Url};

use super::Problem;
use super::input::{INBOUND, LintInput, LintedWebhook};
use crate::http::client;
use crate::postmark::{HookUrl, MASK, mask};

/// Tunnels to a developer's machine.
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

/// Services that publish every request they receive.
const REQUEST_BINS: [&str; 19] = [
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

/// Domains that no public resolver knows.
const PRIVATE_DOMAINS: [&str; 11] = [
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
pub(super) fn plain_http(
    input: &LintInput,
    url: &HookUrl,
    linted: Option<&LintedWebhook>,
) -> Option<Problem> {
    if !url.is_plain_http() {
        return None;
    }
    let https = url.masked().get("http".len()..).map(|rest| format!("https{rest}"));
    // https does not make a private host reachable.
    let is_public = not_public(input, url, linted).is_none();
    let https = https.filter(|url| is_public && !url.contains(MASK));
    let message = "its URL is plain http: what is posted, credentials too, can be read on the way";
    Some(Problem::new(message, new_url(input, linted, https.as_deref())))
}

/// PM003. Does not apply to InboundHookUrl, which has no other place for credentials.
pub(super) fn credentials_in_url(input: &LintInput, linted: &LintedWebhook) -> Option<Problem> {
    let url = &linted.webhook.url;
    let mut parsed = Url::parse(url.expose()).ok()?;
    let mut held: Vec<String> =
        secret_keys(&parsed).map(|key| format!("the secret {key:?}")).collect();
    if url.has_credentials() {
        held.insert(0, "user:password@".to_owned());
    }
    if held.is_empty() {
        return None;
    }
    remove_credentials(&mut parsed);
    let auth = match linted.webhook.http_auth {
        Some(_) => "",
        None => " --username postmark --password env:HOOK_PASSWORD",
    };
    let flags = format!("--url {}{auth}", quoted_url(&parsed));
    let manifest_fix = match linted.webhook.http_auth {
        Some(_) => "take them out of Url",
        None => {
            "take them out of Url and write HttpAuth: {Username: postmark, Password: \"${HOOK_PASSWORD}\"}"
        }
    };
    let message =
        format!("its URL carries {}: URLs end up in logs and on screens", held.join(" and "));
    Some(Problem::new(message, input.edit(&linted.webhook, &flags, manifest_fix)))
}

/// PM019.
pub(super) fn two_credentials(input: &LintInput, linted: &LintedWebhook) -> Option<Problem> {
    let webhook = &linted.webhook;
    if webhook.http_auth.is_none() || !webhook.url.has_credentials() {
        return None;
    }
    let mut parsed = Url::parse(webhook.url.expose()).ok()?;
    let _ = parsed.set_username("").and_then(|()| parsed.set_password(None));
    let message = "it has both HttpAuth and credentials in its URL: which of them Postmark sends is not documented";
    let fix = input.edit(
        webhook,
        &format!("--url {}", quoted_url(&parsed)),
        "take user:password@ out of Url",
    );
    Some(Problem::new(message, fix))
}

/// PM004.
pub(super) fn not_public(
    input: &LintInput,
    url: &HookUrl,
    linted: Option<&LintedWebhook>,
) -> Option<Problem> {
    if input.is_unset(Url::parse(url.expose()).ok()?.host_str()?) {
        return None;
    }
    let message = host_problem(&Url::parse(url.expose()).ok()?)?;
    Some(Problem::new(message, new_url(input, linted, None)))
}

/// Reason why a host is not public.
fn host_problem(url: &Url) -> Option<String> {
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
    if let Some(bin) = REQUEST_BINS.iter().find(|b| is_under(b)) {
        return Some(format!(
            "its host is a request bin ({bin}): whoever has the link reads what is posted"
        ));
    }
    if !name.contains('.') || PRIVATE_DOMAINS.iter().any(is_under) {
        return Some(
            "its host is a name of a private network: Postmark cannot reach it".to_owned(),
        );
    }
    None
}

/// A fix that replaces the URL of a webhook, or InboundHookUrl.
fn new_url(input: &LintInput, linted: Option<&LintedWebhook>, url: Option<&str>) -> String {
    let known = url.map(shell_words::quote);
    let flag = known.as_deref().unwrap_or("https://HOST/PATH");
    let manifest_fix = |key: &str| format!("write {flag} as {key}");
    match linted {
        Some(linted) => input.edit(&linted.webhook, &format!("--url {flag}"), &manifest_fix("Url")),
        None if input.is_manifest() => manifest_fix(INBOUND),
        None => input.command(&format!("server edit --inbound-hook-url {flag}")),
    }
}

/// Query keys whose values are secrets.
fn secret_keys(url: &Url) -> impl Iterator<Item = String> {
    let pairs: Vec<_> = url.query_pairs().into_owned().collect();
    pairs.into_iter().filter(|(k, v)| mask::looks_secret(k) && !v.is_empty()).map(|(k, _)| k)
}

/// The URL, quoted for a shell, or `URL` if it still contains a secret.
fn quoted_url(url: &Url) -> String {
    let masked = mask::url(url.as_str());
    if masked.contains(MASK) { "URL".to_owned() } else { shell_words::quote(&masked).into_owned() }
}

/// Removes the credentials from a URL.
fn remove_credentials(parsed: &mut Url) {
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
