//! The command that posts the same with curl. Secrets are shell variables in it, never in clear.

use super::{Endpoint, Post};
use crate::postmark::{MASK, mask};

/// A command line, and the variables that must be set for it.
#[derive(Clone, Debug)]
pub struct Command {
    /// For a POSIX shell, over several lines.
    pub text: String,
    /// The names of the variables in it.
    pub variables: Vec<String>,
}

/// The command that posts an event to an endpoint.
pub fn command(endpoint: &Endpoint, post: &Post) -> Command {
    let mut variables = Vec::new();
    let url = in_pieces(&mask::url(endpoint.url.as_str()), &mut variables);
    let mut lines = vec![format!("curl --silent --show-error --globoff {url}")];
    for header in endpoint.headers(post, true) {
        let is_basic = endpoint.auth.is_some() && header.name == "Authorization";
        lines.push(match (&endpoint.auth, header.secret) {
            (Some(auth), _) if is_basic => {
                let user = quoted(&format!("{}:", auth.username));
                format!("  --user {user}{}", variable("HOOK_PASSWORD", &mut variables))
            }
            (_, true) => {
                let word: String = header.name.chars().map(word_character).collect();
                let value = variable(&format!("HOOK_{word}"), &mut variables);
                format!("  --header {}{value}", quoted(&format!("{}: ", header.name)))
            }
            (_, false) => {
                format!("  --header {}", quoted(&format!("{}: {}", header.name, *header.value)))
            }
        });
    }
    let body = String::from_utf8_lossy(&post.body);
    // A delimiter that no line of the body is.
    let mut end = "EVENT".to_owned();
    while body.lines().any(|line| line == end) {
        end.push('_');
    }
    lines.push(format!("  --data-binary @- <<'{end}'"));
    let text = format!("{}\n{}\n{end}\n", lines.join(" \\\n"), body.trim_end_matches('\n'));
    Command { text, variables }
}

fn word_character(c: char) -> char {
    if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }
}

/// `"$NAME"`; a name that is taken gets a number.
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

/// A masked text, a variable in each mask's place.
fn in_pieces(masked: &str, variables: &mut Vec<String>) -> String {
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
