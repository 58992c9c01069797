//! Spellings of a text: escapes and encodings that are undone to find a secret in it.

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// An encoding of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// `%20`.
    Percent,
    /// `%20`, and `+` for a space.
    Form,
    /// `\/`, `\n`, `\u003c`, `\x3c`.
    Json,
    /// `&lt;`, `&#60;`, `&#x3c;`.
    Html,
    /// Base64 of either alphabet, padded or not.
    Base64,
}

impl Spelling {
    pub(super) const ALL: [Self; 5] =
        [Self::Percent, Self::Form, Self::Json, Self::Html, Self::Base64];
}

/// Shortest secret that is looked for in base64, in bytes.
const SHORTEST_IN_BASE64: usize = 3;

/// Bytes of a decoded text, each with its place in the original text.
pub(super) struct View<'a> {
    bytes: Cow<'a, [u8]>,
    /// Range of the original text per byte. `None` for the original itself.
    places: Option<Vec<(u32, u32)>>,
    text: &'a str,
}

impl<'a> View<'a> {
    /// The text as it is.
    pub(super) fn of(text: &'a str) -> Self {
        Self { bytes: Cow::Borrowed(text.as_bytes()), places: None, text }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Range of the original text that holds these bytes, from one character to another.
    pub(super) fn range(&self, bytes: Range<usize>) -> Range<usize> {
        let last = bytes.end.saturating_sub(1);
        self.place(bytes.start).0..self.place(last).1
    }

    fn place(&self, at: usize) -> (usize, usize) {
        if let Some(places) = &self.places {
            let (start, end) = places.get(at).copied().unwrap_or_default();
            return (start as usize, end as usize);
        }
        let start = (0..=at).rev().find(|i| self.text.is_char_boundary(*i)).unwrap_or(0);
        let end = (at + 1..=self.text.len()).find(|i| self.text.is_char_boundary(*i));
        (start, end.unwrap_or(self.text.len()))
    }

    /// The text with one encoding undone. `None` if it does not hold any. `shortest` is the length of the
    /// shortest secret, in bytes: what is too short to be its base64 is not decoded.
    pub(super) fn decoded(&self, spelling: Spelling, shortest: usize) -> Option<View<'a>> {
        let bytes = self.bytes();
        let is_there = match spelling {
            Spelling::Percent => bytes.contains(&b'%'),
            Spelling::Form => bytes.contains(&b'+'),
            Spelling::Json => bytes.contains(&b'\\'),
            Spelling::Html => bytes.contains(&b'&'),
            Spelling::Base64 => return self.base64(shortest),
        };
        if !is_there {
            return None;
        }
        let mut out = Output::new(self);
        let (mut at, mut has_changed) = (0, false);
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            let escape = match spelling {
                Spelling::Form if rest.first() == Some(&b'+') => Some((Decoded::Byte(b' '), 1)),
                Spelling::Percent | Spelling::Form => percent(rest),
                Spelling::Json => json(rest),
                Spelling::Html => html(rest),
                Spelling::Base64 => None,
            };
            let (decoded, length) = match escape {
                Some(escape) => {
                    has_changed = true;
                    escape
                }
                None => (Decoded::Byte(rest.first().copied().unwrap_or_default()), 1),
            };
            out.push(decoded, at..at + length);
            at += length;
        }
        has_changed.then(|| out.view())
    }

    /// Every run of base64 characters, decoded from each of its first four characters on: other
    /// characters of the alphabet, such as `/`, may precede the encoded text. A mask covers the whole run.
    fn base64(&self, shortest: usize) -> Option<View<'a>> {
        let bytes = self.bytes();
        let is_base64 =
            |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_');
        let shortest = (shortest.max(SHORTEST_IN_BASE64) * 4).div_ceil(3);
        let mut out = Output::new(self);
        let mut at = 0;
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            let length = rest.iter().take_while(|b| is_base64(b)).count();
            if length < shortest {
                at += length.max(1);
                continue;
            }
            let padding = rest.iter().skip(length).take(2).take_while(|b| **b == b'=').count();
            let run = rest.get(..length).unwrap_or_default();
            let standard: Vec<u8> = run
                .iter()
                .map(|b| match b {
                    b'-' => b'+',
                    b'_' => b'/',
                    other => *other,
                })
                .collect();
            for skipped in 0..4 {
                let Some(encoded) = standard.get(skipped..) else { break };
                // One character alone at the end encodes nothing.
                let whole = encoded.len() - usize::from(encoded.len() % 4 == 1);
                let encoded = encoded.get(..whole).unwrap_or_default();
                let Ok(clear) = LENIENT.decode(encoded) else { continue };
                if clear.is_empty() {
                    continue;
                }
                for byte in clear {
                    out.push(Decoded::Byte(byte), at..at + length + padding);
                }
                out.push(Decoded::Byte(0), at..at + length + padding);
            }
            at += length + padding;
        }
        (!out.bytes.is_empty()).then(|| out.view())
    }
}

/// Accepts missing padding, and stray bits in the last character.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

struct Output<'v, 'a> {
    source: &'v View<'a>,
    bytes: Vec<u8>,
    places: Vec<(u32, u32)>,
}

impl<'v, 'a> Output<'v, 'a> {
    fn new(source: &'v View<'a>) -> Self {
        Self { source, bytes: Vec::new(), places: Vec::new() }
    }

