//! The cookbook is true: each recipe is played in a world of its own, and prints what it shows.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::support::document::{self, Console, blocks, commands, sections};
use crate::support::*;

const COOKBOOK: &str = include_str!("../../docs/cookbook.md");

/// The passwords that the recipes speak of.
const PASSWORDS: [(&str, &str); 2] =
    [("HOOK_PASSWORD", "correct-horse"), ("NEW_PASSWORD", "battery-staple")];

/// The columns of a terminal.
const WIDTH: usize = 80;

#[test]
fn every_recipe_prints_what_it_shows() {
    let sections = sections(COOKBOOK);
    let (start, recipes) = sections.split_first().unwrap();
    let mut cookbook = Vec::new();
    for recipe in recipes {
        let mut shop = Shop::new();
        for (variable, password) in PASSWORDS {
            shop.env.env(variable, password);
        }
        let application = application();
        let mut console = Console::new(&shop.env);
        console.serves(33_000, application.address().port());
        let start = document::played(start, |block| console.play(block));
        let recipe = document::played(recipe, |block| console.play(block));
        for line in blocks(&recipe, "crontab").concat().lines() {
            let run = shop.env.shell(of_crontab(line)).run();
            assert!(run.code.is_some_and(|code| code <= 1), "{line}\n{run}");
        }
        match cookbook.first() {
            None => cookbook.push(start),
            Some(first) => assert_eq!(*first, start, "it is the same for each recipe"),
        }
        cookbook.push(recipe);
    }
    golden::check("docs/cookbook.md", &cookbook.join("\n## "));
}

/// The reader's own endpoint: it takes both passwords, and refuses all others.
fn application() -> Faulty {
    let takes = |(_, password): (&str, &str)| {
        let basic = BASE64_STANDARD.encode(format!("postmark:{password}"));
        Step::status(200).carrying("Authorization", &format!("Basic {basic}")).forever()
    };
    let refuses = Step::status(401).forever();
    Faulty::new(PASSWORDS.map(takes).into_iter().chain([refuses])).may_be_unused()
}

/// The command of a line of a crontab: what stands behind the five fields of its time.
fn of_crontab(line: &str) -> &str {
    let command = line.splitn(6, ' ').nth(5).unwrap();
    assert!(!command.contains('%'), "cron makes a line end of it: {line}");
    command
}

#[test]
fn a_terminal_of_80_columns_shows_all_of_it() {
    for line in COOKBOOK.lines() {
        assert!(line.chars().count() <= WIDTH, "{line}");
    }
    for block in blocks(COOKBOOK, "console") {
        assert!(!commands(&block).is_empty());
    }
}
