//! Rules about what an endpoint can know Postmark by.

use std::collections::HashMap;

use url::Url;

use super::scene::{INBOUND, Scene, Source, Subject};
use super::{About, Hit, Said};
use crate::postmark::{HookUrl, HttpHeader, Webhook, mask};

/// Headers that Postmark, or the transport, sets itself.
const POSTMARKS: [&str; 9] = [
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

/// A password that is shorter than this can be guessed.
const SHORT: usize = 8;
const WELL_KNOWN: [&str; 12] = [
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

/// PM002. Any secret counts: HttpAuth, user:password@, a secret of the query, a header that may be one.
pub(super) fn none(scene: &Scene, url: &HookUrl, subject: Option<&Subject>) -> Option<Said> {
    let parsed = Url::parse(url.expose()).ok()?;
    if url.has_credentials() || !mask::query_secrets(&parsed).is_empty() {
        return None;
    }
    let message = "nothing authenticates Postmark: whoever knows the URL can post events to it";
    let Some(subject) = subject else {
        let fix = format!("put user:password@ into {INBOUND}: it has no other place for them");
        return Some((message.to_owned(), fix));
    };
    let webhook = &subject.webhook;
    if webhook.http_auth.is_some() || webhook.http_headers.iter().any(|h| may_be_secret(scene, h)) {
        return None;
    }
    let fix = scene.edit(
        webhook,
        "--username postmark --password env:HOOK_PASSWORD",
        "write HttpAuth: {Username: postmark, Password: \"${HOOK_PASSWORD}\"}",
    );
    Some((message.to_owned(), fix))
}

/// Its name says so, or its value looks made up by a machine.
fn may_be_secret(scene: &Scene, header: &HttpHeader) -> bool {
    let value = header.value.expose();
    let is_random = value.len() >= 16
        && !value.contains(char::is_whitespace)
        && value.contains(|c: char| c.is_ascii_digit())
        && value.contains(|c: char| c.is_ascii_alphabetic());
    mask::looks_secret(&header.name) || is_random || scene.is_unset(value)
}

/// PM018.
pub(super) fn overridden(scene: &Scene, subject: &Subject) -> Option<Said> {
    let webhook = &subject.webhook;
    let has_credentials = webhook.http_auth.is_some() || webhook.url.has_credentials();
    let is_postmarks = |header: &&HttpHeader| {
        let name = header.name.to_ascii_lowercase();
        POSTMARKS.contains(&name.as_str())
            || name.starts_with("x-pm-")
            || (name == "authorization" && has_credentials)
    };
    let names: Vec<_> =
        webhook.http_headers.iter().filter(is_postmarks).map(|h| h.name.as_str()).collect();
    if names.is_empty() {
        return None;
    }
    let flags: Vec<_> =
        names.iter().map(|name| format!("--remove-header {}", shell_words::quote(name))).collect();
    let names = names.join(", ");
    let fix = scene.edit(webhook, &flags.join(" "), &format!("take {names} out of HttpHeaders"));
    Some((format!("it sets {names}, which Postmark sets itself"), fix))
}

/// PM020.
pub(super) fn weak(scene: &Scene, subject: &Subject) -> Option<Said> {
    let auth = subject.webhook.http_auth.as_ref()?;
    let password = auth.password.expose();
    let is_weak = password.chars().count() < SHORT
        || password.eq_ignore_ascii_case(&auth.username)
        || WELL_KNOWN.iter().any(|known| password.eq_ignore_ascii_case(known));
    if !is_weak || scene.is_unset(password) {
        return None;
    }
    let message =
        "its HttpAuth password is short or well known, and the only thing that keeps others out";
    let username = shell_words::quote(&auth.username);
    let fix = scene.edit(
        &subject.webhook,
        &format!("--username {username} --password env:HOOK_PASSWORD"),
        "give it a long random password: HttpAuth.Password: \"${HOOK_PASSWORD}\"",
    );
    Some((message.to_owned(), fix))
}

/// PM021.
pub(super) fn literals(scene: &Scene) -> Vec<Hit> {
    let Source::Manifest { literals, .. } = &scene.source else { return Vec::new() };
    let hit = |(spot, problem): &(_, String)| Hit {
        about: About::Place(Clone::clone(spot)),
        said: (
            format!(
                "a secret stands here in clear: {}",
                problem.split(" holds ").next().unwrap_or_default()
            ),
            "write a reference such as ${HOOK_PASSWORD} there, and set it where apply runs"
                .to_owned(),
        ),
    };
    literals.iter().map(hit).collect()
}

/// PM017. The first profile may keep its secret; it is found at those that share it.
pub(super) fn shared(scenes: &[Scene]) -> Vec<(usize, Hit)> {
    let mut first: HashMap<String, (usize, String)> = HashMap::new();
    let mut hits = Vec::new();
    for (at, scene) in scenes.iter().enumerate().filter(|(_, scene)| !scene.is_manifest()) {
        for (index, subject) in scene.subjects.iter().enumerate() {
            let webhook = &subject.webhook;
            for (what, secret, flags) in secrets(webhook) {
                let owner = (at, format!("webhook {}{}", webhook.id, of(scene)));
                let (owner, other) = &*first.entry(secret).or_insert(owner);
                if *owner != at {
                    let message = format!("{what} is the same as that of {other}");
                    let said = (message, scene.edit(webhook, &flags, ""));
                    hits.push((at, Hit { about: About::Webhook(index), said }));
                    break;
                }
            }
        }
    }
    hits
}

fn of(scene: &Scene) -> String {
    scene.profile.as_ref().map(|name| format!(" of profile {name}")).unwrap_or_default()
}

/// The secrets of a webhook: what each is, itself, and the flags that change it.
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
    for header in webhook.http_headers.iter().filter(|h| mask::looks_secret(&h.name)) {
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
