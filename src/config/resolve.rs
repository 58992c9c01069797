//! Which server a command talks to, with which token, and where each of these was said.

mod several;

use std::path::{Path, PathBuf};
use std::time::Duration;

use directories::ProjectDirs;

use super::ConfigError;
use super::env::{self, Environment};
use super::file::File;
use super::profile::{Profile, TokenAt};
use super::secret;
use crate::config::profile::ProfileName;
use crate::fs::FsError;
use crate::postmark::{ApiUrl, Secret};
use several::named;
pub use several::{Place, Places, Profiles, is_for_several, places};

const FROM_FLAG: &str = "from --api-url";
const FROM_PROFILE: &str = "from the profile";
const FROM_ENVIRONMENT: &str = "from POSTMARK_API_URL";
const BUILT_IN: &str = "built in";

/// What the command line says about the target.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// `--profile` or `--all-profiles`.
    pub profiles: Profiles,
    /// `--api-url`.
    pub api_url: Option<ApiUrl>,
    /// `--config`.
    pub config: Option<PathBuf>,
}

/// Who a command acts as.
#[derive(Clone, Debug)]
pub enum Account {
    /// The built-in emulator.
    Sandbox,
    /// A profile of the configuration file.
    Profile(Box<Profile>),
    /// The token of the environment.
    Environment(Secret),
}

/// A server, and the way to it.
#[derive(Clone, Debug)]
pub struct Target {
    /// Whose token.
    pub account: Account,
    /// Where the API is; the sandbox's address is known only once it runs.
    pub api_url: ApiUrl,
    /// Who said so, in words.
    pub api_url_source: &'static str,
    /// What a user should know.
    pub warnings: Vec<String>,
    /// Settings that are ignored on purpose.
    pub notes: Vec<String>,
}

impl Target {
    /// The profile's name, the built-in one's included.
    pub fn name(&self) -> Option<ProfileName> {
        match &self.account {
            Account::Sandbox => Some(ProfileName::sandbox()),
            Account::Profile(profile) => Some(profile.name.clone()),
            Account::Environment(_) => None,
        }
    }

    /// The profile of the file, if it is one.
    pub fn profile(&self) -> Option<&Profile> {
        match &self.account {
            Account::Profile(profile) => Some(profile),
            _ => None,
        }
    }

    /// Where the token comes from, in words.
    pub fn token_source(&self) -> String {
        match &self.account {
            Account::Sandbox => "built-in".to_owned(),
            Account::Profile(profile) => profile.token.describe(),
            Account::Environment(_) => format!("env {}", env::SERVER_TOKEN.name),
        }
    }
}

/// Decides on the target. In this order:
///
/// * who: `--profile`, `PMHOOKS_PROFILE`, `POSTMARK_SERVER_TOKEN`, `default_profile`. A profile that was
///   named beats a token that happens to be in the environment, with a warning.
/// * where: `--api-url`, the profile's `api_url`, `POSTMARK_API_URL`, Postmark's own.
///
/// A token that a profile names, however it is stored, belongs to the origin of the profile's `api_url`, or
/// to Postmark's. Another `--api-url` is refused. `POSTMARK_API_URL` is ignored where the profile has an
/// `api_url`, and refused where it would carry the token elsewhere, this machine included.
pub fn target(wanted: &Wanted, environment: &Environment) -> Result<Target, ConfigError> {
    let ambient = environment.raw(env::SERVER_TOKEN.name).is_some();
    let (profiles, by) = named(wanted, environment)?;
    let named = match profiles {
        Profiles::Unnamed => None,
        Profiles::One(name) => Some((name, by)),
        Profiles::Several(_) | Profiles::All => return Err(ConfigError::Several { by }),
    };
    let mut warnings = Vec::new();
    if let (Some((name, by)), true) = (&named, ambient) {
        let token = env::SERVER_TOKEN.name;
        warnings.push(format!("{token} is set, but not used: {by} names the profile {name}"));
    }
    let name = match named {
        Some((name, _)) => Some(name),
        None if ambient => None,
        None => match config(wanted, environment)?.default_profile()? {
            Some(name) if name.is_sandbox() => {
                return Err(ConfigError::SandboxByDefault);
            }
            name => name,
        },
    };
    match name {
        Some(name) if name.is_sandbox() => sandbox(wanted, environment, warnings),
        Some(name) => {
            let file = config(wanted, environment)?;
            warnings.extend(file.warnings.iter().cloned());
            of_profile(&name, &file, wanted, environment, warnings)
        }
        None => of_environment(wanted, environment, warnings),
    }
}

