//! Text from outside, made safe to show: characters that could move the cursor, change colors, reverse a line
//! or forge another line are written as escapes.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with its active characters escaped as `\n`, `\t` or `\u{1b}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_active) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if is_active(c) => {
                // Writing to a String cannot fail.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// [`visible`], cut to `longest` characters and an ellipsis. Escapes are never cut.
pub fn excerpt(text: &str, longest: usize) -> String {
    let mut shown = String::new();
    let mut length = 0;
    for c in text.chars() {
        let mut bytes = [0; 4];
        let piece = visible(c.encode_utf8(&mut bytes));
        length += piece.chars().count();
        if length > longest {
            shown.push('…');
            return shown;
        }
        shown.push_str(&piece);
    }
    shown
}

/// True for control characters, line ends, and invisible characters that reverse or join text.
pub fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn active_characters_are_escaped() {
        // torture 31, 32
        let given = "a\u{1b}[31mb\r\nc\u{7f}\u{9b}2J\u{202e}d\u{200b}\0é漢";
        assert_eq!(
            visible(given),
            "a\\u{1b}[31mb\\r\\nc\\u{7f}\\u{9b}2J\\u{202e}d\\u{200b}\\u{0}é漢"
        );
    }

    #[test]
    fn escaping_is_complete_and_idempotent() {
        // torture 36
        let every: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
        let once = visible(&every).into_owned();
        assert!(!once.contains(is_active));
        assert_eq!(visible(&once), once);
    }

    #[test]
    fn an_excerpt_never_cuts_an_escape() {
        assert_eq!(excerpt("abcdef", 3), "abc…");
        assert_eq!(excerpt("abc", 3), "abc");
        assert_eq!(excerpt("ab\u{1b}c", 7), "ab…");
        assert_eq!(excerpt("ab\u{1b}c", 8), "ab\\u{1b}…");
    }
}
