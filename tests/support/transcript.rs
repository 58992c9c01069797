//! What a run said and how it ended, as one text that a test compares whole.

use std::fmt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use serde_json::Value;
use snapbox::{Assert, IntoData, Redactions};

/// A finished run.
///
/// Its text (`to_string`) is the standard output, then `--- stderr` and the standard error, then
/// `--- exit 2`; parts that are empty and an exit code of 0 are left out. Paths, ports and the
/// like are replaced by placeholders, and a control character is shown by its picture (`␛`).
#[must_use = "a run that nobody looks at proves nothing: use `check` or `code`"]
pub struct Transcript {
    /// Standard output, as it came; `stdout_bytes` has the very bytes.
    pub stdout: String,
    pub stderr: String,
    pub stdout_bytes: Vec<u8>,
    pub stderr_bytes: Vec<u8>,
    /// The exit code, `None` if a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// From the start to the end of the process.
    pub elapsed: Duration,
    /// The command line, for messages.
    pub command: String,
    pub(super) redactions: Redactions,
}

impl Transcript {
    pub(super) fn new(
        command: String,
        output: (Vec<u8>, Vec<u8>),
        status: Option<ExitStatus>,
        elapsed: Duration,
        redactions: Redactions,
    ) -> Self {
        let (stdout_bytes, stderr_bytes) = output;
        #[cfg(unix)]
        let signal = status.and_then(|s| std::os::unix::process::ExitStatusExt::signal(&s));
        #[cfg(not(unix))]
        let signal = None;
        Transcript {
            stdout: String::from_utf8_lossy(&stdout_bytes).into_owned(),
            stderr: String::from_utf8_lossy(&stderr_bytes).into_owned(),
            stdout_bytes,
            stderr_bytes,
            code: status.and_then(|s| s.code()),
            signal,
            elapsed,
            command,
            redactions,
        }
    }

    /// Compares the whole text with `str![[r#"..."#]]`, which `SNAPSHOTS=overwrite` rewrites.
    #[track_caller]
    pub fn check(&self, expected: impl IntoData) -> &Self {
        check_text(&self.to_string(), expected);
        self
    }

    /// Requires the exit code.
    #[track_caller]
    pub fn code(&self, code: i32) -> &Self {
        assert!(self.code == Some(code), "expected exit {code}\n{}", self.report());
        self
    }

    /// Requires a part of the text.
    #[track_caller]
    pub fn has(&self, part: &str) -> &Self {
        assert!(self.to_string().contains(part), "expected {part:?}\n{}", self.report());
        self
    }

    /// Requires that a part is missing in the text and in what really came.
    #[track_caller]
    pub fn lacks(&self, part: &str) -> &Self {
        let texts = [&self.to_string(), &self.stdout, &self.stderr];
        let found = texts.iter().any(|text| text.contains(part));
        assert!(!found, "unexpected {part:?}\n{}", self.report());
        self
    }

    /// Requires that the run took no longer.
    #[track_caller]
    pub fn within(&self, limit: Duration) -> &Self {
        assert!(self.elapsed <= limit, "took {:?}, not {limit:?}\n{}", self.elapsed, self.report());
        self
    }