fn sandbox(
    wanted: &Wanted,
    environment: &Environment,
    warnings: Vec<String>,
) -> Result<Target, ConfigError> {
    if wanted.api_url.is_some() {
        return Err(ConfigError::Refused(
            "the built-in profile sandbox has its own API; leave out --api-url".to_owned(),
        ));
    }
    Ok(Target {
        account: Account::Sandbox,
        api_url: postmark()?,
        api_url_source: BUILT_IN,
        warnings,
        notes: ignored(environment, None).into_iter().collect(),
    })
}

/// The note on a `POSTMARK_API_URL` that is not used. It may even be invalid.
fn ignored(environment: &Environment, own: Option<&ApiUrl>) -> Option<String> {
    let ambient = environment.raw(env::API_URL.name)?.to_str();
    let ambient = ambient.and_then(|text| text.parse::<ApiUrl>().ok());
    let why = match own {
        Some(own) if ambient.is_some_and(|ambient| ambient == *own) => return None,
        Some(_) => "the profile has an api_url of its own",
        None => "the profile sandbox has its own API",
    };
    Some(format!("{} is ignored: {why}.", env::API_URL.name))
}

fn of_profile(
    name: &ProfileName,
    file: &File,
    wanted: &Wanted,
    environment: &Environment,
    mut warnings: Vec<String>,
) -> Result<Target, ConfigError> {
    let profile = file.profile(name)?;
    warnings.extend(file.unknown_keys(name));
    let own = profile.api_url.clone().map_or_else(postmark, Ok)?;
    let mut notes = Vec::new();
    let (api_url, api_url_source) = match (&wanted.api_url, &profile.api_url) {
        (Some(url), _) => (url.clone(), FROM_FLAG),
        (None, Some(own)) => {
            notes.extend(ignored(environment, Some(own)));
            (own.clone(), FROM_PROFILE)
        }
        (None, None) => match ambient_api_url(environment)? {
            Some(ambient) => (ambient, FROM_ENVIRONMENT),
            None => (own.clone(), BUILT_IN),
        },
    };
    if !api_url.is_same_origin(&own) {
        return Err(ConfigError::ForeignOrigin {
            profile: name.to_string(),
            origin: own.to_string(),
            other: api_url.to_string(),
            variable: (api_url_source == FROM_ENVIRONMENT).then_some(env::API_URL.name),
        });
    }
    let account = Account::Profile(Box::new(profile));
    Ok(Target { account, api_url, api_url_source, warnings, notes })
}

fn of_environment(
    wanted: &Wanted,
    environment: &Environment,
    warnings: Vec<String>,
) -> Result<Target, ConfigError> {
    let Some(token) = environment.setting(env::SERVER_TOKEN)? else {
        let profiles =
            config(wanted, environment).map(|file| file.shown_names()).unwrap_or_default();
        return Err(ConfigError::NoToken { profiles });
    };
    let origin = format!("env {}", env::SERVER_TOKEN.name);
    let token = secret::check_token(Secret::new(token), "the token", &origin)?;
    let (api_url, api_url_source) = match (&wanted.api_url, ambient_api_url(environment)?) {
        (Some(url), _) => (url.clone(), FROM_FLAG),
        (None, Some(ambient)) => (ambient, FROM_ENVIRONMENT),
        (None, None) => (postmark()?, BUILT_IN),
    };
    let account = Account::Environment(token);
    Ok(Target { account, api_url, api_url_source, warnings, notes: Vec::new() })
}

