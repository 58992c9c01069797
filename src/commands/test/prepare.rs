//! What is to be posted where: everything that can be wrong is found before anything is posted.

use std::io;

use anyhow::{Context as _, Error, Result};

use super::Args;
use crate::commands::{Context, several};
use crate::failure::Failure;
use crate::model::{
    Assignment, BounceType, Event, HookUrl, HttpAuth, HttpHeader, Received, ServerId, StreamId,
    Trigger, TriggerSetting, Triggers, Webhook, WebhookId,
};
use crate::ops::events::own::{self, OwnBody};
use crate::ops::events::{self, Fit, SOME_SERVER};
use crate::ops::probe::{Endpoint, Post};

/// An endpoint and what is to be posted to it.
pub struct Target {
    /// The webhook; none where a URL stands in its place.
    pub id: Option<WebhookId>,
    /// The URL, masked.
    pub url: String,
    /// Where to post to.
    pub endpoint: Endpoint,
    /// The events.
    pub posts: Vec<Post>,
}

/// An endpoint as flags or a webhook describe it.
struct Described {
    id: Option<WebhookId>,
    url: HookUrl,
    stream: StreamId,
    auth: Option<HttpAuth>,
    headers: Vec<HttpHeader>,
    triggers: Triggers,
}

impl From<Webhook> for Described {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: Some(webhook.id),
            url: webhook.url,
            stream: webhook.message_stream,
            auth: webhook.http_auth,
            headers: webhook.http_headers,
            triggers: webhook.triggers,
        }
    }
}

/// The endpoints with their events; and why some webhooks are not among them.
pub fn targets(args: &Args, cx: &Context) -> Result<(Vec<Target>, Vec<Error>)> {
    args.endpoint.check().map_err(Failure::usage)?;
    let asked = args.events.asked().map_err(Failure::usage)?;
    let data = data(args, cx)?;
    could_be_set(&args.events.set, &asked, data.as_ref())?;
    let (described, failed) = match &args.endpoint.url {
        Some(url) => (vec![from_flags(url, args, cx)?], Vec::new()),
        None => {
            let (webhooks, failed) =
                several::webhooks(&args.target, cx, "Which webhook is to be tested?")?;
            (webhooks.into_iter().map(Described::from).collect(), failed)
        }
    };
    let server = match data {
        None if !described.is_empty() => server(&described, &asked, cx),
        _ => SOME_SERVER,
    };
    let mut unused: Vec<&Assignment> = args.events.set.iter().collect();
    let mut targets = Vec::new();
    for described in described {
        let posts = match &data {
            Some(own) => vec![of_own(own, &args.events.set, &mut unused)],
            None => samples(&described, &asked, server, args, &mut unused),
        };
        let who = described.id.map_or("the endpoint".to_owned(), |id| format!("webhook {id}"));
        let endpoint = Endpoint::new(&described.url, described.auth.as_ref(), &described.headers)
            .with_context(|| format!("cannot post to {who}"))?;
        let url = described.url.masked();
        targets.push(Target { id: described.id, url, endpoint, posts });
    }
    if let Some(assignment) = unused.first().filter(|_| !targets.is_empty()) {
        return Err(no_field(assignment).into());
    }
    Ok((targets, failed))
}

fn data(args: &Args, cx: &Context) -> Result<Option<OwnBody>> {
    let Some(path) = &args.events.data else { return Ok(None) };
    if path.as_os_str() == "-" {
        cx.use_stdin()?;
    }
    Ok(Some(own::read(path, &mut io::stdin().lock())?))
}

fn from_flags(url: &HookUrl, args: &Args, cx: &Context) -> Result<Described> {
    let flags = &args.endpoint;
    Ok(Described {
        id: None,
        url: url.clone(),
        stream: flags.stream.clone().unwrap_or_else(StreamId::outbound),
        auth: cx.http_auth(&flags.auth)?,
        headers: cx.headers(&flags.headers)?,
        triggers: flags.triggers().map_err(Failure::usage)?,
    })
}

