//! A profile: which server, with which token, and how carefully.

use std::path::PathBuf;

use crate::model::{ApiUrl, ProfileName, Secret, ServerId, StreamId};

/// Where a profile's token is.
#[derive(Clone, Debug)]
pub enum TokenAt {
    /// In the file itself (`server_token`).
    Here(Secret),
    /// In a variable (`server_token_env`).
    Environment(String),
    /// In another file (`server_token_file`).
    File(PathBuf),
    /// What a program prints (`server_token_command`).
    Program(Vec<String>),
}

impl TokenAt {
    /// Where the token comes from, in words that hold no secret.
    pub fn describe(&self) -> String {
        match self {
            Self::Here(_) => "configuration file".to_owned(),
            Self::Environment(name) => format!("env {name}"),
            Self::File(path) => format!("file {}", path.display()),
            Self::Program(argv) => format!("command {}", argv.first().map_or("", String::as_str)),
        }
    }
}

/// A profile of the configuration file.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its name.
    pub name: ProfileName,
    /// Its token.
    pub token: TokenAt,
    /// The server that the token opened when it was added. A write to any other is refused.
    pub server_id: Option<ServerId>,
    /// That server's name, for people.
    pub server_name: Option<String>,
    /// The stream of `create` where `--stream` names none.
    pub stream: Option<StreamId>,
    /// Writes need the profile's name, typed or with `--confirm`.
    pub protected: bool,
    /// Writes are refused.
    pub read_only: bool,
    /// The API that the token belongs to, if it is not Postmark's own.
    pub api_url: Option<ApiUrl>,
    /// Values for manifests.
    pub vars: Vec<(String, String)>,
}