/// Fetches the token of a profile from where it is kept; warns of a file that others can read.
///
/// A program that prints it has `timeout` for that, and never more than a minute.
pub fn token(
    profile: &Profile,
    environment: &Environment,
    timeout: Duration,
) -> Result<(Secret, Vec<String>), ConfigError> {
    let what = format!("the token of profile {}", profile.name);
    let mut warnings = Vec::new();
    let token = match &profile.token {
        TokenAt::Here(token) => token.clone(),
        TokenAt::Environment(name) => secret::from_environment(name, &what, environment)?,
        TokenAt::Program(argv) => {
            secret::from_program(argv, &what, timeout.min(secret::PROGRAM_TIMEOUT))?
        }
        TokenAt::File(path) => {
            let (token, loose) = secret::from_file(path, &what)?;
            warnings.extend(loose.map(|mode| {
                let path = path.display();
                format!("others can get at {path} (mode {mode:o}), which holds a token; run: chmod 600 {path}")
            }));
            token
        }
    };
    let origin = match &profile.token {
        TokenAt::Here(_) => "the configuration file".to_owned(),
        elsewhere => elsewhere.describe(),
    };
    Ok((secret::check_token(token, &what, &origin)?, warnings))
}

/// The address that a new profile is stored with, and what to say about it: that of `--api-url`, the one it
/// had before, that of `POSTMARK_API_URL`. `None` stands for Postmark's own.
pub fn api_url_of_new(
    wanted: &Wanted,
    old: Option<&ApiUrl>,
    environment: &Environment,
) -> Result<(Option<ApiUrl>, Option<String>), ConfigError> {
    let (url, source) = match (&wanted.api_url, old) {
        (Some(url), _) => (url.clone(), FROM_FLAG),
        (None, Some(old)) => return Ok((Some(old.clone()), ignored(environment, Some(old)))),
        (None, None) => match ambient_api_url(environment)? {
            Some(url) => (url, FROM_ENVIRONMENT),
            None => return Ok((None, None)),
        },
    };
    let note = format!("The API address {url} ({source}) is stored in the profile.");
    Ok((Some(url), Some(note)))
}

/// The API of a profile that has this address, or none of its own.
pub fn api_url_or_postmark(own: Option<&ApiUrl>) -> Result<ApiUrl, ConfigError> {
    own.cloned().map_or_else(postmark, Ok)
}

/// The configuration file, read. One that `--config` names is there.
pub fn config(wanted: &Wanted, environment: &Environment) -> Result<File, ConfigError> {
    if let Some(path) = wanted.config.clone().filter(|path| !path.exists()) {
        let source = std::io::Error::new(std::io::ErrorKind::NotFound, "there is no such file");
        return Err(ConfigError::Unopened(FsError::Io { doing: "read", path, source }));
    }
    config_or_new(wanted, environment)
}

/// The configuration file, read; one that is not there yet is empty.
pub fn config_or_new(wanted: &Wanted, environment: &Environment) -> Result<File, ConfigError> {
    File::load(&config_path(wanted, environment)?)
}

/// Where the configuration is: `--config`, `PMHOOKS_CONFIG`, or in the user's configuration folder.
pub fn config_path(wanted: &Wanted, environment: &Environment) -> Result<PathBuf, ConfigError> {
    if let Some(path) = &wanted.config {
        return Ok(path.clone());
    }
    if let Some(path) = environment.setting(env::CONFIG)? {
        return Ok(path.into());
    }
    Ok(folders("the configuration")?.config_dir().join("config.toml"))
}

/// Where the sandbox's state and the backups of deleted webhooks are.
pub fn state_folder() -> Result<PathBuf, ConfigError> {
    let folders = folders("the state")?;
    Ok(folders.state_dir().map_or_else(|| folders.data_local_dir().to_owned(), Path::to_owned))
}

fn folders(what: &'static str) -> Result<ProjectDirs, ConfigError> {
    ProjectDirs::from("", "", "pmhooks").ok_or(ConfigError::NoHome(what))
}

fn ambient_api_url(environment: &Environment) -> Result<Option<ApiUrl>, ConfigError> {
    let Some(text) = environment.setting(env::API_URL)? else { return Ok(None) };
    text.parse().map(Some).map_err(|why| variable(env::API_URL, why))
}

fn variable(variable: env::Variable, why: String) -> ConfigError {
    ConfigError::Variable {
        name: variable.name.to_owned(),
        problem: format!("cannot be used: {why}"),
    }
}

fn postmark() -> Result<ApiUrl, ConfigError> {
    ApiUrl::POSTMARK.parse().map_err(ConfigError::Refused)
}
