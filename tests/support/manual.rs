//! The manual: one page for each command, made from the definition of the command line.

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

/// Sections of every page besides the options.
pub struct Appendix {
    /// Exit codes and their meanings.
    pub exit_codes: Vec<(u8, &'static str)>,
    /// Environment variables and their meanings.
    pub environment: Vec<(&'static str, &'static str)>,
    /// Files and their content.
    pub files: Vec<(&'static str, &'static str)>,
}

/// Every page: its file name and its text.
pub fn manual(command: &Command, appendix: &Appendix) -> Vec<(String, String)> {
    let mut documents = Vec::new();
    // Help on help has no page.
    let root = command.clone().disable_help_subcommand(true);
    pages(&root, "pmhooks", appendix, &mut documents);
    documents
}

fn pages(
    command: &Command,
    name: &str,
    appendix: &Appendix,
    documents: &mut Vec<(String, String)>,
) {
    documents.push((format!("{name}.1"), page(command, name, appendix)));
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        pages(
            &with_global_options(command, sub),
            &format!("{name}-{}", sub.get_name()),
            appendix,
            documents,
        );
    }
}

/// A subcommand by itself has no global options.
fn with_global_options(above: &Command, sub: &Command) -> Command {
    let global = above.get_arguments().filter(|arg| arg.is_global_set()).cloned();
    sub.clone().args(global).disable_version_flag(true)
}

fn page(command: &Command, name: &str, appendix: &Appendix) -> String {
    let spoken = name.replace('-', " ");
    let command = command.clone().bin_name(&spoken).display_name(name.to_owned());
    let source = concat!("pmhooks ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone())
        .title(name.to_uppercase())
        .section("1")
        .source(source)
        .manual("pmhooks manual");
    let mut page = Vec::new();
    // Writing to a Vec cannot fail.
    let _ = man.render_title(&mut page).and_then(|()| man.render_name_section(&mut page));
    page.extend(synopsis(&command, &spoken).into_bytes());
    page.extend(description(&command).into_bytes());
    let _ = man
        .render_options_section(&mut page)
        .and_then(|()| man.render_subcommands_section(&mut page));
    let mut text = String::from_utf8_lossy(&page).into_owned();
    let codes = appendix.exit_codes.iter().map(|(code, meaning)| (code.to_string(), *meaning));
    text.push_str(&section("EXIT STATUS", codes));
    let named = |(name, meaning): &(&str, &'static str)| ((*name).to_owned(), *meaning);
    text.push_str(&section("ENVIRONMENT", appendix.environment.iter().map(named)));
    text.push_str(&section("FILES", appendix.files.iter().map(named)));
    text
}

/// The usage line. The generated synopsis would repeat each option.
fn synopsis(command: &Command, spoken: &str) -> String {
    let usage = command.clone().render_usage().to_string();
    let rest = usage.trim().trim_start_matches("Usage:").trim().trim_start_matches(spoken);
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([bold(spoken), roman(rest)]);
    roff.to_roff()
}

/// The long help: paragraphs are filled, indented lines are verbatim.
fn description(command: &Command) -> String {
    let long = command.get_long_about().or(command.get_about());
    let mut roff = Roff::new();
    roff.control("SH", ["DESCRIPTION"]);
    for paragraph in long.map(ToString::to_string).unwrap_or_default().split("\n\n") {
        let (words, lines): (Vec<_>, Vec<_>) =
            paragraph.lines().partition(|line| !line.starts_with("    "));
        roff.control("PP", []);
        roff.text([roman(words.join(" "))]);
        if !lines.is_empty() {
            roff.control("EX", []);
            for line in lines {
                roff.text([roman(line.trim_end())]);
            }
            roff.control("EE", []);
        }
    }
    roff.to_roff()
}

fn section<'a>(title: &str, entries: impl Iterator<Item = (String, &'a str)>) -> String {
    let mut roff = Roff::new();
    roff.control("SH", [title]);
    for (name, meaning) in entries {
        roff.control("TP", []);
        roff.text([bold(name)]);
        roff.text([roman(meaning)]);
    }
    roff.to_roff()
}
