//! The cookbook is true: each recipe is played in a world of its own, and prints what it shows.

use crate::support::document::{self, Console, blocks, commands, sections};
use crate::support::*;

const COOKBOOK: &str = include_str!("../../docs/cookbook.md");

/// The columns of a terminal.
const WIDTH: usize = 80;

#[test]
fn every_recipe_prints_what_it_shows() {
    let sections = sections(COOKBOOK);
    let (start, recipes) = sections.split_first().unwrap();
    let mut cookbook = Vec::new();
    for recipe in recipes {
        let mut shop = Shop::new();
        shop.env.env("HOOK_PASSWORD", "correct-horse").env("NEW_PASSWORD", "battery-staple");
        let mut console = Console::new(&shop.env);
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
