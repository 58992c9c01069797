//! `export`: the webhooks of a server as a manifest.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::Context;
use crate::commands::options::StreamFilter;
use crate::commands::options::assignment;
use crate::commands::options::parse::quiet_with;
use crate::config::references::Var;
use crate::error::{CommandError, Exit, Result, ResultExt as _};
use crate::ops::export::{self, Exported, SCHEMA, SCHEMA_FILE, Wishes};
use crate::postmark::Reveal;
use crate::term::text::visible;
use crate::term::{Format, json};

/// Write the webhooks of a server as a manifest
///
/// Writes what `pmhooks diff` and `pmhooks apply` read, as YAML, or as JSON with
/// -o json. Each secret is a reference, ${NAME}, and the names are listed; with
/// --show-secrets they stand in clear. A host becomes a reference by --var.
///
/// The first line names a JSON Schema, by which editors complete and check the
/// file; --schema prints it.
///
/// Examples:
///     pmhooks export > hooks.yaml
///     pmhooks export --var HOOK_HOST=hooks.staging.example.com
///     pmhooks export --stream broadcast --output-file broadcast.yaml
///     pmhooks export --schema > pmhooks.schema.json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    filter: StreamFilter,
    /// Write to this file, whole or not at all; a new file is private
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
    /// Write ${NAME} wherever VALUE stands; NAME alone takes it from the environment
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = quiet_with(assignment))]
    var: Vec<Var>,
    /// Leave the Server block out, as --stream does
    #[arg(long)]
    no_server: bool,
    /// Print the JSON Schema of a manifest instead
    #[arg(long, conflicts_with_all = ["stream", "output_file", "var", "no_server"])]
    schema: bool,
}

/// Exports.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    if args.schema {
        cx.ui.data(SCHEMA).context("cannot write to standard output")?;
        return Ok(Exit::Done);
    }
    let as_json = match cx.ui.settings.format {
        Format::Table | Format::Yaml => false,
        Format::Json => true,
        other => {
            let message =
                format!("a manifest is YAML or JSON; --output {} is not for it", other.name());
            return Err(CommandError::usage(message));
        }
    };
    let vars = cx.vars(&args.var)?;
    let session = cx.session()?;
    let place = session.place();
    let webhooks = session.client.list(args.filter.stream.as_ref());
    let webhooks = webhooks.with_context(|| format!("cannot list the webhooks of {place}"))?;
    let server = if args.no_server || args.filter.stream.is_some() {
        None
    } else {
        let server = session.client.server();
        Some(server.with_context(|| format!("cannot get the server settings of {place}"))?)
    };
    let wishes = Wishes { vars, reveal: cx.reveal() == Reveal::Shown };
    let exported = export::export(&webhooks, server.as_ref(), &wishes);
    exported.warnings.iter().for_each(|warning| cx.ui.warn(warning));
    let text = if as_json { json::pretty(&exported.manifest) } else { yaml(&exported) };
    match &args.output_file {
        None => cx.ui.data(&text).context("cannot write to standard output")?,
        Some(path) => {
            export::write(path, &text, wishes.reveal).context("cannot write the manifest")?;
            cx.ui.note(&format!("Wrote {} webhooks to {}.", webhooks.len(), path.display()));
        }
    }
    if !exported.names.is_empty() {
        cx.ui.note(
            "Secrets are references; give each by --var, the profile's vars or the environment:",
        );
        for (name, what) in &exported.names {
            cx.ui.note(&format!("    {name}: {what}"));
        }
    }
    Ok(Exit::Done)
}

/// The manifest with its schema and its references named on top.
fn yaml(exported: &Exported) -> String {
    let mut text = format!("# yaml-language-server: $schema={SCHEMA_FILE}\n");
    for (name, what) in &exported.names {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# ${{{name}}}: {}", visible(what));
    }
    text + &json::yaml(&exported.manifest)
}
