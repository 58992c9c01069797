//! `lint`: rules over the webhooks of a server, or over manifests.

mod catalogue;
mod gather;
mod prose;
mod sarif;
mod view;

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};

use super::Context;
use crate::commands::options::StreamFilter;
use crate::commands::options::assignment;
use crate::commands::options::parse::{quiet, quiet_with};
use crate::config::references::Var;
use crate::error::{CommandError, Exit, Result};
use crate::ops::finding::Level;
use crate::ops::lint::{self, LintInput, RULES, Rule};
use catalogue::RuleReport;
use view::Lint;

/// Check webhooks, or a manifest, by rules
///
/// Looks at the webhooks of the server, its settings and its streams for what is
/// unsafe, doubled, missing or cannot work. With FILE it looks at manifests, as
/// what they would make of an empty server: this needs no token and no secret. A
/// reference that is not set is not looked into, and rules about what a manifest
/// does not say are skipped; both are said.
///
/// Several profiles are looked at together, also for secrets that they share.
///
/// Ends with 1 where anything is found; with --deny error, only where an error is.
/// --rules lists the rules, --explain tells why one matters.
///
/// Examples:
///     pmhooks lint
///     pmhooks lint --stream outbound --deny warning
///     pmhooks lint --all-profiles --deny error
///     pmhooks lint hooks.yaml --ignore PM008,content
///     pmhooks lint hooks.yaml -o sarif > pmhooks.sarif
///     pmhooks lint --explain PM004
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The manifests to look at, YAML or JSON; - is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A manifest; the same as FILE
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    more_files: Vec<PathBuf>,
    /// Value of ${NAME}; NAME alone takes it from the environment and shows it
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = quiet_with(assignment))]
    var: Vec<Var>,
    #[command(flatten)]
    filter: StreamFilter,
    /// The least level that ends the run with 1
    #[arg(long, value_name = "LEVEL", default_value = "info",
          value_parser = PossibleValuesParser::new(["info", "warning", "error"]).map(|word| level(&word)))]
    deny: Level,
    /// Leave out these rules, by ID or name; can be repeated
    #[arg(long, value_name = "RULE,...", value_delimiter = ',', value_parser = quiet::<&'static Rule>())]
    ignore: Vec<&'static Rule>,
    /// Tell why these rules matter and what to do, or all of them
    #[arg(long, value_name = "RULE,...|all", value_delimiter = ',', conflicts_with_all = ["files", "more_files"],
          value_parser = quiet_with(rules))]
    explain: Vec<&'static [Rule]>,
    /// List the rules
    #[arg(long, conflicts_with_all = ["files", "more_files", "explain"])]
    rules: bool,
}

/// Checks.
pub fn run(args: &Args, cx: &Context) -> Result<Exit> {
    if args.rules || !args.explain.is_empty() {
        cx.check::<RuleReport>()?;
        let named = args.explain.iter().copied().flatten();
        let rules = if args.rules { RULES.iter().collect() } else { named.collect() };
        return cx.show(&RuleReport { rules, explained: !args.rules });
    }
    cx.check::<Lint>()?;
    let files: Vec<_> = args.files.iter().chain(&args.more_files).cloned().collect();
    if files.is_empty() && !args.var.is_empty() {
        return Err(CommandError::usage("--var is for manifests, and none is named"));
    }
    let only = args.filter.stream.as_ref();
    if !files.is_empty() {
        let scenes = gather::manifests(&files, &args.var, only, cx)?;
        return args.look(&scenes, scenes.len() > 1, cx);
    }
    let mut batch = cx.each("looked at", |session| gather::server(session, only))?;
    let scenes: Vec<_> = batch.parts.drain(..).map(|(_, scene)| scene).collect();
    let exit = args.look(&scenes, batch.several, cx)?;
    batch.end(exit)
}

impl Args {
    fn look(&self, scenes: &[LintInput], several: bool, cx: &Context) -> Result<Exit> {
        let mut found = lint::check(scenes, &self.ignore);
        for found in &mut found {
            found.finding.fix = cx.target_options.applied(&found.finding.fix);
        }
        let view = Lint {
            found,
            skipped: lint::skipped(scenes, &self.ignore),
            several,
            webhooks: scenes.iter().map(|scene| scene.webhooks.len()).sum(),
        };
        cx.show(&view)?;
        view.sum_up(cx);
        let is_denied = view.found.iter().any(|found| found.rule.level >= self.deny);
        Ok(if is_denied { Exit::Finding } else { Exit::Done })
    }
}

fn level(word: &str) -> Level {
    match word {
        "error" => Level::Error,
        "warning" => Level::Warning,
        _ => Level::Info,
    }
}

/// A rule, or all of them.
fn rules(word: &str) -> Result<&'static [Rule], String> {
    if word.eq_ignore_ascii_case("all") {
        return Ok(&RULES);
    }
    word.parse::<&'static Rule>().map(std::slice::from_ref)
}
