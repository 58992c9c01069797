//! `server get`: the server of the token.

use super::view::ServerReport;
use crate::commands::Context;
use crate::error::{Exit, Result, ResultExt as _};

/// Show the server of the token
///
/// Shows the settings that decide which events there are, beside the hook URLs of
/// before webhooks had streams. With -o json every key of Postmark's, tokens
/// masked.
///
/// Examples:
///     pmhooks server get
///     pmhooks server get -o json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {}

/// Gets.
pub fn run(_: &Args, cx: &Context) -> Result<Exit> {
    cx.check::<ServerReport>()?;
    let session = cx.session()?;
    let server = session.client.server();
    let server =
        server.with_context(|| format!("cannot get the server settings of {}", session.place()))?;
    cx.show(&ServerReport(server))
}
