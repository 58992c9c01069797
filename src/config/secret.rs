//! Reading a secret from where it is kept: the environment, a file, standard input, a program.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::ConfigError;
use super::env::Environment;
use crate::config::source::{SecretSource, shown_variable};
use crate::fs;
use crate::postmark::{MASK, Secret, Secrets, mask};

/// No token or password is longer than this, in bytes.
const LONGEST: usize = 16 * 1024;

/// One byte more, to see that something is longer.
const LIMIT: u64 = 16 * 1024 + 1;

/// How long a token program may take at most: it may have to ask a person.
pub const PROGRAM_TIMEOUT: Duration = Duration::from_secs(60);

/// Reads what a `SOURCE` names. `what` is for the error: `the password`.
///
/// One line end at the end is taken off. Anything else that is odd is refused, since it is a mistake
/// more often than a password.
pub fn read(
    source: &SecretSource,
    what: &str,
    environment: &Environment,
    stdin: &mut dyn Read,
) -> Result<Secret, ConfigError> {
    match source {
        SecretSource::Environment(name) => from_environment(name, what, environment),
        SecretSource::File(path) if path.symlink_metadata().is_err() => {
            let problem = "there is no such file (a path that does not exist may be a secret)";
            Err(unreadable(what, &format!("file:{MASK}"), problem.to_owned()))
        }
        SecretSource::File(path) => from_file(path, what).map(|(secret, _)| secret),
        SecretSource::Stdin => {
            let mut bytes = Zeroizing::new(Vec::new());
            let read = stdin.take(LIMIT).read_to_end(&mut bytes);
            let unreadable = |problem: String| unreadable(what, "standard input", problem);
            read.map_err(|e| unreadable(e.to_string()))?;
            check(&bytes).map_err(|problem| unreadable(problem.to_owned()))
        }
    }
}

/// Reads a secret from an environment variable.
pub fn from_environment(
    name: &str,
    what: &str,
    environment: &Environment,
) -> Result<Secret, ConfigError> {
    let shown = shown_variable(name, environment);
    let failed = |problem: &str| unreadable(what, &format!("env:{shown}"), problem.to_owned());
    let value = environment.raw(name).ok_or_else(|| failed("the variable is not set"))?;
    check(value.as_encoded_bytes()).map_err(failed)
}

/// Reads a secret from a file; also returns its mode where others than the owner can read it.
pub fn from_file(path: &Path, what: &str) -> Result<(Secret, Option<u32>), ConfigError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let shown = mask::without_tokens(&name);
    let origin = match &shown {
        Cow::Borrowed(_) => format!("file:{}", path.display()),
        Cow::Owned(shown) => format!("file:{}", path.with_file_name(shown).display()),
    };
    let failed = |problem: String| unreadable(what, &origin, problem);
    let content = fs::read(path, LIMIT - 1).map_err(|error| match shown {
        Cow::Borrowed(_) => failed(error.to_string()),
        // Its text repeats the path.
        Cow::Owned(_) => failed("it cannot be read".to_owned()),
    })?;
    let bytes = Zeroizing::new(content.bytes);
    let secret = check(&bytes).map_err(|problem| failed(problem.to_owned()))?;
    Ok((secret, content.loose_mode))
}

/// Runs a program (an argument list, no shell) and takes its standard output as the secret.
///
/// Neither its output nor its errors reach ours; it gets no input. It is ended after `limit`.
pub fn from_program(argv: &[String], what: &str, limit: Duration) -> Result<Secret, ConfigError> {
    let name = argv.first().map_or("", String::as_str);
    let failed = |problem: String| unreadable(what, &format!("the program {name}"), problem);
    let mut child = Command::new(name)
        .args(argv.iter().skip(1))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| failed(e.to_string()))?;
    let Some(mut stdout) = child.stdout.take() else {
        return Err(failed("it has no output".to_owned()));
    };
    let (done, output) = mpsc::sync_channel(1);
    let reader = std::thread::Builder::new().spawn(move || {
        let mut bytes = Zeroizing::new(Vec::new());
        let read = (&mut stdout).take(LIMIT).read_to_end(&mut bytes);
        let _ = done.send(read.map(|_| bytes));
    });
    if let Err(e) = reader {
        let _ = child.kill();
        let _ = child.wait();
        return Err(failed(e.to_string()));
    }
    let give_up = Instant::now() + limit;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < give_up => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                // It is being abandoned: whether the signal arrives changes nothing for us.
                let _ = child.kill();
                let _ = child.wait();
                let limit = humantime::format_duration(limit);
                return Err(failed(format!("it did not end within {limit}")));
            }
            Err(e) => return Err(failed(e.to_string())),
        }
    };
    if !status.success() {
        return Err(failed(format!("it failed ({status}); run it by hand to see why")));
    }
    let left = give_up.saturating_duration_since(Instant::now());
    match output.recv_timeout(left) {
        Ok(Ok(bytes)) => check(&bytes).map_err(|problem| failed(problem.to_owned())),
        Ok(Err(e)) => Err(failed(e.to_string())),
        Err(_) => Err(failed("its output did not end".to_owned())),
    }
}

/// Refuses a token that could not be a header's value. `what` and `origin` are for the error.
pub fn check_token(token: Secret, what: &str, origin: &str) -> Result<Secret, ConfigError> {
    Secrets::of_run().add_token(token.expose());
    if token.expose().bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(token);
    }
    Err(unreadable(what, origin, "it holds a space or a character that no token has".into()))
}

fn check(bytes: &[u8]) -> Result<Secret, &'static str> {
    if bytes.len() > LONGEST {
        return Err("it is longer than any token or password");
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not text (UTF-8)")?;
    let text = text.strip_suffix('\n').map_or(text, |t| t.strip_suffix('\r').unwrap_or(t));
    if text.is_empty() {
        Err("it is empty")
    } else if text.starts_with('\u{feff}') {
        Err("it begins with a byte order mark")
    } else if text.contains(['\n', '\r']) {
        Err("it has more than one line")
    } else if text.contains(char::is_control) {
        Err("it holds a control character")
    } else if text == MASK {
        Err("it is the mask that pmhooks shows in a secret's place")
    } else {
        Secrets::of_run().add(text);
        Ok(Secret::new(text))
    }
}

fn unreadable(what: &str, origin: &str, problem: String) -> ConfigError {
    ConfigError::Unreadable { what: what.to_owned(), origin: origin.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_taken_off_and_oddities_are_refused() {
        // torture 2
        for good in ["s3cret", "s3cret\n", "s3cret\r\n"] {
            assert_eq!(check(good.as_bytes()).unwrap().expose(), "s3cret");
        }
        assert_eq!(check(b" with spaces ").unwrap().expose(), " with spaces ");
        let long = vec![b'a'; LONGEST + 1];
        for bad in [
            &b""[..],
            b"\n",
            b"a\nb",
            b"a\n\n",
            b"\xef\xbb\xbfa",
            b"a\xff",
            b"a\0b",
            b"********",
            &long,
        ] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
