//! What Postmark answers: read, shown, and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pmhooks::postmark::{Reveal, Statistics, Verification, Webhook};
use pmhooks::term::json;

fuzz_target!(|data: &[u8]| {
    if let Ok(webhook) = serde_json::from_slice::<Webhook>(data) {
        let clear = webhook.to_json(Reveal::Shown);
        let again: Webhook = serde_json::from_value(clear.clone()).expect("what is shown can be read");
        assert_eq!(again.to_json(Reveal::Shown), clear);
        let masked = webhook.to_json(Reveal::Masked);
        for text in [json::pretty(&masked), json::compact(&masked), json::yaml(&masked)] {
            assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
        }
    }
    if let Ok(statistics) = serde_json::from_slice::<Statistics>(data) {
        let _ = json::pretty(&statistics.to_json(Reveal::Masked));
        let _ = (statistics.total().success_rate(), statistics.total().slow_share());
        for trigger in statistics.triggers() {
            let _ = (statistics.of(trigger).requests(), statistics.status(trigger));
        }
    }
    if let Ok(verification) = serde_json::from_slice::<Verification>(data) {
        let _ = verification.passed();
    }
});
