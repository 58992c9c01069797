//! The token of a request: any UUID is one.

use hyper::HeaderMap;

use super::answer::Refusal;
use super::uuid;

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
        .and_then(uuid::canonical)
        .ok_or_else(|| Refusal::token(format!("Request does not contain a valid {kind} token.")))
}
