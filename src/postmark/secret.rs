//! Secret values, and the registry that finds them again in text of others.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, PoisonError, RwLock};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer};
use url::Url;
use zeroize::Zeroizing;

use super::spelling::{Spelling, View};
use super::{MASK, mask};

/// A token, a password or the value of a header.
///
/// Cannot be printed (no `Display`, redacted `Debug`, no `Serialize`) and is zeroized on drop.
/// [`Secret::expose`] is the only access.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The value in clear: for request bytes, private files, and output that shows secrets on request.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(********)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// Bytes that a secret is looked up by. A shorter secret is found as a whole word only.
const ANYWHERE: usize = mask::LONG;
/// Bytes from which on a token is looked for in everything that is printed. Postmark's have 36; a word of
/// ours that somebody uses as a token stays readable.
const TOKEN: usize = 16;
/// Characters from which on a word of a secret is a secret by itself.
const WORD: usize = 16;
/// Bytes of a secret that are recognized where a text ends in the middle of it.
const CUT: usize = 12;

/// Registry of secrets. Masks them in text that somebody else wrote, in every [`Spelling`], nested at most
/// twice.
#[derive(Default)]
pub struct Secrets {
    known: RwLock<Known>,
    is_off: AtomicBool,
    /// Only tokens are masked.
    are_shown: AtomicBool,
}

#[derive(Default)]
struct Known {
    /// Found in any letter case, and masked even where other secrets are shown.
    tokens: Index,
    /// Tokens of at least [`TOKEN`] bytes.
    long_tokens: Index,
    others: Index,
}

/// Secrets, by their first bytes in lower case.
#[derive(Default)]
struct Index {
    secrets: Vec<Zeroizing<Vec<u8>>>,
    by_start: HashMap<[u8; ANYWHERE], Vec<usize>>,
    /// First two bytes of each key of `by_start`, as a bit set: most places of a text need no more.
    pairs: Vec<u64>,
    /// Secrets that are found as a whole word only.
    short: HashSet<Vec<u8>>,
    /// Lengths of the short secrets, as a bit set.
    short_lengths: u64,
    /// Bytes of the shortest secret.
    shortest: Option<usize>,
}

static RUN: LazyLock<Secrets> =
    LazyLock::new(|| Secrets { is_off: AtomicBool::new(true), ..Secrets::default() });

impl Secrets {
    /// Registry of this process. It keeps nothing before [`Secrets::enable`].
    pub fn of_run() -> &'static Self {
        &RUN
    }

    /// Turns the registry on. With `are_shown`, only tokens are masked.
    pub fn enable(&self, are_shown: bool) {
        self.is_off.store(false, Ordering::Relaxed);
        self.are_shown.store(are_shown, Ordering::Relaxed);
    }

    /// Registers a password or another secret.
    pub fn add(&self, secret: &str) {
        self.insert(secret, false);
    }

    /// Registers a token.
    pub fn add_token(&self, token: &str) {
        self.insert(token, true);
    }

    /// Registers the value of a header, and the credentials in it: `Bearer TOKEN`, `Basic BASE64`.
    pub fn add_header(&self, value: &str) {
        self.add(value);
        let Some((scheme, credentials)) = value.split_once(' ') else { return };
        if !scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return;
        }
        self.add(credentials.trim());
        let clear = BASE64_STANDARD.decode(credentials.trim()).ok().map(Zeroizing::new);
        let clear = clear.filter(|_| scheme.eq_ignore_ascii_case("basic"));
        let pair = clear.as_deref().and_then(|clear| std::str::from_utf8(clear).ok());
        if let Some((_, password)) = pair.and_then(|pair| pair.split_once(':')) {
            self.add(password);
        }
    }

    /// Registers the password and the secret query values of a URL.
    pub fn add_url(&self, url: &Url) {
        if let Some(password) = url.password() {
            self.add(&percent_decode_str(password).decode_utf8_lossy());
        }
        if url.query().is_some() {
            for secret in mask::query_secrets(url) {
                self.add(&secret);
            }
        }
    }

    fn insert(&self, secret: &str, is_token: bool) {
        if secret.is_empty() || secret == MASK || self.is_off.load(Ordering::Relaxed) {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if !is_token {
            known.others.insert(secret);
            // Normalizing a URL changes the characters between them.
            let words = secret.split(|c: char| !c.is_ascii_alphanumeric());
            words.filter(|word| word.len() >= WORD).for_each(|word| known.others.insert(word));
            return;
        }
        known.tokens.insert(secret);
        if secret.len() >= TOKEN {
            known.long_tokens.insert(secret);
        }
    }

    /// Masks every secret in a text of somebody else. Where secrets are shown, tokens alone.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if self.are_shown.load(Ordering::Relaxed) {
            return masked(text, &[(&known.tokens, true)]);
        }
        masked(text, &[(&known.tokens, true), (&known.others, false)])
    }

    /// [`Secrets::mask`], also where secrets are shown: for traces, which are passed on.
    pub fn mask_always<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        masked(text, &[(&known.tokens, true), (&known.others, false)])
    }

    /// Masks tokens alone: for everything that is printed.
    pub fn mask_tokens<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        masked(text, &[(&known.long_tokens, true)])
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(********)")
    }
}

