//! How the endpoint behaves.

use std::path::PathBuf;
use std::time::Duration;

use super::{Args, Context};
use crate::commands::options::event::{EventWord, events};
use crate::commands::options::parse::{duration, quiet_with, size};
use crate::error::{CommandError, Result};
use crate::ops::receive::{ForwardTarget, NoticePolicy, ReceiveOptions};
use crate::postmark::HttpAuth;
use crate::term::Format;

/// How the endpoint behaves.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The endpoint")]
pub struct MannerArgs {
    /// The answer to an event
    #[arg(long, value_name = "STATUS", default_value_t = 200,
          value_parser = clap::value_parser!(u16).range(200..=599))]
    pub status: u16,
    /// How long each answer takes
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = quiet_with(duration))]
    pub delay: Duration,
    /// The largest body; larger ones are answered with 413
    #[arg(long, value_name = "SIZE", default_value = "50MB", value_parser = quiet_with(size))]
    pub max_body: usize,
    /// Connections at the same time; one more takes the place of the longest idle one
    #[arg(long, value_name = "N", default_value_t = 256,
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub max_connections: usize,
    /// Speak TLS with this certificate, PEM, those above it behind it
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of the certificate, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
}

/// What the flags ask for.
pub fn wishes<'a>(
    args: &'a Args,
    credentials: &'a [HttpAuth],
    cx: &Context,
) -> Result<ReceiveOptions<'a>> {
    let settings = &cx.ui.settings;
    let is_all = args.event.contains(&EventWord::All);
    let target =
        |url| ForwardTarget::new(url, &cx.net, cx.limits.timeout).map_err(CommandError::usage);
    let forward = args.forward.as_ref().map(target).transpose()?;
    if forward.as_ref().is_some_and(|target| target.is_listener(args.address)) {
        return Err(CommandError::usage("--forward leads back to --address: nothing would end"));
    }
    Ok(ReceiveOptions {
        address: args.address,
        credentials,
        events: if is_all { Vec::new() } else { events(&args.event) },
        record: args.record.as_deref(),
        record_secrets: args.record_secrets,
        fsync: args.fsync,
        count: args.count,
        status: args.manner.status,
        delay: args.manner.delay,
        max_body: args.manner.max_body,
        max_connections: args.manner.max_connections,
        forward,
        tls: args.manner.tls_cert.as_deref().zip(args.manner.tls_key.as_deref()),
        notices: match settings.format {
            Format::Jsonl => NoticePolicy::Reject,
            _ if settings.quiet => NoticePolicy::Never,
            _ => NoticePolicy::Drop,
        },
    })
}
