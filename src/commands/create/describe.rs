//! What `create` is to make, from a file, from flags and from answers.

use super::{Args, questions};
use crate::commands::Context;
use crate::config::source::SecretSource;
use crate::error::{CommandError, Result};
use crate::ops::definition::{self, Definition};
use crate::postmark::{HttpHeader, NewWebhook};

/// What is to be made: the file, the flags on top, and what the user answers.
pub fn describe(args: &Args, cx: &Context) -> Result<NewWebhook> {
    let flags = &args.webhook;
    let file = match &args.from {
        Some(path) => {
            if path.as_os_str() == "-" {
                cx.use_stdin()?;
            }
            definition::read(path, &mut std::io::stdin().lock())?
        }
        None => Definition::default(),
    };
    file.warnings.iter().for_each(|warning| cx.ui.warn(warning));
    let secrets = file.without_masks().map_err(|problem| match &args.from {
        Some(path) => CommandError::usage(format!("{}: {problem}", definition::origin(path))),
        None => CommandError::usage(problem),
    })?;
    let mut triggers = file.triggers;
    for (trigger, setting) in flags.triggers.settings(None).map_err(CommandError::usage)? {
        triggers.retain(|(t, _)| *t != trigger);
        triggers.push((trigger, setting));
    }
    let mut stream = args.stream.clone().or(file.message_stream);
    let url = if let Some(url) = flags.url.clone().or(secrets.url) {
        url
    } else {
        let answers =
            questions::ask(cx, args.from.is_some(), stream.is_none(), triggers.is_empty())?;
        stream = stream.or(answers.stream);
        triggers.extend(answers.triggers);
        answers.url
    };
    if stream.is_none() {
        stream = cx.session()?.target.profile().and_then(|p| p.stream.clone());
    }
    let http_auth = cx.http_auth(&flags.auth)?.or(secrets.auth);
    let mut http_headers = secrets.headers;
    for header in cx.headers(&flags.headers)? {
        http_headers.retain(|h: &HttpHeader| !h.name.eq_ignore_ascii_case(&header.name));
        http_headers.push(header);
    }
    Ok(NewWebhook {
        url,
        message_stream: stream,
        http_auth,
        http_headers,
        triggers,
        other_triggers: file.other_triggers,
        extra: file.extra,
        verify: !flags.no_verify,
    })
}

/// Standard input can be meant for one thing only; said before any of it is read.
pub fn check_stdin(args: &Args) -> Result<(), CommandError> {
    let webhook = &args.webhook;
    let is_from = args.from.as_ref().is_some_and(|path| path.as_os_str() == "-");
    let headers = webhook.headers.secret_header.iter().map(|header| &header.source);
    let sources = headers.chain(&webhook.auth.password);
    let named = sources.filter(|source| **source == SecretSource::Stdin).count();
    if named + usize::from(is_from) > 1 { Err(CommandError::stdin_named_twice()) } else { Ok(()) }
}
