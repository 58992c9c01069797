//! A manifest as a user writes it, and a plan from it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pmhooks::config::references::Substitute;
use pmhooks::ops::manifest::Documents;
use pmhooks::ops::plan::{Wishes, plan};
use pmhooks::postmark::Reveal;

fuzz_target!(|data: &[u8]| {
    let lookup = |name: &str| match name.len() {
        1 => Ok(Substitute { text: "hooks.example.com".to_owned(), is_secret: false }),
        2 => Ok(Substitute { text: "q7".to_owned(), is_secret: true }),
        _ => Err(format!("{name} is not set")),
    };
    let Ok(documents) = Documents::read(&["-".into()], &mut &*data) else { return };
    let again = Documents::from_json(&documents.to_json()).expect("what was read can be kept");
    let Ok(manifest) = documents.resolve(&lookup) else { return };
    let kept = again.resolve(&lookup).expect("what is kept means the same");
    assert_eq!(kept.entries.len(), manifest.entries.len());
    let wishes = Wishes { prune: true, verify: true, reveal: Reveal::Masked };
    let _ = plan(&[], None, &manifest, wishes);
});
