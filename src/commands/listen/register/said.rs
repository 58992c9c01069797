//! What is said of a temporary webhook when something is out of the ordinary.

use std::net::SocketAddr;

use crate::commands::Context;
use crate::error::{CommandError, Hint, Invocation};
use crate::ops::create::CreateError;
use crate::ops::session::Session;
use crate::ops::temporary_webhook::{CleanUp, TemporaryError};
use crate::postmark::WebhookId;

/// What became of what an earlier run had left behind.
pub fn swept(swept: &CleanUp, cx: &Context) {
    match swept {
        CleanUp::Deleted(id) => {
            cx.ui.note(&format!("Removed webhook {id}, which an earlier run had left behind."));
        }
        CleanUp::Unmarked(id) => cx.ui.warn(&format!(
            "webhook {id} has not the mark of the temporary one that had its ID: it was left alone"
        )),
        CleanUp::Failed(path, error) => cx.ui.warn(&format!(
            "a temporary webhook of an earlier run was not removed: {error}; the next start tries again ({})",
            path.display()
        )),
    }
}

/// Why there is no webhook.
pub fn refused(
    error: TemporaryError,
    url: &str,
    address: SocketAddr,
    cx: &Context,
) -> CommandError {
    let is_open = matches!(
        error,
        TemporaryError::Create(CreateError::NotCreated(_) | CreateError::Unknown { .. })
    );
    let place = cx.session.get().map(Session::place).unwrap_or_default();
    let what = format!("cannot make the temporary webhook {url} in {place}");
    let mut failure = cx.explain(CommandError::from(error).context(what));
    if failure.diagnosis().error_code == Some(1364) {
        failure = failure.with_hints(vec![
            format!("is the tunnel running, and does it lead to {address}?").into(),
            Hint::command("see what it answers", Invocation::new("test --url").arg(url)),
        ]);
    }
    if is_open {
        failure = failure.hint(
            Hint::from("if it appears, the next ").run("listen --register").text(" removes it"),
        );
    }
    failure
}

/// Why a webhook is still there.
pub fn kept(error: TemporaryError, id: WebhookId, cx: &Context) -> CommandError {
    let place = cx.session.get().map(Session::place).unwrap_or_default();
    let what = format!("the temporary webhook {id} of {place} was not removed");
    cx.explain(CommandError::from(error).context(what))
        .hint(Hint::command("remove it", Invocation::new("delete").arg(id)))
        .hint(
            Hint::from("or start ")
                .run("listen --register")
                .text(" again: it removes what was left behind"),
        )
}
