//! `doctor`: why a webhook receives nothing.

mod view;

use std::path::PathBuf;

use super::Context;
use crate::commands::options::parse::{quiet, quiet_with, webhook_id};
use crate::config::profile::ProfileName;
use crate::error::{CommandError, Exit, Result, ResultExt as _, TargetOptions};
use crate::ops::doctor::{Doctor, DoctorReport, Outcome, Wishes, bundle};
use crate::postmark::WebhookId;
use crate::term::json;
use view::Walk;

/// Find out why a webhook receives nothing
///
/// Without an ID: the configuration, the token and its server, the way to
/// Postmark's API, the clock, the API's age. With an ID then Postmark's own
/// troubleshooting list for that webhook: is its endpoint reachable, is it set up
/// right, what does the endpoint answer to the sample events, what does Postmark
/// say, what arrives. Each step passes, warns, fails or is skipped, with a
/// sentence and the next command. Goes on as far as it can, and ends with 1 where
/// a step failed; warnings alone are 0.
///
/// The sample events say that they are tests; --no-test posts none of them.
///
/// Examples:
///     pmhooks doctor
///     pmhooks doctor 1234567
///     pmhooks doctor 1234567 --no-test
///     pmhooks doctor 1234567 --verify --bundle report.json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The webhook's ID
    #[arg(value_name = "ID", value_parser = quiet_with(webhook_id))]
    id: Option<WebhookId>,
    /// Post no sample events to the endpoint
    #[arg(long, requires = "id")]
    no_test: bool,
    /// Also have Postmark itself probe the endpoint
    #[arg(long, requires = "id")]
    verify: bool,
    /// Confirm the probe of --verify on a protected profile by its name
    #[arg(long, value_name = "PROFILE", requires = "verify", value_delimiter = ',',
          value_parser = quiet::<ProfileName>())]
    confirm: Vec<ProfileName>,
    /// Write the report, without secrets, user names and homes, to a new file
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
}

/// Walks.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<Walk>()?;
    if let Some(path) = &args.bundle {
        if path.as_os_str() == "-" {
            let why = "--bundle names a file; to standard output the report goes with -o json";
            return Err(CommandError::usage(why));
        }
        bundle::check(path).context("cannot write the report")?;
    }
    let wishes = args.id.map(|id| Wishes { id, test: !args.no_test, verify: args.verify });
    let doctor = Doctor {
        wanted: &cx.wanted,
        environment: &cx.environment,
        net: &cx.net,
        limits: cx.limits,
        tell: &|sentence| cx.ui.progress(sentence),
    };
    let walked =
        doctor.walk(wishes.as_ref(), |session| cx.authorize_session(session, &args.confirm));
    let walked = walked.with_context(|| {
        format!("cannot look at webhook {}", args.id.map(|id| id.to_string()).unwrap_or_default())
    });
    let walk = Walk { report: here(walked?, &cx.target_options), width: cx.ui.settings.width };
    cx.show(&walk)?;
    walk.advise(cx);
    cx.ui.note(&walk.summary());
    if let Some(path) = &args.bundle {
        let bundle = doctor.bundle(&walk.report, serde_json::to_value(&walk).unwrap_or_default());
        bundle::write(path, &json::pretty(&bundle)).context("cannot write the report")?;
        cx.ui.note(&format!("Wrote the report to {}; read it before you send it.", path.display()));
    }
    let failed = walk.report.count(Outcome::Fail) > 0;
    Ok(if failed { Exit::Finding } else { Exit::Done })
}

/// The report with its commands as they are called for this target.
fn here(mut report: DoctorReport, target_options: &TargetOptions) -> DoctorReport {
    let nexts = report.checks.iter_mut().flat_map(|check| &mut check.next);
    nexts.for_each(|next| *next = target_options.applied(next));
    report
}
