//! The configuration file: read with places for its errors, changed without touching the rest of it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml_edit::{Document, DocumentMut, Item, Table, TableLike, Value};

use super::ConfigError;
use super::profile::{Profile, TokenAt};
use crate::disk::{self, Lock};
use crate::model::{ProfileName, Secret, ServerId};

/// A configuration is smaller than this, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// How long a command waits for another one that is changing the file.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// Some editors begin a file with it.
const BYTE_ORDER_MARK: char = '\u{feff}';

const PROFILES: &str = "profiles";
const DEFAULT: &str = "default_profile";

const TOKEN_KEYS: [&str; 4] =
    ["server_token", "server_token_env", "server_token_file", "server_token_command"];
const OTHER_KEYS: [&str; 7] =
    ["server_id", "server_name", "stream", "protected", "read_only", "api_url", "vars"];

/// The file as it was read.
pub struct File {
    path: PathBuf,
    document: Document<String>,
    /// What a user should know about it: a loose mode, an unknown key.
    pub warnings: Vec<String>,
}

impl File {
    /// Reads the file; one that does not exist is an empty one.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let (text, loose_mode) = read(path)?;
        let shown = path.display();
        let warnings = loose_mode.map(|mode| {
            format!(
                "others can get at {shown} (mode {mode:o}), which may hold tokens; \
                 run: chmod 600 {shown}"
            )
        });
        let warnings = warnings.into_iter().collect();
        let document = parse(path, &text)?;
        let file = Self { path: path.to_owned(), document, warnings };
        file.profiles()?;
        Ok(file)
    }

    /// The default profile's name, if there is one.
    pub fn default_profile(&self) -> Result<Option<ProfileName>, ConfigError> {
        let Some(item) = self.document.get(DEFAULT) else { return Ok(None) };
        let text = item.as_str().ok_or_else(|| self.wrong(item, DEFAULT, "a text"))?;
        let name = text.parse().map_err(|why| self.at(item, format!("`{DEFAULT}`: {why}")))?;
        Ok(Some(name))
    }

    /// The names of all profiles, in the file's order. Names that cannot be ours are kept as they are.
    pub fn names(&self) -> Vec<String> {
        let table = self.profiles().ok().flatten();
        table.map(|t| t.iter().map(|(name, _)| name.to_owned()).collect()).unwrap_or_default()
    }

    /// A profile, checked key by key.
    pub fn profile(&self, name: &ProfileName) -> Result<Profile, ConfigError> {
        let item = self.profiles()?.and_then(|t| t.get(name.as_str()));
        let item = item.ok_or_else(|| ConfigError::UnknownProfile {
            name: name.to_string(),
            known: self.names(),
        })?;
        let table =
            item.as_table_like().ok_or_else(|| self.wrong(item, name.as_str(), "a table"))?;
        let text = |key| self.typed(table, key, "a text", |i| i.as_str().map(str::to_owned));
        let flag = |key| self.typed(table, key, "true or false", Item::as_bool);
        Ok(Profile {
            name: name.clone(),
            token: self.token(name, item, table)?,
            server_id: self.typed(table, "server_id", "a number", Item::as_integer)?.map(ServerId),
            server_name: text("server_name")?,
            stream: self.parsed(table, "stream")?,
            protected: flag("protected")?.unwrap_or(false),
            read_only: flag("read_only")?.unwrap_or(false),
            api_url: self.parsed(table, "api_url")?,
            vars: self.vars(table)?,
        })
    }

    /// What a user should know about a profile: keys that mean nothing here, most likely misspelled.
    pub fn unknown_keys(&self, name: &ProfileName) -> Vec<String> {
        let item = self.profiles().ok().flatten().and_then(|t| t.get(name.as_str()));
        let Some(table) = item.and_then(Item::as_table_like) else { return Vec::new() };
        let known = || TOKEN_KEYS.iter().chain(&OTHER_KEYS);
        table
            .iter()
            .filter(|(key, _)| !known().any(|k| k == key))
            .map(|(key, item)| {
                let (line, _) = place(self.document.raw(), item.span());
                format!(
                    "{}:{line}: `{key}` in profile {name} is not a setting; it is ignored",
                    self.path.display()
                )
            })
            .collect()
    }

    fn profiles(&self) -> Result<Option<&dyn TableLike>, ConfigError> {
        let Some(item) = self.document.get(PROFILES) else { return Ok(None) };
        item.as_table_like().map(Some).ok_or_else(|| self.wrong(item, PROFILES, "a table"))
    }

    fn token(
        &self,
        name: &ProfileName,
        profile: &Item,
        table: &dyn TableLike,
    ) -> Result<TokenAt, ConfigError> {
        let present: Vec<_> =
            TOKEN_KEYS.into_iter().filter(|key| table.contains_key(key)).collect();
        let [key] = present.as_slice() else {
            let all = TOKEN_KEYS.join(", ");
            let found = if present.is_empty() { "none".to_owned() } else { present.join(" and ") };
            let problem = format!("profile {name} needs exactly one of {all}; it has {found}");
            return Err(self.at(profile, problem));
        };
        let Some(item) = table.get(key) else {
            return Err(self.at(profile, format!("profile {name} has no {key}")));
        };
        if *key == "server_token_command" {
            let argv = item
                .as_array()
                .and_then(|a| a.iter().map(|v| v.as_str().map(str::to_owned)).collect());
            let argv: Option<Vec<String>> = argv;
            let mut argv = argv.filter(|a| a.first().is_some_and(|program| !program.is_empty()));
            if let Some(program) = argv.as_mut().and_then(|a| a.first_mut())
                && program.contains('/')
            {
                *program = self.beside(program).display().to_string();
            }
            return argv.map(TokenAt::Program).ok_or_else(|| {
                let wanted = "a list of texts: the program and its arguments";
                self.at(item, format!("`{key}` must be {wanted}"))
            });
        }
        let text = item.as_str().ok_or_else(|| self.wrong(item, key, "a text"))?;
        if text.is_empty() {
            return Err(self.at(item, format!("`{key}` is empty")));
        }
        Ok(match *key {
            "server_token_env" => TokenAt::Environment(text.to_owned()),
            "server_token_file" => TokenAt::File(self.beside(text)),
            _ => TokenAt::Here(Secret::new(text)),
        })
    }

    /// A relative path counts from the configuration's folder: what happens to lie in the working
    /// directory is nobody's word.
    fn beside(&self, path: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path).components().collect()
    }

    fn vars(&self, table: &dyn TableLike) -> Result<Vec<(String, String)>, ConfigError> {
        let Some(item) = table.get("vars") else { return Ok(Vec::new()) };
        let vars = item.as_table_like().ok_or_else(|| self.wrong(item, "vars", "a table"))?;
        vars.iter()
            .map(|(key, item)| match item.as_str() {
                Some(text) => Ok((key.to_owned(), text.to_owned())),
                None => Err(self.wrong(item, &format!("vars.{key}"), "a text")),
            })
            .collect()
    }

    fn typed<T>(
        &self,
        table: &dyn TableLike,
        key: &str,
        expected: &str,
        read: impl Fn(&Item) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(item) = table.get(key) else { return Ok(None) };
        read(item).map(Some).ok_or_else(|| self.wrong(item, key, expected))
    }

    fn parsed<T: std::str::FromStr<Err = String>>(
        &self,
        table: &dyn TableLike,
        key: &str,
    ) -> Result<Option<T>, ConfigError> {
        let Some(item) = table.get(key) else { return Ok(None) };
        let text = item.as_str().ok_or_else(|| self.wrong(item, key, "a text"))?;
        text.parse().map(Some).map_err(|why| self.at(item, format!("`{key}`: {why}")))
    }

    fn wrong(&self, item: &Item, key: &str, expected: &str) -> ConfigError {
        self.at(item, format!("`{key}` is {}, not {expected}", kind(item)))
    }

    fn at(&self, item: &Item, problem: String) -> ConfigError {
        broken(&self.path, self.document.raw(), item.span(), problem)
    }
}

