//! The documents that are made from the command line's own definition: completion scripts and the manual.
//!
//! Floor 3. May use nothing of ours; works on the `clap::Command` that it is handed, and must not touch
//! files.

use clap::Command;
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

/// The environment variable by which a completion script asks the program itself.
pub const COMPLETE: &str = "COMPLETE";

/// A shell that can complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    PowerShell,
    Elvish,
}

impl Shell {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Bash, Self::Zsh, Self::Fish, Self::PowerShell, Self::Elvish];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::PowerShell => "powershell",
            Self::Elvish => "elvish",
        }
    }

    fn file(self) -> &'static str {
        match self {
            Self::Bash => "pmhooks.bash",
            Self::Zsh => "_pmhooks",
            Self::Fish => "pmhooks.fish",
            Self::PowerShell => "_pmhooks.ps1",
            Self::Elvish => "pmhooks.elv",
        }
    }

    fn completer(self) -> &'static dyn EnvCompleter {
        match self {
            Self::Bash => &Bash,
            Self::Zsh => &Zsh,
            Self::Fish => &Fish,
            Self::PowerShell => &Powershell,
            Self::Elvish => &Elvish,
        }
    }
}

/// The completion script of a shell. It asks the program at each completion, so that profiles and
/// webhooks can be completed.
pub fn completion_script(shell: Shell) -> String {
    let mut script = Vec::new();
    // Writing to a Vec cannot fail.
    let _ = shell.completer().write_registration(
        COMPLETE,
        "pmhooks",
        "pmhooks",
        "pmhooks",
        &mut script,
    );
    String::from_utf8_lossy(&script).into_owned()
}

/// What the manual says besides the options.
pub struct Appendix {
    /// Exit codes and their meanings.
    pub exit_codes: Vec<(u8, &'static str)>,
    /// Environment variables and what they do.
    pub environment: Vec<(&'static str, &'static str)>,
    /// Files and what they are.
    pub files: Vec<(&'static str, &'static str)>,
}

/// Every generated document: its path in the repository, and its content.
pub fn artifacts(command: &Command, appendix: &Appendix) -> Vec<(String, String)> {
    let scripts =
        Shell::ALL.map(|shell| (format!("completions/{}", shell.file()), completion_script(shell)));
    let mut documents = scripts.to_vec();
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
    documents.push((format!("man/{name}.1"), page(command, name, appendix)));
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        pages(
            &with_global_options(command, sub),
            &format!("{name}-{}", sub.get_name()),
            appendix,
            documents,
        );
    }
}

/// A subcommand by itself knows nothing of the options that it takes from above.
fn with_global_options(above: &Command, sub: &Command) -> Command {
    let global = above.get_arguments().filter(|arg| arg.is_global_set()).cloned();
    let about = above.get_version().unwrap_or_default().to_owned();
    sub.clone().args(global).version(about).disable_version_flag(true)
}

fn page(command: &Command, name: &str, appendix: &Appendix) -> String {
    let spoken = name.replace('-', " ");
    let command = command.clone().bin_name(&spoken).display_name(name.to_owned());
    let source = format!("pmhooks {}", command.get_version().unwrap_or_default());
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

/// The usage line: the generated one would name each of the options, which the page lists anyway.
fn synopsis(command: &Command, spoken: &str) -> String {
    let usage = command.clone().render_usage().to_string();
    let rest = usage.trim().trim_start_matches("Usage:").trim().trim_start_matches(spoken);
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([bold(spoken), roman(rest)]);
    roff.to_roff()
}

/// The long help: paragraphs are filled, indented lines stand as they are.
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
