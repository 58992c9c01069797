//! `profile import`: a profile for each server of an account.

mod token;
mod view;

use std::sync::Arc;

use wildmatch::WildMatch;

use crate::commands::Context;
use crate::commands::options::parse::{name_pattern, quiet, quiet_with};
use crate::config::file::File;
use crate::config::profile::Profile;
use crate::config::resolve::{self, Profiles};
use crate::config::source::SecretSource;
use crate::error::{CommandError, Exit, Result, ResultExt as _};
use crate::ops::import::{self, Common, Fate, Listed};
use crate::postmark::{Account, ApiUrl, Server};
use view::Imports;

/// Make a profile for each server of an account
///
/// Takes an account token (Postmark: Account, API Tokens), from --token, from
/// POSTMARK_ACCOUNT_TOKEN or typed without echo. It is used to list the servers
/// and never kept. Each server gets a profile with its own name in small letters,
/// pinned to it, with its server token in the configuration.
///
/// A server that has a profile keeps it; only a stored token that its server no
/// longer knows is replaced. No other profile is ever touched: where a name is
/// taken, the server's ID is added to it. A server without a token is skipped.
///
/// Examples:
///     pmhooks profile import --dry-run
///     pmhooks profile import --token env:ACCOUNT_TOKEN
///     pmhooks profile import --token - --name '*production*' --protected
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Where the account token is: env:NAME, file:PATH, or - for standard input [env: POSTMARK_ACCOUNT_TOKEN]
    #[arg(long, value_name = "SOURCE", value_parser = quiet::<SecretSource>())]
    token: Option<SecretSource>,
    /// Only servers of this name; * stands for any text, ? for one character
    #[arg(long, value_name = "PATTERN", value_parser = quiet_with(name_pattern))]
    name: Option<WildMatch>,
    /// Writes with the new profiles need their name, typed or with --confirm
    #[arg(long)]
    protected: bool,
    /// The new profiles refuse all writes
    #[arg(long)]
    read_only: bool,
    /// Show what would be done; the servers are listed, nothing is kept
    #[arg(long)]
    dry_run: bool,
}

/// Lists the servers, then changes the configuration once for all of them.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<Imports>()?;
    if matches!(cx.wanted.profiles, Profiles::One(_)) {
        return Err(CommandError::usage("an import is of an account, so it takes no --profile")
            .hint("a sandbox is imported from with --api-url URL"));
    }
    let file = resolve::config_or_new(&cx.wanted, &cx.environment)?;
    let (stored_url, _) = resolve::api_url_of_new(&cx.wanted, None, &cx.environment)?;
    let api_url = resolve::api_url_or_postmark(stored_url.as_ref())?;
    let (token, origin) = token::read(args.token.as_ref(), cx)?;
    let account = Account::new(Arc::clone(&cx.net), api_url.clone(), token, cx.limits);
    let listed = import::servers(&account, |so_far, all| {
        cx.ui.progress(&format!("{so_far} of {all} servers"));
    })
    .with_context(|| format!("cannot list the servers of the account at {api_url}"))
    .map_err(|error| token::explained(error, origin))?;
    let is_wanted = |s: &&Server| args.name.as_ref().is_none_or(|name| name.matches(&s.name));
    let servers: Vec<Server> = listed.servers.iter().filter(is_wanted).cloned().collect();
    let common =
        Common { api_url: stored_url, protected: args.protected, read_only: args.read_only };
    let names = file.names();
    let existing = profiles_at(&api_url, &file)?;
    let imports = import::plan(&servers, &existing, &names, &common);
    let default = import::default(&imports, &names);
    let others = listed.servers.len() - servers.len();
    let view = Imports { rows: &imports, others, is_dry: args.dry_run };
    let mut is_default = false;
    if !args.dry_run {
        let path = resolve::config_path(&cx.wanted, &cx.environment)?;
        is_default = import::keep(&path, &imports, default)
            .with_context(|| format!("no profile was kept in {}", path.display()))?;
    }
    let has_new = imports.iter().any(|import| matches!(import.fate, Fate::Added(_)));
    if let (Some(url), true) = (&common.api_url, has_new) {
        cx.ui.note(&format!("The API address {url} is stored in each new profile."));
    }
    view.notes().iter().for_each(|note| cx.ui.note(note));
    if let Some(name) = default.filter(|_| is_default) {
        cx.ui.note(&format!("The default profile is now {name}, as there was none."));
    }
    cx.show_run(&view, args.dry_run)?;
    whole(&listed)
}

/// The profiles of the file whose servers are at this API. One that cannot be read only keeps its name.
fn profiles_at(api_url: &ApiUrl, file: &File) -> Result<Vec<Profile>> {
    let by_default = resolve::api_url_or_postmark(None)?;
    let names = file.names().into_iter().filter_map(|name| name.parse().ok());
    let profiles = names.filter_map(|name| file.profile(&name).ok());
    let is_there = |p: &Profile| p.api_url.as_ref().unwrap_or(&by_default).is_same_origin(api_url);
    Ok(profiles.filter(is_there).collect())
}

/// An end that came too early is not passed over.
fn whole(listed: &Listed) -> Result<Exit> {
    let (there, counted) = (listed.servers.len(), listed.counted);
    if there >= counted {
        return Ok(Exit::Done);
    }
    let message = format!("Postmark counts {counted} servers, but listed only {there} of them");
    Err(CommandError::new(Exit::PartlyDone, message).hint("run it again: what is done stays"))
}
