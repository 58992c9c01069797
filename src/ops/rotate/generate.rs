//! A password that nobody has to think up, see or type.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::error::{Diagnose, Diagnosis, Exit};
use crate::fs::{self, FsError};
use crate::postmark::Secret;

/// Why there is no new password.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
    /// It could not be handed over.
    #[error(transparent)]
    Disk(#[from] FsError),
    /// A symbolic link stands there.
    #[error("{0} is a symbolic link, which could hand the password to somebody else")]
    Link(String),
    /// What is there may be a password that is in use.
    #[error("{0} is there already, and may hold a password that is in use")]
    Exists(String),
}

impl Diagnose for GenerateError {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Exists(_) => Diagnosis::new(Exit::Usage)
                .hint("name another file, or give what is in it: --password file:PATH"),
            Self::Link(_) => Diagnosis::new(Exit::Usage).hint("name another file"),
            Self::Random(_) => Diagnosis::new(Exit::Machine),
            Self::Disk(error) => error.diagnosis(),
        }
    }
}

/// Makes a password of 256 random bits, in letters that need no quoting anywhere.
pub fn password() -> Result<Secret, GenerateError> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    getrandom::fill(bytes.as_mut()).map_err(|e| GenerateError::Random(e.to_string()))?;
    Ok(Secret::new(BASE64_URL_SAFE_NO_PAD.encode(bytes.as_ref())))
}

/// Refuses a path that cannot be used, before anything is asked or sent.
pub fn check(path: &Path) -> Result<(), GenerateError> {
    match path.symlink_metadata() {
        Ok(there) if there.is_symlink() => Err(GenerateError::Link(path.display().to_string())),
        Ok(_) => Err(GenerateError::Exists(path.display().to_string())),
        Err(_) => Ok(()),
    }
}

/// Hands a secret over in a private file of its own: just the secret, no line end.
pub fn hand_over(path: &Path, secret: &Secret) -> Result<(), GenerateError> {
    fs::write_new(path, secret.expose().as_bytes()).map_err(|error| {
        // Since it was looked at first, something may have appeared there.
        check(path).err().unwrap_or(GenerateError::Disk(error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_password_is_long_and_its_own() {
        let (one, other) = (password().unwrap(), password().unwrap());
        assert!(one != other);
        assert_eq!(one.expose().len(), 43);
        assert!(one.expose().bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
    }
}
