//! Masking by position: HttpAuth passwords, values of secret headers, tokens, secrets in URLs.
//!
//! Text in other positions is searched for secrets by value: [`Secrets`].

use std::borrow::Cow;
use std::iter;
use std::ops::Range;

use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::Url;

use super::{Object, Secret, Secrets};

/// What stands in place of a secret, whatever its length.
pub const MASK: &str = "********";

/// Visibility of the secrets of webhooks and URLs. Tokens are never shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reveal {
    /// Masked.
    #[default]
    Masked,
    /// In clear.
    Shown,
}

/// Parts of names of query keys and headers whose value is a secret.
const SECRET_WORDS: [&str; 19] = [
    "token", "secret", "pass", "pwd", "key", "auth", "sig", "cred", "session", "jwt", "hmac",
    "hash", "bearer", "private", "cookie", "hook-id", "hook_id", "hookid", "csrf",
];

/// Whole names of query keys and headers whose value is a secret.
const SECRET_KEYS: [&str; 5] = ["code", "sid", "pin", "pw", "otp"];

/// Keys of Postmark's objects whose text is never searched for secrets.
const PLAIN_KEYS: [&str; 5] = ["username", "messagestream", "status", "triggertype", "recordtype"];

/// Keys that are added to an object of Postmark's.
const OWN_KEYS: [&str; 6] = ["profile", "dryrun", "findings", "changes", "results", "statistics"];

/// Author of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Author {
    /// This program: only URLs are masked.
    Own,
    /// Postmark: secrets are searched for.
    Postmark,
    /// Any: what is masked depends on the position alone, and so is the same in every run.
    Any,
}

/// Masks the secrets of a document, at any depth: by the documented keys of Postmark's objects, in URLs,
/// and, in the text of these objects, by value.
pub fn value(value: &mut Value, reveal: Reveal) {
    mask_value(value, reveal, Author::Own);
}

/// [`value`], for an object.
pub fn object(object: &mut Object, reveal: Reveal) {
    mask_object(object, reveal, Author::Own);
}

/// [`object`], for an object of which Postmark wrote every text.
pub(super) fn postmarks_object(object: &mut Object) {
    mask_object(object, Reveal::Masked, Author::Postmark);
}

/// Masks an object of Postmark's for comparing it with that of another run: by position alone, and every
/// header, whatever it holds.
pub fn for_comparison(object: &mut Object) {
    mask_object(object, Reveal::Masked, Author::Any);
}

fn mask_value(value: &mut Value, reveal: Reveal, author: Author) {
    match value {
        Value::Object(object) => mask_object(object, reveal, author),
        Value::Array(items) => items.iter_mut().for_each(|item| mask_value(item, reveal, author)),
        Value::String(text) if reveal == Reveal::Masked => {
            let masked = match author {
                Author::Own | Author::Any => self::text(text),
                Author::Postmark => outside(text),
            };
            if let Cow::Owned(masked) = masked {
                *text = masked;
            }
        }
        _ => {}
    }
}

fn mask_object(object: &mut Object, reveal: Reveal, author: Author) {
    let is_postmarks = author != Author::Any && is_postmarks(object);
    let author = if is_postmarks { Author::Postmark } else { author };
    for (key, inner) in object.iter_mut() {
        let key = key.to_ascii_lowercase();
        match key.as_str() {
            "apitokens" | "apitoken" | "token" => hide(inner),
            "httpauth" if reveal == Reveal::Masked => http_auth(inner),
            "httpheaders" if reveal == Reveal::Masked => http_headers(inner, author),
            "password" | "secret" if reveal == Reveal::Masked => hide(inner),
            _ if reveal == Reveal::Masked && key.ends_with("url") => mask_url(inner),
            plain if PLAIN_KEYS.contains(&plain) && inner.is_string() => {}
            own if OWN_KEYS.contains(&own) && is_postmarks => {
                mask_value(inner, reveal, Author::Own);
            }
            _ => mask_value(inner, reveal, author),
        }
    }
}

/// True for a webhook, a server and a message stream.
fn is_postmarks(object: &Object) -> bool {
    let has = |key| object.contains_key(key);
    has("Triggers") && has("Url") || has("ApiTokens") || has("MessageStreamType")
}

fn http_auth(auth: &mut Value) {
    let Value::Object(auth) = auth else { return hide(auth) };
    auth.iter_mut()
        .filter(|(key, _)| !key.eq_ignore_ascii_case("username"))
        .for_each(|(_, v)| hide(v));
}

