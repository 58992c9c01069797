//! What the flags of `edit` want of a webhook.

use super::Args;
use crate::commands::Context;
use crate::error::{CommandError, Result};
use crate::ops::edit::Wish;
use crate::postmark::{HttpAuth, HttpHeader, Secret, Webhook, WebhookPatch};

impl Args {
    /// True where no flag says what to change.
    pub(super) fn is_empty(&self) -> bool {
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
    pub(super) fn given(&self, cx: &Context) -> Result<Given> {
        self.webhook.triggers.settings(None).map_err(CommandError::usage)?;
        let auth = &self.webhook.auth;
        let wants_password = auth.username.is_some() || auth.password.is_some();
        let password = if wants_password { Some(cx.password(auth)?) } else { None };
        Ok(Given { password, headers: cx.headers(&self.webhook.headers)? })
    }

    /// What the flags want of the webhook.
    pub(super) fn wish(&self, webhook: &Webhook, given: Given) -> Result<Wish> {
        let triggers =
            self.webhook.triggers.settings(Some(&webhook.triggers)).map_err(CommandError::usage)?;
        let mut http_auth = self.no_http_auth.then_some(None);
        if let Some(password) = given.password {
            let present = webhook.http_auth.as_ref().map(|a| a.username.clone());
            let username = self.webhook.auth.username.clone().or(present);
            let username =
                username.ok_or_else(|| CommandError::usage("--password needs --username"))?;
            http_auth = Some(Some(HttpAuth { username, password }));
        }
        let mut headers = if self.no_headers { Vec::new() } else { webhook.http_headers.clone() };
        for name in &self.remove_header {
            let before = headers.len();
            headers.retain(|h| !h.name.eq_ignore_ascii_case(name));
            if headers.len() == before {
                return Err(CommandError::usage(format!(
                    "webhook {} has no header {name:?}",
                    webhook.id
                )));
            }
        }
        for header in given.headers {
            headers.retain(|h| !h.name.eq_ignore_ascii_case(&header.name));
            headers.push(header);
        }
        let url = self.webhook.url.clone();
        let patch =
            WebhookPatch { url, http_auth, http_headers: Some(headers), ..WebhookPatch::default() };
        Ok(Wish { triggers, patch })
    }
}

/// The secrets that flags pointed at.
pub struct Given {
    password: Option<Secret>,
    headers: Vec<HttpHeader>,
}
