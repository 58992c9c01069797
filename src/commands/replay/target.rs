//! Where the events go.

use super::Args;
use crate::commands::Context;
use crate::commands::options::Destination;
use crate::error::{CommandError, Result, ResultExt as _};
use crate::ops::test::{Endpoint, NOT_PUBLIC};

/// An endpoint.
pub struct Target {
    /// Its URL, masked.
    pub url: String,
    /// What is sent with each event.
    pub endpoint: Endpoint,
}

/// The endpoint of the webhook, or of the URL and the flags.
pub fn find(args: &Args, cx: &Context) -> Result<Target> {
    let (url, auth, headers) = match &args.to {
        Destination::Url(url) => {
            (url.clone(), cx.http_auth(&args.auth)?, cx.headers(&args.headers)?)
        }
        Destination::Webhook(id) => {
            refuse_flags(args)?;
            let session = cx.session()?;
            let webhook = session
                .client
                .get(*id)
                .with_context(|| format!("cannot get webhook {id} of {}", session.place()))?;
            (webhook.url, webhook.http_auth, webhook.http_headers)
        }
    };
    let endpoint = Endpoint::new(&url, auth.as_ref(), &headers).context("cannot send anything")?;
    // Events are replayed to one's own machine as a rule.
    let warnings = endpoint.warnings.iter().filter(|warning| warning.as_str() != NOT_PUBLIC);
    warnings.for_each(|warning| cx.ui.warn(warning));
    Ok(Target { url: url.masked(), endpoint })
}

fn refuse_flags(args: &Args) -> Result<()> {
    let (auth, headers) = (&args.auth, &args.headers);
    let describes = auth.username.is_some()
        || auth.password.is_some()
        || !headers.header.is_empty()
        || !headers.secret_header.is_empty();
    if describes {
        return Err(CommandError::usage(
            "--username, --password, --header and --secret-header go with --to URL; a webhook \
             describes itself",
        ));
    }
    Ok(())
}
