//! `edit --editor`: the webhook as YAML in the user's own editor.

use crate::commands::Context;
use crate::config::env::{EDITOR, VISUAL};
use crate::error::{CommandError, Result, ResultExt as _};
use crate::ops::definition;
use crate::ops::draft::Draft;
use crate::ops::edit::{Wish, wish_of};
use crate::postmark::{Reveal, Webhook};
use crate::term::json;

/// Lets the user edit, again where the result cannot be used, until it can or the user gives up.
pub fn wish(webhook: &Webhook, program: &str, cx: &Context) -> Result<Wish> {
    let mut text = document(webhook, cx.reveal());
    loop {
        let draft = Draft::new(&text).context("cannot write down the webhook for the editor")?;
        cx.ui.edit(program, draft.path())?;
        let edited = draft.read()?;
        let read =
            definition::parse(&edited).map_err(|error| format!("the edited webhook: {error}"));
        match read.and_then(|definition| wish_of(definition, webhook)) {
            Ok(wish) => return Ok(wish),
            Err(problem) if !cx.ui.settings.may_ask => {
                return Err(CommandError::usage(problem));
            }
            Err(problem) => {
                cx.ui.warn(&problem);
                cx.ui.confirm("Edit it again?", "a correct file")?;
                text = edited;
            }
        }
    }
}

/// An editor needs somebody who edits: a terminal, or a program that was chosen on purpose.
pub fn program(cx: &Context) -> Result<String> {
    let chosen = cx.environment.setting(VISUAL)?.or(cx.environment.setting(EDITOR)?);
    if cx.no_input || (chosen.is_none() && !cx.ui.settings.may_ask) {
        cx.ui.must_ask("an editor", "the changes as flags, such as --on bounce")?;
    }
    Ok(chosen.unwrap_or("vi").to_owned())
}

fn document(webhook: &Webhook, reveal: Reveal) -> String {
    let mut value = webhook.to_json(reveal);
    if let Some(object) = value.as_object_mut() {
        for key in ["ID", "Status", "MessageStream"] {
            object.shift_remove(key);
        }
    }
    format!(
        "# Webhook {} of stream {}. Change what you like and save; leave without saving to\n\
         # change nothing. What is deleted here stays as it is; HttpAuth: null and\n\
         # HttpHeaders: [] remove. A value shown as ******** stays as it is.\n{}",
        webhook.id,
        webhook.message_stream,
        json::yaml(&value)
    )
}
