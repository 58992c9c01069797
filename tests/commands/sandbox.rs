//! `sandbox`: the built-in profile, `sandbox serve`, `sandbox reset`.

mod faults;
mod run;
mod serve;
mod state;

use crate::support::*;

#[test]
fn without_a_subcommand_the_help_is_shown() {
    TestEnv::new().run("sandbox").code(2).has("serve").has("reset");
}
