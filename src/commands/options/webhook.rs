//! Options that describe a webhook, or an endpoint without a webhook.

use std::str::FromStr;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};

use super::parse::{quiet, quiet_with, stream_id};
use crate::config::source::SecretSource;
use crate::postmark::{HookUrl, HttpHeader, Secret, StreamId, Trigger, TriggerSetting, Triggers};

/// Options that describe a webhook.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "The webhook")]
pub struct WebhookArgs {
    /// Where Postmark posts the events to
    #[arg(long, value_name = "URL", value_parser = quiet::<HookUrl>())]
    pub url: Option<HookUrl>,
    #[command(flatten)]
    pub triggers: TriggerArgs,
    #[command(flatten)]
    pub auth: AuthArgs,
    #[command(flatten)]
    pub headers: HeaderArgs,
    /// Save without Postmark probing the endpoint; no events come until it is verified
    #[arg(long)]
    pub no_verify: bool,
}

/// Options of triggers.
#[derive(Args, Clone, Debug)]
pub struct TriggerArgs {
    /// Triggers to switch on: open, click, delivery, bounce, spam-complaint, subscription-change, or all
    #[arg(long, value_name = "TRIGGER,...", value_delimiter = ',', hide_possible_values = true,
          value_parser = triggers_or_all())]
    pub on: Vec<TriggerWord>,
    /// Triggers to switch off; --on all --off click is all but click
    #[arg(long, value_name = "TRIGGER,...", value_delimiter = ',', hide_possible_values = true,
          value_parser = triggers_or_all())]
    pub off: Vec<TriggerWord>,
    /// Post only the first open of each message by each recipient
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub first_open_only: Option<bool>,
    /// Post the whole message with it: bounce, spam-complaint
    #[arg(long, value_name = "TRIGGER,...", value_delimiter = ',', hide_possible_values = true,
          value_parser = with_content())]
    pub include_content: Vec<Trigger>,
    /// Do not post the message with it: bounce, spam-complaint
    #[arg(long, value_name = "TRIGGER,...", value_delimiter = ',', hide_possible_values = true,
          value_parser = with_content())]
    pub exclude_content: Vec<Trigger>,
}

/// Options of HTTP authentication.
#[derive(Args, Clone, Debug)]
pub struct AuthArgs {
    /// The user name that Postmark sends; on a terminal the password is asked for
    #[arg(long, value_name = "NAME")]
    pub username: Option<String>,
    /// Where the password is: env:NAME, file:PATH, or - for standard input
    #[arg(long, value_name = "SOURCE", value_parser = quiet::<SecretSource>())]
    pub password: Option<SecretSource>,
}

/// Options of headers.
#[derive(Args, Clone, Debug)]
pub struct HeaderArgs {
    /// A header that Postmark sends, as 'Name: value'; can be repeated
    #[arg(long, value_name = "NAME: VALUE", value_parser = quiet::<PlainHeader>())]
    pub header: Vec<PlainHeader>,
    /// A header whose value is a secret, as NAME=SOURCE; can be repeated
    #[arg(long, value_name = "NAME=SOURCE", value_parser = quiet::<SecretHeader>())]
    pub secret_header: Vec<SecretHeader>,
}

/// Options that describe an endpoint in place of a webhook.
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
    /// Triggers of the endpoint: those that are named, or all.
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

    /// Refuses these options without `--url`.
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

/// A trigger, or `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TriggerWord {
    One(Trigger),
    All,
}

/// Header in clear: `Name: value`.
#[derive(Clone, Debug)]
pub struct PlainHeader(pub HttpHeader);

impl FromStr for PlainHeader {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((name, value)) = text.split_once(':') else {
            return Err("a header is written 'Name: value'".to_owned());
        };
        let value = value.trim();
        HttpHeader::check(name, value)?;
        if value.contains(crate::postmark::MASK) {
            return Err(
                "******** is what pmhooks shows in a secret's place, not a value".to_owned()
            );
        }
        Ok(Self(HttpHeader { name: name.to_owned(), value: Secret::new(value) }))
    }
}

/// Header with a secret value: `NAME=SOURCE`.
#[derive(Clone, Debug)]
pub struct SecretHeader {
    /// Name of the header.
    pub name: String,
    /// Source of the value.
    pub source: SecretSource,
}

