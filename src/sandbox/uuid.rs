//! UUIDs: tokens, and the numbers of requests.

/// A UUID in lower case, or `None` where the text is not one.
pub(super) fn canonical(text: &str) -> Option<String> {
    let is_uuid = text.len() == 36
        && text.char_indices().all(|(at, c)| match at {
            8 | 13 | 18 | 23 => c == '-',
            _ => c.is_ascii_hexdigit(),
        });
    is_uuid.then(|| text.to_ascii_lowercase())
}

/// A UUID of version 4. It guards nothing of value: the sandbox holds made-up data on this machine.
pub(super) fn random() -> String {
    let bits = fastrand::u128(..);
    let bits = bits & !(0b1111 << 76) | (0b0100 << 76);
    let bits = bits & !(0b11 << 62) | (0b10 << 62);
    let hex = format!("{bits:032x}");
    [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)]
        .map(|(from, to)| hex.get(from..to).unwrap_or_default())
        .join("-")
}
