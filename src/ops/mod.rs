//! The work, free of any terminal: pure decisions, and what takes several calls.
//!
//! Floor 3. May use `api`, `config`, `local`, `net`, `disk` and `model`; must not use `args`, `ui`, clap.

pub mod apply;
pub mod backup;
pub mod change;
pub mod compare;
pub mod create;
pub mod definition;
pub mod doctor;
pub mod document;
pub mod draft;
pub mod edit;
pub mod events;
pub mod export;
pub mod fanout;
pub mod guard;
pub mod health;
pub mod import;
pub mod lint;
pub mod manifest;
pub mod plan;
pub mod probe;
pub mod receive;
pub mod replay;
pub mod rotate;
pub mod session;
pub mod temporary;
pub mod verify;
