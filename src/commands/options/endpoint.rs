//! The flags that describe an endpoint in a webhook's place.

use clap::Args;

use super::parse::{quiet, quiet_with, stream_id};
use super::webhook::{AuthArgs, HeaderArgs, TriggerArgs};
use crate::postmark::{HookUrl, StreamId, Trigger, TriggerSetting, Triggers};

/// An endpoint that no webhook needs to have.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "An endpoint without a webhook")]
pub struct EndpointArgs {
    /// Post to this URL; no profile, token or configuration is looked at
    #[arg(long, value_name = "URL", conflicts_with_all = ["ids", "all"], value_parser = quiet::<HookUrl>())]
    pub url: Option<HookUrl>,
    /// The message stream that the samples name; without it outbound
    #[arg(long, value_name = "ID", value_parser = quiet_with(stream_id))]
    pub stream: Option<StreamId>,
    #[command(flatten)]
    pub triggers: TriggerArgs,
    #[command(flatten)]
    pub auth: AuthArgs,
    #[command(flatten)]
    pub headers: HeaderArgs,
}

impl EndpointArgs {
    /// The triggers of the endpoint: those that are named, or all of them.
    pub fn triggers(&self) -> Result<Triggers, String> {
        let mut triggers = Triggers::default();
        if self.triggers.on.is_empty() {
            for trigger in Trigger::ALL {
                triggers.set(trigger, TriggerSetting::new(trigger, true));
            }
        }
        for (trigger, setting) in self.triggers.settings(Some(&triggers))? {
            triggers.set(trigger, setting);
        }
        Ok(triggers)
    }

    /// Refuses a description of nothing.
    pub fn check(&self) -> Result<(), String> {
        let describes = self.stream.is_some()
            || !self.triggers.is_empty()
            || self.auth.username.is_some()
            || self.auth.password.is_some()
            || !self.headers.header.is_empty()
            || !self.headers.secret_header.is_empty();
        if self.url.is_none() && describes {
            return Err("--stream, --on, --off, --first-open-only, --include-content, \
                        --exclude-content, --username, --password, --header and --secret-header \
                        describe the endpoint of --url; a webhook describes itself"
                .to_owned());
        }
        Ok(())
    }
}
