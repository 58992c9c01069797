//! Two servers beside each other, without a manifest.

use super::{Args, webhooks};
use crate::commands::Context;
use crate::commands::batch::{self, PROFILES_AT_ONCE};
use crate::commands::planned::{Masked, Planned, Plans};
use crate::error::{CommandError, Exit, Result, ResultExt as _};
use crate::ops::compare::{self, Side};
use crate::ops::fanout;
use crate::ops::session::Session;

/// Shows what would make the second server like the first.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    let all = cx.apart()?.unwrap_or_default();
    let ([wanted, present], []) = (all.as_slice(), args.manifest.var.as_slice()) else {
        return Err(refused(all.len()));
    };
    let sessions = [wanted.session()?, present.session()?];
    let sides = fanout::map(&sessions, PROFILES_AT_ONCE, |session| side(session));
    let names =
        sessions.map(|session| session.target.name().map_or_else(String::new, |n| n.to_string()));
    let sides = batch::all_or_nothing(names.into_iter().zip(sides), "compared")?;
    let [wanted, present] = sides.as_slice() else { return Err(refused(sides.len())) };
    let plan = compare::servers(wanted, present, cx.reveal())
        .with_context(|| format!("cannot compare {} with {}", present.name, wanted.name))?;
    let planned = Planned {
        plan,
        profile: sessions.last().and_then(|session| session.target.name()),
        before: Vec::new(),
        masked: Masked::default(),
        outcomes: None,
    };
    let (wanted, present) = (&wanted.name, &present.name);
    let plans = Plans { servers: vec![planned], several: false, wanted: Some(wanted.clone()) };
    plans.warn(cx);
    cx.show(&plans)?;
    if plans.changes() == 0 {
        let so = webhooks(plans.servers.iter().map(|planned| planned.plan.unchanged).sum());
        cx.ui.note(&format!("No difference between {wanted} and {present}: {so} the same."));
        return Ok(Exit::Done);
    }
    cx.ui.note(&format!("To make {present} like {wanted}: {}.", plans.summary()));
    Ok(Exit::Finding)
}

fn side(session: &Session) -> Result<Side> {
    let place = session.place();
    let webhooks = session.client.list(None);
    let webhooks = webhooks.with_context(|| format!("cannot list the webhooks of {place}"))?;
    let server = session.client.server();
    let server = server.with_context(|| format!("cannot get the server settings of {place}"))?;
    let vars = session.target.profile().map(|profile| profile.vars.clone());
    let name = session.target.name().map_or_else(String::new, |name| name.to_string());
    Ok(Side { name, vars: vars.unwrap_or_default(), webhooks, server })
}

fn refused(profiles: usize) -> CommandError {
    if profiles == 2 {
        return CommandError::usage("--var is for a manifest, and none is named")
            .hint("for two servers, put the values into the vars of both profiles");
    }
    let message = format!("{profiles} profiles are named, and no manifest to compare them with");
    CommandError::usage(message)
        .hint("name a manifest, or two profiles to compare their servers, the one to follow first")
}