    fn push(&mut self, decoded: Decoded, from: Range<usize>) {
        let range = self.source.range(from);
        let mut buffer = [0; 4];
        let bytes: &[u8] = match decoded {
            Decoded::Byte(byte) => {
                buffer = [byte, 0, 0, 0];
                buffer.get(..1).unwrap_or_default()
            }
            Decoded::Char(c) => c.encode_utf8(&mut buffer).as_bytes(),
        };
        self.bytes.extend_from_slice(bytes);
        // No text of 4 GiB is searched: bodies are bounded.
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let place = (offset(range.start), offset(range.end));
        self.places.extend(bytes.iter().map(|_| place));
    }

    fn view(self) -> View<'a> {
        View { bytes: Cow::Owned(self.bytes), places: Some(self.places), text: self.source.text }
    }
}

enum Decoded {
    Byte(u8),
    Char(char),
}

/// The escape at the start of the bytes, and its length.
type Escape = Option<(Decoded, usize)>;

fn percent(bytes: &[u8]) -> Escape {
    let [b'%', high, low, ..] = bytes else { return None };
    let byte = u8::try_from(number(&[*high, *low], 16)?).ok()?;
    Some((Decoded::Byte(byte), 3))
}

fn json(bytes: &[u8]) -> Escape {
    let [b'\\', kind, rest @ ..] = bytes else { return None };
    let byte = |byte| Some((Decoded::Byte(byte), 2));
    match kind {
        b'n' => byte(b'\n'),
        b'r' => byte(b'\r'),
        b't' => byte(b'\t'),
        b'b' => byte(8),
        b'f' => byte(12),
        b'x' => Some((Decoded::Char(char::from_u32(number(rest.get(..2)?, 16)?)?), 4)),
        b'u' if rest.first() == Some(&b'{') => {
            let length = rest.iter().take(8).position(|b| *b == b'}')?;
            let code = number(rest.get(1..length)?, 16)?;
            Some((Decoded::Char(char::from_u32(code)?), length + 3))
        }
        b'u' => {
            let unit = number(rest.get(..4)?, 16)?;
            if let Some(c) = char::from_u32(unit) {
                return Some((Decoded::Char(c), 6));
            }
            let [b'\\', b'u', low @ ..] = rest.get(4..)? else { return None };
            let low = number(low.get(..4)?, 16)?;
            let units = [u16::try_from(unit).ok()?, u16::try_from(low).ok()?];
            let c = char::decode_utf16(units).next()?.ok()?;
            Some((Decoded::Char(c), 12))
        }
        other if other.is_ascii_punctuation() => byte(*other),
        _ => None,
    }
}

/// Named characters of HTML that are ASCII.
const ENTITIES: [(&str, char); 35] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("sol", '/'),
    ("bsol", '\\'),
    ("plus", '+'),
    ("equals", '='),
    ("num", '#'),
    ("percnt", '%'),
    ("dollar", '$'),
    ("excl", '!'),
    ("quest", '?'),
    ("commat", '@'),
    ("colon", ':'),
    ("semi", ';'),
    ("comma", ','),
    ("period", '.'),
    ("lowbar", '_'),
    ("lpar", '('),
    ("rpar", ')'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("lcub", '{'),
    ("lbrace", '{'),
    ("rcub", '}'),
    ("rbrace", '}'),
    ("verbar", '|'),
    ("vert", '|'),
    ("grave", '`'),
    ("ast", '*'),
    ("Hat", '^'),
];

/// Named characters of HTML from U+00A0 to U+00FF, in order.
const LATIN_1: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr \
    deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest \
    Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc \
    Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN \
    szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute \
    icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute \
    thorn yuml";

fn html(bytes: &[u8]) -> Escape {
    let [b'&', rest @ ..] = bytes else { return None };
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || *b == b'#';
    let length = rest.iter().take(10).take_while(|b| is_part(b)).count();
    let name = std::str::from_utf8(rest.get(..length)?).ok()?;
    let end = usize::from(rest.get(length) == Some(&b';'));
    if let Some(digits) = name.strip_prefix('#') {
        let (digits, radix) = match digits.strip_prefix(['x', 'X']) {
            Some(digits) => (digits, 16),
            None => (digits, 10),
        };
        // Without a semicolon, letters of the text may follow.
        let taken = digits.bytes().take_while(|b| char::from(*b).is_digit(radix)).count();
        let code = number(digits.as_bytes().get(..taken)?, radix)?;
        let end = if taken == digits.len() { end } else { 0 };
        let length = 1 + length - (digits.len() - taken) + end;
        return Some((Decoded::Char(char::from_u32(code)?), length));
    }
    let named = |(entity, _): &&(&str, char)| {
        if end == 1 { *entity == name } else { name.starts_with(entity) && entity.len() < 5 }
    };
    if let Some((found, c)) = ENTITIES.iter().find(named) {
        return Some((Decoded::Char(*c), 1 + found.len() + end));
    }
    let at = LATIN_1.split_whitespace().position(|entity| entity == name)?;
    let c = char::from_u32(0xa0 + u32::try_from(at).ok()?)?;
    Some((Decoded::Char(c), 1 + name.len() + end))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok()?;
    if text.is_empty() || !text.bytes().all(|b| char::from(b).is_digit(radix)) {
        return None;
    }
    u32::from_str_radix(text, radix).ok()
}
