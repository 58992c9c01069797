//! Prompts. They appear only on a terminal where questions are allowed.

use std::io;
use std::path::Path;
use std::process::Command;

use console::{Key, Term};
use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{FuzzySelect, MultiSelect};
use zeroize::Zeroizing;

use super::interrupt::{TerminalGuard, restore_terminal};
use super::{Tone, Ui, text};
use crate::error::{Diagnose, Diagnosis, Exit, Hint};
use crate::postmark::{Secret, Secrets};

/// Reason why a prompt has no answer.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// Questions are not allowed, or there is no terminal.
    #[error("{question} cannot be asked here (there is no terminal, or --no-input or CI is set)")]
    NobodyThere {
        /// Subject of the question, as a noun.
        question: &'static str,
        /// The option that answers the question.
        instead: Hint,
    },
    /// The user answered no, or canceled.
    #[error("nothing was done: {0}")]
    Declined(&'static str),
    /// The terminal cannot be read.
    #[error("the terminal cannot be read: {0}")]
    Terminal(#[from] io::Error),
    /// The editor cannot be started.
    #[error("the editor {program} cannot be used: {why}")]
    Editor {
        /// Command line of the editor.
        program: String,
        /// Reason.
        why: String,
    },
}

impl Diagnose for PromptError {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::NobodyThere { instead, .. } => {
                Diagnosis::new(Exit::Usage).hint(Hint::from("give ").and(instead.clone()))
            }
            Self::Declined(_) => Diagnosis::new(Exit::Interrupted),
            Self::Terminal(_) | Self::Editor { .. } => Diagnosis::new(Exit::Machine),
        }
    }
}

impl Ui {
    /// Checks that questions can be asked.
    pub fn must_ask(
        &self,
        question: &'static str,
        instead: impl Into<Hint>,
    ) -> Result<(), PromptError> {
        if self.settings.may_ask {
            return Ok(());
        }
        Err(PromptError::NobodyThere { question, instead: instead.into() })
    }

    /// Asks a yes/no question, answered by one key. Anything but yes is [`PromptError::Declined`].
    pub fn confirm(&self, question: &str, instead: impl Into<Hint>) -> Result<(), PromptError> {
        self.must_ask("the confirmation", instead)?;
        let terminal = Term::stderr();
        let answer = self.ask_keys(|| {
            terminal.write_str(&format!("{} [y/N] ", text::visible(question)))?;
            loop {
                let answer = match terminal.read_key_raw()? {
                    Key::Char('y' | 'Y') => Ok(()),
                    Key::CtrlC => Err("interrupted"),
                    Key::Char(END_OF_INPUT) => Err("the input ended"),
                    Key::Char('n' | 'N' | 'q') | Key::Enter | Key::Escape => {
                        Err("the answer was no")
                    }
                    _ => continue,
                };
                terminal.write_line(if answer.is_ok() { "yes" } else { "no" })?;
                break Ok(answer);
            }
        })?;
        answer.map_err(PromptError::Declined)
    }

