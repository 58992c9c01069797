//! Which stream, which webhooks.

use std::str::FromStr;

use clap::Args;

use super::parse::{quiet_with, stream_id, webhook_id};
use crate::postmark::{HookUrl, StreamId, WebhookId};

/// A filter by stream.
#[derive(Args, Clone, Debug)]
pub struct StreamFilter {
    /// Only webhooks of this message stream
    #[arg(long, value_name = "ID", value_parser = quiet_with(stream_id))]
    pub stream: Option<StreamId>,
}

/// Any number of webhooks.
#[derive(Args, Clone, Debug)]
pub struct WebhookIds {
    /// The webhooks' IDs; on a terminal, a picker is shown where none is given
    #[arg(value_name = "ID", value_parser = quiet_with(webhook_id))]
    pub ids: Vec<WebhookId>,
}

/// Any number of webhooks, or all of them.
#[derive(Args, Clone, Debug)]
pub struct WebhooksOrAll {
    /// The webhooks' IDs; on a terminal, a picker is shown where none is given
    #[arg(value_name = "ID", value_parser = quiet_with(webhook_id))]
    pub ids: Vec<WebhookId>,
    /// All webhooks of the server
    #[arg(long, conflicts_with = "ids")]
    pub all: bool,
}

/// One webhook.
#[derive(Args, Clone, Debug)]
pub struct OneWebhookId {
    /// The webhook's ID; on a terminal, a picker is shown where none is given
    #[arg(value_name = "ID", value_parser = quiet_with(webhook_id))]
    pub id: Option<WebhookId>,
}

/// Where events go: to a webhook's endpoint, or to a URL.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Destination {
    Webhook(WebhookId),
    Url(HookUrl),
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.contains("://") {
            let id = text.parse().map(Self::Webhook);
            return id.map_err(|_| {
                "it is the ID of a webhook, or a URL as in http://localhost:3000/hook".to_owned()
            });
        }
        text.parse().map(Self::Url)
    }
}