/// The text without the secrets of these indexes. `true` ignores letter case.
fn masked<'a>(text: &'a str, indexes: &[(&Index, bool)]) -> Cow<'a, str> {
    let Some(shortest) = indexes.iter().filter_map(|(index, _)| index.shortest).min() else {
        return Cow::Borrowed(text);
    };
    let mut found = Vec::new();
    let mut search = |view: &View<'_>, spelling| {
        for (index, ignores_case) in indexes {
            index.search(view, spelling, *ignores_case, &mut found);
        }
    };
    let raw = View::of(text);
    search(&raw, None);
    for outer in Spelling::ALL {
        let Some(once) = raw.decoded(outer, shortest) else { continue };
        search(&once, Some(outer));
        for inner in Spelling::ALL {
            if let Some(twice) = once.decoded(inner, shortest) {
                search(&twice, Some(inner));
            }
        }
    }
    if found.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(hidden(text, found)) }
}

impl Index {
    fn insert(&mut self, secret: &str) {
        let text = Zeroizing::new(secret.as_bytes().to_owned());
        let length = text.len();
        let start = start_of(&text).filter(|_| secret.chars().count() >= ANYWHERE);
        let Some(start) = start else {
            // A sign alone is no word.
            if !secret.contains(char::is_alphanumeric) {
                return;
            }
            self.shortest = Some(self.shortest.map_or(length, |shortest| shortest.min(length)));
            self.short_lengths |= 1 << length.min(63);
            self.short.insert(text.to_vec());
            return;
        };
        let same = self.by_start.entry(start).or_default();
        if same.iter().any(|at| self.secrets.get(*at) == Some(&text)) {
            return;
        }
        same.push(self.secrets.len());
        self.shortest = Some(self.shortest.map_or(length, |shortest| shortest.min(length)));
        self.pairs.resize(PAIRS / 64, 0);
        let pair = pair_of(&start);
        if let Some(bits) = self.pairs.get_mut(pair / 64) {
            *bits |= 1 << (pair % 64);
        }
        self.secrets.push(text);
    }

    /// Adds the ranges of the original text that hold a secret.
    fn search(
        &self,
        view: &View<'_>,
        spelling: Option<Spelling>,
        ignores_case: bool,
        found: &mut Vec<Range<usize>>,
    ) {
        let is_same = |own: &[u8], given: &[u8]| {
            if ignores_case { own.eq_ignore_ascii_case(given) } else { own == given }
        };
        let bytes = view.bytes();
        for (at, start) in bytes.windows(ANYWHERE).enumerate() {
            let pair = pair_of(start);
            if self.pairs.get(pair / 64).is_none_or(|bits| bits & (1 << (pair % 64)) == 0) {
                continue;
            }
            let candidates = start_of(start).and_then(|start| self.by_start.get(&start));
            for secret in candidates.into_iter().flatten().filter_map(|at| self.secrets.get(*at)) {
                let rest = bytes.get(at..).unwrap_or_default();
                let length = secret.len().min(rest.len());
                let (own, given) = (secret.get(..length), rest.get(..length));
                let is_found = own.zip(given).is_some_and(|(own, given)| is_same(own, given));
                // A cut may have left less of it.
                if is_found && (length == secret.len() || length >= CUT) {
                    found.push(view.range(at..at + length));
                }
            }
        }
        self.search_words(view, spelling, found);
    }

