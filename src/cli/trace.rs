//! Trace of `-v`, and the note while a request waits for its retry.
//!
//! Secrets are masked whatever `--show-secrets` says: traces are pasted into tickets.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use crate::http::client::{Event, Observer, Request};
use crate::postmark::{MASK, Reveal, Secrets, mask};
use crate::term::{Ui, text};

/// Response headers that are masked whole.
const SECRET_HEADERS: [&str; 3] = ["set-cookie", "www-authenticate", "proxy-authenticate"];

/// Longest part of a JSON body that is shown, in characters: everything but attachments.
const LONGEST_BODY: usize = 64 * 1024;

/// Observer that registers the secrets of each request, and traces it where `-v` asks for that.
pub(super) fn observer(ui: Arc<Ui>) -> Observer {
    Arc::new(move |event| match event {
        Event::Sending(request) => {
            register(request);
            if ui.settings.verbose > 0 {
                sending(&ui, request);
            }
        }
        Event::Received { response, took } if ui.settings.verbose > 0 => {
            let (status, bytes, ms) = (response.status, response.body.len(), took.as_millis());
            ui.trace(&format!("< {status} in {ms} ms, {bytes} bytes"));
            if ui.settings.verbose > 1 {
                // Before any of it is shown: a response may repeat its own secrets.
                if let Ok(document) = serde_json::from_slice(&response.body) {
                    mask::register_secrets(&document);
                }
                for (name, value) in &response.headers {
                    let is_secret = SECRET_HEADERS.contains(&name.as_str());
                    let value = if is_secret { MASK.into() } else { outside(value) };
                    ui.trace(&format!("< {name}: {value}"));
                }
                body(&ui, '<', &response.body);
            }
        }
        Event::Waiting { wait, reason, retry, of } => {
            let seconds = wait.as_secs_f32();
            ui.note(&format!("{reason}; trying again in {seconds:.1} s ({retry} of {of})"));
        }
        Event::Received { .. } => {}
    })
}

/// Whoever gets a request may repeat its secrets.
fn register(request: &Request) {
    let secrets = Secrets::of_run();
    secrets.add_url(&request.url);
    for header in request.headers.iter().filter(|header| header.secret) {
        if header.name.to_ascii_lowercase().ends_with("-token") {
            secrets.add_token(&header.value);
        } else {
            secrets.add_header(&header.value);
        }
    }
}

fn sending(ui: &Ui, request: &Request) {
    let url = mask::url(request.url.as_str());
    // The target of a redirect is the word of an endpoint.
    let url = if request.is_redirected { outside(&url).into_owned() } else { url.into_owned() };
    ui.trace(&format!("> {} {url}", request.method.as_str()));
    if ui.settings.verbose > 1 {
        for header in &request.headers {
            let value = if header.secret { MASK } else { header.value.as_str() };
            ui.trace(&format!("> {}: {value}", header.name));
        }
        body(ui, '>', request.body.as_deref().unwrap_or_default());
    }
}

/// [`mask::outside`], also with `--show-secrets`.
fn outside(written: &str) -> Cow<'_, str> {
    match Secrets::of_run().mask_always(written) {
        Cow::Borrowed(_) => mask::text(written),
        Cow::Owned(masked) => Cow::Owned(mask::text(&masked).into_owned()),
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
            mask_texts(&mut value);
            text::excerpt(&outside(&value.to_string()), LONGEST_BODY)
        }
        // The positions of its secrets are not known.
        Err(_)
            if page.trim_start_matches(['\u{feff}', ' ', '\r', '\n']).starts_with(['{', '[']) =>
        {
            "(broken JSON)".to_owned()
        }
        Err(_) => text::excerpt(&outside(start(&page)), 500),
    };
    ui.trace(&format!("{direction} {shown}"));
}

/// Masks every text below, decoded.
fn mask_texts(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(masked) = outside(text) {
                *text = masked;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask_texts),
        Value::Object(object) => object.values_mut().for_each(mask_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The start of a page, long enough for what is shown of it.
fn start(page: &str) -> &str {
    let end = page.char_indices().nth(8 * 1024).map_or(page.len(), |(at, _)| at);
    page.get(..end).unwrap_or(page)
}
