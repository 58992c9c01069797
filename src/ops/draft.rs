//! A text that a user edits: kept in a private file meanwhile, and removed afterwards.

use std::io::Write as _;
use std::path::Path;

use tempfile::NamedTempFile;

use super::definition::{self, DefinitionError};

/// A text in a private file.
pub struct Draft(NamedTempFile);

impl Draft {
    /// Writes the text.
    pub fn new(text: &str) -> std::io::Result<Self> {
        let mut file = tempfile::Builder::new().prefix("pmhooks-").suffix(".yaml").tempfile()?;
        file.write_all(text.as_bytes())?;
        file.flush()?;
        Ok(Self(file))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The text as it is by now. It is read by its name: many editors replace the file.
    pub fn read(&self) -> Result<String, DefinitionError> {
        definition::text(self.path(), &mut std::io::empty(), definition::LARGEST)
    }
}
