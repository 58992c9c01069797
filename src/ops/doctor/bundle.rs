//! A report for a ticket: all steps, versions, the shape of the configuration. No secret, no user name,
//! nobody's home.

use std::io;
use std::path::Path;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::{Doctor, DoctorReport};
use crate::config::env::{self, Environment};
use crate::config::resolve;
use crate::fs::{self, FsError, Standing};
use crate::postmark::{MASK, Object, Reveal, Webhook};

/// The names of the proxy variables, which the list of all has as one entry.
const PROXIES: [&str; 8] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// Refuses a path where a report cannot be made, before the walk begins. What is there stays.
pub fn check(path: &Path) -> Result<(), FsError> {
    let refused = |path: &Path, kind, why: &str| FsError::Io {
        doing: "create",
        path: path.to_owned(),
        source: io::Error::new(kind, why.to_owned()),
    };
    fs::refuse_link(path)?;
    if fs::look(path)? != Standing::Nothing {
        return Err(refused(path, io::ErrorKind::AlreadyExists, "there is something already"));
    }
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) if !matches!(fs::look(folder)?, Standing::Folder(_)) => {
            Err(refused(path, io::ErrorKind::NotFound, "its folder is not there"))
        }
        _ => Ok(()),
    }
}

/// Writes the report to a private file of its own.
pub fn write(path: &Path, text: &str) -> Result<(), FsError> {
    fs::write_new(path, text.as_bytes())
}

impl Doctor<'_> {
    /// The report with what a helper asks next. `shown` is the report as the command shows it.
    pub fn bundle(&self, report: &DoctorReport, shown: Value) -> Value {
        let mut bundle = json!({
            "Tool": concat!("pmhooks ", env!("CARGO_PKG_VERSION")),
            "System": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            "Time": humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            "Profile": report.profile.as_ref().map(ToString::to_string),
            "Variables": self.variables(),
            "Configuration": self.shape(),
            "Webhook": report.webhook.as_ref().map(definition),
        });
        if let (Value::Object(bundle), Value::Object(shown)) = (&mut bundle, shown) {
            bundle.extend(shown);
        }
        Redaction::of(self.environment).value(&mut bundle);
        bundle
    }

    /// Which of the variables that matter are set; not to what.
    fn variables(&self) -> Vec<&'static str> {
        let names = env::ALL.iter().map(|variable| variable.name).chain(PROXIES);
        names.filter(|name| self.environment.raw(name).is_some()).collect()
    }

    /// The configuration's profiles and the names of their settings; no values.
    fn shape(&self) -> Value {
        let path = resolve::config_path(self.wanted, self.environment);
        let Ok(file) = resolve::config(self.wanted, self.environment) else { return Value::Null };
        let default = file.default_profile().ok().flatten();
        let profile = |(name, settings): (String, Vec<&'static str>)| {
            let is_default = default.as_ref().is_some_and(|d| d.as_str() == name);
            json!({"Name": name, "Default": is_default, "Settings": settings})
        };
        json!({
            "Path": path.ok().map(|path| path.display().to_string()),
            "Profiles": file.shape().into_iter().map(profile).collect::<Vec<_>>(),
        })
    }
}

/// A webhook without its secrets, and without the name that it signs in with.
fn definition(webhook: &Webhook) -> Value {
    let mut value = webhook.to_json(Reveal::Masked);
    let auth = value.get_mut("HttpAuth").and_then(Value::as_object_mut);
    if let Some(name) = auth.and_then(|auth| auth.get_mut("Username")) {
        *name = MASK.into();
    }
    value
}

/// What a stranger need not know.
struct Redaction {
    home: Option<String>,
    user: Option<String>,
}

impl Redaction {
    fn of(environment: &Environment) -> Self {
        let text = |names: &[&str]| {
            let found = names.iter().find_map(|name| environment.raw(name)?.to_str());
            found.map(|text| text.trim_end_matches('/').to_owned()).filter(|text| text.len() > 1)
        };
        Self { home: text(&["HOME", "USERPROFILE"]), user: text(&["USER", "LOGNAME", "USERNAME"]) }
    }

    fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(object) => self.object(object),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn object(&self, object: &mut Object) {
        object.iter_mut().for_each(|(_, value)| self.value(value));
    }

    fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if let Some(home) = &self.home {
            text = text.replace(home.as_str(), "~");
        }
        if let Some(user) = &self.user {
            text = text.replace(&format!("/{user}/"), "/USER/");
        }
        without_userinfo(&text)
    }
}

/// The text without the `user:password@` of the URLs in it.
fn without_userinfo(text: &str) -> String {
    let mut pieces = text.split("://");
    let mut clean = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let ends = |c: char| c.is_whitespace() || "/?#\"'<>`\\".contains(c);
        let (authority, rest) = piece.split_at(piece.find(ends).unwrap_or(piece.len()));
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        clean.push_str("://");
        clean.push_str(host);
        clean.push_str(rest);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_who_it_was() {
        let redaction = Redaction { home: Some("/home/ann".into()), user: Some("ann".into()) };
        for (given, clean) in [
            ("/home/ann/.config/x is readable", "~/.config/x is readable"),
            ("file /srv/ann/token", "file /srv/USER/token"),
            ("planned, https://ann:x@h.example/ann", "planned, https://h.example/ann"),
            ("(https://a@h/ and http://b@i)", "(https://h/ and http://i)"),
            ("ann@example.com", "ann@example.com"),
        ] {
            assert_eq!(redaction.text(given), clean);
        }
    }
}
