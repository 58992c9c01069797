//! Questions, behind one gate: they are asked only where somebody can answer.

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
use crate::postmark::Secret;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// Nobody can be asked. Says what was to be asked and which flag answers it.
    #[error("{question} cannot be asked here (there is no terminal, or --no-input or CI is set)")]
    NobodyThere {
        /// What was to be asked, as a noun.
        question: &'static str,
        /// The option that answers the question.
        instead: Hint,
    },
    /// The user said no, or turned away.
    #[error("nothing was done: {0}")]
    Declined(&'static str),
    /// The terminal failed.
    #[error("the terminal cannot be read: {0}")]
    Terminal(#[from] io::Error),
    /// The editor cannot be started.
    #[error("the editor {program} cannot be used: {why}")]
    Editor {
        /// As the user chose it.
        program: String,
        /// The reason.
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
    /// An error unless somebody can be asked.
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

    /// A yes-or-no question, answered by one key; all but a yes is [`PromptError::Declined`].
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

    /// A line of text, asked for again until the check is content.
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

    /// A secret, without echo.
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
        Ok(Secret::new(typed.as_str()))
    }

    /// One of several: the index of the chosen one.
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

    /// Any of several: the indices of the chosen ones.
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

    /// Lets the user edit a file with a program, which may have arguments. One that ends with a
    /// failure, as by `:cq`, means that the user turned away.
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

    /// Asks with the terminal's settings kept, and puts them back however the question ends.
    fn ask<T>(&self, question: impl FnOnce() -> io::Result<T>) -> Result<T, PromptError> {
        self.guarded(TerminalGuard::keep(), question)
    }

    /// The same for a question that is answered key by key.
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

/// Ctrl-D, where keys are read one by one.
const END_OF_INPUT: char = '\u{4}';

fn interact<T>(answer: dialoguer::Result<T>) -> io::Result<T> {
    answer.map_err(|dialoguer::Error::IO(error)| error)
}

/// What stands in a sentence as `the password` is asked for as `Password`.
fn capitalised(noun: &str) -> String {
    let mut letters = noun.strip_prefix("the ").unwrap_or(noun).chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}
