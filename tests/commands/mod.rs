//! One file per subcommand, named like its file in `src/commands`.

mod completions;
mod create;
mod delete;
mod edit;
mod get;
mod list;
mod profile;
mod sandbox;
mod server;
mod streams;
mod whoami;
