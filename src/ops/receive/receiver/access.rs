//! Who may post.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::Why;

/// A name and its password.
pub struct Credentials(Zeroizing<Vec<u8>>);

impl Credentials {
    /// These.
    pub fn new(username: &str, password: &str) -> Self {
        let mut pair = Zeroizing::new(Vec::with_capacity(username.len() + 1 + password.len()));
        pair.extend_from_slice(username.as_bytes());
        pair.push(b':');
        pair.extend_from_slice(password.as_bytes());
        Self(pair)
    }
}

/// Lets a request pass by its Basic authorization. How long that takes says nothing of the password.
pub(super) fn check(allowed: &[Credentials], headers: &HeaderMap) -> Result<(), Why> {
    if allowed.is_empty() {
        return Ok(());
    }
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else {
        return Err(if headers.contains_key(AUTHORIZATION) {
            Why::WrongCredentials
        } else {
            Why::NoCredentials
        });
    };
    let pair = basic(value.as_bytes()).ok_or(Why::WrongCredentials)?;
    let mut is_known = subtle::Choice::from(0);
    for Credentials(known) in allowed {
        is_known |= known.ct_eq(&pair);
    }
    if is_known.into() { Ok(()) } else { Err(Why::WrongCredentials) }
}

fn basic(value: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (scheme, rest) = value.split_at_checked("Basic ".len())?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    BASE64_STANDARD.decode(rest.trim_ascii()).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn try_with(authorization: &[&str]) -> Result<(), Why> {
        let allowed = [Credentials::new("postmark", "s3:cret"), Credentials::new("a", "")];
        let mut headers = HeaderMap::new();
        for value in authorization {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        check(&allowed, &headers)
    }

    #[test]
    fn only_the_right_pair_passes() {
        let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
        assert_eq!(try_with(&[&basic("postmark:s3:cret")]), Ok(()));
        assert_eq!(try_with(&[&basic("postmark:s3:cret").replace("Basic", "bAsIc")]), Ok(()));
        assert_eq!(try_with(&[&basic("a:")]), Ok(()));
        for pair in ["postmark:s3:cre", "postmark:s3:cret!", "postmark", ":", "", "a:s3:cret"] {
            assert_eq!(try_with(&[&basic(pair)]), Err(Why::WrongCredentials), "{pair}");
        }
        for value in ["Bearer x", "Basic", "Basic ***", "Basic"] {
            assert_eq!(try_with(&[value]), Err(Why::WrongCredentials), "{value}");
        }
        assert_eq!(try_with(&[]), Err(Why::NoCredentials));
        let right = basic("a:");
        assert_eq!(try_with(&[&right, &right]), Err(Why::WrongCredentials));
        assert_eq!(check(&[], &HeaderMap::new()), Ok(()));
    }
}
