//! `whoami`: which server, by whose word.

use super::Context;
use super::profile::report::{ProfileReport, ProfileRow};
use crate::config::resolve;
use crate::error::{Exit, Result, ResultExt as _};

/// Show which server and token are in use
///
/// Says which profile is used, where its token comes from, and asks Postmark
/// which server the token opens.
///
/// Examples:
///     pmhooks whoami
///     pmhooks whoami -p production -o json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {}

/// Asks.
pub fn run(_: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<ProfileReport>()?;
    let session = cx.session()?;
    let target = &session.target;
    let server = session.client.server().with_context(|| {
        let source = target.token_source();
        format!("cannot ask {} which server the token ({source}) opens", target.api_url)
    })?;
    let profile = target.profile();
    // The sandbox needs no configuration, so a broken one is no obstacle.
    let default = target.name().is_some_and(|name| {
        let file = resolve::config(&cx.wanted, &cx.environment);
        file.and_then(|f| f.default_profile()).is_ok_and(|d| d == Some(name))
    });
    let elsewhere = profile.and_then(|p| p.server_id).filter(|pinned| *pinned != server.id);
    if let Some(pinned) = elsewhere {
        cx.ui.warn(&format!(
            "the profile is pinned to server {pinned}, but the token opens {}; writes are refused",
            server.id
        ));
    }
    cx.show(&ProfileReport::one(ProfileRow {
        name: target.name().map(|name| name.to_string()),
        default,
        api_url: Some(target.api_url.to_string()),
        server_id: Some(server.id.0),
        server_name: Some(server.name),
        token_source: target.token_source(),
        protected: profile.is_some_and(|p| p.protected),
        read_only: profile.is_some_and(|p| p.read_only),
        elsewhere: elsewhere.is_some(),
        ..ProfileRow::default()
    }))
}
