//! `diff`: what differs between a server and a manifest.

use anyhow::Result;

use super::Context;
use super::planned::{self, Planned};
use crate::args::manifest::ManifestArgs;
use crate::failure::Exit;

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
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    manifest: ManifestArgs,
}

/// Compares.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<Planned>()?;
    let documents = planned::documents(&args.manifest, cx)?;
    let planned = planned::plan(&documents, &args.manifest, cx)?;
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
