//! What is hidden when a value is shown: HttpAuth passwords, header values, tokens, secrets in URLs.

use std::borrow::Cow;
use std::iter;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::Url;

use super::{Object, Secret};

/// What stands in a secret's place, whatever its length.
pub const MASK: &str = "********";

/// Whether secrets of webhooks and URLs are shown. Tokens never are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reveal {
    /// Masked: the default everywhere.
    #[default]
    Masked,
    /// In clear: only where `--show-secrets` was given.
    Shown,
}

/// Words that make a query key look as if its value were a secret.
const SECRET_WORDS: [&str; 14] = [
    "token", "secret", "pass", "pwd", "key", "auth", "sig", "cred", "session", "jwt", "hmac",
    "hash", "bearer", "private",
];

/// Query keys that are secrets by themselves though no word in them says so.
const SECRET_KEYS: [&str; 5] = ["code", "sid", "pin", "pw", "otp"];

/// Hides the secrets of any object of Postmark's, at any depth: by its documented keys, and in the URLs
/// of any text.
pub fn value(value: &mut Value, reveal: Reveal) {
    match value {
        Value::Object(object) => self::object(object, reveal),
        Value::Array(items) => items.iter_mut().for_each(|item| self::value(item, reveal)),
        Value::String(text) if reveal == Reveal::Masked => {
            if let Cow::Owned(masked) = self::text(text) {
                *text = masked;
            }
        }
        _ => {}
    }
}

/// [`value`], for an object.
pub fn object(object: &mut Object, reveal: Reveal) {
    for (key, inner) in object.iter_mut() {
        let key = key.to_ascii_lowercase();
        match key.as_str() {
            "apitokens" | "apitoken" | "token" => hide(inner),
            "httpauth" if reveal == Reveal::Masked => http_auth(inner),
            "httpheaders" if reveal == Reveal::Masked => http_headers(inner),
            "password" | "secret" if reveal == Reveal::Masked => hide(inner),
            _ if reveal == Reveal::Masked && key.ends_with("url") => mask_url(inner),
            _ => value(inner, reveal),
        }
    }
}

fn http_auth(auth: &mut Value) {
    let Value::Object(auth) = auth else { return hide(auth) };
    auth.iter_mut()
        .filter(|(key, _)| !key.eq_ignore_ascii_case("username"))
        .for_each(|(_, v)| hide(v));
}

fn http_headers(headers: &mut Value) {
    let Value::Array(headers) = headers else { return hide(headers) };
    for header in headers {
        let Value::Object(header) = header else {
            hide(header);
            continue;
        };
        header
            .iter_mut()
            .filter(|(key, _)| !key.eq_ignore_ascii_case("name"))
            .for_each(|(_, v)| hide(v));
    }
}

fn mask_url(url: &mut Value) {
    if let Value::String(text) = url {
        *text = self::url(text).into_owned();
    }
}