impl FromStr for SecretHeader {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((name, source)) = text.split_once('=') else {
            return Err("it is written NAME=SOURCE, as in X-Token=env:HOOK_TOKEN".to_owned());
        };
        HttpHeader::check(name, "checked when it is read")?;
        Ok(Self { name: name.to_owned(), source: source.parse()? })
    }
}

impl std::fmt::Display for TriggerWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::One(trigger) => trigger.fmt(f),
            Self::All => f.write_str("all"),
        }
    }
}

/// Parser of a trigger or `all`.
pub fn triggers_or_all() -> impl clap::builder::TypedValueParser<Value = TriggerWord> {
    let words = Trigger::ALL.into_iter().map(word).chain([PossibleValue::new("all")]);
    PossibleValuesParser::new(words)
        .map(|word| word.parse().map_or(TriggerWord::All, TriggerWord::One))
}

/// Name of a trigger, or its key in the API.
fn word(trigger: Trigger) -> PossibleValue {
    PossibleValue::new(trigger.name()).alias(trigger.key())
}

fn with_content() -> impl clap::builder::TypedValueParser<Value = Trigger> {
    let has_content = |t: &Trigger| t.option() == Some("IncludeContent");
    PossibleValuesParser::new(Trigger::ALL.into_iter().filter(has_content).map(word))
        .map(|word| word.parse().unwrap_or(Trigger::Bounce))
}

impl TriggerArgs {
    /// True if no option is given.
    pub fn is_empty(&self) -> bool {
        self.on.is_empty()
            && self.off.is_empty()
            && self.first_open_only.is_none()
            && self.include_content.is_empty()
            && self.exclude_content.is_empty()
    }

    /// Complete settings of the triggers that the options name, changed from `present` (`None`: all off).
    ///
    /// The error is a sentence about options that contradict each other.
    pub fn settings(
        &self,
        present: Option<&Triggers>,
    ) -> Result<Vec<(Trigger, TriggerSetting)>, String> {
        let both = self.on.iter().find(|word| self.off.contains(word));
        if let Some(word) = both {
            return Err(format!("--on and --off both name {word}"));
        }
        if let Some(trigger) =
            self.include_content.iter().find(|t| self.exclude_content.contains(t))
        {
            return Err(format!("--include-content and --exclude-content both name {trigger}"));
        }
        let settings = Trigger::ALL.into_iter().filter_map(|trigger| {
            let start = present.map(|p| p.get(trigger).clone()).unwrap_or_default();
            let mut setting = start;
            let mut named = false;
            let mut set = |place: &mut bool, value: bool| {
                *place = value;
                named = true;
            };
            if names(&self.on, &self.off, trigger) {
                set(&mut setting.enabled, true);
            }
            if names(&self.off, &self.on, trigger) {
                set(&mut setting.enabled, false);
            }
            let option = match trigger {
                Trigger::Open => self.first_open_only,
                _ if self.include_content.contains(&trigger) => Some(true),
                _ if self.exclude_content.contains(&trigger) => Some(false),
                _ => None,
            };
            if let (Some(value), Some(key)) = (option, trigger.option()) {
                setting.options.insert(key.to_owned(), value.into());
                named = true;
            }
            setting.complete(trigger);
            named.then_some((trigger, setting))
        });
        Ok(settings.collect())
    }
}

/// True if `words` mean the trigger. A name there outweighs `all`, and in the opposite option too.
fn names(words: &[TriggerWord], opposite: &[TriggerWord], trigger: Trigger) -> bool {
    let one = TriggerWord::One(trigger);
    words.contains(&one) || (words.contains(&TriggerWord::All) && !opposite.contains(&one))
}

/// Warnings about options of triggers that are off.
pub fn idle_options(settings: &[(Trigger, TriggerSetting)]) -> Vec<String> {
    settings
        .iter()
        .filter(|(trigger, setting)| !setting.enabled && setting.option(*trigger))
        .map(|(trigger, _)| {
            let option = trigger.option().unwrap_or_default();
            format!(
                "{option} does nothing while {trigger} is off; switch it on with --on {trigger}"
            )
        })
        .collect()
}