fn http_headers(headers: &mut Value, author: Author) {
    let Value::Array(headers) = headers else { return hide(headers) };
    for header in headers {
        let Value::Object(header) = header else {
            hide(header);
            continue;
        };
        let is_key = |key: &str, name: &str| key.eq_ignore_ascii_case(name);
        let text = |name: &str| {
            let found = header.iter().find(|(key, _)| is_key(key, name));
            found.and_then(|(_, value)| value.as_str()).map(str::to_owned)
        };
        let is_shown = match (text("name"), text("value")) {
            (Some(name), Some(value)) => author != Author::Any && !is_secret_header(&name, &value),
            _ => false,
        };
        for (key, inner) in header.iter_mut().filter(|(key, _)| !is_key(key, "name")) {
            match inner {
                Value::String(text) if is_shown && is_key(key, "value") => {
                    if let Cow::Owned(masked) = outside(text) {
                        *text = masked;
                    }
                }
                _ => hide(inner),
            }
        }
    }
}

/// True if the value of a header is a secret: its name says so, or it holds a run of at least 16
/// characters that mixes letters and digits, as tokens do.
pub fn is_secret_header(name: &str, value: &str) -> bool {
    looks_secret(name) || looks_random(value)
}

/// True if a text could be a token: a UUID, or a run of at least 16 characters that mixes letters and
/// digits and is not made of words.
pub fn looks_random(value: &str) -> bool {
    looks_like_uuid(value) || has_random_run(value)
}

/// Masks every word of a text that could be a token: for messages that repeat what a user wrote.
pub fn without_tokens(text: &str) -> Cow<'_, str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let (mut found, mut start) = (Vec::new(), 0);
    for word in text.split(|c| !is_part(c)) {
        // The split took one character away, which may be longer than a byte.
        start += text.get(start..).and_then(|rest| rest.find(word)).unwrap_or_default();
        if looks_random(word) {
            found.push(start..start + word.len());
        }
        start += word.len();
    }
    hidden(text, found)
}

/// True for a UUID, which is what Postmark's tokens are.
pub fn looks_like_uuid(text: &str) -> bool {
    let mut parts = text.split('-');
    [8, 4, 4, 4, 12].into_iter().all(|length| {
        let is_hex = |part: &str| part.bytes().all(|b| b.is_ascii_hexdigit());
        parts.next().is_some_and(|part| part.len() == length && is_hex(part))
    }) && parts.next().is_none()
}

fn has_random_run(value: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+/=_-~".contains(c);
    value.split(|c| !is_part(c)).any(|run| {
        let has = |is: fn(&u8) -> bool| run.bytes().any(|b| is(&b));
        let mixes = has(u8::is_ascii_alphabetic) && has(u8::is_ascii_digit);
        run.len() >= 16 && mixes && !is_made_of_words(run)
    })
}

/// True for `eu-west-1` and `v2/production`: words, and numbers of at most three digits.
fn is_made_of_words(run: &str) -> bool {
    run.split(['-', '_', '/', '+', '=', '~']).all(|part| {
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        let is_word = digits == 0 && part.len() < 16;
        is_word || part.len() <= 3
    })
}

fn mask_url(url: &mut Value) {
    if let Value::String(text) = url {
        *text = self::url(text).into_owned();
    }
}

