//! `profile`.

mod add;
mod importing;
mod listing;
mod origins;
mod removing;
mod tokens;

use crate::support::*;

/// A server that knows one token's server, for any number of requests.
fn staging() -> Faulty {
    Faulty::always(Step::answer(200, json!({"ID": 77, "Name": "Staging", "ApiTokens": [TOKEN]})))
}

#[test]
fn without_a_subcommand_the_help_is_shown() {
    let env = TestEnv::new();
    env.run("profile").code(2).has("Usage: pmhooks profile").has("remove");
}
