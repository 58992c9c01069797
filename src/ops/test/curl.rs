//! The curl command that posts the same request. Secrets become shell variables.

use super::{Endpoint, OutgoingEvent};
use crate::postmark::{MASK, mask};

/// A command for a POSIX shell.
#[derive(Clone, Debug)]
pub(crate) struct CurlCommand {
    /// The command, over several lines.
    pub(crate) text: String,
    /// Names of the shell variables that must be set first.
    pub(crate) variables: Vec<String>,
}

/// Renders the request that posts an event to an endpoint.
pub(crate) fn command(endpoint: &Endpoint, event: &OutgoingEvent) -> CurlCommand {
    let mut variables = Vec::new();
    let url = with_variables(&mask::url(endpoint.url.as_str()), &mut variables);
    let mut lines = vec![format!("curl --silent --show-error --globoff {url}")];
    for header in endpoint.headers(event, true) {
        let is_basic = endpoint.auth.is_some() && header.name == "Authorization";
        lines.push(match (&endpoint.auth, header.secret) {
            (Some(auth), _) if is_basic => {
                let user = quoted(&format!("{}:", auth.username));
                format!("  --user {user}{}", variable("HOOK_PASSWORD", &mut variables))
            }
            (_, true) => {
                let word: String = header.name.chars().map(variable_character).collect();
                let value = variable(&format!("HOOK_{word}"), &mut variables);
                format!("  --header {}{value}", quoted(&format!("{}: ", header.name)))
            }
            (_, false) => {
                format!("  --header {}", quoted(&format!("{}: {}", header.name, *header.value)))
            }
        });
    }
    let body = String::from_utf8_lossy(&event.body);
    // The delimiter must not be a line of the body.
    let mut delimiter = "EVENT".to_owned();
    while body.lines().any(|line| line == delimiter) {
        delimiter.push('_');
    }
    lines.push(format!("  --data-binary @- <<'{delimiter}'"));
    let body = body.trim_end_matches('\n');
    let text = format!("{}\n{body}\n{delimiter}\n", lines.join(" \\\n"));
    CurlCommand { text, variables }
}

fn variable_character(c: char) -> char {
    if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }
}

/// `"$NAME"`, numbered if the name is taken.
fn variable(name: &str, variables: &mut Vec<String>) -> String {
    let mut free = name.to_owned();
    let mut number = 2;
    while variables.contains(&free) {
        free = format!("{name}_{number}");
        number += 1;
    }
    let text = format!("\"${free}\"");
    variables.push(free);
    text
}

/// Replaces each mask with a variable and quotes the rest.
fn with_variables(masked: &str, variables: &mut Vec<String>) -> String {
    let mut text = String::new();
    for (index, piece) in masked.split(MASK).enumerate() {
        if index > 0 {
            text.push_str(&variable("HOOK_URL_SECRET", variables));
        }
        if !piece.is_empty() {
            text.push_str(&quoted(piece));
        }
    }
    text
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
