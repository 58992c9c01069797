//! What `-v` tells of requests, and what is said while one is waited for. Secrets are masked here whatever
//! `--show-secrets` says: a trace is pasted into tickets.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use zeroize::Zeroizing;

use crate::http::client::{Event, Observer, Request};
use crate::postmark::{MASK, Reveal, mask};
use crate::term::{Ui, text};

/// Headers of answers that may carry a secret.
const SECRET_ANSWERS: [&str; 4] =
    ["set-cookie", "www-authenticate", "proxy-authenticate", "location"];

/// How much of a JSON body is shown, in characters: all but attachments.
const LONGEST_BODY: usize = 64 * 1024;

/// An observer that tells the user.
pub(super) fn observer(ui: Arc<Ui>) -> Observer {
    // Whoever is told a secret may echo it, and so may whoever knows it without being told.
    let told = Mutex::new(Vec::new());
    Arc::new(move |event| match event {
        Event::Sending(request) if ui.settings.verbose > 0 => {
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            remember(request, &mut told);
            let url = mask::url(request.url.as_str()).into_owned();
            let secrets = told.iter().map(|s| s.as_str());
            let url = if request.is_redirected { mask::scrub(&url, secrets) } else { url };
            drop(told);
            sending(&ui, request, &url);
        }
        Event::Received { response: answer, took } if ui.settings.verbose > 0 => {
            let secrets = told.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let scrubbed = |text: &str| mask::scrub(text, secrets.iter().map(|s| s.as_str()));
            let (status, bytes, ms) = (answer.status, answer.body.len(), took.as_millis());
            ui.trace(&format!("< {status} in {ms} ms, {bytes} bytes"));
            if ui.settings.verbose > 1 {
                for (name, value) in &answer.headers {
                    let is_secret = SECRET_ANSWERS.contains(&name.as_str());
                    let value = scrubbed(value);
                    let value = if is_secret { MASK.into() } else { mask::text(&value) };
                    ui.trace(&format!("< {name}: {value}"));
                }
                body(&ui, '<', scrubbed(&String::from_utf8_lossy(&answer.body)).as_bytes());
            }
        }
        Event::Waiting { wait, reason, retry, of } => {
            let seconds = wait.as_secs_f32();
            ui.note(&format!("{reason}; trying again in {seconds:.1} s ({retry} of {of})"));
        }
        Event::Sending(_) | Event::Received { .. } => {}
    })
}

fn sending(ui: &Ui, request: &Request, url: &str) {
    ui.trace(&format!("> {} {url}", request.method.as_str()));
    if ui.settings.verbose > 1 {
        for header in &request.headers {
            let value = if header.secret { MASK } else { header.value.as_str() };
            ui.trace(&format!("> {}: {value}", header.name));
        }
        body(ui, '>', request.body.as_deref().unwrap_or_default());
    }
}

/// Adds the secrets of a request to those that were told before.
fn remember(request: &Request, told: &mut Vec<Zeroizing<String>>) {
    let headers = request.headers.iter().filter(|header| header.secret);
    let queries = mask::query_secrets(&request.url).into_iter().map(Zeroizing::new);
    for secret in headers.map(|header| header.value.clone()).chain(queries) {
        if !told.contains(&secret) {
            told.push(secret);
        }
    }
}

fn body(ui: &Ui, direction: char, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let page = String::from_utf8_lossy(bytes);
    let shown = match serde_json::from_str::<Value>(&page) {
        Ok(mut value) => {
            mask::value(&mut value, Reveal::Masked);
            text::excerpt(&value.to_string(), LONGEST_BODY)
        }
        // Where the secrets stand in it cannot be told.
        Err(_)
            if page.trim_start_matches(['\u{feff}', ' ', '\r', '\n']).starts_with(['{', '[']) =>
        {
            "(broken JSON)".to_owned()
        }
        Err(_) => text::excerpt(&mask::text(&page), 500),
    };
    ui.trace(&format!("{direction} {shown}"));
}
