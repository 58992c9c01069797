//! A list of steps for a person: a word that says how each went, its name, a sentence, what to do next.

use unicode_width::UnicodeWidthStr;

use super::Tone;
use super::text::visible;

/// One line of the list, with what belongs to it.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    /// How it went, in a word.
    pub mark: &'a str,
    /// How that is meant.
    pub tone: Tone,
    /// Its name.
    pub name: &'a str,
    /// What is to be said.
    pub text: &'a str,
    /// What to do next.
    pub next: &'a [String],
}

/// Items in groups, each under its heading, wrapped to so many columns behind their names.
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

/// How much room there is for what.
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

    /// A sentence behind a head of so many columns, and below itself.
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

/// Breaks a sentence at its spaces, but not within a command; what is longer than a line has one.
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

/// The words of a sentence; a command in backticks is one, so that it can be copied whole.
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
    fn a_command_stays_on_its_line_and_everything_within_the_width() {
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
    fn what_acts_is_shown_and_not_done() {
        let item =
            Item { mark: "pass", tone: Tone::Good, name: "a", text: "x\u{1b}[2J\ny", next: &[] };
        assert_eq!(render(&[("h", vec![item])], 80, false), "h\n  pass  a  x\\u{1b}[2J\\ny\n");
    }
}
