//! Secrets that sing: random values, and a search for them in every disguise.

use std::fmt::Write;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::transcript::Transcript;

/// A part of a secret of this length is a leak too: a prefix, a suffix.
const PART: usize = 10;

/// A secret of each kind that the product meets.
#[derive(Clone, Debug)]
pub struct Canaries {
    /// A server token.
    pub token: String,
    /// A webhook's password, with characters that need escaping nearly everywhere.
    pub password: String,
    /// The value of a custom header.
    pub header: String,
    /// A secret in the query of a webhook's URL.
    pub query: String,
}

impl Canaries {
    pub fn new() -> Self {
        let mut random = fastrand::Rng::new();
        let mut hex = |length| -> String { (0..length).map(|_| random.digit(16)).collect() };
        let token = [8, 4, 4, 4, 12].map(&mut hex).join("-");
        let mut word = |length| -> String { (0..length).map(|_| random.alphanumeric()).collect() };
        Canaries {
            token,
            password: format!("{}\"\\ /+&%ü{}", word(24), word(24)),
            header: word(40),
            query: word(40),
        }
    }

    pub fn all(&self) -> [&str; 4] {
        [&self.token, &self.password, &self.header, &self.query]
    }

    /// Requires that a text holds none of them, in no disguise.
    #[track_caller]
    pub fn assert_clean(&self, text: impl AsRef<[u8]>) {
        for canary in self.all() {
            if let Some(form) = leak(text.as_ref(), canary) {
                let text = String::from_utf8_lossy(text.as_ref());
                panic!("{} leaked, {form}:\n{text}", self.name(canary));
            }
        }
    }

    /// Requires the same of both streams of a run.
    #[track_caller]
    pub fn assert_clean_run(&self, run: &Transcript) {
        self.assert_clean(run.command.as_bytes());
        self.assert_clean(&run.stdout_bytes);
        self.assert_clean(&run.stderr_bytes);
    }

    /// Requires the same of the names and contents of all files below a folder, except of files
    /// that are meant to hold secrets, and of what is below them if they are folders.
    #[track_caller]
    pub fn assert_clean_tree(&self, folder: &Path, except: &[&Path]) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            self.assert_clean(path.as_os_str().as_encoded_bytes());
            if except.iter().any(|exception| path.starts_with(exception)) || path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                self.assert_clean_tree(&path, except);
            } else if path.is_file() {
                let content = std::fs::read(&path).unwrap();
                let leaked = self.all().into_iter().find_map(|canary| {
                    leak(&content, canary).map(|form| (self.name(canary), form))
                });
                assert!(leaked.is_none(), "{leaked:?} leaked into {}", path.display());
            }
        }
    }

    fn name(&self, canary: &str) -> &'static str {
        let names = ["the token", "the password", "the header value", "the query value"];
        let place = self.all().iter().position(|other| *other == canary).unwrap();
        names[place]
    }
}

/// In which form the text holds the secret or a part of it.
pub fn leak(text: &[u8], secret: &str) -> Option<&'static str> {
    let text = String::from_utf8_lossy(text);
    let lower = text.to_ascii_lowercase();
    // Escaping changes other characters, so the long runs of plain ones show through any.
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let runs = secret.split(|c| !plain(c)).filter(|run| run.len() >= PART);
    runs.into_iter().find_map(|run| {
        let forms = [
            ("as it is or in another case", run.to_owned(), 1),
            ("reversed", run.chars().rev().collect(), 1),
            ("in hex", encode(run, ""), 2),
            ("percent-encoded", encode(run, "%"), 3),
            ("as JSON escapes", encode(run, "\\u00"), 6),
        ];
        let found = forms.into_iter().find(|(_, form, width)| {
            let form = form.to_ascii_lowercase();
            let parts = (0..=run.len() - PART).map(|at| &form[at * width..(at + PART) * width]);
            parts.into_iter().any(|part| lower.contains(part))
        });
        let in_base64 = || base64_forms(run.as_bytes()).iter().any(|form| text.contains(form));
        found.map(|(name, ..)| name).or_else(|| in_base64().then_some("in base64"))
    })
}

/// Each byte in hex behind the same prefix.
fn encode(run: &str, prefix: &str) -> String {
    let encode = |mut all: String, byte: u8| {
        let _ = write!(all, "{prefix}{byte:02x}");
        all
    };
    run.bytes().fold(String::new(), encode)
}

/// What the bytes look like inside the base64 of anything: at each of three offsets, without the
/// characters at both ends that also depend on the neighbours.
fn base64_forms(bytes: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for offset in 0..3 {
        let mut padded = vec![0; offset];
        padded.extend_from_slice(bytes);
        let whole = padded.len() / 3 * 4;
        let first = [0, 2, 3][offset];
        for text in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            forms.push(text[first..whole].to_owned());
        }
    }
    forms
}

#[cfg(all(test, unix))]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::{encode, leak};
    use crate::support::*;

    #[test]
    fn each_disguise_is_seen_through() {
        let canaries = Canaries::new();
        for secret in canaries.all() {
            let seen = |text: &str| {
                let form = leak(format!("some {text} text").as_bytes(), secret);
                assert!(form.is_some(), "{secret} not found in {text}");
            };
            seen(secret);
            seen(&secret.to_uppercase());
            seen(&secret.chars().rev().collect::<String>());
            seen(&secret[..12]);
            seen(&json!(secret).to_string());
            seen(&format!("{secret:?}"));
            seen(&url::form_urlencoded::byte_serialize(secret.as_bytes()).collect::<String>());
            seen(&encode(secret, "%").to_uppercase());
            seen(&encode(secret, ""));
            seen(&encode(secret, "\\u00"));
            for user in ["", "u", "us", "user:", "user:x"] {
                seen(&STANDARD.encode(format!("{user}{secret}")));
                seen(&STANDARD.encode(format!("{user}{secret}and more")));
            }
        }
    }

    #[test]
    fn what_is_clean_is_clean() {
        let (canaries, others) = (Canaries::new(), Canaries::new());
        canaries.assert_clean(format!("{others:?} ******** {TOKEN}"));
        canaries.assert_clean("");
    }

    #[test]
    fn runs_and_trees_are_searched() {
        let (env, canaries) = (TestEnv::new(), Canaries::new());
        let config = env.config(&canaries.token);
        env.file("a/b/clean", "nothing");
        canaries.assert_clean_tree(env.home(), &[&config]);
        canaries.assert_clean_run(&env.program("/bin/echo", "hi").run());

        let leaks = |act: &dyn Fn()| {
            let act = std::panic::AssertUnwindSafe(act);
            assert!(std::panic::catch_unwind(act).is_err());
        };
        leaks(&|| canaries.assert_clean_tree(env.home(), &[]));
        leaks(&|| canaries.assert_clean_run(&env.program("/bin/cat", [&config]).run()));
    }
}
