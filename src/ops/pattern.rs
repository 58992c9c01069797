//! A pattern for names, as a shell has it.

use std::str::FromStr;

/// `*` stands for any text, `?` for one character, all else for itself in upper or lower case. It fits a
/// name as a whole.
#[derive(Clone, Debug)]
pub struct Pattern(Vec<char>);

impl Pattern {
    /// True where the whole name fits.
    pub fn fits(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
        let (mut at, mut tried) = (0, 0);
        // The last star, and how much of the name it has taken.
        let mut star: Option<(usize, usize)> = None;
        while tried < name.len() {
            match (self.0.get(at), name.get(tried)) {
                (Some('*'), _) => {
                    star = Some((at, tried));
                    at += 1;
                }
                (Some(wanted), Some(there)) if *wanted == '?' || wanted == there => {
                    at += 1;
                    tried += 1;
                }
                _ => {
                    let Some((place, taken)) = star else { return false };
                    star = Some((place, taken + 1));
                    (at, tried) = (place + 1, taken + 1);
                }
            }
        }
        self.0.iter().skip(at).all(|rest| *rest == '*')
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("it is a name, where * stands for any text, as in 'Shop*'".to_owned());
        }
        Ok(Self(text.chars().flat_map(char::to_lowercase).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_others() {
        let fits = |pattern: &str, name: &str| pattern.parse::<Pattern>().unwrap().fits(name);
        for (pattern, name) in [
            ("Shop", "shop"),
            ("*", ""),
            ("*", "Shop"),
            ("**", "Shop"),
            ("sh?p*", "Shop staging"),
            ("*staging", "Shop staging staging"),
            ("*o*s*g", "Shop staging"),
            ("ÜBER*", "über alles"),
            ("[a]", "[a]"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("Shop", "Shop staging"),
            ("?", ""),
            ("?", "ab"),
            ("*x", "Shop"),
            ("a*b", "ab c"),
            ("[a]", "a"),
        ] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
        assert!("".parse::<Pattern>().is_err());
    }

    #[test]
    fn a_hostile_name_costs_no_more_than_its_length_allows() {
        let pattern: Pattern = format!("{}b", "*a".repeat(20)).parse().unwrap();
        assert!(!pattern.fits(&"a".repeat(10_000)));
    }
}
