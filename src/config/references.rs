//! Values that `${NAME}` in a manifest stands for, and the tokens that are never among them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use percent_encoding::percent_decode_str;

use super::ConfigError;
use super::env::Environment;
use super::resolve::{Wanted, config_or_new};
use crate::postmark::Secret;

/// Tokens of fewer characters are compared with a whole value only: they are found by chance.
const SHORTEST_PART: usize = 6;

/// `--var NAME=VALUE` or `--var NAME`.
#[derive(Clone, Debug)]
pub struct Var {
    /// Name of the reference.
    pub name: String,
    /// Its value. `None` takes it from the environment variable of that name.
    pub value: Option<String>,
}

impl Var {
    /// The value: as given, or of the environment.
    pub fn resolve(&self, environment: &Environment) -> Result<String, ConfigError> {
        if let Some(value) = &self.value {
            return Ok(value.clone());
        }
        let value = environment.text(&self.name)?;
        value.map(str::to_owned).ok_or_else(|| ConfigError::Variable {
            name: self.name.clone(),
            problem: format!("is not set, and --var {} gives no value", self.name),
        })
    }
}

/// Why a reference has no value. Names the reference and never holds its value.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// The variable holds a token.
    #[error("{0} holds a Postmark token, which is never inserted")]
    TokenVariable(String),
    /// The value contains a token.
    #[error("the value of {0} contains a Postmark token")]
    TokenInValue(String),
    /// The variable of the environment is set, but cannot be used.
    #[error(transparent)]
    Unusable(#[from] ConfigError),
}

/// The value of a reference.
#[derive(Clone)]
pub struct Substitute {
    /// The text to insert.
    pub text: String,
    /// True for a value of the environment, which is masked wherever it was inserted.
    pub is_secret: bool,
}

/// The sources of references, in their order of precedence.
pub struct References<'a> {
    /// `--var`, resolved.
    pub given: &'a [(String, String)],
    /// The profile's `vars`.
    pub vars: &'a [(String, String)],
    /// The environment.
    pub environment: &'a Environment,
    /// Values and variables that are refused.
    pub tokens: &'a Tokens,
}

impl References<'_> {
    /// The value of a reference; `None` where no source has it.
    pub fn get(&self, name: &str) -> Result<Option<Substitute>, ReferenceError> {
        if self.tokens.is_variable(name) {
            return Err(ReferenceError::TokenVariable(name.to_owned()));
        }
        let of = |list: &[(String, String)]| {
            list.iter().rev().find(|(var, _)| var == name).map(|(_, value)| value.clone())
        };
        let (text, is_secret) = if let Some(value) = of(self.given).or_else(|| of(self.vars)) {
            (value, false)
        } else {
            let Some(value) = self.environment.text(name)? else { return Ok(None) };
            (value.to_owned(), true)
        };
        if self.tokens.are_in(&text) {
            return Err(ReferenceError::TokenInValue(name.to_owned()));
        }
        Ok(Some(Substitute { text, is_secret }))
    }
}

/// Postmark tokens that a run knows, and the variables that hold some. No webhook may carry one.
#[derive(Debug, Default)]
pub struct Tokens {
    variables: Vec<String>,
    values: Vec<Secret>,
}

impl Tokens {
    /// Those of the environment and of the profiles. Reads no token file and runs no token program.
    pub fn known(wanted: &Wanted, environment: &Environment) -> Result<Self, ConfigError> {
        let mut tokens = match config_or_new(wanted, environment) {
            Ok(file) => {
                let (variables, values) = file.tokens();
                Self { variables, values }
            }
            // A configuration that this user cannot read gives no token to this run.
            Err(ConfigError::NoHome(_) | ConfigError::Unopened(_)) => Self::default(),
            Err(error) => return Err(error),
        };
        let values = environment.iter().filter(|(name, _)| tokens.is_variable(name));
        let values: Vec<_> = values.map(|(_, value)| Secret::new(value)).collect();
        tokens.values.extend(values);
        Ok(tokens)
    }

    /// One token.
    pub fn of(token: &Secret) -> Self {
        Self { variables: Vec::new(), values: vec![token.clone()] }
    }

    /// True for `POSTMARK_*_TOKEN` and for a variable that a profile takes its token from.
    fn is_variable(&self, name: &str) -> bool {
        let upper = name.to_ascii_uppercase();
        upper.starts_with("POSTMARK_") && upper.ends_with("_TOKEN")
            || self.variables.iter().any(|variable| variable.eq_ignore_ascii_case(name))
    }

    /// True where a text contains a token: in any letter case, percent-encoded or in base64.
    pub fn are_in(&self, text: &str) -> bool {
        let tokens = self.values.iter().map(Secret::expose).filter(|token| !token.is_empty());
        let mut tokens = tokens.filter(|token| token.len() <= text.len()).peekable();
        if tokens.peek().is_none() {
            return false;
        }
        let spellings = decoded(text);
        tokens.any(|token| {
            let token = token.to_ascii_lowercase();
            spellings
                .iter()
                .any(|text| text == &token || token.len() >= SHORTEST_PART && text.contains(&token))
        })
    }
}

/// A text in lower case, with what it says in percent and base64 encoding, nested at most twice.
fn decoded(text: &str) -> Vec<String> {
    let (mut all, mut last) = (Vec::new(), vec![text.to_owned()]);
    for _ in 0..2 {
        let mut next = Vec::new();
        for text in last {
            if text.contains('%') {
                next.push(percent_decode_str(&text).decode_utf8_lossy().into_owned());
            }
            let is_sign = |c: char| c.is_ascii_alphanumeric() || "+/-_".contains(c);
            let runs = text.split(|c| !is_sign(c)).filter(|run| run.len() > SHORTEST_PART);
            next.extend(runs.filter_map(of_base64));
            all.push(text.to_ascii_lowercase());
        }
        last = next;
    }
    all.extend(last.into_iter().map(|text| text.to_ascii_lowercase()));
    all
}

fn of_base64(run: &str) -> Option<String> {
    let standard = run.replace('-', "+").replace('_', "/");
    String::from_utf8(BASE64_STANDARD_NO_PAD.decode(standard).ok()?).ok()
}
