//! The calls with an account token: the servers of the account.

use std::sync::Arc;

use serde::Deserialize;

use super::ApiError;
use super::line::{Limits, Line};
use crate::http::client::{HttpClient, Method};
use crate::postmark::{ApiUrl, Secret, Server};

/// An account of Postmark's, as its token opens it.
pub struct Account {
    line: Line,
}

/// A part of the account's servers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ServerPage {
    /// How many there are in all.
    pub total_count: usize,
    /// Those of this page.
    pub servers: Vec<Server>,
}

impl Account {
    /// The most servers that Postmark gives at once (its Servers API page, "List servers").
    pub const LARGEST_PAGE: usize = 500;

    /// The account that `token` belongs to. Sends nothing yet.
    pub fn new(net: Arc<HttpClient>, base: ApiUrl, token: Secret, limits: Limits) -> Self {
        Self { line: Line { net, base, header: "X-Postmark-Account-Token", token, limits } }
    }

    /// `GET /servers`: the servers from the one at `offset` on, a page of them.
    pub fn servers(&self, offset: usize) -> Result<ServerPage, ApiError> {
        let (count, offset) = (Self::LARGEST_PAGE.to_string(), offset.to_string());
        let query = [("count", count.as_str()), ("offset", offset.as_str())];
        self.line.call(Method::Get, &["servers"], &query, None)
    }
}