    /// The standard output, which must be exactly one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout_bytes).unwrap_or_else(|e| {
            panic!("standard output is not one JSON document: {e}\n{}", self.report())
        })
    }

    /// The standard output, which must be one JSON document per line.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        let parse = |line: &str| {
            serde_json::from_str(line)
                .unwrap_or_else(|e| panic!("not JSON: {line}: {e}\n{}", self.report()))
        };
        self.stdout.lines().map(parse).collect()
    }

    /// What stands under `Error` in the one JSON object that ends the standard error. Warnings may
    /// stand before it; nothing may follow, and the standard output must be empty.
    #[track_caller]
    pub fn error_json(&self) -> Value {
        assert!(self.stdout.is_empty(), "standard output is not empty\n{}", self.report());
        let start = if self.stderr.starts_with('{') {
            Some(0)
        } else {
            self.stderr.find("\n{").map(|line_end| line_end + 1)
        };
        let object = start.map(|start| serde_json::from_str::<Value>(&self.stderr[start..]));
        match object {
            Some(Ok(Value::Object(mut object))) if object.len() == 1 => {
                object.remove("Error").unwrap_or_else(|| panic!("no `Error`\n{}", self.report()))
            }
            Some(Err(e)) => panic!("standard error does not end with JSON: {e}\n{}", self.report()),
            _ => panic!("standard error does not end with an object\n{}", self.report()),
        }
    }

    /// The transcript under the command line, for messages.
    pub(super) fn report(&self) -> String {
        format!("$ {}\n{self}\n", self.command)
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = lines(&self.stdout);
        if !self.stderr.is_empty() {
            text += "--- stderr\n";
            text += &lines(&self.stderr);
        }
        text += &ending(self.code, self.signal);
        f.write_str(self.redactions.redact(&text).strip_suffix('\n').unwrap_or_default())
    }
}

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report())
    }
}

/// Compares a text with a snapshot.
#[track_caller]
pub(super) fn check_text(text: &str, expected: impl IntoData) {
    Assert::new()
        .action_env(snapbox::assert::DEFAULT_ACTION_ENV)
        // It would turn the backslashes of visible escapes into slashes.
        .normalize_paths(false)
        .redact_with(Redactions::new())
        .eq(text, expected);
}

/// `--- exit 2`, `--- signal 9`, or nothing after a success.
pub(super) fn ending(code: Option<i32>, signal: Option<i32>) -> String {
    match (code, signal) {
        (Some(0), _) => String::new(),
        (Some(code), _) => format!("--- exit {code}\n"),
        (None, Some(signal)) => format!("--- signal {signal}\n"),
        (None, None) => "--- still running\n".into(),
    }
}

/// The text with its last line ended, and with each control character as something to see.
fn lines(text: &str) -> String {
    let mut shown: String = text.chars().map(picture).collect();
    if !text.is_empty() && !text.ends_with('\n') {
        shown += "(no line end)\n";
    }
    shown
}

/// Unicode has pictures of the ASCII controls; the product itself never prints those pictures, so
/// a raw control cannot be mistaken for one that was escaped.
fn picture(c: char) -> char {
    match c {
        '\n' | '\t' => c,
        '\0'..='\x1f' => char::from_u32(0x2400 + c as u32).unwrap(),
        '\x7f' => '\u{2421}',
        // C1 controls and what reorders or hides text: nothing of it may reach a terminal.
        '\u{80}'..='\u{9f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => '\u{2426}',
        _ => c,
    }
}

