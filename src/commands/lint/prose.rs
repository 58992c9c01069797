//! Findings for a person: a block for each thing that something was found of.

use super::view::Lint;
use crate::commands::findings;
use crate::ops::lint::LintFinding;
use crate::term::text::visible;
use crate::term::{Cell, Table, Tone};

impl Lint {
    /// Each thing, what was found of it, and what to do. Sentences are wrapped; a URL or a command in several
    /// lines could not be copied.
    pub(super) fn blocks(&self, width: u16, color: bool) -> String {
        let (mut text, mut last) = (String::new(), None);
        for found in &self.found {
            let head = self.head(found);
            if last.as_ref() != Some(&head) {
                let gap = if last.is_some() { "\n" } else { "" };
                text += &format!("{gap}{}\n", Tone::Strong.paint(&visible(&head), color));
                last = Some(head);
            }
            let (level, finding) = (found.rule.level, &found.finding);
            let place = found.spot.as_ref().map(|s| format!("{}:{} ", s.line, s.column));
            let said =
                format!("{}{}: {}", place.unwrap_or_default(), level.name(), finding.message);
            let said = Cell::new(said).tone(findings::tone(level));
            let fix = format!("fix: {}", finding.fix);
            let is_command = finding.fix.starts_with('`') && finding.fix.matches('`').count() == 2;
            let mut lines = vec![(found.rule.id, said)];
            lines.extend((!is_command).then(|| ("", Cell::new(&fix))));
            text += &Table::details(&[lines], Some(width), color);
            if is_command {
                text += &format!("       {}\n", visible(&fix));
            }
        }
        text
    }

    /// What a finding is about.
    fn head(&self, found: &LintFinding) -> String {
        let profile = found.finding.profile.as_ref().filter(|_| self.several);
        let mut words = Vec::from_iter(profile.map(|name| name.as_str().to_owned()));
        match (&found.spot, &found.stream, &found.url) {
            (Some(spot), ..) => words.push(spot.origin.clone()),
            (None, Some(stream), Some(url)) => {
                words.extend(found.id().map(|id| id.to_string()));
                words.extend([stream.clone(), url.clone()]);
            }
            (None, Some(stream), None) => words.push(format!("stream {stream}")),
            (None, None, _) => words.push("server settings".to_owned()),
        }
        words.join("  ")
    }
}
