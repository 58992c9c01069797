//! Questions, behind one gate: they are asked only where somebody can answer.

use std::io;

use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{Confirm, Editor, FuzzySelect, Input, MultiSelect, Password};

use super::interrupt::TerminalGuard;
use super::{Ui, text};
use crate::model::Secret;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// Nobody can be asked. Says what was to be asked and which flag answers it.
    #[error(
        "{question} cannot be asked here (standard input is no terminal, or --no-input or CI is set)"
    )]
    NobodyThere {
        /// What was to be asked, as a noun.
        question: &'static str,
        /// What to give instead, as a piece of command line.
        instead: String,
    },
    /// The user said no, or turned away.
    #[error("nothing was done: {0}")]
    Declined(&'static str),
    /// The terminal failed.
    #[error("the terminal cannot be read: {0}")]
    Terminal(#[from] io::Error),
}

impl Ui {
    /// An error unless somebody can be asked.
    pub fn must_ask(&self, question: &'static str, instead: &str) -> Result<(), PromptError> {
        if self.settings.may_ask {
            return Ok(());
        }
        Err(PromptError::NobodyThere { question, instead: instead.to_owned() })
    }

    /// A yes-or-no question; no, Esc and Ctrl-D are [`PromptError::Declined`].
    pub fn confirm(&self, question: &str, instead: &str) -> Result<(), PromptError> {
        self.must_ask("the confirmation", instead)?;
        let theme = self.theme();
        let prompt =
            Confirm::with_theme(&*theme).with_prompt(text::visible(question)).default(false);
        match self.ask(|| prompt.interact_opt())? {
            Some(true) => Ok(()),
            _ => Err(PromptError::Declined("the answer was no")),
        }
    }

    /// A line of text.
    pub fn input(
        &self,
        question: &'static str,
        instead: &str,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<String, PromptError> {
        self.must_ask(question, instead)?;
        let theme = self.theme();
        let prompt = Input::<String>::with_theme(&*theme)
            .with_prompt(question)
            .validate_with(|text: &String| check(text));
        self.ask(|| prompt.interact_text())
    }

    /// A secret, without echo.
    pub fn secret(&self, question: &'static str, instead: &str) -> Result<Secret, PromptError> {
        self.must_ask(question, instead)?;
        let theme = self.theme();
        let prompt = Password::with_theme(&*theme).with_prompt(question);
        self.ask(|| prompt.interact()).map(Secret::new)
    }

    /// One of several: the index of the chosen one.
    pub fn pick(
        &self,
        question: &'static str,
        instead: &str,
        items: &[String],
    ) -> Result<usize, PromptError> {
        self.must_ask(question, instead)?;
        let theme = self.theme();
        let items: Vec<_> = items.iter().map(|item| text::excerpt(item, 74)).collect();
        let prompt =
            FuzzySelect::with_theme(&*theme).with_prompt(question).items(&items).default(0);
        self.ask(|| prompt.interact_opt())?.ok_or(PromptError::Declined("nothing was chosen"))
    }

    /// Any of several: the indices of the chosen ones.
    pub fn pick_several(
        &self,
        question: &'static str,
        instead: &str,
        items: &[&str],
        chosen: &[bool],
    ) -> Result<Vec<usize>, PromptError> {
        self.must_ask(question, instead)?;
        let theme = self.theme();
        let prompt =
            MultiSelect::with_theme(&*theme).with_prompt(question).items(items).defaults(chosen);
        self.ask(|| prompt.interact_opt())?.ok_or(PromptError::Declined("nothing was chosen"))
    }

    /// Lets the user edit a text with a program; `None` where it was not saved. The text is kept in a
    /// private file meanwhile.
    pub fn edit(&self, program: &str, text: &str) -> Result<Option<String>, PromptError> {
        let mut editor = Editor::new();
        editor.executable(program).extension(".yaml").require_save(true).trim_newlines(false);
        self.ask(|| editor.edit(text))
    }

    /// Asks with the terminal's settings kept, so that they can be put back however the question ends.
    fn ask<T>(&self, question: impl FnOnce() -> dialoguer::Result<T>) -> Result<T, PromptError> {
        let _guard = TerminalGuard::keep();
        self.interrupts.listen();
        question().map_err(|dialoguer::Error::IO(error)| match error.kind() {
            io::ErrorKind::UnexpectedEof => PromptError::Declined("the input ended"),
            io::ErrorKind::Interrupted => PromptError::Declined("interrupted"),
            _ => PromptError::Terminal(error),
        })
    }

    fn theme(&self) -> Box<dyn Theme> {
        if self.settings.colour_err {
            Box::new(ColorfulTheme::default())
        } else {
            Box::new(SimpleTheme)
        }
    }
}
