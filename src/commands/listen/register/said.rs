//! What is said of a temporary webhook when something is out of the ordinary.

use std::net::SocketAddr;

use crate::commands::Context;
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
) -> anyhow::Error {
    let is_open = matches!(
        error,
        TemporaryError::Create(CreateError::NotCreated(_) | CreateError::Unknown { .. })
    );
    let place = cx.session.get().map(Session::place).unwrap_or_default();
    let what = format!("cannot make the temporary webhook {url} in {place}");
    let mut failure = cx.explain(&anyhow::Error::from(error).context(what));
    if failure.error_code == Some(1364) {
        failure.hints = vec![
            format!("is the tunnel running, and does it lead to {address}?"),
            format!("see what it answers: `pmhooks test --url {}`", shell_words::quote(url)),
        ];
    }
    if is_open {
        failure = failure.hint("if it appears, the next `pmhooks listen --register` removes it");
    }
    failure.into()
}

/// Why a webhook is still there.
pub fn kept(error: TemporaryError, id: WebhookId, cx: &Context) -> anyhow::Error {
    let place = cx.session.get().map(Session::place).unwrap_or_default();
    let what = format!("the temporary webhook {id} of {place} was not removed");
    cx.explain(&anyhow::Error::from(error).context(what))
        .hint(format!("remove it: `pmhooks delete {id}`"))
        .hint("or start `pmhooks listen --register` again: it removes what was left behind")
        .into()
}
