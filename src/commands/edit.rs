//! `edit`: only what changes, in place.

mod editor;
mod view;

use anyhow::{Context as _, Result};

use super::Context;
use crate::args::confirm::Confirm;
use crate::args::target::OneWebhookId;
use crate::args::webhook::{WebhookArgs, idle_options};
use crate::failure::{Exit, Failure};
use crate::model::{HttpAuth, HttpHeader, Patch, Secret, Webhook, WebhookId};
use crate::ops::change;
use crate::ops::edit::{self, Edited, Wish};
use view::Changed;

/// Change a webhook
///
/// Sends only what changes; everything else stays as it is. Shows each field before and
/// after. Postmark probes the endpoint again where the URL or the triggers change; if a probe
/// fails, nothing is changed. A webhook's stream cannot be changed.
///
/// Examples:
///     pmhooks edit 1234567 --url https://hooks.example.com/v2
///     pmhooks edit 1234567 --on bounce --include-content bounce --off open
///     pmhooks edit 1234567 --username postmark --password file:/run/secrets/hook
///     pmhooks edit 1234567 --header 'X-Env: staging' --remove-header X-Old
///     pmhooks edit 1234567 --editor
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    target: OneWebhookId,
    #[command(flatten)]
    webhook: WebhookArgs,
    /// Send no credentials any more
    #[arg(long, conflicts_with_all = ["username", "password"])]
    no_http_auth: bool,
    /// A header to send no more; can be repeated
    #[arg(long, value_name = "NAME")]
    remove_header: Vec<String>,
    /// Send no headers any more
    #[arg(long, conflicts_with = "remove_header")]
    no_headers: bool,
    /// Edit the webhook as YAML, with the program in VISUAL or EDITOR
    #[arg(long)]
    editor: bool,
    #[command(flatten)]
    confirm: Confirm,
}

/// Edits.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<Changed>()?;
    let is_empty = args.is_empty();
    if !args.editor && is_empty {
        return Err(Failure::usage("nothing to change is given")
            .hint("say what to change, as in --on bounce, or take --editor; see `pmhooks edit --help`")
            .into());
    }
    if args.editor && !is_empty {
        return Err(Failure::usage("--editor takes no other change beside it").into());
    }
    let given = args.given(cx)?;
    let id = match args.target.id {
        Some(id) => id,
        None => cx.pick("Which webhook is to be changed?")?,
    };
    let session = cx.session()?;
    let webhook = session.client.get(id);
    let webhook =
        webhook.with_context(|| format!("cannot get webhook {id} of {}", session.place()))?;
    let wish = if args.editor { editor::wish(&webhook, cx)? } else { args.wish(&webhook, given)? };
    let patch = Patch { verify: !args.webhook.no_verify, ..edit::needed(&webhook, wish) };
    let after = patch.applied_to(&webhook);
    let changes = change::of_webhooks(&webhook, &after, cx.reveal());
    let dry_run = args.confirm.dry_run;
    let view = |webhook: Webhook| Changed { webhook, changes, dry_run, reveal: cx.reveal() };
    for warning in idle_options(&patch.triggers) {
        cx.ui.warn(&warning);
    }
    if patch.is_empty() {
        cx.ui.note(&format!("Webhook {id} is so already; nothing was sent."));
        return cx.show(&view(webhook));
    }
    cx.authorise(&args.confirm, None)?;
    if dry_run {
        cx.ui.note(&format!("Dry run: nothing was sent. Webhook {id} would change:"));
        return cx.show(&view(after));
    }
    cx.ui.interrupts.go_gently();
    let edited = edit::edit(&session.client, id, &patch)
        .with_context(|| format!("cannot change webhook {id} of {}", session.place()))?;
    match edited {
        Edited::Done(webhook) => {
            cx.ui.note(&format!("Changed webhook {id}:"));
            if args.webhook.no_verify {
                cx.ui.warn("the webhook is not verified: it gets no events until it is");
            }
            cx.show(&view(webhook))
        }
        Edited::AuthStays(webhook) => {
            let only = Patch { http_auth: None, ..patch }.is_empty();
            cx.show(&view(webhook))?;
            Err(auth_stays(id, only).into())
        }
    }
}

fn auth_stays(id: WebhookId, only: bool) -> Failure {
    let exit = if only { Exit::Refused } else { Exit::PartlyDone };
    Failure::new(exit, format!("Postmark took the change, but webhook {id} still sends its credentials"))
        .hint("the API has no documented way to remove them; Postmark's web page has")
        .hint(format!("or make it anew: `pmhooks get {id} -o json --show-secrets`, `pmhooks create --from FILE`, `pmhooks delete {id}`"))
}

impl Args {
    fn is_empty(&self) -> bool {
        let webhook = &self.webhook;
        let given = [
            webhook.url.is_some(),
            !webhook.triggers.is_empty(),
            webhook.auth.username.is_some() || webhook.auth.password.is_some(),
            !webhook.headers.header.is_empty() || !webhook.headers.secret_header.is_empty(),
            self.no_http_auth || self.no_headers || !self.remove_header.is_empty(),
        ];
        !given.contains(&true)
    }

    /// Reads the secrets that flags point at, and finds flags that contradict each other, before
    /// anything is sent.
    fn given(&self, cx: &Context) -> Result<Given> {
        self.webhook.triggers.settings(None).map_err(Failure::usage)?;
        let auth = &self.webhook.auth;
        let wants_password = auth.username.is_some() || auth.password.is_some();
        let password = if wants_password { Some(cx.password(auth)?) } else { None };
        Ok(Given { password, headers: cx.headers(&self.webhook.headers)? })
    }

    /// What the flags want of the webhook.
    fn wish(&self, webhook: &Webhook, given: Given) -> Result<Wish> {
        let triggers =
            self.webhook.triggers.settings(Some(&webhook.triggers)).map_err(Failure::usage)?;
        let mut http_auth = self.no_http_auth.then_some(None);
        if let Some(password) = given.password {
            let present = webhook.http_auth.as_ref().map(|a| a.username.clone());
            let username = self.webhook.auth.username.clone().or(present);
            let username = username.ok_or_else(|| Failure::usage("--password needs --username"))?;
            http_auth = Some(Some(HttpAuth { username, password }));
        }
        let mut headers = if self.no_headers { Vec::new() } else { webhook.http_headers.clone() };
        for name in &self.remove_header {
            let before = headers.len();
            headers.retain(|h| !h.name.eq_ignore_ascii_case(name));
            if headers.len() == before {
                return Err(Failure::usage(format!(
                    "webhook {} has no header {name:?}",
                    webhook.id
                ))
                .into());
            }
        }
        for header in given.headers {
            headers.retain(|h| !h.name.eq_ignore_ascii_case(&header.name));
            headers.push(header);
        }
        let url = self.webhook.url.clone();
        let patch = Patch { url, http_auth, http_headers: Some(headers), ..Patch::default() };
        Ok(Wish { triggers, patch })
    }
}

/// The secrets that flags pointed at.
struct Given {
    password: Option<Secret>,
    headers: Vec<HttpHeader>,
}
