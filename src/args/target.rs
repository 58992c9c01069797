//! Which stream, which webhooks.

use clap::Args;

use super::parse::quiet;
use crate::model::{StreamId, WebhookId};

/// A filter by stream.
#[derive(Args, Clone, Debug)]
pub struct StreamFilter {
    /// Only webhooks of this message stream
    #[arg(long, value_name = "ID", value_parser = quiet::<StreamId>())]
    pub stream: Option<StreamId>,
}

/// Any number of webhooks.
#[derive(Args, Clone, Debug)]
pub struct WebhookIds {
    /// The webhooks' IDs; on a terminal, a picker is shown where none is given
    #[arg(value_name = "ID", value_parser = quiet::<WebhookId>())]
    pub ids: Vec<WebhookId>,
}

/// Any number of webhooks, or all of them.
#[derive(Args, Clone, Debug)]
pub struct WebhooksOrAll {
    /// The webhooks' IDs; on a terminal, a picker is shown where none is given
    #[arg(value_name = "ID", value_parser = quiet::<WebhookId>())]
    pub ids: Vec<WebhookId>,
    /// All webhooks of the server
    #[arg(long, conflicts_with = "ids")]
    pub all: bool,
}

/// One webhook.
#[derive(Args, Clone, Debug)]
pub struct OneWebhookId {
    /// The webhook's ID; on a terminal, a picker is shown where none is given
    #[arg(value_name = "ID", value_parser = quiet::<WebhookId>())]
    pub id: Option<WebhookId>,
}