/// What differs from run to run: the home, ports, durations, the version, times in file names.
pub(super) fn standard_redactions(home: &Path) -> Redactions {
    let version = regex::escape(env!("CARGO_PKG_VERSION"));
    let patterns = [
        // Ports given by the system have five digits; our own defaults (8025, 8026) stay visible.
        ("[PORT]", r"(?:127\.0\.0\.1|localhost|\[::1\]):(?<redacted>[1-9]\d{4})\b".to_owned()),
        ("[MS]", r"\((?<redacted>\d+(?:\.\d+)?) ?ms\)".to_owned()),
        ("[MS]", r#""?Milliseconds"?:\s*(?<redacted>\d+(?:\.\d+)?)"#.to_owned()),
        ("[VERSION]", format!(r"pmhooks[ /]v?(?<redacted>{version})")),
        (
            "[TIME]",
            r"/deleted/(?:\S*-)?(?<redacted>\d{4}-?\d\d-?\d\dT?-?\d\d[:-]?\d\d[:-]?\d\d(?:[.-]\d{3,9})?Z?)"
                .to_owned(),
        ),
    ];
    let mut redactions = Redactions::new();
    redactions.insert("[HOME]", home.to_owned()).unwrap();
    for (placeholder, pattern) in patterns {
        redactions.insert(placeholder, regex::Regex::new(&pattern).unwrap()).unwrap();
    }
    redactions
}

#[cfg(all(test, unix))]
mod tests {
    use crate::support::*;

    fn printed(text: &str) -> Transcript {
        let env = TestEnv::new();
        env.program("/bin/cat", "").stdin(text).run()
    }

    fn shell(script: &str) -> Transcript {
        TestEnv::new().program("/bin/sh", ["-c", script]).run()
    }

    #[test]
    fn a_transcript_has_only_the_parts_that_there_are() {
        shell("").check(str![""]);
        shell("echo a").check(str!["a"]);
        shell("echo b >&2").check(str![[r#"
--- stderr
b
"#]]);
        shell("echo a; echo b >&2; exit 3").check(str![[r#"
a
--- stderr
b
--- exit 3
"#]]);
        shell("kill -9 $$").check(str!["--- signal 9"]);
    }

    #[test]
    fn what_differs_from_run_to_run_is_replaced() {
        let env = TestEnv::new();
        let home = env.home().display();
        let version = env!("CARGO_PKG_VERSION");
        let text = format!(
            "{home}/hooks.yaml\nhttp://127.0.0.1:34567/x http://localhost:8025 [::1]:40000\n\
             delivered (12 ms) 12 ms\n\"Milliseconds\": 7,\npmhooks {version} pmhooks/{version} {version}\n\
             {home}/deleted/2026-11-22T06-51-09Z-77.json 2026-11-22T06-51-09Z\n"
        );
        env.program("/bin/cat", "").stdin(text).run().check(str![[r#"
[HOME]/hooks.yaml
http://127.0.0.1:[PORT]/x http://localhost:8025 [::1]:[PORT]
delivered ([MS] ms) 12 ms
"Milliseconds": [MS],
pmhooks [VERSION] pmhooks/[VERSION] 0.1.0
[HOME]/deleted/[TIME]-77.json 2026-11-22T06-51-09Z
"#]]);
    }

    #[test]
    fn controls_and_a_missing_line_end_are_seen() {
        printed("\x1b[31mred\x7f\u{9b}\u{202e} a\\b\r\nend").check(str![[r#"
␛[31mred␡␦␦ a\b␍
end(no line end)
"#]]);
    }

    #[test]
    fn json_is_exactly_one_document() {
        assert_eq!(printed("{\"a\": 1}\n").json(), json!({"a": 1}));
        assert_eq!(printed("1\n2\n").json_lines(), [json!(1), json!(2)]);
        let twice = std::panic::catch_unwind(|| printed("{}\n{}\n").json());
        let words = std::panic::catch_unwind(|| printed("done\n").json());
        assert!(twice.is_err() && words.is_err());
    }

    #[test]
    fn an_error_is_one_object_after_the_warnings() {
        let run = shell(r#"printf 'warning\n{"Error":{"Kind":"Usage"}}\n' >&2; exit 2"#);
        assert_eq!(run.code(2).error_json(), json!({"Kind": "Usage"}));
        for bad in [r"echo '{}' >&2", r#"echo x; echo '{"Error":1}' >&2"#, "true"] {
            assert!(std::panic::catch_unwind(|| shell(bad).error_json()).is_err(), "{bad}");
        }
    }

    #[test]
    fn each_requirement_can_fail() {
        let fails = |look: fn(&Transcript)| {
            let run = shell("echo a");
            let look = std::panic::AssertUnwindSafe(|| look(&run));
            assert!(std::panic::catch_unwind(look).is_err());
        };
        shell("echo a").code(0).has("a").lacks("b").within(Duration::from_secs(20));
        fails(|run| {
            run.code(1);
        });
        fails(|run| {
            run.has("b");
        });
        fails(|run| {
            run.lacks("a");
        });
        fails(|run| {
            run.within(Duration::ZERO);
        });
        fails(|run| {
            run.check("b");
        });
    }
}