/// Changes the file under its lock: whatever is not changed stays to the byte, comments included.
pub fn change<T>(
    path: &Path,
    change: impl FnOnce(&mut DocumentMut) -> Result<T, ConfigError>,
) -> Result<T, ConfigError> {
    // The same lock by whichever link the file is reached.
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let lock = real.with_extension("toml.lock");
    let _lock = Lock::acquire(&lock, "another pmhooks command", LOCK_WAIT, |_| false)?;
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
    disk::write(path, changed.as_bytes())?;
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

/// The file's text, empty where there is no file, and its mode where others can get at it.
fn read(path: &Path) -> Result<(String, Option<u32>), ConfigError> {
    let content = match disk::read(path, LARGEST) {
        Ok(content) => content,
        Err(error) if error.is_missing() => return Ok((String::new(), None)),
        Err(error) => return Err(ConfigError::Unopened(error)),
    };
    let text = String::from_utf8(content.bytes).map_err(|e| {
        let before = e.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(e.as_bytes());
        broken(path, &text, Some(before..before), "it is not text (UTF-8)".to_owned())
    })?;
    Ok((text, content.loose_mode))
}

fn parse(path: &Path, text: &str) -> Result<Document<String>, ConfigError> {
    // The library's own text is not shown: it quotes the line, which may hold a token.
    Document::parse(text.to_owned())
        .map_err(|e| broken(path, text, e.span(), e.message().replace('\n', ", ")))
}

fn broken(path: &Path, text: &str, span: Option<Range<usize>>, problem: String) -> ConfigError {
    let (line, column) = place(text, span);
    ConfigError::Broken { path: path.to_owned(), line, column, problem }
}

fn place(text: &str, span: Option<Range<usize>>) -> (usize, usize) {
    let before = text.get(..span.map_or(0, |s| s.start)).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

fn kind(item: &Item) -> &'static str {
    match item.type_name() {
        "string" => "a text",
        "integer" => "a number",
        "float" => "a fraction",
        "boolean" => "true or false",
        "array" | "array of tables" => "a list",
        "table" | "inline table" => "a table",
        _ => "a date",
    }
}
