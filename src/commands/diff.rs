//! `diff`: what differs between a server and a manifest, or between two servers.

mod servers;

use std::path::PathBuf;

use super::Context;
use super::planned::{self, Plans};
use crate::commands::options::ManifestArgs;
use crate::config::resolve::is_for_several;
use crate::error::{CommandError, Exit, Result, ResultExt as _};
use crate::ops::plan::kept::Binding;

/// Show what differs between a server and a manifest
///
/// Prints what `pmhooks apply` would do, and changes nothing. Ends with 1 where
/// there is a difference, so that a CI step fails when somebody changed a webhook
/// by hand. Webhooks that the manifest does not name are listed and count only
/// with --prune. A secret that differs is shown as "changed".
///
/// With several profiles the servers of all are compared with the manifest.
///
/// With two profiles and no manifest their servers are compared: shown is what
/// would make the second like the first. A value of the first profile's vars, such
/// as HOOK_HOST, means the second's value of that name.
///
/// Examples:
///     pmhooks diff hooks.yaml
///     pmhooks -p production diff hooks.yaml --var HOOK_HOST=hooks.example.com
///     pmhooks diff hooks.yaml --prune -o json
///     pmhooks diff hooks.yaml --plan-out plan.json
///     pmhooks diff -p staging,production
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    manifest: ManifestArgs,
    /// Keep the plan, for `pmhooks apply --plan FILE`; it holds no secret
    #[arg(long, value_name = "FILE")]
    plan_out: Option<PathBuf>,
}

/// Compares.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<Plans>()?;
    let several = is_for_several(&cx.wanted, &cx.environment)?;
    if args.plan_out.is_some() && several {
        return Err(CommandError::usage("a plan is kept for one profile, and several are named"));
    }
    if args.manifest.paths().is_empty() && several {
        return servers::run(args, cx);
    }
    let documents = planned::documents(&args.manifest, cx)?;
    let manifests = planned::manifests(&documents, &args.manifest, cx)?;
    let binding = match &args.plan_out {
        None => None,
        Some(_) => Some(Binding::new(cx.session()?, &planned::server(cx.session()?)?)),
    };
    let reveal = cx.reveal();
    let mut batch = cx.each("compared", |session| {
        planned::plan(manifests.of(session)?, &args.manifest, session, reveal)
    })?;
    let servers =
        std::mem::take(&mut batch.parts).into_iter().map(|(_, planned)| planned).collect();
    let plans = Plans { servers, several: batch.several, wanted: None };
    plans.warn(cx);
    if let (Some(path), Some(binding), [one]) = (&args.plan_out, binding, &plans.servers[..]) {
        if !manifests.literals().is_empty() {
            let message = "the plan is not kept: the manifest holds secrets in clear";
            return Err(CommandError::usage(message)
                .with_causes(manifests.literals().to_vec())
                .hint("write a reference in their place, such as ${HOOK_PASSWORD}"));
        }
        let kept = planned::kept(one, binding, &documents, &args.manifest, cx.session()?);
        kept.write(path).context("cannot keep the plan")?;
    }
    cx.show(&plans)?;
    for planned in &plans.servers {
        let whose = plans.whose(planned);
        cx.ui.note(&if planned.plan.changes.is_empty() {
            let so = webhooks(planned.plan.unchanged);
            format!("{whose}No difference: {so} as the manifest says.")
        } else {
            format!("{whose}{}.", planned.summary())
        });
    }
    plans.tell_unmanaged(cx);
    batch.end(if plans.changes() == 0 { Exit::Done } else { Exit::Finding })
}

fn webhooks(count: usize) -> String {
    match count {
        1 => "1 webhook is".to_owned(),
        n => format!("{n} webhooks are"),
    }
}
