//! A world of its own for each test: an emptied environment, a temporary home, no way out.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use snapbox::Redactions;
use tempfile::TempDir;

use super::run::{IntoArgs, Invocation, while_nothing_forks};
use super::running::Running;
use super::transcript::{Transcript, standard_redactions};
use super::{BINARY, DEAD_URL, TOKEN};

/// A temporary home and the exact environment that each run gets. Nothing is inherited.
pub struct TestEnv {
    /// Shared with what runs in it, so that a home outlives its processes.
    pub(super) root: Arc<TempDir>,
    home: PathBuf,
    pub(super) variables: BTreeMap<OsString, OsString>,
    pub(super) redactions: Redactions,
}

impl TestEnv {
    /// An empty home, no token, no configuration, and an API address where nobody listens, so
    /// that a test which forgets its server fails loudly and never reaches the internet.
    pub fn new() -> Self {
        let root = tempfile::Builder::new().prefix("pmhooks-test-").tempdir().unwrap();
        // A temporary folder may be reached by a link; runs would print the real path.
        let home = root.path().canonicalize().unwrap().join("home");
        fs::create_dir_all(home.join("tmp")).unwrap();
        let mut env = TestEnv {
            redactions: standard_redactions(&home),
            root: Arc::new(root),
            home,
            variables: BTreeMap::new(),
        };
        let (home, temporary) = (env.home.clone(), env.home.join("tmp"));
        env.env("HOME", home)
            .env("TMPDIR", temporary)
            .env("PATH", "/usr/bin:/bin")
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .env("POSTMARK_API_URL", DEAD_URL);
        // Where a coverage run collects its counters; unset in any other run.
        if let Some(file) = std::env::var_os("LLVM_PROFILE_FILE") {
            env.env("LLVM_PROFILE_FILE", file);
        }
        env
    }

    /// The same with a token and with the API at this address: `TestEnv::with_api(server.url())`.
    pub fn with_api(url: impl AsRef<OsStr>) -> Self {
        let mut env = TestEnv::new();
        env.token(TOKEN).api(url);
        env
    }

    /// Sets a variable for all later runs.
    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.variables.insert(name.as_ref().into(), value.as_ref().into());
        self
    }

    /// Removes a variable from all later runs.
    pub fn unset(&mut self, name: impl AsRef<OsStr>) -> &mut Self {
        self.variables.remove(name.as_ref());
        self
    }

    /// Sets the API's address: `env.api(server.url())`.
    pub fn api(&mut self, url: impl AsRef<OsStr>) -> &mut Self {
        self.env("POSTMARK_API_URL", url)
    }

    /// Sets the server token by environment.
    pub fn token(&mut self, token: &str) -> &mut Self {
        self.env("POSTMARK_SERVER_TOKEN", token)
    }

    /// Shows what matches the regular expression as `placeholder` (`[LIKE_THIS]`) in transcripts.
    /// A group named `redacted` narrows the match to a part.
    pub fn redact(&mut self, placeholder: &'static str, pattern: &str) -> &mut Self {
        let pattern = regex::Regex::new(pattern).unwrap();
        self.redactions.insert(placeholder, pattern).unwrap();
        self
    }

    /// The home folder. It is also the working directory of each run.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Where the configuration file lies, whether or not it exists.
    pub fn config_path(&self) -> PathBuf {
        self.home.join(".config/pmhooks/config.toml")
    }

    /// The folder of `deleted/`, `sandbox.json` and what else is remembered.
    pub fn state_dir(&self) -> PathBuf {
        self.home.join(".local/state/pmhooks")
    }

    /// Writes the configuration file, 0600 in a folder of 0700.
    pub fn config(&self, toml: &str) -> PathBuf {
        let path = self.config_path();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        set_mode(path.parent().unwrap(), 0o700);
        fs::write(&path, toml).unwrap();
        set_mode(&path, 0o600);
        path
    }

    /// Writes the configuration file, each profile without an `api_url` at this address: a profile's token
    /// follows no `POSTMARK_API_URL` to a server of a test.
    pub fn config_at(&self, url: impl AsRef<str>, toml: &str) -> PathBuf {
        self.config(&profiles_at(url.as_ref(), toml))
    }

    /// Writes a file at a path relative to the home, with its folders.
    pub fn file(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Writes an executable file, such as an editor or a token command: `"#!/bin/sh\n..."`.
    pub fn script(&self, name: impl AsRef<Path>, content: &str) -> PathBuf {
        while_nothing_forks(|| {
            let path = self.file(name, content);
            set_mode(&path, 0o755);
            path
        })
    }

    /// The text of a file, given by its full path or relative to the home.
    #[track_caller]
    pub fn read(&self, path: impl AsRef<Path>) -> String {
        let path = self.home.join(path);
        fs::read_to_string(&path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()))
    }

    /// The text of the configuration file, ports hidden as in transcripts.
    #[track_caller]
    pub fn read_config(&self) -> String {
        let port = regex::Regex::new(r"127\.0\.0\.1:[0-9]{4,5}").unwrap();
        port.replace_all(&self.read(self.config_path()), "127.0.0.1:[PORT]").into_owned()
    }

    /// Every file and folder in the home except `tmp`, one per line, sorted, folders with a slash
    /// at the end and on Unix each with its mode: `0600 .config/pmhooks/config.toml`.
    pub fn tree(&self) -> String {
        let mut lines = String::new();
        list(&self.home, &self.home, &mut lines);
        lines
    }

    /// Runs the binary to its end: `env.run("list -o json")` or `env.run(["get", id])`.
    pub fn run(&self, args: impl IntoArgs) -> Transcript {
        self.cmd(args).run()
    }

    /// Starts the binary and returns while it runs.
    pub fn spawn(&self, args: impl IntoArgs) -> Running {
        self.cmd(args).spawn()
    }

    /// Starts the binary on a terminal of 80 by 24.
    #[cfg(unix)]
    pub fn pty(&self, args: impl IntoArgs) -> super::Pty {
        self.cmd(args).pty()
    }

    /// A run of the binary still to be completed: its standard input, its folder, its variables.
    pub fn cmd(&self, args: impl IntoArgs) -> Invocation<'_> {
        self.program(BINARY, args)
    }

    /// A run of any other program in the same environment.
    pub fn program(&self, program: impl AsRef<OsStr>, args: impl IntoArgs) -> Invocation<'_> {
        Invocation::new(self, program.as_ref(), args.into_args())
    }

    /// A line for `/bin/sh`, where `pmhooks` is found: pipes, redirections, README blocks.
    #[cfg(unix)]
    pub fn shell(&self, line: &str) -> Invocation<'_> {
        let bin = self.root.path().join("bin");
        if fs::create_dir(&bin).is_ok() {
            std::os::unix::fs::symlink(BINARY, bin.join("pmhooks")).unwrap();
        }
        let mut path = bin.into_os_string();
        path.push(":");
        path.push(self.variables.get(OsStr::new("PATH")).unwrap_or(&OsString::new()));
        self.program("/bin/sh", ["-c", line]).env("PATH", path)
    }
}