    /// Adds the ranges of short secrets.
    fn search_words(
        &self,
        view: &View<'_>,
        spelling: Option<Spelling>,
        found: &mut Vec<Range<usize>>,
    ) {
        let bytes = view.bytes();
        let lengths: Vec<usize> = (1..64).filter(|n| self.short_lengths & (1 << n) != 0).collect();
        for at in 0..bytes.len() {
            let before = at.checked_sub(1).and_then(|i| bytes.get(i));
            for length in &lengths {
                let Some(window) = bytes.get(at..at + length) else { break };
                let around = (before, bytes.get(at + length));
                if is_word(around, spelling) && self.short.contains(window) {
                    found.push(view.range(at..at + length));
                }
            }
        }
    }
}

/// Number of pairs of bytes.
const PAIRS: usize = 1 << 16;

/// Number of the first two bytes, in lower case.
fn pair_of(bytes: &[u8]) -> usize {
    let byte = |at| bytes.get(at).map_or(0, |b: &u8| usize::from(b.to_ascii_lowercase()));
    byte(0) << 8 | byte(1)
}

/// True if a short secret between these bytes stands alone. Decoded base64 holds arbitrary bytes, so
/// there it has to be all of it, or what follows a user name.
fn is_word((before, after): (Option<&u8>, Option<&u8>), spelling: Option<Spelling>) -> bool {
    if spelling == Some(Spelling::Base64) {
        return matches!(before, None | Some(0 | b':')) && matches!(after, None | Some(0));
    }
    let joins = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
    !joins(before) && !joins(after)
}

fn start_of(bytes: &[u8]) -> Option<[u8; ANYWHERE]> {
    let mut start: [u8; ANYWHERE] = bytes.get(..ANYWHERE)?.try_into().ok()?;
    start.make_ascii_lowercase();
    Some(start)
}

