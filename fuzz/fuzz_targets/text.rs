//! Text from outside, made fit to print.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pmhooks::term::{json, text};

fuzz_target!(|data: &[u8]| {
    let dirty = String::from_utf8_lossy(data);
    let clean = text::visible(&dirty);
    assert!(!clean.contains(text::is_active), "{clean:?}");
    assert_eq!(text::visible(&clean), clean);
    assert!(text::excerpt(&dirty, 500).chars().count() < 600);
    let value = serde_json::Value::String(dirty.into_owned());
    for shown in [json::compact(&value), json::pretty(&value)] {
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("JSON"), value);
        assert!(!shown.trim_end_matches('\n').contains(text::is_active), "{shown:?}");
    }
});