/// The configuration with an `api_url` as the last key of each profile that has none.
pub fn profiles_at(url: &str, toml: &str) -> String {
    let address = format!("api_url = \"{url}\"\n");
    let mut out = String::new();
    let mut lacks = false;
    for line in toml.split_inclusive('\n') {
        if line.starts_with('[') {
            if std::mem::take(&mut lacks) {
                out += &address;
            }
            let name = line.strip_prefix("[profiles.").and_then(|rest| rest.split(']').next());
            lacks = name.is_some_and(|name| !name.contains('.'));
        }
        lacks &= !line.starts_with("api_url");
        out += line;
    }
    if lacks {
        out += if out.ends_with('\n') { "" } else { "\n" };
        out += &address;
    }
    out
}

fn list(root: &Path, folder: &Path, lines: &mut String) {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let name = path.strip_prefix(root).unwrap();
        let data = path.symlink_metadata().unwrap();
        if name == Path::new("tmp") {
            continue;
        }
        #[cfg(unix)]
        write!(lines, "{:04o} ", std::os::unix::fs::MetadataExt::mode(&data) & 0o7777).unwrap();
        let slash = if data.is_dir() { "/" } else { "" };
        writeln!(lines, "{}{slash}", name.display()).unwrap();
        if data.is_dir() {
            list(root, &path, lines);
        }
    }
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) {}

#[cfg(all(test, unix))]
mod tests {
    use crate::support::*;

    #[test]
    fn a_run_sees_only_what_the_test_gave() {
        let mut env = TestEnv::new();
        env.token(TOKEN).env("A", "b").env("GONE", "x").unset("GONE");
        env.program("/usr/bin/env", "").unset("LLVM_PROFILE_FILE").run().check(str![[r#"
A=b
HOME=[HOME]
LANG=C.UTF-8
PATH=/usr/bin:/bin
POSTMARK_API_URL=http://127.0.0.1:1
POSTMARK_SERVER_TOKEN=11111111-2222-3333-4444-555555555555
TMPDIR=[HOME]/tmp
TZ=UTC
"#]]);
    }

    #[test]
    fn the_configuration_is_private() {
        let env = TestEnv::new();
        let path = env.config("default_profile = \"a\"\n");
        env.file("hooks/one.yaml", "Webhooks: []\n");
        assert_eq!(path, env.config_path());
        assert_eq!(env.read(".config/pmhooks/config.toml"), env.read(path));
        let expected = "0700 .config/pmhooks/\n0600 .config/pmhooks/config.toml\n";
        assert!(env.tree().contains(expected), "{}", env.tree());
        assert!(env.tree().contains(" hooks/one.yaml\n"), "{}", env.tree());
    }

    #[test]
    fn a_profile_gets_an_address_if_it_has_none() {
        let toml = "a = 1\n[profiles.x]\nb = 2\n[profiles.x.vars]\nc = 3\n[profiles.y]\napi_url = \"u\"\n[profiles.z]\nd = 4";
        let expected = "a = 1\n[profiles.x]\nb = 2\napi_url = \"v\"\n[profiles.x.vars]\nc = 3\n[profiles.y]\napi_url = \"u\"\n[profiles.z]\nd = 4\napi_url = \"v\"\n";
        assert_eq!(super::profiles_at("v", toml), expected);
    }

    #[test]
    fn two_environments_share_nothing() {
        let (one, two) = (TestEnv::new(), TestEnv::new());
        one.file("a", "1");
        assert_ne!(one.home(), two.home());
        assert_eq!(two.tree(), "");
    }

    #[test]
    fn a_script_can_be_run_at_once() {
        let env = TestEnv::new();
        let script = env.script("bin/editor", "#!/bin/sh\necho \"edited $1\"\n");
        env.program(script, "file").run().check(str!["edited file"]);
    }

    #[test]
    fn the_shell_finds_the_binary() {
        let env = TestEnv::new();
        let found = env.shell("command -v pmhooks").run();
        assert!(found.stdout.trim_end().ends_with("/bin/pmhooks"), "{found}");
    }

    #[test]
    fn a_test_may_hide_what_changes() {
        let mut env = TestEnv::new();
        env.redact("[TRACE]", "trace (?<redacted>[0-9a-f]+)");
        env.program("/bin/echo", "trace 0a1b2c").run().check(str!["trace [TRACE]"]);
    }
}
