//! Addresses, header names and values, and what is shown of them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pmhooks::postmark::{ApiUrl, HookUrl, HttpHeader, MASK, mask};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (name, value) = text.split_once(':').unwrap_or((text, ""));
    if HttpHeader::check(name, value).is_ok() {
        assert!(!name.is_empty() && name.is_ascii());
        assert!(!value.contains(['\r', '\n', '\0']));
    }
    if let Ok(url) = text.parse::<ApiUrl>() {
        let _ = url.is_loopback();
        let _ = url.join(&["webhooks", "1"], &[("MessageStream", text)]);
    }
    let _ = (mask::text(text), mask::scrub(text, [name, value]));
    if let Ok(url) = text.parse::<HookUrl>() {
        let shown = url.masked();
        if let Ok(parsed) = url::Url::parse(&shown) {
            assert_eq!(parsed.password().unwrap_or(MASK), MASK, "{shown}");
            for secret in mask::query_secrets(&parsed) {
                assert_eq!(secret, MASK, "{shown}");
            }
        }
        // As it is written, not as it is decoded; it may stand elsewhere too, where it is no secret.
        let authority = url.expose().split_once("://").map_or("", |(_, rest)| rest);
        let authority = authority.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        let password = authority.rsplit_once('@').and_then(|(user, _)| user.split_once(':'));
        let long = |password: &str| password.len() > 5 && !password.contains('*');
        if let Some((_, password)) = password.filter(|(_, password)| long(password)) {
            let count = |text: &str| text.matches(password).count();
            assert!(count(&shown) < count(url.expose()), "{shown}");
        }
    }
});