/// The server that samples name: the one that the profile is pinned to, else the token's.
fn server(described: &[Described], asked: &[Event], cx: &Context) -> ServerId {
    let names_it = |event: &Event| !matches!(event, Event::Open | Event::Click | Event::Inbound);
    let is_named = described.iter().any(|d| chosen(&d.triggers, asked).iter().any(names_it));
    if !is_named || described.iter().all(|d| d.id.is_none()) {
        return SOME_SERVER;
    }
    let Ok(session) = cx.session() else { return SOME_SERVER };
    if let Some(pinned) = session.target.profile().and_then(|profile| profile.server_id) {
        return pinned;
    }
    match session.client.server() {
        Ok(server) => server.id,
        Err(error) => {
            let id = SOME_SERVER;
            cx.ui.warn(&format!(
                "the samples name the server {id}, since the real one is not known: {error}"
            ));
            id
        }
    }
}

/// The events that are asked for, or those of the triggers that are on.
fn chosen(triggers: &Triggers, asked: &[Event]) -> Vec<Event> {
    if asked.is_empty() {
        return triggers.enabled().into_iter().map(Event::from).collect();
    }
    asked.to_vec()
}

fn samples<'a>(
    described: &Described,
    asked: &[Event],
    server: ServerId,
    args: &'a Args,
    unused: &mut Vec<&'a Assignment>,
) -> Vec<Post> {
    let fit = Fit {
        stream: described.stream.clone(),
        server,
        triggers: described.triggers.clone(),
        bounce: args.events.bounce_type.unwrap_or(BounceType::HARD),
        attachment: args.events.attachment_size,
    };
    let sample = |event| {
        let mut body = events::sample(event, &fit);
        for assignment in &args.events.set {
            if assignment.apply(&mut body) {
                unused.retain(|other| *other != assignment);
            }
        }
        Post::new(Received::Known(event), body.to_string().into_bytes())
    };
    chosen(&described.triggers, asked).into_iter().map(sample).collect()
}

/// The user's own body, to the byte unless a field is changed.
fn of_own<'a>(own: &OwnBody, set: &'a [Assignment], unused: &mut Vec<&'a Assignment>) -> Post {
    let mut value = own.value.clone();
    for assignment in set {
        if assignment.apply(&mut value) {
            unused.retain(|other| *other != assignment);
        }
    }
    let bytes = if set.is_empty() { own.bytes.clone() } else { value.to_string().into_bytes() };
    Post::new(Received::of(&value), bytes)
}

/// Refuses a path that no body could have, before anything is asked of anybody.
fn could_be_set(set: &[Assignment], asked: &[Event], data: Option<&OwnBody>) -> Result<()> {
    let mut triggers = Triggers::default();
    for trigger in Trigger::ALL {
        let mut setting = TriggerSetting::new(trigger, true);
        setting.options.extend(trigger.option().map(|option| (option.to_owned(), true.into())));
        triggers.set(trigger, setting);
    }
    let fit = Fit {
        stream: StreamId::outbound(),
        server: SOME_SERVER,
        triggers: triggers.clone(),
        bounce: BounceType::HARD,
        attachment: None,
    };
    let mut bodies = match data {
        Some(own) => vec![own.value.clone()],
        None => chosen(&triggers, asked).iter().map(|e| events::sample(*e, &fit)).collect(),
    };
    for assignment in set {
        let applied: Vec<bool> = bodies.iter_mut().map(|body| assignment.apply(body)).collect();
        if !applied.contains(&true) {
            return Err(no_field(assignment).into());
        }
    }
    Ok(())
}

fn no_field(assignment: &Assignment) -> Failure {
    let path = assignment.path();
    Failure::usage(format!("--set {path}: no event that would be posted has this field"))
        .hint("see the fields with --print")
}
