//! Hints: text, and command lines of this program as values.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::path::Path;

use crate::postmark::ApiUrl;

/// The options that name the target of a run, as they were given: `--config`, `--api-url`, `-p`.
#[derive(Clone, Debug, Default)]
pub struct TargetOptions {
    config: String,
    api_url: String,
    profile: String,
    /// Commands that can work on several profiles at once.
    fan_out: Vec<&'static str>,
}

impl TargetOptions {
    /// The options that were given.
    pub fn new(config: Option<&Path>, api_url: Option<&ApiUrl>, profile: Option<&str>) -> Self {
        let config = config.map(|path| format!(" --config {}", quote(&path.to_string_lossy())));
        let api_url = api_url.map(|url| format!(" --api-url {url}"));
        let profile = profile.map(|name| format!(" -p {name}"));
        Self {
            config: config.unwrap_or_default(),
            api_url: api_url.unwrap_or_default(),
            profile: profile.unwrap_or_default(),
            fan_out: Vec::new(),
        }
    }

    /// Adds the commands that can work on several profiles at once.
    #[must_use]
    pub fn fan_out(mut self, commands: Vec<&'static str>) -> Self {
        self.fan_out = commands;
        self
    }

    /// A sentence with commands in backquotes, these options added to each.
    // Until the findings of `lint`, `health` and `doctor` carry hints instead of sentences.
    pub fn applied(&self, advice: &str) -> String {
        let mut parts = advice.split("`pmhooks ");
        let mut text = parts.next().unwrap_or_default().to_owned();
        for command in parts {
            let Self { config, api_url, profile, .. } = self;
            let begins = |word: &str| command.starts_with(word);
            let options = if begins("-p sandbox ") || begins("sandbox ") {
                String::new()
            } else if begins("profile ") {
                config.clone()
            } else if begins("-p ") {
                format!("{config}{api_url}")
            } else {
                format!("{config}{api_url}{profile}")
            };
            text.push_str(&format!("`pmhooks{options} {command}"));
        }
        text
    }

    /// The same options for this profile, if there is one.
    #[must_use]
    pub fn of<T: Display>(&self, profile: Option<T>) -> Self {
        let profile = profile.map_or(self.profile.clone(), |name| format!(" -p {name}"));
        Self { profile, ..self.clone() }
    }
}

/// The program's name and the options, as a command line begins.
impl Display for TargetOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pmhooks{}{}{}", self.config, self.api_url, self.profile)
    }
}

/// A command line of this program for the reader to run. The options of the run's target are added when
/// it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    words: String,
    scope: Scope,
    next: Option<Box<Self>>,
}

/// Which options of the run a command line repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Scope {
    /// All: it is for the same server.
    Run,
    /// All but the profile, which is this one.
    Profile(String),
    /// `--config` alone: it is about profiles.
    Configuration,
    /// None: the sandbox has neither a configuration nor an address.
    Sandbox { by_profile: bool },
}

impl Invocation {
    /// A command with words that need no quotes, such as `profile add NAME`.
    pub fn new(words: &'static str) -> Self {
        let scope = match words.split(' ').next() {
            Some("profile") => Scope::Configuration,
            Some("sandbox") => Scope::Sandbox { by_profile: false },
            Some(_) | None => Scope::Run,
        };
        Self { words: words.to_owned(), scope, next: None }
    }

    /// Adds a word, in quotes where the platform's shell needs them.
    #[must_use]
    pub fn arg(mut self, word: impl Display) -> Self {
        self.words = format!("{} {}", self.words, quote(&word.to_string()));
        self
    }

    /// Adds several words.
    #[must_use]
    pub fn args<T: Display>(self, words: impl IntoIterator<Item = T>) -> Self {
        words.into_iter().fold(self, Self::arg)
    }

    /// Names the profile that it is for.
    #[must_use]
    pub fn on(mut self, profile: impl Display) -> Self {
        let name = profile.to_string();
        self.scope = match name.as_str() {
            "sandbox" => Scope::Sandbox { by_profile: true },
            _ => Scope::Profile(name),
        };
        self
    }

    /// Pipes its output into another one.
    #[must_use]
    pub fn pipe(mut self, next: Self) -> Self {
        self.next = Some(Box::new(next));
        self
    }

    /// The command line in a run with these options.
    pub fn render(&self, target: &TargetOptions) -> String {
        let TargetOptions { config, api_url, profile, .. } = target;
        let options = match &self.scope {
            Scope::Run => format!("{config}{api_url}{profile}"),
            Scope::Profile(name) => format!("{config}{api_url} -p {name}"),
            Scope::Configuration => config.clone(),
            Scope::Sandbox { by_profile: true } => " -p sandbox".to_owned(),
            Scope::Sandbox { by_profile: false } => String::new(),
        };
        let line = format!("pmhooks{options} {}", self.words);
        match &self.next {
            Some(next) => format!("{line} | {}", next.render(target)),
            None => line,
        }
    }
}

