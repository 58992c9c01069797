//! A file of recorded events, as a kill or an editor may have left it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pmhooks::ops::record::{ReadItem, RecordFilter, RecordReader};

const RECORD: &str = r#"{"Time":"2026-11-27T09:00:00.000Z","Method":"POST","Path":"/","Headers":[{"Name":"X-PM-Webhook-Trace-Id","Value":"t"}],"Body":"{\"a\":[]}"}"#;

/// How many events there are with this trace.
fn traced(file: &[u8]) -> usize {
    let mut events = RecordReader::new(file, RecordFilter::default());
    let (mut line, mut traced) = (0, 0);
    while let Some(item) = events.read_next().expect("memory can be read") {
        let at = match &item {
            ReadItem::Event(event) => event.line,
            ReadItem::Damaged(damage) => damage.line,
            ReadItem::Skipped { .. } => panic!("the filter selects everything"),
        };
        assert!(at >= line && at <= events.next_line(), "lines come in order");
        line = at;
        if let ReadItem::Event(event) = item {
            traced += usize::from(event.post.trace == "t" && event.post.body == br#"{"a":[]}"#);
        }
    }
    traced
}

fuzz_target!(|data: &[u8]| {
    let file = [data, b"\n", RECORD.as_bytes(), b"\n"].concat();
    assert!(traced(&file) >= 1, "what was there before hides nothing");
    let file = [RECORD.as_bytes(), b"\n", data].concat();
    assert!(traced(&file) >= 1, "nor does what came after");
});
