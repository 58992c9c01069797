//! How this program is called again for the same target: what the commands in advice begin with.

use std::fmt;
use std::path::Path;

use crate::postmark::ApiUrl;

/// The options that name the target of a run, as they were given.
#[derive(Clone, Debug, Default)]
pub struct Invocation {
    config: String,
    api_url: String,
    profile: String,
}

impl Invocation {
    /// What was given.
    pub fn new(config: Option<&Path>, api_url: Option<&ApiUrl>, profile: Option<&str>) -> Self {
        let config = config.map(Path::to_string_lossy);
        let config = config.map(|path| format!(" --config {}", shell_words::quote(&path)));
        let api_url = api_url.map(|url| format!(" --api-url {url}"));
        let profile = profile.map(|name| format!(" -p {name}"));
        Self {
            config: config.unwrap_or_default(),
            api_url: api_url.unwrap_or_default(),
            profile: profile.unwrap_or_default(),
        }
    }

    /// The same for this profile, if there is one.
    #[must_use]
    pub fn of<T: fmt::Display>(&self, profile: Option<T>) -> Self {
        let profile = profile.map_or(self.profile.clone(), |name| format!(" -p {name}"));
        Self { profile, ..self.clone() }
    }

    /// Advice whose commands are for the same target. Those that name a profile keep it, and those that
    /// are about profiles need only the configuration; the sandbox has neither.
    pub fn applied(&self, advice: &str) -> String {
        let mut parts = advice.split("`pmhooks ");
        let mut text = parts.next().unwrap_or_default().to_owned();
        for command in parts {
            let Self { config, api_url, profile } = self;
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
}

impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pmhooks{}{}{}", self.config, self.api_url, self.profile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_keeps_to_the_target_of_the_run() {
        let url = "https://api.example.com".parse().unwrap();
        let given = Invocation::new(Some(Path::new("a b.toml")), Some(&url), Some("one"));
        let applied = |advice| given.applied(advice);
        let options = "--config 'a b.toml' --api-url https://api.example.com";
        assert_eq!(applied("see `pmhooks list`"), format!("see `pmhooks {options} -p one list`"));
        assert_eq!(applied("`pmhooks -p two list`"), format!("`pmhooks {options} -p two list`"));
        assert_eq!(applied("`pmhooks profile list`"), "`pmhooks --config 'a b.toml' profile list`");
        assert_eq!(applied("`pmhooks -p sandbox list`"), "`pmhooks -p sandbox list`");
        assert_eq!(applied("`pmhooks sandbox reset`"), "`pmhooks sandbox reset`");
        assert_eq!(Invocation::default().to_string(), "pmhooks");
    }
}