/// Masks every string and number below. Empty strings and nulls show that nothing is set.
fn hide(value: &mut Value) {
    match value {
        Value::String(text) if text.is_empty() => {}
        Value::String(_) | Value::Number(_) => *value = Value::from(MASK),
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Object(object) => object.iter_mut().for_each(|(_, inner)| hide(inner)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// Masks the password and the secret query values of a URL, and changes nothing else in it.
///
/// Keys are decoded as a server would, and the host is found as lenient parsers do.
pub fn url(text: &str) -> Cow<'_, str> {
    masked_url(text, true)
}

fn masked_url(text: &str, are_values_urls: bool) -> Cow<'_, str> {
    let Some(start) = authority_start(text) else { return Cow::Borrowed(text) };
    let (scheme, rest) = text.split_at(start);
    let (authority, tail) = if let Some(password) = password_in(rest, false) {
        let tail = rest.get(password.end..).unwrap_or_default();
        let (host, tail) = split_before(tail, ['/', '?', '#', '\\']);
        (format!("{}{MASK}{host}", rest.get(..password.start).unwrap_or_default()), tail)
    } else {
        let (authority, tail) = split_before(rest, ['/', '?', '#', '\\']);
        (authority.to_owned(), tail)
    };
    let (path, query) = split_before(tail, ['?', '#']);
    let (path, query) = (mask_path(path), mask_query(query, are_values_urls));
    let masked = format!("{scheme}{authority}{path}{query}");
    if masked == text { Cow::Borrowed(text) } else { Cow::Owned(masked) }
}

/// Start of a URL's user or host. Parsers of the web need no slash after `https:`, and take any number of
/// either kind.
fn authority_start(text: &str) -> Option<usize> {
    let is_web = |scheme: &str| {
        let scheme = scheme.trim_start_matches(|c: char| c <= ' ');
        scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
    };
    let scheme = match text.split_once(':') {
        Some((scheme, _)) if is_web(scheme) => scheme.len() + 1,
        _ => text.find("://").map(|at| at + 3).or_else(|| text.starts_with("//").then_some(2))?,
    };
    let slashes = |c: char| matches!(c, '/' | '\\' | '\t' | '\r' | '\n');
    Some(text.len() - text.get(scheme..)?.trim_start_matches(slashes).len())
}

/// The password in text that starts with `user:password@host`, also one that holds a space, a quote or a
/// slash, which no parser would accept. A sentence may go on with other words.
fn password_in(text: &str, is_sentence: bool) -> Option<Range<usize>> {
    let line = if is_sentence { text.split('\n').next()? } else { text };
    let (segment, _) = split_before(line, ['/', '?', '#', '\\']);
    if segment.starts_with('[') {
        return None;
    }
    let end = segment.rfind('@');
    let colon = segment.get(..end.unwrap_or(segment.len()))?.find(':')?;
    if is_sentence && segment.get(..colon)?.contains(char::is_whitespace) {
        return None;
    }
    let start = colon + 1;
    let after = text.get(start..)?;
    let behind_digits = after.trim_start_matches(|c: char| c.is_ascii_digit());
    let ends_port = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '\\' | ',' | ')');
    let is_port = behind_digits.is_empty() || behind_digits.starts_with(ends_port);
    match end {
        Some(end) if end == start => None,
        Some(_) if is_sentence && after.starts_with(char::is_whitespace) => None,
        Some(_) if is_sentence && is_port && behind_digits.starts_with(char::is_whitespace) => None,
        Some(end) => Some(start..end),
        None if is_port => None,
        None => {
            let word = after.split(char::is_whitespace).next()?;
            word.rfind('@').filter(|at| *at > 0).map(|at| start..start + at)
        }
    }
}

/// Masks path parameters: `/p;token=...`.
fn mask_path(path: &str) -> Cow<'_, str> {
    if !path.contains(';') {
        return Cow::Borrowed(path);
    }
    let parts = path.split_inclusive([';', '/']);
    let ends = [';', '/'];
    let masked =
        parts.map(|part| mask_pair(part, &ends, false).map_or(Cow::Borrowed(part), Cow::Owned));
    Cow::Owned(masked.collect())
}

/// Text that Postmark or an endpoint wrote: secrets by value, then what [`text`] masks.
pub fn outside(written: &str) -> Cow<'_, str> {
    match Secrets::of_run().mask(written) {
        Cow::Borrowed(_) => text(written),
        Cow::Owned(masked) => Cow::Owned(text(&masked).into_owned()),
    }
}