/// The text with these ranges masked. Ranges that touch or overlap become one mask.
fn hidden(text: &str, mut ranges: Vec<Range<usize>>) -> String {
    ranges.sort_by_key(|range| (range.start, range.end));
    let (mut shown, mut end) = (String::with_capacity(text.len()), 0);
    let mut ranges = ranges.into_iter().peekable();
    while let Some(range) = ranges.next() {
        shown.push_str(text.get(end..range.start).unwrap_or_default());
        shown.push_str(MASK);
        end = range.end;
        while let Some(next) = ranges.next_if(|next| next.start < end) {
            end = end.max(next.end);
        }
    }
    shown.push_str(text.get(end..).unwrap_or_default());
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_hides_value_and_length() {
        assert_eq!(format!("{:?}", Secret::new("a")), format!("{:?}", Secret::new("b".repeat(99))));
        assert!(!format!("{:?}", Some(Secret::new("hunter2"))).contains("hunter2"));
    }

    fn secrets(secrets: &[&str]) -> Secrets {
        let registry = Secrets::default();
        for secret in secrets {
            registry.add(secret);
        }
        registry
    }

    #[test]
    fn a_secret_is_found_in_each_spelling() {
        let registry = secrets(&["pa ss/w<ö>rd'&"]);
        for text in [
            "pa ss/w<ö>rd'&",
            "pa%20ss%2Fw%3C%C3%B6%3Erd%27%26",
            "pa+ss/w%3c%c3%b6%3erd'%26",
            r"pa ss\/w\u003c\u00f6\u003Erd\u0027\u0026",
            r"pa ss\/w\x3cö\x3erd\'&",
            "pa&#32;ss/w&lt;&ouml;&gt;rd&#x27;&amp;",
            "pa ss&#47;w&lt;&#246;&gt;rd&apos;&amp",
            // Twice.
            "pa%2520ss%252Fw%253C%25C3%25B6%253Erd%2527%2526",
            r"pa%20ss\/w%3c\u00f6%3erd%27%26",
            "pa ss/w&amp;lt;ö&amp;gt;rd&amp;#39;&amp;amp;",
        ] {
            assert_eq!(registry.mask(&format!("<{text}> ok")), "<********> ok", "{text}");
        }
    }

    #[test]
    fn a_secret_is_found_in_base64() {
        let registry = secrets(&["correct-horse?>battery"]);
        for clear in
            ["correct-horse?>battery", "user:correct-horse?>battery", "x correct-horse?>battery, y"]
        {
            let plain = BASE64_STANDARD.encode(clear);
            let bare = plain.trim_end_matches('=').to_owned();
            let of_urls = bare.replace('+', "-").replace('/', "_");
            let escaped = plain.replace('/', r"\/").replace('=', r"\u003d");
            let percent = plain.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D");
            for text in [plain, bare, of_urls, escaped, percent] {
                for around in [("Basic ", ""), ("/callback/", "/end"), ("a=", "&b=1"), ("xyz/", "")]
                {
                    let given = format!("{}{text}{}", around.0, around.1);
                    let shown = registry.mask(&given);
                    assert!(shown.contains(MASK), "{clear:?} as {given:?}");
                }
            }
            let twice = BASE64_STANDARD.encode(BASE64_STANDARD.encode(clear));
            assert_eq!(registry.mask(&twice), MASK);
        }
    }

    #[test]
    fn a_token_is_found_in_any_letter_case() {
        let registry = Secrets::default();
        registry.add_token("0a1b2c3d-aaaa-bbbb-cccc-0123456789ab");
        registry.add("Hunter2-Hunter2");
        assert_eq!(registry.mask("x 0A1B2C3D-AAAA-BBBB-CCCC-0123456789AB"), "x ********");
        assert_eq!(registry.mask("hunter2-hunter2"), "hunter2-hunter2");
        registry.enable(true);
        assert_eq!(registry.mask("Hunter2-Hunter2"), "Hunter2-Hunter2");
        assert_eq!(registry.mask("0A1B2C3D-aaaa-bbbb-cccc-0123456789AB!"), "********!");
        assert_eq!(registry.mask_always("Hunter2-Hunter2"), MASK);
    }

    #[test]
    fn a_short_secret_is_found_as_a_whole_word() {
        let registry = secrets(&["pw", "a-b!", "é"]);
        assert_eq!(
            registry.mask("pw spwn, pws; (pw) a-b! é"),
            "******** spwn, pws; (********) ******** ********"
        );
        assert_eq!(registry.mask("user%3Apw"), "user%3A********");
        assert_eq!(registry.mask(&BASE64_STANDARD.encode("user:pw")), MASK);
        assert_eq!(registry.mask("cpwnédpw0"), "cpwnédpw0");
    }

    #[test]
    fn a_header_is_registered_with_the_credentials_in_it() {
        let registry = Secrets::default();
        registry.add_header("Basic dXNlcjpwYXNzd29yZC9vbmU=");
        registry.add_header("Bearer abcdef-123456");
        assert_eq!(
            registry.mask("dXNlcjpwYXNzd29yZC9vbmU= password%2Fone abcdef-123456"),
            "******** ******** ********"
        );
    }

    #[test]
    fn a_secret_that_a_cut_ends_is_found() {
        let registry = secrets(&["correct-horse-battery-staple"]);
        assert_eq!(registry.mask("it is correct-horse-b"), "it is ********");
        assert_eq!(registry.mask("it is correct-ho"), "it is correct-ho");
    }

    #[test]
    fn secrets_that_touch_are_masked_whole() {
        let registry = secrets(&["abcdefgh", "defghijk", "abcdef"]);
        assert_eq!(registry.mask("-abcdefghijk-abcdef-"), "-********-********-");
    }

    #[test]
    fn a_registry_that_is_off_keeps_nothing() {
        let registry = Secrets { is_off: AtomicBool::new(true), ..Secrets::default() };
        registry.add("correct-horse");
        assert_eq!(registry.mask("correct-horse"), "correct-horse");
    }
}
