//! What would be posted, shown and not posted: bodies, or commands.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::prepare::Target;
use crate::commands::Context;
use crate::error::{Exit, Result, ResultExt as _};
use crate::ops::test::curl;
use crate::term::{Column, Format, Report, Row};

/// Report of the bodies that would be posted.
pub struct Printed(pub Vec<Value>);

impl Serialize for Printed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(serializer),
            several => several.serialize(serializer),
        }
    }
}

impl Report for Printed {
    const COLUMNS: &'static [Column] = &[];
    const KEYS: &'static [&'static str] = &[];
    const FORMATS: &'static [Format] = &[];
    const IS_VERBATIM: bool = true;

    fn rows(&self) -> Vec<Row> {
        Vec::new()
    }
}

/// Shows the bodies.
pub fn bodies(targets: &[Target], cx: &Context) -> Result<Exit> {
    let posts = targets.iter().flat_map(|target| &target.posts);
    let bodies = posts.filter_map(|post| serde_json::from_slice(&post.body).ok());
    cx.show(&Printed(bodies.collect()))
}

/// Shows the commands that post the same with curl.
pub fn commands(targets: &[Target], cx: &Context) -> Result<Exit> {
    let mut variables = Vec::new();
    for target in targets {
        for post in &target.posts {
            let command = curl::command(&target.endpoint, post);
            cx.ui.data(&command.text).context("cannot write to standard output")?;
            variables.extend(command.variables);
        }
    }
    variables.sort();
    variables.dedup();
    if !variables.is_empty() {
        let list = variables.join(", ");
        cx.ui.note(&format!("The secrets are not shown; set these variables first: {list}"));
    }
    Ok(Exit::Done)
}
