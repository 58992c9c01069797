//! A message stream, as it is kept and as it is answered.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A message stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Stream {
    #[serde(rename = "ID")]
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    #[serde(rename = "MessageStreamType")]
    pub(super) kind: Kind,
    pub(super) created_at: String,
    pub(super) updated_at: Option<String>,
    pub(super) archived_at: Option<String>,
    pub(super) expected_purge_date: Option<String>,
    pub(super) unsubscribe_handling_type: Unsubscribe,
}

/// What a stream carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    Transactional,
    Inbound,
    Broadcasts,
}

/// Who handles the wish to unsubscribe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Unsubscribe {
    None,
    Postmark,
    Custom,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Transactional => "Transactional",
            Self::Inbound => "Inbound",
            Self::Broadcasts => "Broadcasts",
        }
    }

    /// Reads a word. Case does not matter.
    pub(super) fn read(text: &str) -> Option<Self> {
        [Self::Transactional, Self::Inbound, Self::Broadcasts]
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(text))
    }
}

impl Unsubscribe {
    fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Postmark => "Postmark",
            Self::Custom => "Custom",
        }
    }

    /// Reads a word. Case does not matter.
    pub(super) fn read(text: &str) -> Option<Self> {
        [Self::None, Self::Postmark, Self::Custom]
            .into_iter()
            .find(|unsubscribe| unsubscribe.as_str().eq_ignore_ascii_case(text))
    }

    /// Broadcasts cannot go without.
    fn usual(kind: Kind) -> Self {
        if kind == Kind::Broadcasts { Self::Postmark } else { Self::None }
    }
}

impl Stream {
    /// The three streams of a new server.
    pub(super) fn defaults(created_at: &str) -> Vec<Self> {
        let make = |id: &str, name: &str, kind| Self::new(id, name, kind, created_at);
        vec![
            make("outbound", "Default Transactional Stream", Kind::Transactional),
            make("inbound", "Default Inbound Stream", Kind::Inbound),
            make("broadcast", "Default Broadcast Stream", Kind::Broadcasts),
        ]
    }

    /// A stream that nothing has been done to yet.
    pub(super) fn new(id: &str, name: &str, kind: Kind, created_at: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            description: None,
            kind,
            created_at: created_at.to_owned(),
            updated_at: None,
            archived_at: None,
            expected_purge_date: None,
            unsubscribe_handling_type: Unsubscribe::usual(kind),
        }
    }

    /// The object that the API answers.
    pub(super) fn answer(&self, server_id: i64) -> Value {
        json!({
            "ID": self.id,
            "ServerID": server_id,
            "Name": self.name,
            "Description": self.description,
            "MessageStreamType": self.kind.as_str(),
            "CreatedAt": self.created_at,
            "UpdatedAt": self.updated_at,
            "ArchivedAt": self.archived_at,
            "ExpectedPurgeDate": self.expected_purge_date,
            "SubscriptionManagementConfiguration": {
                "UnsubscribeHandlingType": self.unsubscribe_handling_type.as_str(),
            },
        })
    }
}
