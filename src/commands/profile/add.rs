//! `profile add`: a name for a server and its token.

use std::path::PathBuf;
use std::sync::Arc;

use super::report::ProfileReport;
use super::{refuse_built_in, row, token};
use crate::commands::Context;
use crate::commands::options::parse::{quiet, quiet_with, stream_id};
use crate::config::profile::{Profile, ProfileName};
use crate::config::source::SecretSource;
use crate::config::{ConfigError, change, resolve};
use crate::error::{CommandError, Exit, Result, ResultExt as _};
use crate::postmark::{Reader, StreamId};

/// Add a profile
///
/// On a terminal the token is asked for, without echo; elsewhere --token names
/// where to read it from, once. It is stored in the configuration, which only you
/// can read. The other token options store where the token is instead of the
/// token. The token is tried first, and the profile is pinned to the server that
/// it opens.
///
/// Examples:
///     pmhooks profile add staging
///     pmhooks profile add staging --token env:STAGING_TOKEN
///     pmhooks profile add live --protected --token-command op read op://pm/token
///     pmhooks profile add local --api-url http://127.0.0.1:8026 \
///         --token-file /run/secrets/pm
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The profile's name
    #[arg(value_name = "NAME", value_parser = quiet::<ProfileName>())]
    name: ProfileName,
    /// Read the token once and store it: env:NAME, file:PATH, or - for standard input
    #[arg(long, value_name = "SOURCE", group = "where", value_parser = quiet::<SecretSource>())]
    token: Option<SecretSource>,
    /// Store the name of the environment variable that holds the token
    #[arg(long, value_name = "NAME", group = "where", value_parser = quiet_with(token::variable))]
    token_env: Option<String>,
    /// Store the path of the file that holds the token
    #[arg(long, value_name = "PATH", group = "where")]
    token_file: Option<PathBuf>,
    /// Store the program that prints the token, with its arguments; must come last
    #[arg(long, value_name = "PROGRAM ARG", group = "where", num_args = 1.., allow_hyphen_values = true)]
    token_command: Option<Vec<String>>,
    /// The stream of `create` where --stream names none
    #[arg(long, value_name = "ID", value_parser = quiet_with(stream_id))]
    stream: Option<StreamId>,
    /// Writes need the profile's name, typed or with --confirm
    #[arg(long)]
    protected: bool,
    /// Refuse all writes
    #[arg(long)]
    read_only: bool,
    /// Replace a profile's token; what is not given here stays as it is
    #[arg(long)]
    replace: bool,
}

impl Args {
    fn wanted(&self) -> token::Wanted<'_> {
        token::Wanted {
            once: self.token.as_ref(),
            variable: self.token_env.as_ref(),
            file: self.token_file.as_ref(),
            program: self.token_command.as_ref(),
        }
    }
}

/// Tries the token, then changes the configuration.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<ProfileReport>()?;
    let name = &args.name;
    refuse_built_in(name, "take another name")?;
    let file = resolve::config_or_new(&cx.wanted, &cx.environment)?;
    let taken = file.names().iter().any(|n| n == name.as_str());
    if taken && !args.replace {
        return Err(taken_name(name));
    }
    // One that cannot be read has nothing to keep.
    let old = if taken { file.profile(name).ok() } else { None };
    let old_api_url = old.as_ref().and_then(|old| old.api_url.as_ref());
    let (api_url, said) = resolve::api_url_of_new(&cx.wanted, old_api_url, &cx.environment)?;
    let mut profile = Profile {
        name: name.clone(),
        token: token::at(args.wanted(), cx)?,
        server_id: None,
        server_name: None,
        stream: args.stream.clone().or(old.as_ref().and_then(|o| o.stream.clone())),
        protected: args.protected || old.as_ref().is_some_and(|o| o.protected),
        read_only: args.read_only || old.as_ref().is_some_and(|o| o.read_only),
        api_url,
        vars: Vec::new(),
    };
    let read = resolve::token(&profile, &cx.environment, cx.limits.timeout);
    let (secret, warnings) = read.map_err(|error| match error {
        ConfigError::Unreadable { .. } => CommandError::usage(error.to_string()),
        other => CommandError::from(other),
    })?;
    for warning in &warnings {
        cx.ui.warn(warning);
    }
    let api_url = resolve::api_url_or_postmark(profile.api_url.as_ref())?;
    let client = Reader::new(Arc::clone(&cx.net), api_url.clone(), secret, cx.limits);
    let server = client.server().with_context(|| {
        format!("profile {name} was not added: its token cannot be tried at {api_url}")
    })?;
    profile.server_id = Some(server.id);
    profile.server_name = Some(server.name.clone());
    let path = resolve::config_path(&cx.wanted, &cx.environment)?;
    let (was_default, is_default) = change::file(&path, |document| {
        // Somebody else may have added it since.
        if change::contains(document, name) && !args.replace {
            return Err(ConfigError::Refused(format!("there is a profile {name} already")));
        }
        change::put(document, &profile)?;
        let was_default = change::is_default(document, name);
        if !change::has_default(document) {
            change::set_default(document, name);
        }
        Ok((was_default, change::is_default(document, name)))
    })?;
    let done = if taken { "Replaced" } else { "Added" };
    cx.ui.note(&format!("{done} profile {name}: server {} ({}).", server.id, server.name));
    if let Some(note) = said {
        cx.ui.note(&note);
    }
    if is_default && !was_default {
        cx.ui.note(
            "It is the default profile now, as there was none; \
             change that with: pmhooks profile use NAME",
        );
    }
    cx.show(&ProfileReport::one(row(&profile, is_default.then_some(name))))
}

fn taken_name(name: &ProfileName) -> CommandError {
    CommandError::usage(format!("there is a profile {name} already"))
        .hint("--replace gives it another token")
}
