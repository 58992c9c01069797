//! Checklist for a terminal: per step its result, name, message and next commands.

use unicode_width::UnicodeWidthStr;

use super::Tone;
use super::text::visible;

/// A step of the checklist.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    /// Result, in one word.
    pub mark: &'a str,
    /// Emphasis of the result.
    pub tone: Tone,
    /// Name of the step.
    pub name: &'a str,
    /// Message.
    pub text: &'a str,
    /// Next commands.
    pub next: &'a [String],
}

/// Renders groups of steps, each under its heading, wrapped to `width` columns.
pub fn render(groups: &[(&str, Vec<Item<'_>>)], width: u16, color: bool) -> String {
    let items = || groups.iter().flat_map(|(_, items)| items);
    let marks = items().map(|item| item.mark.width()).max().unwrap_or_default();
    let names = items().map(|item| item.name.width()).max().unwrap_or_default();
    let columns = Columns { marks, names, width: width.into(), color };
    let group = |(heading, items): &(&str, Vec<Item<'_>>)| {
        let items: String = items.iter().map(|item| columns.item(item)).collect();
        format!("{}\n{items}", Tone::Strong.paint(heading, color))
    };
    groups.iter().map(group).collect::<Vec<_>>().join("\n")
}

/// Widths of the parts of a line.
struct Columns {
    marks: usize,
    names: usize,
    width: usize,
    color: bool,
}

impl Columns {
    fn item(&self, item: &Item<'_>) -> String {
        let mark = item.tone.paint(&padded(item.mark, self.marks), self.color);
        let name = padded(item.name, self.names);
        let behind_mark = 2 + self.marks + 2;
        let behind_name = behind_mark + self.names + 2;
        let mut text = self.hanging(&format!("  {mark}  {name}  "), behind_name, item.text);
        let label = Tone::Strong.paint("next:", self.color);
        for next in item.next {
            let head = format!("{}{label} ", " ".repeat(behind_mark));
            text += &self.hanging(&head, behind_mark + "next: ".len(), next);
        }
        text
    }

    /// A sentence behind `head`, wrapped and indented by `indent` columns.
    fn hanging(&self, head: &str, indent: usize, sentence: &str) -> String {
        let room = self.width.saturating_sub(indent).max(20);
        let lines = wrapped(&visible(sentence), room);
        let below = " ".repeat(indent);
        let mut lines = lines.into_iter();
        let mut text = format!("{head}{}\n", lines.next().unwrap_or_default());
        lines.for_each(|line| text += &format!("{below}{line}\n"));
        text
    }
}

fn padded(word: &str, width: usize) -> String {
    format!("{word}{}", " ".repeat(width.saturating_sub(word.width())))
}

/// Wraps a sentence at its spaces, but never within a command. Longer words have a line of their own.
fn wrapped(sentence: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words(sentence) {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= room => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    if lines.is_empty() { vec![String::new()] } else { lines }
}

/// Words of a sentence. A command in backticks is one word, so that it can be copied.
fn words(sentence: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for word in sentence.split(' ') {
        match words.last_mut() {
            Some(command) if open => {
                command.push(' ');
                command.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
        if word.matches('`').count() % 2 == 1 {
            open = !open;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_the_width_and_commands_are_not_wrapped() {
        let next = ["then look at it: `pmhooks -p staging test 1234567 --event bounce`".to_owned()];
        let item = Item {
            mark: "fail",
            tone: Tone::Bad,
            name: "answer",
            text: "bounce: 503 Service Unavailable; Postmark tries again up to 9 times, then it is lost",
            next: &next,
        };
        let text = render(&[("3. What?", vec![item])], 80, false);
        assert!(text.lines().all(|line| line.width() <= 80), "{text}");
        assert!(text.contains("`pmhooks -p staging test 1234567 --event bounce`"), "{text}");
        assert_eq!(text.lines().count(), 4, "{text}");
    }

    #[test]
    fn active_characters_are_escaped() {
        let item =
            Item { mark: "pass", tone: Tone::Good, name: "a", text: "x\u{1b}[2J\ny", next: &[] };
        assert_eq!(render(&[("h", vec![item])], 80, false), "h\n  pass  a  x\\u{1b}[2J\\ny\n");
    }
}