/// Masks what [`url`] masks in every URL of a text, and passwords and secret values in what only looks
/// like a URL or JSON: `user:password@host`, `{"token":"..."}`.
pub fn text(sentence: &str) -> Cow<'_, str> {
    if !sentence.contains([':', '=']) {
        return Cow::Borrowed(sentence);
    }
    let passwords = mask_passwords(sentence);
    let members = mask_members(&passwords);
    let ends_url = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`');
    let mut masked = String::with_capacity(members.len());
    for piece in members.split_inclusive(ends_url) {
        let word = piece.trim_end_matches(ends_url);
        masked.push_str(&url(word));
        masked.push_str(piece.get(word.len()..).unwrap_or_default());
    }
    if masked == sentence { Cow::Borrowed(sentence) } else { Cow::Owned(masked) }
}

/// Masks the password of every `//user:password@host` and `user:password@host`.
fn mask_passwords(text: &str) -> Cow<'_, str> {
    if !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let mut found: Vec<Range<usize>> = Vec::new();
    for slashes in ["//", "\\/\\/"] {
        for (at, _) in text.match_indices(slashes) {
            let start = at + slashes.len();
            let password = text.get(start..).and_then(|text| password_in(text, true));
            found.extend(password.map(|p| start + p.start..start + p.end));
        }
    }
    // Without a scheme, a password ends a word.
    let starts_word = |c: char| c.is_whitespace() || "\"'<>()[]{},;=".contains(c);
    for (at, _) in text.match_indices('@') {
        let before = text.get(..at).unwrap_or_default();
        let start = before.rfind(starts_word).map_or(0, |i| {
            i + before.get(i..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
        });
        let word = before.get(start..).unwrap_or_default();
        let host = text.get(at + 1..).unwrap_or_default();
        let is_host = host.starts_with(|c: char| c.is_alphanumeric() || c == '[');
        let Some((user, password)) = word.split_once(':').filter(|_| is_host) else { continue };
        if user.is_empty()
            || user.contains('/')
            || password.starts_with(['/', '\\'])
            || password.is_empty()
        {
            continue;
        }
        if !user.eq_ignore_ascii_case("mailto") {
            found.push(start + user.len() + 1..at);
        }
    }
    hidden(text, found)
}

/// Masks the values of members of JSON objects whose key looks secret.
fn mask_members(text: &str) -> Cow<'_, str> {
    let mut found = Vec::new();
    for quote in ["\"", "\\\"", "'"] {
        let mut at = 0;
        while let Some(end) = text.get(at..).and_then(|rest| rest.find(quote)).map(|i| at + i) {
            at = end + quote.len();
            let rest = text.get(at..).unwrap_or_default();
            let behind = rest.trim_start();
            let Some(value) = behind.strip_prefix(':').map(str::trim_start) else { continue };
            let Some(value) = value.strip_prefix(quote) else { continue };
            let before = text.get(..end).unwrap_or_default();
            let key = before.rfind(quote).map(|i| i + quote.len()).and_then(|i| before.get(i..));
            if !key.is_some_and(looks_secret) {
                continue;
            }
            let start = text.len() - value.len();
            let length = value_end(value, quote);
            found.extend((length > 0).then_some(start..start + length));
        }
    }
    hidden(text, found)
}

/// Length of a string up to its closing quote.
fn value_end(value: &str, quote: &str) -> usize {
    let mut from = 0;
    while let Some(at) = value.get(from..).and_then(|rest| rest.find(quote)).map(|i| from + i) {
        let escapes = value.get(..at).map_or(0, |v| v.len() - v.trim_end_matches('\\').len());
        // In JSON within JSON, an escaped quote has three backslashes, one of which is part of `quote`.
        if escapes % (2 * quote.len()) == 0 {
            return at;
        }
        from = at + quote.len();
    }
    value.len()
}

fn hidden(text: &str, mut ranges: Vec<Range<usize>>) -> Cow<'_, str> {
    if ranges.is_empty() {
        return Cow::Borrowed(text);
    }
    ranges.sort_by_key(|range| (range.start, range.end));
    let (mut masked, mut end) = (String::with_capacity(text.len()), 0);
    for range in ranges {
        if range.start >= end {
            masked.push_str(text.get(end..range.start).unwrap_or_default());
            masked.push_str(MASK);
        }
        end = end.max(range.end);
    }
    masked.push_str(text.get(end..).unwrap_or_default());
    Cow::Owned(masked)
}

/// Registers the secrets of a document of Postmark's, by their position: what else it says may repeat them.
pub fn register_secrets(value: &Value) {
    let secrets = Secrets::of_run();
    match value {
        Value::Array(items) => items.iter().for_each(register_secrets),
        Value::Object(object) => {
            let text = |key: &str| {
                let found = object.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
                found.and_then(|(_, value)| value.as_str())
            };
            match (text("name"), text("value")) {
                (Some(name), Some(value)) if is_secret_header(name, value) => {
                    secrets.add_header(value);
                }
                _ => {}
            }
            for (key, inner) in object {
                match (key.to_ascii_lowercase().as_str(), inner) {
                    ("password", Value::String(password)) => secrets.add(password),
                    ("apitokens", Value::Array(tokens)) => {
                        tokens.iter().filter_map(Value::as_str).for_each(|t| secrets.add_token(t));
                    }
                    (key, Value::String(url)) if key.ends_with("url") => {
                        if let Ok(url) = Url::parse(url) {
                            secrets.add_url(&url);
                        }
                    }
                    _ => register_secrets(inner),
                }
            }
        }
        _ => {}
    }
}

