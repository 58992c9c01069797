//! One file per subcommand, named like its file in `src/commands`.

mod apply;
mod backfill;
mod completions;
mod create;
mod delete;
mod diff;
mod doctor;
mod edit;
mod export;
mod get;
mod health;
mod lint;
mod list;
mod listen;
mod profile;
mod replay;
mod rotate_auth;
mod sandbox;
mod server;
mod stats;
mod streams;
mod test;
mod trigger;
mod verify;
mod whoami;