    /// Asks for a line of text until it passes the check.
    pub fn input(
        &self,
        question: &'static str,
        instead: impl Into<Hint>,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<String, PromptError> {
        self.must_ask(question, instead)?;
        loop {
            let line = self.ask(|| {
                Term::stderr().write_str(&format!("{}: ", capitalised(question)))?;
                let mut line = String::new();
                match io::stdin().read_line(&mut line)? {
                    0 => Err(io::ErrorKind::UnexpectedEof.into()),
                    _ => Ok(line.trim().to_owned()),
                }
            })?;
            match check(&line) {
                Ok(()) => return Ok(line),
                Err(why) => self.line(&self.err_tone(Tone::Bad, &text::visible(&why))),
            }
        }
    }

    /// Asks for a secret, without echo.
    pub fn secret(
        &self,
        question: &'static str,
        instead: impl Into<Hint>,
    ) -> Result<Secret, PromptError> {
        self.must_ask(question, instead)?;
        let typed = self.ask(|| {
            let terminal = Term::stderr();
            terminal.write_str(&format!("{}: ", capitalised(question)))?;
            terminal.read_secure_line().map(Zeroizing::new)
        })?;
        if typed.is_empty() {
            return Err(PromptError::Declined("nothing was typed"));
        }
        Secrets::of_run().add(&typed);
        Ok(Secret::new(typed.as_str()))
    }

    /// Asks for one of several items. Returns its index.
    pub fn pick(
        &self,
        question: &'static str,
        instead: impl Into<Hint>,
        items: &[String],
    ) -> Result<usize, PromptError> {
        self.must_ask(question, instead)?;
        let theme = self.theme();
        let items: Vec<_> = items.iter().map(|item| text::excerpt(item, 74)).collect();
        let prompt =
            FuzzySelect::with_theme(&*theme).with_prompt(question).items(&items).default(0);
        self.ask_keys(|| interact(prompt.interact_opt()))?
            .ok_or(PromptError::Declined("nothing was chosen"))
    }

    /// Asks for any number of items. Returns their indices.
    pub fn pick_several(
        &self,
        question: &'static str,
        instead: impl Into<Hint>,
        items: &[&str],
        chosen: &[bool],
    ) -> Result<Vec<usize>, PromptError> {
        self.must_ask(question, instead)?;
        let theme = self.theme();
        let prompt =
            MultiSelect::with_theme(&*theme).with_prompt(question).items(items).defaults(chosen);
        self.ask_keys(|| interact(prompt.interact_opt()))?
            .ok_or(PromptError::Declined("nothing was chosen"))
    }

    /// Opens a file in an editor, whose command line may have arguments. A failing exit code, as by `:cq`,
    /// is [`PromptError::Declined`].
    pub fn edit(&self, program: &str, file: &Path) -> Result<(), PromptError> {
        let failed = |why: String| PromptError::Editor { program: program.to_owned(), why };
        let words = shell_words::split(program).map_err(|error| failed(error.to_string()))?;
        let (name, words) = words.split_first().ok_or_else(|| failed("it is empty".to_owned()))?;
        let _guard = TerminalGuard::keep();
        self.interrupts.listen();
        let ended = Command::new(name).args(words).arg(file).status();
        if !ended.map_err(|error| failed(error.to_string()))?.success() {
            return Err(PromptError::Declined("the editor ended with a failure"));
        }
        Ok(())
    }

    /// Asks a question that is answered by a line, and restores the terminal afterwards.
    fn ask<T>(&self, question: impl FnOnce() -> io::Result<T>) -> Result<T, PromptError> {
        self.guarded(TerminalGuard::keep(), question)
    }

    /// Asks a question that is answered key by key, and restores the terminal afterwards.
    fn ask_keys<T>(&self, question: impl FnOnce() -> io::Result<T>) -> Result<T, PromptError> {
        self.guarded(TerminalGuard::for_keys(), question)
    }

    fn guarded<T>(
        &self,
        _guard: TerminalGuard,
        question: impl FnOnce() -> io::Result<T>,
    ) -> Result<T, PromptError> {
        self.interrupts.listen();
        question().map_err(|error| {
            restore_terminal();
            match error.kind() {
                io::ErrorKind::UnexpectedEof => PromptError::Declined("the input ended"),
                io::ErrorKind::Interrupted => PromptError::Declined("interrupted"),
                _ => PromptError::Terminal(error),
            }
        })
    }

    fn theme(&self) -> Box<dyn Theme> {
        if self.settings.color_err {
            Box::new(ColorfulTheme::default())
        } else {
            Box::new(SimpleTheme)
        }
    }
}

/// Ctrl-D, as read key by key.
const END_OF_INPUT: char = '\u{4}';

fn interact<T>(answer: dialoguer::Result<T>) -> io::Result<T> {
    answer.map_err(|dialoguer::Error::IO(error)| error)
}

/// The noun as a prompt: `Password` for `the password`.
fn capitalised(noun: &str) -> String {
    let mut letters = noun.strip_prefix("the ").unwrap_or(noun).chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}