/// Hides every text and number below; empty texts and nulls say that there is nothing to hide.
fn hide(value: &mut Value) {
    match value {
        Value::String(text) if text.is_empty() => {}
        Value::String(_) | Value::Number(_) => *value = Value::from(MASK),
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Object(object) => object.iter_mut().for_each(|(_, inner)| hide(inner)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// Hides the password and the secret-looking query values of a URL, and changes nothing else in it.
/// Keys are judged as a server reads them, and the start of the host as a lenient parser finds it.
pub fn url(text: &str) -> Cow<'_, str> {
    masked_url(text, true)
}

fn masked_url(text: &str, are_values_urls: bool) -> Cow<'_, str> {
    let Some(start) = authority_start(text) else { return Cow::Borrowed(text) };
    let (scheme, rest) = text.split_at(start);
    let (authority, tail) = split_before(rest, ['/', '?', '#', '\\']);
    let (path, query) = split_before(tail, ['?', '#']);
    let (authority, query) = (mask_authority(authority), mask_query(query, are_values_urls));
    let masked = format!("{scheme}{authority}{path}{query}");
    if masked == text { Cow::Borrowed(text) } else { Cow::Owned(masked) }
}

/// Where a URL's user or host begins. Parsers of the web need no slash after `https:`, and take any
/// number of either kind.
fn authority_start(text: &str) -> Option<usize> {
    let is_web = |scheme: &str| {
        let scheme = scheme.trim_start_matches(|c: char| c <= ' ');
        scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
    };
    let scheme = match text.split_once(':') {
        Some((scheme, _)) if is_web(scheme) => scheme.len() + 1,
        _ => text.find("://")? + 3,
    };
    let slashes = |c: char| matches!(c, '/' | '\\' | '\t' | '\r' | '\n');
    Some(text.len() - text.get(scheme..)?.trim_start_matches(slashes).len())
}

/// Hides what [`url`] hides, in every URL within a sentence.
pub fn text(sentence: &str) -> Cow<'_, str> {
    if !sentence.contains(':') {
        return Cow::Borrowed(sentence);
    }
    let ends_url = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`');
    let mut masked = String::with_capacity(sentence.len());
    for piece in sentence.split_inclusive(ends_url) {
        let word = piece.trim_end_matches(ends_url);
        masked.push_str(&url(word));
        masked.push_str(piece.get(word.len()..).unwrap_or_default());
    }
    Cow::Owned(masked)
}

/// Hides these secrets in a text of somebody who was told them, in any spelling in which their longer
/// words survive: as they are, as JSON, percent-encoded, or as the credentials of a header.
pub fn scrub<'a>(text: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    let mut forms: Vec<String> = Vec::new();
    for secret in secrets {
        forms.extend(spellings(secret));
        let Some(credentials) = secret.strip_prefix("Basic ") else { continue };
        forms.push(credentials.to_owned());
        let Ok(clear) = BASE64_STANDARD.decode(credentials) else { continue };
        if let Some((_, password)) = String::from_utf8_lossy(&clear).split_once(':') {
            forms.extend(spellings(password));
        }
    }
    // The longest first, so that none is torn by a part of it.
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    let hidden = |text: String, form: &String| text.replace(form.as_str(), MASK);
    forms.iter().filter(|form| !form.is_empty()).fold(text.to_owned(), hidden)
}

/// A secret as it is, as in JSON, as in a query, and its longer words.
fn spellings(secret: &str) -> impl Iterator<Item = String> {
    let json = Value::from(secret).to_string();
    let query = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let words = secret.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| w.len() >= 8);
    [secret.to_owned(), json.trim_matches('"').to_owned(), query]
        .into_iter()
        .chain(words.map(str::to_owned))
}

/// Values of this many characters or more are hidden wherever they stand, shorter ones as a whole word.
pub const LONG: usize = 6;

/// Hides the values of secrets in a text that repeats them: as they are, percent-encoded, or escaped as in
/// JSON or HTML.
pub fn values<'a>(text: &'a str, secrets: &[Secret]) -> Cow<'a, str> {
    let mut shown = Cow::Borrowed(text);
    // The longest first, so that none is torn by a part of it.
    let mut secrets: Vec<_> = secrets.iter().map(Secret::expose).collect();
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    for secret in secrets {
        if secret.chars().count() < LONG {
            if let Cow::Owned(hidden) = without_word(&shown, secret) {
                shown = Cow::Owned(hidden);
            }
            continue;
        }
        for form in forms(secret) {
            if shown.contains(&form) {
                shown = Cow::Owned(shown.replace(&form, MASK));
            }
        }
    }
    shown
}

/// A value in its spellings, the longest first.
fn forms(secret: &str) -> Vec<String> {
    let json = Value::from(secret).to_string();
    let json = json.get(1..json.len() - 1).unwrap_or_default().to_owned();
    let plus: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let percent = plus.replace('+', "%20");
    let html = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#39;")];
    let html = html.iter().fold(secret.to_owned(), |text, (sign, name)| text.replace(sign, name));
    let mut forms = vec![secret.to_owned(), json.replace('/', "\\/"), json, plus, percent, html];
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms.dedup();
    forms
}

/// Hides a value where no letter or digit stands beside it.
fn without_word<'a>(text: &'a str, word: &str) -> Cow<'a, str> {
    let (mut shown, mut done) = (String::new(), 0);
    let is_part = |c: char| c.is_alphanumeric();
    // A sign alone says nothing, and would be found in the mask.
    let is_word = word.contains(is_part);
    for (at, found) in text.match_indices(word).filter(|_| is_word) {
        let end = at + found.len();
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(end..).and_then(|after| after.chars().next());
        let joins = |inner: Option<char>, outer: Option<char>| {
            inner.is_some_and(is_part) && outer.is_some_and(is_part)
        };
        if joins(word.chars().next(), before) || joins(word.chars().next_back(), after) {
            continue;
        }
        shown += text.get(done..at).unwrap_or_default();
        shown += MASK;
        done = end;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    shown += text.get(done..).unwrap_or_default();
    Cow::Owned(shown)
}

/// The query values of a URL that look like secrets.
pub fn query_secrets(url: &Url) -> Vec<String> {
    let pairs = url.query_pairs().filter(|(key, value)| looks_secret(key) && !value.is_empty());
    pairs.map(|(_, value)| value.into_owned()).collect()
}

fn split_before<const N: usize>(text: &str, stops: [char; N]) -> (&str, &str) {
    text.split_at(text.find(stops).unwrap_or(text.len()))
}

fn mask_authority(authority: &str) -> Cow<'_, str> {
    let Some((userinfo, host)) = authority.rsplit_once('@') else { return authority.into() };
    match userinfo.split_once(':') {
        Some((user, password)) if !password.is_empty() => format!("{user}:{MASK}@{host}").into(),
        _ => authority.into(),
    }
}

/// Servers part a query at `&`, some at `;` too: no value is shown that either would take for a secret.
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

/// A key and its value, up to what ends them, where there is something to hide.
fn mask_pair(piece: &str, ends: &[char], are_values_urls: bool) -> Option<String> {
    let (pair, end) = piece.split_at(piece.trim_end_matches(ends).len());
    let (key, value) = pair.split_once('=').filter(|(_, value)| !value.is_empty())?;
    let shown = if looks_secret(&decoded(key)) {
        MASK.to_owned()
    } else {
        are_values_urls.then(|| mask_value(value))??
    };
    Some(format!("{key}={shown}{end}"))
}

/// What is shown in place of a value that is itself a URL with a secret.
fn mask_value(value: &str) -> Option<String> {
    if let Cow::Owned(masked) = masked_url(value, false) {
        return Some(masked);
    }
    let plain = decoded(value);
    matches!(masked_url(&plain, false), Cow::Owned(_)).then(|| MASK.to_owned())
}

/// A part of a query as a server reads it.
fn decoded(text: &str) -> String {
    let mut plain = percent_decode_str(text).decode_utf8_lossy().into_owned();
    plain.retain(|c| !matches!(c, '\t' | '\r' | '\n'));
    plain
}

/// True where a key's name suggests that its value is a secret.
pub fn looks_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET_KEYS.contains(&key.as_str()) || SECRET_WORDS.iter().any(|word| key.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_url_keeps_all_but_its_secrets() {
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
    fn a_parser_finds_no_secret_in_what_is_shown() {
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
    fn what_somebody_echoes_is_hidden_in_its_spellings() {
        let secrets = ["Basic dXNlcjpwYXNzd29yZC9vbmU=", "a-header-value\"9"];
        for echo in [
            r#"{"auth": "Basic dXNlcjpwYXNzd29yZC9vbmU="}"#,
            "password%2Fone",
            r#"a-header-value\"9"#,
            "a-header-value\"9",
        ] {
            let shown = scrub(echo, secrets);
            assert!(shown.contains(MASK), "{shown}");
        }
        let clear = scrub("dXNlcjpwYXNzd29yZC9vbmU= password/one password", secrets);
        assert_eq!(clear, format!("{MASK} {MASK} {MASK}"));
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
            "HttpHeaders": [{"Name": "X-A", "Value": "v"}],
        }]});
        let mut masked = given.clone();
        value(&mut masked, Reveal::Masked);
        assert_eq!(
            masked,
            json!({"Servers": [{
                "ApiTokens": [MASK, MASK], "InboundHookUrl": format!("https://u:{MASK}@h/"),
                "HttpAuth": {"Username": "u", "Password": MASK, "Other": MASK},
                "HttpHeaders": [{"Name": "X-A", "Value": MASK}],
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
