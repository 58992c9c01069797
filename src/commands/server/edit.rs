//! `server edit`: the settings that decide which events there are.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};
use serde_json::Value;

use super::view::ServerReport;
use crate::commands::Context;
use crate::commands::changes::ChangeReport;
use crate::commands::options::Confirm;
use crate::commands::options::parse::quiet_with;
use crate::error::{CommandError, Exit, Hint, Result, ResultExt as _};
use crate::ops::change;
use crate::postmark::{HookUrl, Object, Reveal, Server, ServerPatch, TrackLinks};

/// Change the server's event settings
///
/// Sends only what changes, and shows each field before and after.
///
/// Examples:
///     pmhooks server edit --inbound-hook-url https://hooks.example.com/inbound
///     pmhooks server edit --inbound-hook-url ''
///     pmhooks server edit --track-opens true --track-links html-and-text
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Where inbound mail is posted to; an empty text switches it off
    #[arg(long, value_name = "URL", value_parser = quiet_with(inbound))]
    inbound_hook_url: Option<String>,
    /// Whether SMTP API errors are posted to webhooks with the trigger bounce
    #[arg(long, value_name = "BOOL")]
    smtp_api_error_hooks: Option<bool>,
    /// Whether opens are tracked; without it there are no open events
    #[arg(long, value_name = "BOOL")]
    track_opens: Option<bool>,
    /// Which links are tracked; without any there are no click events
    #[arg(long, value_name = "MODE", value_parser = modes())]
    track_links: Option<TrackLinks>,
    #[command(flatten)]
    confirm: Confirm,
}

fn inbound(text: &str) -> Result<String, String> {
    if text.is_empty() {
        Ok(String::new())
    } else {
        text.parse().map(|u: HookUrl| u.expose().to_owned())
    }
}

fn modes() -> impl clap::builder::TypedValueParser<Value = TrackLinks> {
    // The API's own words are understood as well.
    let word = |mode: TrackLinks| PossibleValue::new(mode.name()).alias(mode.key());
    PossibleValuesParser::new(TrackLinks::ALL.map(word)).map(|word| {
        let mode = TrackLinks::ALL.into_iter().find(|m| m.name() == word || m.key() == word);
        mode.unwrap_or(TrackLinks::None)
    })
}

/// Edits.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<ChangeReport<ServerReport>>()?;
    let wanted = ServerPatch {
        inbound_hook_url: args.inbound_hook_url.clone(),
        enable_smtp_api_error_hooks: args.smtp_api_error_hooks,
        track_opens: args.track_opens,
        track_links: args.track_links,
    };
    if wanted.body().is_empty() {
        return Err(CommandError::usage("nothing to change is given")
            .hint(Hint::from("see ").run("server edit --help")));
    }
    cx.may_write(&args.confirm)?;
    let session = cx.session()?;
    let server = session.client.server();
    let server =
        server.with_context(|| format!("cannot get the server settings of {}", session.place()))?;
    let patch = wanted.needed(&server);
    let (before, after) =
        (object(&server), object(&server).into_iter().chain(patch.body()).collect());
    let changes = change::of_objects(&before, &after, cx.reveal());
    let is_dry = args.confirm.dry_run;
    let show = |server: Server| {
        let after = ServerReport(server);
        cx.show_run(&ChangeReport { after, changes, shows_unchanged: true }, is_dry)
    };
    if patch.body().is_empty() {
        cx.ui.note(&format!("The server {} is so already; nothing was sent.", server.name));
        return show(server);
    }
    let Some(writer) = cx.authorize(&args.confirm, None)? else {
        cx.ui.note(&format!(
            "Dry run: nothing was changed. The server {} would change:",
            server.name
        ));
        let would_be = server.with(&patch);
        return show(would_be);
    };
    cx.ui.interrupts.go_gently();
    let server = writer.update_server(&patch);
    let server = server
        .with_context(|| format!("cannot change the server settings of {}", session.place()))?;
    cx.ui.note(&format!("Changed the server {}:", server.name));
    show(server)
}

fn object(server: &Server) -> Object {
    match server.to_json(Reveal::Shown) {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}
