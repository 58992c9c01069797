//! Changing the configuration file without touching the rest of it.

use std::path::Path;
use std::time::Duration;

use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

use super::ConfigError;
use super::file::{DEFAULT, LARGEST, PROFILES, TOKEN_KEYS, parse, read};
use super::profile::{Profile, TokenAt};
use crate::config::profile::ProfileName;
use crate::fs::{self, Access, Lock};

/// How long a command waits for another one that is changing the file.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// Some editors begin a file with it.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Changes the file under its lock: whatever is not changed stays to the byte, comments included.
pub fn file<T>(
    path: &Path,
    change: impl FnOnce(&mut DocumentMut) -> Result<T, ConfigError>,
) -> Result<T, ConfigError> {
    // The same lock by whichever link the file is reached.
    let real = fs::follow_own_links(path)?;
    let _lock = Lock::beside(&real, "another pmhooks command", LOCK_WAIT, |_| false)?;
    let (text, _) = read(path)?;
    let mut document = parse(path, &text)?.into_mut();
    let done = change(&mut document)?;
    let mut changed = document.to_string();
    // The library knows only one line end.
    if text.contains("\r\n") && text.matches('\n').count() == text.matches("\r\n").count() {
        changed = changed.replace("\r\n", "\n").replace('\n', "\r\n");
    }
    let header = header(&text);
    if !header.trim().is_empty() && !changed.starts_with(header) {
        changed = format!("{header}{}", changed.replacen(header, "", 1));
    }
    if text.starts_with(BYTE_ORDER_MARK) && !changed.starts_with(BYTE_ORDER_MARK) {
        changed.insert(0, BYTE_ORDER_MARK);
    }
    if changed.len() as u64 > LARGEST {
        let why = format!("the configuration would be larger than {LARGEST} bytes");
        return Err(ConfigError::Refused(why));
    }
    fs::replace(&real, changed.as_bytes(), Access::Private)?;
    Ok(done)
}

/// The comment that a file begins with. It is the file's, although it goes with its first key.
fn header(text: &str) -> &str {
    let is_comment = |line: &&str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let length = text.split_inclusive('\n').take_while(is_comment).map(str::len).sum();
    text.get(..length).unwrap_or_default()
}

/// Sets a key. A comment behind an old value stays.
fn set(table: &mut dyn TableLike, key: &str, mut new: Value) {
    match table.get_mut(key) {
        Some(Item::Value(old)) => {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        _ => {
            table.insert(key, Item::Value(new));
        }
    }
}

/// Adds or replaces a profile; what is not known here of an old one is kept.
pub fn put(document: &mut DocumentMut, profile: &Profile) -> Result<(), ConfigError> {
    let profiles = profiles_mut(document)?;
    if !profiles.contains_key(profile.name.as_str()) {
        profiles.insert(profile.name.as_str(), Item::Table(Table::new()));
    }
    let Some(table) = profiles.get_mut(profile.name.as_str()).and_then(Item::as_table_like_mut)
    else {
        return Err(ConfigError::Refused(format!("`profiles.{}` is not a table", profile.name)));
    };
    let (token_key, token): (_, Value) = match &profile.token {
        TokenAt::Here(token) => ("server_token", token.expose().into()),
        TokenAt::Environment(name) => ("server_token_env", name.into()),
        TokenAt::File(path) => ("server_token_file", path.display().to_string().into()),
        TokenAt::Program(argv) => {
            ("server_token_command", argv.iter().collect::<toml_edit::Array>().into())
        }
    };
    // A comment above the old token's key is for the new one.
    let others = || TOKEN_KEYS.into_iter().filter(|key| *key != token_key);
    let comment = others().find_map(|key| table.key(key).map(|k| k.leaf_decor().clone()));
    for key in others() {
        table.remove(key);
    }
    set(table, token_key, token);
    if let (Some(comment), Some(mut key)) = (comment, table.key_mut(token_key)) {
        *key.leaf_decor_mut() = comment;
    }
    let settings: [(_, Option<Value>); 6] = [
        ("server_id", profile.server_id.map(|id| id.0.into())),
        ("server_name", profile.server_name.as_deref().map(Into::into)),
        ("stream", profile.stream.as_ref().map(|s| s.as_str().into())),
        ("protected", profile.protected.then(|| true.into())),
        ("read_only", profile.read_only.then(|| true.into())),
        ("api_url", profile.api_url.as_ref().map(|u| u.to_string().into())),
    ];
    for (key, value) in settings {
        match value {
            Some(value) => set(table, key, value),
            None => drop(table.remove(key)),
        }
    }
    Ok(())
}

/// Takes a profile away; says whether it was the default, which then is none.
pub fn remove(document: &mut DocumentMut, name: &ProfileName) -> Result<bool, ConfigError> {
    let removed = profiles_mut(document)?.remove(name.as_str());
    if removed.is_none() {
        let known = profiles_mut(document)?.iter().map(|(n, _)| n.to_owned()).collect();
        return Err(ConfigError::UnknownProfile { name: name.to_string(), known });
    }
    let was_default = is_default(document, name);
    if was_default {
        document.remove(DEFAULT);
    }
    Ok(was_default)
}

/// Makes a profile the default one.
pub fn set_default(document: &mut DocumentMut, name: &ProfileName) {
    set(document.as_table_mut(), DEFAULT, name.as_str().into());
}

/// True where a default is set.
pub fn has_default(document: &DocumentMut) -> bool {
    document.contains_key(DEFAULT)
}

/// True where the default is this profile.
pub fn is_default(document: &DocumentMut, name: &ProfileName) -> bool {
    document.get(DEFAULT).and_then(Item::as_str) == Some(name.as_str())
}

/// True where the profile exists.
pub fn contains(document: &DocumentMut, name: &ProfileName) -> bool {
    let profiles = document.get(PROFILES).and_then(Item::as_table_like);
    profiles.is_some_and(|p| p.contains_key(name.as_str()))
}

fn profiles_mut(document: &mut DocumentMut) -> Result<&mut dyn TableLike, ConfigError> {
    let item = document.entry(PROFILES).or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let wrong =
        || ConfigError::Refused(format!("`{PROFILES}` in the configuration is not a table"));
    item.as_table_like_mut().ok_or_else(wrong)
}
