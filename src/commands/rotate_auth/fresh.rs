//! The new secret: read, made up, handed over.

use std::path::Path;

use super::Args;
use crate::commands::Context;
use crate::error::{CommandError, Hint, Invocation, Result, ResultExt as _};
use crate::ops::rotate::{Deed, Fresh, Skip, Turn, generate};
use crate::postmark::HttpHeader;

/// Reads the new secret from where the flags say, before anything is sent.
pub(super) fn read(args: &Args, cx: &Context) -> Result<Fresh> {
    const INSTEAD: &str = "--password SOURCE (env:NAME, file:PATH or -), or --generate";
    if let Some(header) = &args.secret_header {
        let value = cx.read_secret(&header.source, &format!("the header {}", header.name))?;
        HttpHeader::check(&header.name, value.expose()).map_err(CommandError::usage)?;
        return Ok(Fresh::Header(HttpHeader { name: header.name.clone(), value }));
    }
    if let (Some(name), Some(path)) = (&args.generate_header, &args.password_out) {
        generate::check(path)?;
        let value = generate::password()?;
        HttpHeader::check(name, value.expose()).map_err(CommandError::usage)?;
        return Ok(Fresh::Header(HttpHeader { name: name.clone(), value }));
    }
    let password = match (&args.password, &args.password_out) {
        (Some(source), _) => cx.read_secret(source, "the new password")?,
        (None, Some(path)) => {
            generate::check(path)?;
            generate::password()?
        }
        (None, None) => cx.ui.secret("the new password", INSTEAD)?,
    };
    Ok(Fresh::Auth { username: args.username.clone(), password })
}

/// Refuses webhooks that were named, but have nothing to put the secret into.
pub(super) fn refuse(turns: &[Turn]) -> Result<()> {
    for turn in turns {
        if let Deed::Skip(Skip::Carrier(why)) = turn.deed {
            let id = turn.webhook.id;
            return Err(CommandError::usage(format!(
                "webhook {id} cannot get other credentials: {why}"
            ))
            .hint(
                Hint::from(Invocation::new("edit").arg(id).arg("--help"))
                    .text(" tells how it gets some"),
            ));
        }
    }
    Ok(())
}

/// The flag that gives the same secret again, of one that was made up.
pub(super) fn flag(args: &Args) -> Option<String> {
    let source = format!("file:{}", args.password_out.as_ref()?.display());
    Some(match &args.generate_header {
        Some(name) => {
            format!("--secret-header {}", shell_words::quote(&format!("{name}={source}")))
        }
        None => format!("--password {}", shell_words::quote(&source)),
    })
}

/// Writes what was made up to its file.
pub(super) fn hand_over(path: &Path, fresh: &Fresh, cx: &Context) -> Result<()> {
    let (secret, what) = match fresh {
        Fresh::Auth { password, .. } => (password, "password"),
        Fresh::Header(header) => (&header.value, "value"),
    };
    generate::hand_over(path, secret)
        .with_context(|| format!("the new {what} cannot be handed over"))?;
    cx.ui.note(&format!("The new {what} is in {}, which only you can read.", path.display()));
    Ok(())
}
