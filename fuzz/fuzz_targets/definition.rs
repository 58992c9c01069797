//! One webhook as a user writes it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pmhooks::ops::definition;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(definition) = definition::parse(text) {
        let _ = definition.without_masks();
    }
});
