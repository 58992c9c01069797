//! The account token: used, and forgotten.

use crate::commands::Context;
use crate::config::source::SecretSource;
use crate::config::{env, secret};
use crate::error::{CommandError, Exit, Hint, Result};
use crate::postmark::Secret;

/// The account token, and where it comes from, in words.
pub(super) fn read(source: Option<&SecretSource>, cx: &Context) -> Result<(Secret, &'static str)> {
    const INSTEAD: &str = "--token SOURCE (env:NAME, file:PATH or -), or POSTMARK_ACCOUNT_TOKEN";
    let (token, origin) = match (source, cx.environment.setting(env::ACCOUNT_TOKEN)) {
        (Some(source), _) => {
            (cx.read_secret(source, "the account token")?, "the source of --token")
        }
        (None, Ok(None)) => (cx.ui.secret("the account token", INSTEAD)?, "what was typed"),
        (None, ambient) => {
            (Secret::new(ambient?.unwrap_or_default()), "env POSTMARK_ACCOUNT_TOKEN")
        }
    };
    let token = secret::check_token(token, "the account token", origin);
    Ok((token.map_err(|error| CommandError::usage(error.to_string()))?, origin))
}

/// What helps where it is refused: the two kinds of token are easily mixed up.
pub(super) fn explained(error: CommandError, origin: &str) -> CommandError {
    if error.exit() != Exit::TokenRefused {
        return error;
    }
    error.with_hints(vec![
        format!("the token comes from {origin}").into(),
        "it must be an account token (Postmark: Account, API Tokens), not a server's; \
         only the owner and admins see it"
            .into(),
        Hint::command("with a server token", "profile add NAME"),
    ])
}
