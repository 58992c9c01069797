//! An endpoint as a webhook or the command line describes it.

use crate::commands::Context;
use crate::commands::options::webhook::EndpointArgs;
use crate::error::{CommandError, Result};
use crate::postmark::{HookUrl, HttpAuth, HttpHeader, StreamId, Triggers, Webhook, WebhookId};

/// What is known of an endpoint.
pub struct Described {
    /// The webhook; none where a URL stands in its place.
    pub id: Option<WebhookId>,
    /// Where it is.
    pub url: HookUrl,
    /// The stream that samples name.
    pub stream: StreamId,
    /// The credentials.
    pub auth: Option<HttpAuth>,
    /// The headers besides.
    pub headers: Vec<HttpHeader>,
    /// What it is switched on for.
    pub triggers: Triggers,
}

impl Described {
    /// The endpoint that flags describe.
    pub fn from_flags(url: &HookUrl, flags: &EndpointArgs, cx: &Context) -> Result<Self> {
        Ok(Self {
            id: None,
            url: url.clone(),
            stream: flags.stream.clone().unwrap_or_else(StreamId::outbound),
            triggers: flags.triggers().map_err(CommandError::usage)?,
            auth: cx.http_auth(&flags.auth)?,
            headers: cx.headers(&flags.headers)?,
        })
    }
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
