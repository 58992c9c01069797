//! Report of profiles, and of the token in use. Never with a token.

use serde::Serialize;

use crate::term::{Cell, Column, Details, Report, Row, Tone};

/// A profile, or the token of the environment.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ProfileRow {
    /// Name of the profile; `None` for a token from the environment.
    pub(crate) name: Option<String>,
    /// True for the default profile.
    pub(crate) default: bool,
    /// URL of the API; `None` for the built-in sandbox, which has one only while it runs.
    pub(crate) api_url: Option<String>,
    /// ID of the server, where it is known.
    #[serde(rename = "ServerID")]
    pub(crate) server_id: Option<i64>,
    /// Name of the server, where it is known.
    pub(crate) server_name: Option<String>,
    /// Source of the token, in words.
    pub(crate) token_source: String,
    /// True if writes must be confirmed with the profile's name.
    pub(crate) protected: bool,
    /// True if writes are refused.
    pub(crate) read_only: bool,
    /// True if the token opens another server than the pinned one, so that writes are refused.
    #[serde(skip)]
    pub(crate) elsewhere: bool,
    /// Settings that only `profile show` shows.
    #[serde(flatten)]
    pub(crate) settings: Option<ProfileSettings>,
    /// Reason why the profile cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
}

/// Settings of a profile that concern single commands.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ProfileSettings {
    /// Message stream of `create`, where the profile names one.
    pub(crate) stream: Option<String>,
    /// Names of the variables for manifests.
    pub(crate) vars: Vec<String>,
}

/// Report of profiles.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum ProfileReport {
    /// One profile, shown as itself.
    One(Box<ProfileRow>),
    /// A list of profiles.
    List(Vec<ProfileRow>),
}

impl ProfileReport {
    /// Report of one profile.
    pub(crate) fn one(row: ProfileRow) -> Self {
        Self::One(Box::new(row))
    }

    fn profiles(&self) -> &[ProfileRow] {
        match self {
            Self::One(row) => std::slice::from_ref(row),
            Self::List(rows) => rows,
        }
    }
}

impl Report for ProfileReport {
    const COLUMNS: &'static [Column] = &[
        Column::new("name", "Name"),
        Column::new("default", "Default"),
        Column::new("server", "ServerName"),
        Column::new("server-id", "ServerID"),
        Column::new("token", "TokenSource"),
        Column::new("writes", "Protected"),
        Column::hidden("api-url", "ApiUrl"),
    ];
    const KEYS: &'static [&'static str] = &[
        "Name",
        "Default",
        "ApiUrl",
        "ServerID",
        "ServerName",
        "TokenSource",
        "Protected",
        "ReadOnly",
        "Stream",
        "Vars",
        "Problem",
    ];

    fn rows(&self) -> Vec<Row> {
        let row = |profile: &ProfileRow| {
            let server = match &profile.problem {
                Some(problem) => Cell::new(problem).tone(Tone::Bad),
                None => Cell::new(profile.server_name.as_deref().unwrap_or_default()),
            };
            Row::new([
                Cell::new(profile.name.as_deref().unwrap_or("(none)")),
                Cell::new(if profile.default { "yes" } else { "" }),
                server,
                Cell::new(profile.server_id.map(|id| id.to_string()).unwrap_or_default()),
                Cell::new(&profile.token_source),
                writes(profile),
                Cell::new(profile.api_url.as_deref().unwrap_or_default()),
            ])
            .id(profile.name.as_ref())
        };
        self.profiles().iter().map(row).collect()
    }

    fn details(&self) -> Option<Details> {
        match self {
            Self::One(row) => Some(vec![details(row)]),
            Self::List(_) => None,
        }
    }

    fn empty_note(&self) -> &'static str {
        "No profiles yet. Add one with: pmhooks profile add NAME; or try: pmhooks -p sandbox list"
    }
}

fn details(row: &ProfileRow) -> Vec<(&'static str, Cell)> {
    let or = |text: Option<String>, none: &str| Cell::new(text.unwrap_or_else(|| none.to_owned()));
    let mut block = vec![("Profile", or(row.name.clone(), "none"))];
    if row.default {
        block.push(("Default", Cell::new("yes")));
    }
    block.push(("Server", or(row.server_name.clone(), "unknown")));
    block.push(("ServerID", or(row.server_id.map(|id| id.to_string()), "not pinned")));
    block.push(("Token", Cell::new(&row.token_source)));
    if let Some(url) = &row.api_url {
        block.push(("ApiUrl", Cell::new(url)));
    }
    block.push(("Writes", writes(row)));
    if let Some(ProfileSettings { stream, vars }) = &row.settings {
        block.push(("Stream", or(stream.clone(), "outbound")));
        block.push(("Vars", or((!vars.is_empty()).then(|| vars.join(", ")), "none")));
    }
    if let Some(problem) = &row.problem {
        block.push(("Problem", Cell::new(problem).tone(Tone::Bad)));
    }
    block
}

/// Whether writes are allowed, in words.
fn writes(row: &ProfileRow) -> Cell {
    match (row.read_only, row.protected) {
        _ if row.problem.is_some() => Cell::new(""),
        _ if row.elsewhere => Cell::new("refused (another server)").tone(Tone::Bad),
        (true, _) => Cell::new("refused (read-only)").tone(Tone::Good),
        (false, true) => Cell::new("need the name (protected)").tone(Tone::Good),
        (false, false) => Cell::new("allowed"),
    }
}
