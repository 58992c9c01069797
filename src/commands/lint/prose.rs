//! Findings for a person: a block for each thing that something was found of.

use super::view::Lint;
use crate::ops::lint::Found;
use crate::ui::{Cell, findings};

impl Lint {
    /// The blocks: a head, then what was found with what to do about it.
    pub(super) fn blocks(&self) -> Vec<Vec<(&'static str, Cell)>> {
        let mut blocks: Vec<Vec<(&'static str, Cell)>> = Vec::new();
        let mut last = None;
        for found in &self.found {
            let head = self.head(found);
            if last.as_ref() != Some(&head) {
                blocks.push(vec![(head.0, Cell::new(&head.1))]);
                last = Some(head);
            }
            let (level, finding) = (found.rule.level, &found.finding);
            let place = found.spot.as_ref().map(|s| format!("{}:{} ", s.line, s.column));
            let place = place.unwrap_or_default();
            let said = format!("{place}{}: {}", level.name(), finding.message);
            if let Some(block) = blocks.last_mut() {
                block.push((found.rule.id, Cell::new(said).tone(findings::tone(level))));
                block.push(("", Cell::new(format!("fix: {}", finding.fix))));
            }
        }
        blocks
    }

    /// What a finding is about: a word for it, and itself.
    fn head(&self, found: &Found) -> (&'static str, String) {
        let profile = found.finding.profile.as_ref().filter(|_| self.several);
        let mut words = Vec::from_iter(profile.map(|name| name.as_str().to_owned()));
        let kind = match (&found.spot, &found.stream) {
            (Some(spot), _) => {
                words.push(spot.origin.clone());
                "file"
            }
            (None, Some(stream)) => {
                words.extend(found.id().map(|id| id.to_string()));
                words.push(stream.clone());
                words.extend(found.url.clone());
                if found.url.is_some() { "webhook" } else { "stream" }
            }
            (None, None) => {
                words.push("settings".to_owned());
                "server"
            }
        };
        (kind, words.join("  "))
    }
}
