//! What is to be posted where: everything that can be wrong is found before anything is posted.

use std::io;

use super::Args;
use super::described::Described;
use crate::commands::{Context, batch};
use crate::error::{CommandError, Result, ResultExt as _};
use crate::event::sample::SOME_SERVER;
use crate::ops::test::samples::CustomBody;
use crate::ops::test::samples::SampleOptions;
use crate::ops::test::{Endpoint, OutgoingEvent};
use crate::postmark::{ServerId, WebhookId};

/// An endpoint and what is to be posted to it.
pub struct Target {
    /// The webhook; none where a URL stands in its place.
    pub id: Option<WebhookId>,
    /// The URL, masked.
    pub url: String,
    /// Where to post to.
    pub endpoint: Endpoint,
    /// The events.
    pub posts: Vec<OutgoingEvent>,
}

/// The endpoints with their events; and why some webhooks are not among them.
pub fn targets(args: &Args, cx: &Context) -> Result<(Vec<Target>, Vec<CommandError>)> {
    args.endpoint.check().map_err(CommandError::usage)?;
    let options = sample_options(args, cx)?;
    options.check()?;
    let (described, mut failed) = if let Some(url) = &args.endpoint.url {
        (vec![Described::from_flags(url, &args.endpoint, cx)?], Vec::new())
    } else {
        let question = "Which webhook is to be tested?";
        let (webhooks, failed) = batch::webhooks(&args.target, cx, question)?;
        (webhooks.into_iter().map(Described::from).collect(), failed)
    };
    let server = server(&described, &options, cx);
    let mut unused = options.assignments();
    let targets = described.iter().map(|described| {
        let bodies = options.bodies(&described.stream, server, &described.triggers, &mut unused);
        let who = described.id.map_or("the endpoint".to_owned(), |id| format!("webhook {id}"));
        let endpoint = Endpoint::new(&described.url, described.auth.as_ref(), &described.headers)
            .with_context(|| format!("cannot post to {who}"))?;
        let posts =
            bodies.into_iter().map(|(event, body)| OutgoingEvent::new(event, body)).collect();
        Ok(Target { id: described.id, url: described.url.masked(), endpoint, posts })
    });
    let (targets, unusable) = batch::partition(targets);
    failed.extend(unusable);
    if !targets.is_empty() {
        SampleOptions::reject_unused(&unused)?;
    }
    Ok((targets, failed))
}

fn sample_options(args: &Args, cx: &Context) -> Result<SampleOptions> {
    let flags = &args.events;
    let events = flags.asked().map_err(CommandError::usage)?;
    let custom = match &flags.data {
        None => None,
        Some(path) => {
            if path.as_os_str() == "-" {
                cx.use_stdin()?;
            }
            Some(CustomBody::read(path, &mut io::stdin().lock())?)
        }
    };
    Ok(SampleOptions {
        events,
        custom,
        set: flags.set.clone(),
        bounce_type: flags.bounce_type,
        attachment_size: flags.attachment_size,
    })
}

/// The server that samples name: the one that the profile is pinned to, else the token's.
fn server(described: &[Described], options: &SampleOptions, cx: &Context) -> ServerId {
    let is_named = |d: &Described| d.id.is_some() && options.needs_server_id(&d.triggers);
    let Some(session) = described.iter().any(is_named).then(|| cx.session().ok()).flatten() else {
        return ServerId(SOME_SERVER);
    };
    if let Some(pinned) = session.target.profile().and_then(|profile| profile.server_id) {
        return pinned;
    }
    match session.client.server() {
        Ok(server) => server.id,
        Err(error) => {
            cx.ui.warn(&format!(
                "the samples name the server {SOME_SERVER}, since the real one is not known: {error}"
            ));
            ServerId(SOME_SERVER)
        }
    }
}
