//! The configuration file as it is read, with places for its errors.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, TableLike};

use super::ConfigError;
use super::profile::{Profile, TokenAt};
use crate::config::profile::ProfileName;
use crate::config::source::is_variable;
use crate::fs;
use crate::postmark::{Secret, Secrets, ServerId, mask};

/// A configuration is smaller than this, in bytes.
pub(super) const LARGEST: u64 = 4 * 1024 * 1024;

pub(super) const PROFILES: &str = "profiles";
pub(super) const DEFAULT: &str = "default_profile";

pub(super) const TOKEN_KEYS: [&str; 4] =
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

    /// The names of all profiles, for a message.
    pub fn shown_names(&self) -> Vec<String> {
        self.names().iter().map(|name| mask::without_tokens(name).into_owned()).collect()
    }

    /// The profiles with the names of their settings, no values: what can be shown to a stranger. A name
    /// that is no setting's is left out: it could be anything.
    pub fn shape(&self) -> Vec<(String, Vec<&'static str>)> {
        let Some(profiles) = self.profiles().ok().flatten() else { return Vec::new() };
        let known = || TOKEN_KEYS.into_iter().chain(OTHER_KEYS);
        let keys = |item: &Item| {
            let table = item.as_table_like();
            known().filter(|key| table.is_some_and(|t| t.contains_key(key))).collect()
        };
        profiles.iter().map(|(name, item)| (name.to_owned(), keys(item))).collect()
    }

    /// True if a profile has a guard: `read_only` or `protected` other than false.
    pub fn may_be_guarded(&self, name: &ProfileName) -> bool {
        let item = self.profiles().ok().flatten().and_then(|t| t.get(name.as_str()));
        let table = item.and_then(Item::as_table_like);
        let is_set =
            |key| table.and_then(|t| t.get(key)).is_some_and(|i| i.as_bool() != Some(false));
        is_set("read_only") || is_set("protected")
    }

    /// The variables that profiles take their tokens from, and the tokens in the file itself.
    pub fn tokens(&self) -> (Vec<String>, Vec<Secret>) {
        let profiles = self.profiles().ok().flatten();
        let tables = profiles.into_iter().flat_map(TableLike::iter);
        let tables: Vec<_> = tables.filter_map(|(_, item)| item.as_table_like()).collect();
        let all = |key| {
            let items = tables.iter().filter_map(move |table| table.get(key));
            items.filter_map(Item::as_str).map(str::to_owned)
        };
        (all("server_token_env").collect(), all("server_token").map(Secret::new).collect())
    }

    /// A profile, checked key by key.
    pub fn profile(&self, name: &ProfileName) -> Result<Profile, ConfigError> {
        let item = self.profiles()?.and_then(|t| t.get(name.as_str()));
        let item = item.ok_or_else(|| ConfigError::UnknownProfile {
            name: name.to_string(),
            known: self.shown_names(),
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
                    "{}:{line}: `{}` in profile {name} is not a setting; it is ignored",
                    self.path.display(),
                    mask::without_tokens(key)
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
            let mut problem = format!("profile {name} needs exactly one of {all}; it has {found}");
            let unknown =
                table.iter().find(|(key, _)| key.contains("token") && !TOKEN_KEYS.contains(key));
            if let (true, Some((key, item))) = (present.is_empty(), unknown) {
                let key = mask::without_tokens(key);
                problem.push_str(&format!(", and `{key}` is not a setting"));
                return Err(self.at(item, problem));
            }
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
            "server_token_env" if !is_variable(text) => {
                let problem = format!("`{key}` must be the name of an environment variable");
                return Err(self.at(item, problem));
            }
            "server_token_env" => TokenAt::Environment(text.to_owned()),
            "server_token_file" => TokenAt::File(self.beside(text)),
            _ => {
                Secrets::of_run().add_token(text);
                TokenAt::Here(Secret::new(text))
            }
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

/// The file's text, empty where there is no file, and its mode where others can get at it.
pub(super) fn read(path: &Path) -> Result<(String, Option<u32>), ConfigError> {
    let content = match fs::read_by_own_links(path, LARGEST) {
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

pub(super) fn parse(path: &Path, text: &str) -> Result<Document<String>, ConfigError> {
    // The library's own text is not shown: it quotes the line, which may hold a token.
    Document::parse(text.to_owned()).map_err(|e| {
        broken(
            path,
            text,
            e.span(),
            mask::without_tokens(&e.message().replace('\n', ", ")).into_owned(),
        )
    })
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
