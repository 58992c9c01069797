//! The measurements that the README quotes: each beside a peer in the same run, as a ratio, in one table.
//!
//!     cargo bench                            all but the build
//!     cargo bench -- cost code               some
//!     cargo bench -- --build                 a first build from nothing, too
//!     cargo bench -- receive --million       the memory of a million events
//!
//! What counts is the ratio; the milliseconds are of this machine and this minute. A run of all of them
//! writes the table to `benches/results.md`, too.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement"
)]

mod checks;
mod code;
mod cost;
mod receive;
mod table;

use table::Table;

type Part = (&'static str, fn(&mut Table));

const PARTS: [Part; 4] = [
    ("cost", cost::measure),
    ("checks", checks::measure),
    ("code", code::measure),
    ("receive", receive::measure),
];

fn main() {
    let named = |name: &str| std::env::args().any(|word| word == name);
    let all = !PARTS.iter().any(|(name, _)| named(name));
    let mut table = Table::begin();
    for (_, measure) in PARTS.iter().filter(|(name, _)| all || named(name)) {
        measure(&mut table);
    }
    if all {
        table.write();
    }
}
