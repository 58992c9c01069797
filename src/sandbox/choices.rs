//! What can be chosen about the API that is emulated, as words of the command line.

use std::str::FromStr;

/// Which age of the API is emulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// With verification and statistics (since August 2026).
    New,
    /// The five operations only: no `Status`, 404 for the others, codes 1301 and 1302.
    Old,
}

impl Age {
    /// All of them, for help and completion.
    pub const ALL: [Self; 2] = [Self::New, Self::Old];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Old => "old",
        }
    }
}

impl FromStr for Age {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|age| age.as_str() == text);
        found.ok_or_else(|| UnknownWord::new(text, &Self::ALL.map(Self::as_str)))
    }
}

/// How endpoints are verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// Every endpoint passes; none is contacted.
    Pass,
    /// The endpoint is contacted.
    Real,
    /// Every endpoint fails, as if it had answered 503; none is contacted.
    Fail,
}

impl Verify {
    /// All of them, for help and completion.
    pub const ALL: [Self; 3] = [Self::Pass, Self::Real, Self::Fail];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Real => "real",
            Self::Fail => "fail",
        }
    }
}

impl FromStr for Verify {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|verify| verify.as_str() == text);
        found.ok_or_else(|| UnknownWord::new(text, &Self::ALL.map(Self::as_str)))
    }
}

/// A word that is none of those that can be chosen from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is none of {known}")]
pub struct UnknownWord {
    given: String,
    known: String,
}

impl UnknownWord {
    fn new(given: &str, known: &[&str]) -> Self {
        Self { given: given.to_owned(), known: known.join(", ") }
    }
}