/// Characters from which on a secret is found anywhere. A shorter one is found as a whole word.
pub const LONG: usize = 6;

/// Masks these secrets in a text, in every spelling.
pub fn values<'a>(text: &'a str, secrets: &[Secret]) -> Cow<'a, str> {
    let registry = Secrets::default();
    for secret in secrets {
        registry.add(secret.expose());
    }
    registry.mask(text)
}

/// Query values of a URL that look like secrets.
pub fn query_secrets(url: &Url) -> Vec<String> {
    let pairs = url.query_pairs().filter(|(key, value)| looks_secret(key) && !value.is_empty());
    pairs.map(|(_, value)| value.into_owned()).collect()
}

fn split_before<const N: usize>(text: &str, stops: [char; N]) -> (&str, &str) {
    text.split_at(text.find(stops).unwrap_or(text.len()))
}

/// Servers split a query at `&`, some at `;` too: a value is masked if either reading makes it a secret.
fn mask_query(query: &str, are_values_urls: bool) -> String {
    let (mark, query) = query.split_at(query.len().min(1));
    let shown = query.split_inclusive(['&', '#']).map(|piece| {
        mask_pair(piece, &['&', '#'], are_values_urls).unwrap_or_else(|| {
            let parts = piece.split_inclusive([';', '?']);
            parts
                .map(|part| {
                    mask_pair(part, &['&', ';', '?', '#'], are_values_urls)
                        .map_or(Cow::Borrowed(part), Cow::Owned)
                })
                .collect()
        })
    });
    iter::once(mark.to_owned()).chain(shown).collect()
}

/// A key and its value, up to what ends them, if there is something to mask.
fn mask_pair(piece: &str, ends: &[char], are_values_urls: bool) -> Option<String> {
    let (pair, end) = piece.split_at(piece.trim_end_matches(ends).len());
    let (key, value) = pair.split_once('=').filter(|(_, value)| !value.is_empty())?;
    let shown = if looks_secret(&decoded(key)) {
        MASK.to_owned()
    } else {
        are_values_urls.then(|| mask_query_value(value))??
    };
    Some(format!("{key}={shown}{end}"))
}

/// What is shown in place of a value that is itself a URL or JSON with a secret.
fn mask_query_value(value: &str) -> Option<String> {
    if let Cow::Owned(masked) = masked_url(value, false) {
        return Some(masked);
    }
    let plain = decoded(value);
    let is_secret = matches!(masked_url(&plain, false), Cow::Owned(_))
        || matches!(mask_members(&plain), Cow::Owned(_));
    is_secret.then(|| MASK.to_owned())
}

/// A part of a query as a server reads it.
fn decoded(text: &str) -> String {
    let mut plain = percent_decode_str(text).decode_utf8_lossy().into_owned();
    plain.retain(|c| !matches!(c, '\t' | '\r' | '\n'));
    plain
}

