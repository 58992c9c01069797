//! Rules about credentials: HttpAuth, headers, secrets.

use std::collections::HashMap;

use url::Url;

use super::input::{INBOUND, LintInput, LintSource, LintedWebhook};
use super::{Location, Problem, Violation};
use crate::postmark::{HookUrl, HttpHeader, Webhook, mask};

/// Headers that Postmark or the HTTP client sets itself.
const RESERVED_HEADERS: [&str; 9] = [
    "user-agent",
    "content-type",
    "content-length",
    "host",
    "connection",
    "transfer-encoding",
    "accept-encoding",
    "expect",
    "accept",
];

/// Minimum length of a password that cannot be guessed, in characters.
const MIN_PASSWORD: usize = 8;
const COMMON_PASSWORDS: [&str; 12] = [
    "password",
    "passw0rd",
    "changeme",
    "postmark",
    "webhook",
    "webhooks",
    "secret12",
    "12345678",
    "123456789",
    "1234567890",
    "qwertyui",
    "letmein1",
];

/// PM002. HttpAuth, user:password@, a secret query value and a secret header count as authentication.
pub(super) fn no_authentication(
    input: &LintInput,
    url: &HookUrl,
    linted: Option<&LintedWebhook>,
) -> Option<Problem> {
    let parsed = Url::parse(url.expose()).ok()?;
    if url.has_credentials() || !mask::query_secrets(&parsed).is_empty() {
        return None;
    }
    let message = "nothing authenticates Postmark: whoever knows the URL can post events to it";
    let Some(linted) = linted else {
        let fix = format!("put user:password@ into {INBOUND}: it has no other place for them");
        return Some(Problem::new(message, fix));
    };
    let webhook = &linted.webhook;
    if webhook.http_auth.is_some() || webhook.http_headers.iter().any(|h| may_be_secret(input, h)) {
        return None;
    }
    let fix = input.edit(
        webhook,
        "--username postmark --password env:HOOK_PASSWORD",
        "write HttpAuth: {Username: postmark, Password: \"${HOOK_PASSWORD}\"}",
    );
    Some(Problem::new(message, fix))
}

/// True if the name says so, or the value looks random.
fn may_be_secret(input: &LintInput, header: &HttpHeader) -> bool {
    header.is_secret() || input.is_unset(header.value.expose())
}

/// PM018.
pub(super) fn overridden(input: &LintInput, linted: &LintedWebhook) -> Option<Problem> {
    let webhook = &linted.webhook;
    let has_credentials = webhook.http_auth.is_some() || webhook.url.has_credentials();
    let is_reserved = |header: &&HttpHeader| {
        let name = header.name.to_ascii_lowercase();
        RESERVED_HEADERS.contains(&name.as_str())
            || name.starts_with("x-pm-")
            || (name == "authorization" && has_credentials)
    };
    let names: Vec<_> =
        webhook.http_headers.iter().filter(is_reserved).map(|h| h.name.as_str()).collect();
    if names.is_empty() {
        return None;
    }
    let flags: Vec<_> =
        names.iter().map(|name| format!("--remove-header {}", shell_words::quote(name))).collect();
    let names = names.join(", ");
    let fix = input.edit(webhook, &flags.join(" "), &format!("take {names} out of HttpHeaders"));
    Some(Problem::new(format!("it sets {names}, which Postmark sets itself"), fix))
}

/// PM020.
pub(super) fn weak(input: &LintInput, linted: &LintedWebhook) -> Option<Problem> {
    let auth = linted.webhook.http_auth.as_ref()?;
    let password = auth.password.expose();
    let is_weak = password.chars().count() < MIN_PASSWORD
        || password.eq_ignore_ascii_case(&auth.username)
        || COMMON_PASSWORDS.iter().any(|known| password.eq_ignore_ascii_case(known));
    if !is_weak || input.is_unset(password) {
        return None;
    }
    let message =
        "its HttpAuth password is short or well known, and the only thing that keeps others out";
    let username = shell_words::quote(&auth.username);
    let fix = input.edit(
        &linted.webhook,
        &format!("--username {username} --password env:HOOK_PASSWORD"),
        "give it a long random password: HttpAuth.Password: \"${HOOK_PASSWORD}\"",
    );
    Some(Problem::new(message, fix))
}

/// PM021.
pub(super) fn literals(input: &LintInput) -> Vec<Violation> {
    let LintSource::Manifest { literals, .. } = &input.source else { return Vec::new() };
    let violation = |(spot, path): &(_, String)| Violation {
        location: Location::File(Clone::clone(spot)),
        problem: Problem::new(
            format!("a secret stands here in clear: {path}"),
            "write a reference such as ${HOOK_PASSWORD} there, and set it where apply runs",
        ),
    };
    literals.iter().map(violation).collect()
}

/// PM017. Reported for every profile but the first.
pub(super) fn shared(inputs: &[LintInput]) -> Vec<(usize, Violation)> {
    let mut owners: HashMap<String, (usize, String)> = HashMap::new();
    let mut violations = Vec::new();
    for (at, input) in inputs.iter().enumerate().filter(|(_, input)| !input.is_manifest()) {
        for (index, linted) in input.webhooks.iter().enumerate() {
            let webhook = &linted.webhook;
            for (what, secret, flags) in secrets(webhook) {
                let owner = (at, format!("webhook {}{}", webhook.id, of_profile(input)));
                let (owner, other) = &*owners.entry(secret).or_insert(owner);
                if *owner != at {
                    let message = format!("{what} is the same as that of {other}");
                    let problem = Problem::new(message, input.edit(webhook, &flags, ""));
                    violations
                        .push((at, Violation { location: Location::Webhook(index), problem }));
                    break;
                }
            }
        }
    }
    violations
}

fn of_profile(input: &LintInput) -> String {
    input.profile.as_ref().map(|name| format!(" of profile {name}")).unwrap_or_default()
}

/// The secrets of a webhook: name, value, and the flags that change it.
fn secrets(webhook: &Webhook) -> Vec<(String, String, String)> {
    let mut secrets = Vec::new();
    if let Some(auth) = &webhook.http_auth {
        let username = shell_words::quote(&auth.username);
        secrets.push((
            "its HttpAuth password".to_owned(),
            auth.password.expose().to_owned(),
            format!("--username {username} --password env:HOOK_PASSWORD"),
        ));
    }
    for header in webhook.http_headers.iter().filter(|header| header.is_secret()) {
        secrets.push((
            format!("its header {}", header.name),
            header.value.expose().to_owned(),
            format!("--secret-header {}=env:HOOK_SECRET", shell_words::quote(&header.name)),
        ));
    }
    if let Ok(url) = Url::parse(webhook.url.expose()) {
        let password = url.password().map(ToOwned::to_owned);
        let in_url = password.into_iter().chain(mask::query_secrets(&url));
        secrets
            .extend(in_url.map(|secret| {
                ("the secret in its URL".to_owned(), secret, "--url URL".to_owned())
            }));
    }
    secrets.retain(|(_, secret, _)| !secret.is_empty());
    secrets
}
