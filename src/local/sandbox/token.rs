//! Tokens: any UUID is one.

use hyper::HeaderMap;

use super::answer::Refusal;

const SERVER: &str = "X-Postmark-Server-Token";
const ACCOUNT: &str = "X-Postmark-Account-Token";

/// The server token of a request, in lower case: the API compares tokens without case.
pub(super) fn server(headers: &HeaderMap) -> Result<String, Refusal> {
    if headers.contains_key(SERVER) && headers.contains_key(ACCOUNT) {
        return Err(Refusal::token(
            "Please do not include Account API Token for Server API Token calls.",
        ));
    }
    the_only(headers, SERVER, ACCOUNT, "Server")
}

/// Checks the account token of a request. There is one account, and every UUID opens it.
pub(super) fn account(headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key(SERVER) && headers.contains_key(ACCOUNT) {
        return Err(Refusal::token(
            "Please do not include Server API Token for Account API Token calls.",
        ));
    }
    the_only(headers, ACCOUNT, SERVER, "Account").map(drop)
}

fn the_only(headers: &HeaderMap, wanted: &str, other: &str, kind: &str) -> Result<String, Refusal> {
    let mut values = headers.get_all(wanted).iter();
    let (first, second) = (values.next(), values.next());
    if first.is_none() && !headers.contains_key(other) {
        return Err(Refusal::token(format!(
            "No Account or Server API tokens were supplied in the HTTP headers. \
             This call needs {wanted}."
        )));
    }
    let token = first.filter(|_| second.is_none()).and_then(|value| value.to_str().ok());
    token
        .and_then(canonical)
        .ok_or_else(|| Refusal::token(format!("Request does not contain a valid {kind} token.")))
}

/// A UUID in lower case, or `None` where the text is not one.
fn canonical(text: &str) -> Option<String> {
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