/// True if the name of a query key or a header suggests that its value is a secret.
pub fn looks_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET_KEYS.contains(&key.as_str()) || SECRET_WORDS.iter().any(|word| key.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_url_keeps_everything_but_its_secrets() {
        for (given, shown) in [
            ("https://h/p?a=1&b=2#f", "https://h/p?a=1&b=2#f"),
            ("https://user:pw@h:8/p", "https://user:********@h:8/p"),
            ("https://u:p@ss:w@h/", "https://u:********@h/"),
            ("https://h/?key=K&x=1&Api_Key=Z", "https://h/?key=********&x=1&Api_Key=********"),
            ("https://h?access_token=T#token=T", "https://h?access_token=********#token=********"),
            ("https://h/?token=", "https://h/?token="),
            // As a server reads it: decoded, and past what a URL parser drops.
            (
                "https://h/?%74oken=T&a%5Bpass%5D=T",
                "https://h/?%74oken=********&a%5Bpass%5D=********",
            ),
            ("https://h/?to\tken=T", "https://h/?to\tken=********"),
            ("https:///u:p@h/?a=1", "https:///u:********@h/?a=1"),
            ("https:\\/u:p@h/", "https:\\/u:********@h/"),
            ("HTTPS:u:p@h/?key=K", "HTTPS:u:********@h/?key=********"),
            ("https://h/?to=http://u:p@i/", "https://h/?to=http://u:********@i/"),
            ("https://h/?to=http%3A%2F%2Fu%3Ap%40i", "https://h/?to=********"),
            ("https://h/?to=http%3A//u:p@i&b=1", "https://h/?to=********&b=1"),
            ("https://h/?to=http%3A%2F%2Fi%2F%3Fkey%3DK", "https://h/?to=********"),
            ("not a url ?key=K", "not a url ?key=K"),
        ] {
            assert_eq!(url(given), shown);
        }
    }

    #[test]
    fn a_parser_finds_no_secret_in_a_masked_url() {
        let pieces = [
            "https:",
            "HTTP:",
            "//",
            "/",
            "\\",
            ":",
            "@",
            "?",
            "#",
            "&",
            ";",
            "=",
            "user",
            "swordfish",
            "token",
            "%74oken",
            "to\tken",
            "+key",
            "%2526",
            "%3D",
            "%3A",
            "%2F",
            "a",
            "é",
            "%",
            "%zz",
            ".",
        ];
        let mut random = fastrand::Rng::with_seed(11);
        let mut hidden = 0;
        for _ in 0..20_000 {
            let starts = ["https://", "http:", "https:///u:", "https://h?", "https://h/?token"];
            let mut given = starts[random.usize(..starts.len())].to_owned();
            (0..random.usize(1..12)).for_each(|_| given += pieces[random.usize(..pieces.len())]);
            let shown = url(&given);
            let Ok(parsed) = Url::parse(&shown) else { continue };
            let password = parsed.password().unwrap_or(MASK);
            assert!(password == MASK, "{given:?} is shown as {shown:?}");
            for secret in query_secrets(&parsed) {
                assert!(secret == MASK, "{given:?} is shown as {shown:?}");
            }
            hidden += usize::from(shown.contains(MASK));
        }
        assert!(hidden > 500, "{hidden}");
    }

    #[test]
    fn urls_within_a_sentence_are_masked_too() {
        let said = "The Url \"https://u:pw@h/?sig=S\" is bad: see https://ok/";
        let shown = "The Url \"https://u:********@h/?sig=********\" is bad: see https://ok/";
        assert_eq!(text(said), shown);
        assert_eq!(text(r#""https:\/\/u:pw@h\/""#), r#""https:\/\/u:********@h\/""#);
    }

    #[test]
    fn passwords_and_secret_values_in_a_text_are_masked_however_they_are_spelled() {
        for (given, shown) in [
            ("https://u:pa'ss@h/ is bad", "https://u:********@h/ is bad"),
            ("\"https://u:pa\"ss@h/\"", "\"https://u:********@h/\""),
            ("https://u:pa ss@h/x is bad", "https://u:********@h/x is bad"),
            ("https://u:pa<b>ss@h", "https://u:********@h"),
            ("https://u:pa/ss@h/x", "https://u:********@h/x"),
            ("https://u:pa?ss#@h/x", "https://u:********@h/x"),
            ("//u:pw@h", "//u:********@h"),
            (r"https:\/\/u:pa'ss@h\/", r"https:\/\/u:********@h\/"),
            ("u:pw@h/x", "u:********@h/x"),
            ("at u:pw@h:80, not", "at u:********@h:80, not"),
            ("the URL (u:pw@[::1]/)", "the URL (u:********@[::1]/)"),
            ("https://h/?data={\"token\":\"abc\"}", "https://h/?data={\"token\":\"********\"}"),
            ("https://h/?data=%7B%22token%22%3A%22abc%22%7D&b=1", "https://h/?data=********&b=1"),
            (
                r#"{\"api_key\": \"a\\\"b\", \"x\": \"y\"}"#,
                r#"{\"api_key\": \"********\", \"x\": \"y\"}"#,
            ),
            ("https://h/p;token=abc/q?x=1", "https://h/p;token=********/q?x=1"),
            ("https://h/p;v=1;sid=abc", "https://h/p;v=1;sid=********"),
            // What is none.
            ("mailto:joe@example.com", "mailto:joe@example.com"),
            (
                "https://h:8080 failed, ask joe@example.com",
                "https://h:8080 failed, ask joe@example.com",
            ),
            ("https://h said: no, joe@example.com", "https://h said: no, joe@example.com"),
            ("https://[::1]:80/?mail=joe@example.com", "https://[::1]:80/?mail=joe@example.com"),
            ("https://h:80/?mail=joe@example.com", "https://h:80/?mail=joe@example.com"),
            ("http://h: refused by joe@h", "http://h: refused by joe@h"),
            ("{\"Name\": \"x\"}", "{\"Name\": \"x\"}"),
        ] {
            assert_eq!(text(given), shown);
        }
    }

    #[test]
    fn words_that_could_be_tokens_are_masked() {
        for (given, shown) in [
            ("no profile \"33333333-2222-1111-4444-555555555555\"", "no profile \"********\""),
            ("é`a1b2c3d4e5f6a7b8`, `a1b2c3d4e5f6a7b9`", "é`********`, `********`"),
            ("unknown key `server_tokne_environment`", "unknown key `server_tokne_environment`"),
            ("profile prod-eu-west-1 not found", "profile prod-eu-west-1 not found"),
        ] {
            assert_eq!(without_tokens(given), shown);
        }
    }

    #[test]
    fn a_header_is_shown_only_if_neither_its_name_nor_its_value_looks_secret() {
        for (name, value, is_secret) in [
            ("X-Env", "staging", false),
            ("X-Region", "eu-west-1-production-cluster", false),
            ("X-Build", "1234567890123456", false),
            ("X-Version", "v2/production", false),
            ("X-Greeting", "hello 2 you and 3 others", false),
            ("Authorization", "x", true),
            ("Cookie", "a=b", true),
            ("X-Api-Key", "x", true),
            ("X-Hook-Id", "7", true),
            ("X-Signature", "x", true),
            ("X-Env", "abcdef0123456789", true),
            ("X-Env", "Bearer abcdef0123456789abc", true),
            ("X-Env", "2f1c3b4e-1a2b-4c3d-9e8f-0123456789ab", true),
            ("X-Env", "dXNlcjpwYXNzd29yZDE=", true),
            ("X-Env", "abcdef012345678", false),
        ] {
            assert_eq!(is_secret_header(name, value), is_secret, "{name}: {value}");
        }
    }

    #[test]
    fn a_value_is_hidden_in_each_spelling_and_a_short_one_as_a_word() {
        let secrets = ["long/value \"1\"", "q7", "*"].map(Secret::new);
        for (given, shown) in [
            ("at https://h/long/value \"1\"/x", "at https://h/********/x"),
            (r#"{"a":"long/value \"1\""}"#, r#"{"a":"********"}"#),
            (r#"{"a":"long\/value \"1\""}"#, r#"{"a":"********"}"#),
            ("long%2Fvalue%20%221%22, long%2Fvalue+%221%22", "********, ********"),
            ("long/value &quot;1&quot;", "********"),
            ("https://q7.h/q7/aq7b?q7=q7q7", "https://********.h/********/aq7b?********=q7q7"),
            ("nothing *", "nothing *"),
        ] {
            assert_eq!(values(given, &secrets), shown);
        }
    }

    #[test]
    fn secrets_of_an_object_are_masked_at_any_depth_and_tokens_even_when_shown() {
        let given = json!({"Servers": [{
            "ApiTokens": ["t1", "t2"], "InboundHookUrl": "https://u:p@h/",
            "HttpAuth": {"Username": "u", "Password": "p", "Other": 7},
            "HttpHeaders": [{"Name": "X-Key", "Value": "v"}],
        }]});
        let mut masked = given.clone();
        value(&mut masked, Reveal::Masked);
        assert_eq!(
            masked,
            json!({"Servers": [{
                "ApiTokens": [MASK, MASK], "InboundHookUrl": format!("https://u:{MASK}@h/"),
                "HttpAuth": {"Username": "u", "Password": MASK, "Other": MASK},
                "HttpHeaders": [{"Name": "X-Key", "Value": MASK}],
            }]})
        );
        let mut shown = given.clone();
        let mut message = json!({"Message": "Url https://u:p@h/ is bad", "L": ["https://h?key=K"]});
        value(&mut message, Reveal::Masked);
        let masked = format!("https://h?key={MASK}");
        assert_eq!(message, json!({"Message": "Url https://u:********@h/ is bad", "L": [masked]}));
        value(&mut shown, Reveal::Shown);
        let mut expected = given;
        expected["Servers"][0]["ApiTokens"] = json!([MASK, MASK]);
        assert_eq!(shown, expected);
    }
}
