//! The one table of all measurements.

use std::time::Duration;

/// What a ratio, or a figure, should be.
#[derive(Clone, Copy)]
pub enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// It is shown, and nothing is demanded.
    None,
}

/// The rows so far; each is printed as soon as it is there.
pub struct Table(String);

impl Table {
    pub fn begin() -> Self {
        let mut table = Self(String::new());
        table.line("| what | pmhooks | beside | ratio | goal | |");
        table.line("|---|---|---|---|---|---|");
        table
    }

    /// A row whose value is a ratio.
    pub fn ratio(&mut self, what: &str, ours: &str, beside: &str, ratio: f64, goal: Goal) {
        self.row([what, ours, beside, &format!("{ratio:.2}")], ratio, goal);
    }

    /// A row whose value is a figure of its own.
    pub fn figure(&mut self, what: &str, value: f64, unit: &str, goal: Goal) {
        self.row([what, &format!("{value:.1} {unit}"), "", ""], value, goal);
    }

    /// What could not be measured, and why.
    pub fn missing(&mut self, what: &str, why: &str) {
        self.line(&format!("| {what} | | {why} | | | |"));
    }

    fn row(&mut self, cells: [&str; 4], value: f64, goal: Goal) {
        let (goal, met) = match goal {
            Goal::AtMost(most) => (format!("at most {most}"), Some(value <= most)),
            Goal::AtLeast(least) => (format!("at least {least}"), Some(value >= least)),
            Goal::None => (String::new(), None),
        };
        let verdict = met.map_or("", |met| if met { "met" } else { "MISSED" });
        self.line(&format!("| {} | {goal} | {verdict} |", cells.join(" | ")));
    }

    fn line(&mut self, line: &str) {
        println!("{line}");
        self.0 += line;
        self.0.push('\n');
    }

    pub fn write(&self) {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/results.md");
        std::fs::write(path, &self.0).unwrap();
    }
}

pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap()
}

/// A time in milliseconds.
pub fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
