//! A document that shows commands with what they print: its blocks, and a shell that plays them.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::env::TestEnv;
use super::running::Running;

/// The code blocks of a language.
pub fn blocks(document: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let blocks = document.split(&fence).skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// What stands under each heading of the second level; first what stands above all of them.
pub fn sections(document: &str) -> Vec<&str> {
    document.split("\n## ").collect()
}

/// The document with each of its console blocks as it is played.
pub fn played(document: &str, mut play: impl FnMut(&str) -> String) -> String {
    let mut parts = document.split("```console\n");
    let mut played = parts.next().unwrap().to_owned();
    for part in parts {
        let (block, rest) = part.split_once("```").expect("each block has an end");
        write!(played, "```console\n{}```{rest}", play(block)).unwrap();
    }
    played
}

/// A shell that plays console blocks. In a block `$ ` begins a command, which goes on behind a `\` or a `|` at
/// a line's end; with ` &` at its end it is a server that serves the commands after it. `export` holds for
/// the commands after it.
pub struct Console<'env> {
    env: &'env TestEnv,
    exports: String,
    /// What was started in a block.
    running: Vec<Running>,
    /// Where the document has servers, and where they really are.
    places: Vec<(String, String)>,
}

/// The servers that a block can start: how, on a port that is free, and on which one people find it.
const SERVERS: [(&str, &str, &str); 2] = [
    ("pmhooks sandbox serve", "--port 0", "8026"),
    ("pmhooks listen", "--address 127.0.0.1:0", "8025"),
];

impl<'env> Console<'env> {
    pub fn new(env: &'env TestEnv) -> Self {
        Console { env, exports: String::new(), running: Vec::new(), places: Vec::new() }
    }

    /// Plays a block; returns it with what was really printed.
    pub fn play(&mut self, block: &str) -> String {
        let mut played = String::new();
        for (command, expected) in commands(block) {
            writeln!(played, "$ {command}").unwrap();
            let runnable = command.replace("cargo run --", "pmhooks");
            if runnable.starts_with("export ") {
                self.exports += &format!("{runnable}\n");
            }
            let printed = match runnable.strip_suffix(" &") {
                Some(server) => self.serve(server, expected.lines().count()),
                None => self.run(&runnable),
            };
            played.push_str(&self.shown(&printed));
            if !played.ends_with('\n') {
                played.push('\n');
            }
        }
        played
    }

    /// A server of the test's, and on which port the document has it: one of five digits, so that
    /// tables are as wide.
    pub fn serves(&mut self, shown: u16, real: u16) {
        for host in ["localhost", "127.0.0.1"] {
            self.places.push((format!("{host}:{shown}"), format!("{host}:{real}")));
        }
    }

    fn run(&self, command: &str) -> String {
        let mut command = command.to_owned();
        for (shown, real) in &self.places {
            command = command.replace(shown, real);
        }
        self.env.shell(&format!("{}({command}) 2>&1", self.exports)).run().stdout
    }

    /// Starts a server, and waits until it has said so much; it may say more later.
    fn serve(&mut self, command: &str, lines: usize) -> String {
        let command = command.trim_end();
        let known = SERVERS.iter().find(|(name, ..)| command.starts_with(name));
        let (name, port, shown) = known.unwrap_or_else(|| panic!("no known server: {command}"));
        let command = command.replacen(name, &format!("exec {name} {port}"), 1);
        let command = self.exports.clone() + &command;
        let running = self.env.shell(&command).spawn();
        let url = running.wait_for_url();
        self.serves(shown.parse().unwrap(), url.rsplit(':').next().unwrap().parse().unwrap());
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let so_far = running.so_far();
            let said = so_far.stdout + &so_far.stderr;
            if said.lines().count() >= lines || Instant::now() > deadline {
                self.running.push(running);
                return said.split_inclusive('\n').take(lines).collect();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What was printed, as the document has it.
    fn shown(&self, printed: &str) -> String {
        // Only the test's API is somewhere else than Postmark's.
        let is_test = |line: &&str| {
            line.starts_with("POSTMARK_API_URL is ignored: ")
                || line.starts_with("The API address ") && line.contains(" is stored in ")
        };
        let lines = printed.lines().filter(|line| !is_test(line));
        let mut shown: String = lines.map(|line| line.to_owned() + "\n").collect();
        if let Some(url) = self.env.variables.get(OsStr::new("POSTMARK_API_URL")) {
            shown = shown.replace(&url.to_string_lossy()[..], "https://api.postmarkapp.com");
        }
        shown = shown.replace(self.env.home().to_str().unwrap(), "~");
        for (place, real) in &self.places {
            shown = shown.replace(real, place);
        }
        // Backups are named after their time.
        let time = regex::Regex::new(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z").unwrap();
        time.replace_all(&shown, "[TIME]").into_owned()
    }
}

/// The commands of a block, each with what it prints.
pub fn commands(block: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    let mut goes_on = false;
    for line in block.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (_, Some((command, _))) if goes_on => {
                command.push('\n');
                command.push_str(line);
            }
            (Some(command), _) => commands.push((command.to_owned(), String::new())),
            (None, Some((_, printed))) => {
                printed.push_str(line);
                printed.push('\n');
                continue;
            }
            (None, None) => panic!("a block begins with a command, not with {line:?}"),
        }
        goes_on = line.ends_with(['\\', '|']);
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_played_and_shown_as_it_was() {
        let env = TestEnv::new();
        let block = "$ echo \\\n    one; echo two >&2\none\ntwo\n$ cat nothing-here\nhow it is\n";
        let played = Console::new(&env).play(block);
        let shown =
            "$ echo \\\n    one; echo two >&2\none\ntwo\n$ cat nothing-here\ncat: nothing-here: ";
        assert!(played.starts_with(shown), "{played}");
        assert_eq!(commands(block).len(), 2);
    }

    #[test]
    fn a_document_is_taken_apart() {
        let document = "# A\n```sh\na\n```\n## B\n```console\n$ b\n```\n```sh\nc\n```\n";
        assert_eq!(blocks(document, "sh"), ["a\n", "c\n"]);
        assert_eq!(sections(document).len(), 2);
        let other = document.replace("$ b\n", "$ b\n!\n");
        assert_eq!(played(document, |block| format!("{block}!\n")), other);
    }
}
