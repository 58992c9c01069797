//! The token options of `profile add`: what is kept of them.

use std::path::PathBuf;

use crate::commands::Context;
use crate::config::profile::TokenAt;
use crate::config::secret;
use crate::config::source::{SecretSource, is_variable};
use crate::error::{CommandError, Result};
use crate::postmark::mask::looks_random;

/// The token options. Without any the token is asked for.
pub(super) struct Wanted<'a> {
    /// `--token`.
    pub(super) once: Option<&'a SecretSource>,
    /// `--token-env`.
    pub(super) variable: Option<&'a String>,
    /// `--token-file`.
    pub(super) file: Option<&'a PathBuf>,
    /// `--token-command`.
    pub(super) program: Option<&'a Vec<String>>,
}

/// The name of a variable, for `--token-env`.
pub(super) fn variable(text: &str) -> Result<String, String> {
    if is_variable(text) && !looks_random(text) {
        Ok(text.to_owned())
    } else {
        Err("it is not a variable's name".to_owned())
    }
}

/// Where the token is, or the token itself, read now.
pub(super) fn at(wanted: Wanted, cx: &Context) -> Result<TokenAt> {
    if let Some(name) = wanted.variable {
        return Ok(TokenAt::Environment(name.clone()));
    }
    if let Some(path) = wanted.file {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        return Ok(TokenAt::File(absolute));
    }
    if let Some(argv) = wanted.program {
        return Ok(TokenAt::Program(program(argv, cx)));
    }
    let (token, origin) = match wanted.once {
        Some(source) => (cx.read_secret(source, "the token")?, "the source of --token"),
        None => (
            cx.ui.secret("the server token", "--token SOURCE (env:NAME, file:PATH or -)")?,
            "what was typed",
        ),
    };
    let token = secret::check_token(token, "the token", origin)
        .map_err(|e| CommandError::usage(e.to_string()))?;
    Ok(TokenAt::Here(token))
}

/// The program as it is kept: found again from any folder.
fn program(argv: &[String], cx: &Context) -> Vec<String> {
    const OURS: [&str; 4] = ["--protected", "--read-only", "--replace", "--stream"];
    if let Some(swallowed) = argv.iter().find(|word| OURS.contains(&word.as_str())) {
        cx.ui.warn(&format!(
            "{swallowed} goes to the program, as everything behind --token-command does; \
             write --token-command last if it was meant for the profile"
        ));
    }
    let mut argv = argv.to_vec();
    if let Some(program) = argv.first_mut()
        && program.contains('/')
        && let Ok(absolute) = std::path::absolute(&*program)
    {
        *program = absolute.display().to_string();
    }
    argv
}