impl From<&'static str> for Invocation {
    fn from(words: &'static str) -> Self {
        Self::new(words)
    }
}

/// Advice: text and command lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Command(Invocation),
    /// The names of the commands that can work on several profiles at once.
    FanOut,
}

impl Hint {
    /// What a command does, and the command: "see them: `pmhooks profile list`".
    pub fn command(explanation: &str, command: impl Into<Invocation>) -> Self {
        Self::from(format!("{explanation}: ")).run(command)
    }

    /// Adds a command line.
    #[must_use]
    pub fn run(mut self, command: impl Into<Invocation>) -> Self {
        self.0.push(Part::Command(command.into()));
        self
    }

    /// Adds text.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Text(text.into()));
        self
    }

    /// Adds the names of the commands that can work on several profiles at once.
    #[must_use]
    pub fn fan_out_commands(mut self) -> Self {
        self.0.push(Part::FanOut);
        self
    }

    /// Adds the text and the commands of another one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The same advice for a profile: commands for the run's target name it.
    #[must_use]
    pub fn for_profile(mut self, profile: &str) -> Self {
        for part in &mut self.0 {
            if let Part::Command(command) = part
                && command.scope == Scope::Run
            {
                *command = command.clone().on(profile);
            }
        }
        self
    }

    /// The sentence in a run with these options, its commands in backquotes.
    pub fn render(&self, target: &TargetOptions) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Command(command) => format!("`{}`", command.render(target)),
            Part::FanOut => target.fan_out.join(", "),
        });
        parts.collect()
    }
}

impl From<&str> for Hint {
    fn from(text: &str) -> Self {
        Self(vec![Part::Text(text.into())])
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Self(vec![Part::Text(text)])
    }
}

impl From<Invocation> for Hint {
    fn from(command: Invocation) -> Self {
        Self(vec![Part::Command(command)])
    }
}

/// A word as the platform's shell reads it back.
pub fn quote(word: &str) -> Cow<'_, str> {
    if cfg!(windows) { quote_for_windows(word) } else { shell_words::quote(word) }
}

/// Double quotes, which cmd.exe, PowerShell and the argument parser of Windows programs agree on.
fn quote_for_windows(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || r"-_.,:/\@+=~%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.into();
    }
    // A backslash before a quote escapes it.
    let end = word.len() - word.trim_end_matches('\\').len();
    format!("\"{}{}\"", word.replace('"', "\\\""), "\\".repeat(end)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> TargetOptions {
        let url = "https://api.example.com".parse().unwrap();
        TargetOptions::new(Some(Path::new("a b.toml")), Some(&url), Some("one"))
    }

    #[test]
    fn a_command_repeats_the_options_of_the_run_that_concern_it() {
        let rendered = |command: Invocation| command.render(&target());
        let config = if cfg!(windows) { "--config \"a b.toml\"" } else { "--config 'a b.toml'" };
        let options = format!("{config} --api-url https://api.example.com");
        assert_eq!(rendered("list".into()), format!("pmhooks {options} -p one list"));
        assert_eq!(
            rendered(Invocation::new("list").on("two")),
            format!("pmhooks {options} -p two list")
        );
        assert_eq!(rendered("profile list".into()), format!("pmhooks {config} profile list"));
        assert_eq!(rendered(Invocation::new("list").on("sandbox")), "pmhooks -p sandbox list");
        assert_eq!(rendered("sandbox reset".into()), "pmhooks sandbox reset");
        assert_eq!(TargetOptions::default().to_string(), "pmhooks");
    }

    #[test]
    fn a_hint_for_a_profile_names_it_once() {
        let hint = Hint::command("see it", Invocation::new("get").arg(7))
            .text("; or ")
            .run("profile list");
        let rendered =
            hint.for_profile("two").for_profile("three").render(&TargetOptions::default());
        assert_eq!(rendered, "see it: `pmhooks -p two get 7`; or `pmhooks profile list`");
    }

    #[test]
    fn words_are_quoted_for_the_shell() {
        assert_eq!(quote_for_windows(r"C:\a\b.toml"), r"C:\a\b.toml");
        assert_eq!(quote_for_windows(r"C:\a b\"), r#""C:\a b\\""#);
        assert_eq!(quote_for_windows(r#"a"b"#), r#""a\"b""#);
        assert_eq!(quote_for_windows(""), r#""""#);
        let piped = Invocation::new("get").arg("a b").pipe("create --from -".into());
        if cfg!(unix) {
            let rendered = piped.render(&TargetOptions::default());
            assert_eq!(rendered, "pmhooks get 'a b' | pmhooks create --from -");
        }
    }
}
