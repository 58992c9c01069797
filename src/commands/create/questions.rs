//! What `create` asks on a terminal where no URL is given.

use crate::commands::Context;
use crate::error::{CommandError, Result, ResultExt as _};
use crate::postmark::{HookUrl, StreamFilter, StreamId, Trigger, TriggerSetting};

/// What the user answered; nothing where nothing was asked.
pub struct Answers {
    /// Where the webhook posts to.
    pub url: HookUrl,
    /// The stream.
    pub stream: Option<StreamId>,
    /// The triggers that are on.
    pub triggers: Vec<(Trigger, TriggerSetting)>,
}

/// Asks for the URL, and for the stream and the triggers where they are wanted. `from_file`: the rest was
/// read from a file, which has no URL.
pub fn ask(cx: &Context, from_file: bool, stream: bool, triggers: bool) -> Result<Answers> {
    let check = |text: &str| text.parse::<HookUrl>().map(|_| ());
    let instead =
        if from_file { "--url URL, or Url in the file" } else { "--url URL (or --from FILE)" };
    let url = cx.ui.input("the URL that Postmark posts to", instead, check)?;
    let url = url.parse().map_err(CommandError::usage)?;
    let is_default = cx.session()?.target.profile().is_some_and(|p| p.stream.is_some());
    Ok(Answers {
        url,
        stream: if stream && !is_default { Some(which_stream(cx)?) } else { None },
        triggers: if triggers { which_triggers(cx)? } else { Vec::new() },
    })
}

fn which_stream(cx: &Context) -> Result<StreamId> {
    let all = cx.session()?.client.streams(StreamFilter::default());
    let mut streams = all.context("cannot list the message streams")?;
    streams.retain(|s| s.text("MessageStreamType") != "Inbound");
    let names: Vec<_> = streams.iter().map(|s| s.id.to_string()).collect();
    let index = cx.ui.pick("Of which stream?", "--stream ID", &names)?;
    let chosen = streams.get(index).map(|s| s.id.clone());
    chosen.ok_or_else(|| CommandError::internal("the choice is not in the list"))
}

fn which_triggers(cx: &Context) -> Result<Vec<(Trigger, TriggerSetting)>> {
    let names = Trigger::ALL.map(Trigger::name);
    let chosen = Trigger::ALL.map(|t| matches!(t, Trigger::Bounce | Trigger::SpamComplaint));
    let question = "On which events? (space chooses, enter ends)";
    let picked = cx.ui.pick_several(question, "--on TRIGGER,...", &names, &chosen)?;
    let on = Trigger::ALL.into_iter().enumerate().filter(|(index, _)| picked.contains(index));
    Ok(on.map(|(_, trigger)| (trigger, TriggerSetting::new(trigger, true))).collect())
}
