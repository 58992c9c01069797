//! `diff`: what differs between a server and a manifest.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::Context;
use super::planned::{self, Planned};
use crate::args::manifest::ManifestArgs;
use crate::failure::{Exit, Failure};

/// Show what differs between a server and a manifest
///
/// Prints what `pmhooks apply` would do, and changes nothing. Ends with 1 where
/// there is a difference, so that a CI step fails when somebody changed a webhook
/// by hand. Webhooks that the manifest does not name are listed and count only
/// with --prune. A secret that differs is shown as "changed".
///
/// Examples:
///     pmhooks diff hooks.yaml
///     pmhooks -p production diff hooks.yaml --var HOOK_HOST=hooks.example.com
///     pmhooks diff hooks.yaml --prune -o json
///     pmhooks diff hooks.yaml --plan-out plan.json
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
    cx.check::<Planned>()?;
    let documents = planned::documents(&args.manifest, cx)?;
    let planned = planned::plan(&documents, &args.manifest, cx)?;
    if let Some(path) = &args.plan_out {
        if !planned.literals.is_empty() {
            let refused =
                Failure::usage("the plan is not kept: the manifest holds secrets in clear");
            return Err(Failure { causes: planned.literals, ..refused }
                .hint("write a reference in their place, such as ${HOOK_PASSWORD}")
                .into());
        }
        planned.kept.write(path).context("cannot keep the plan")?;
    }
    cx.show(&planned)?;
    let is_same = planned.plan.changes.is_empty();
    cx.ui.note(&if is_same {
        format!("No difference: {} as the manifest says.", webhooks(planned.plan.unchanged))
    } else {
        format!("{}.", planned.summary())
    });
    planned.unmanaged().iter().for_each(|sentence| cx.ui.note(sentence));
    Ok(if is_same { Exit::Done } else { Exit::Finding })
}

fn webhooks(count: usize) -> String {
    match count {
        1 => "1 webhook is".to_owned(),
        n => format!("{n} webhooks are"),
    }
}
