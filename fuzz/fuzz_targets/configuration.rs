//! The configuration file, as somebody may have left it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pmhooks::config::file::File;

thread_local! {
    static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a folder");
}

fuzz_target!(|data: &[u8]| {
    FOLDER.with(|folder| {
        let path = folder.path().join("config.toml");
        std::fs::write(&path, data).expect("a file");
        let Ok(file) = File::load(&path) else { return };
        let _ = file.default_profile();
        for name in file.names() {
            if let Ok(name) = name.parse() {
                let _ = (file.profile(&name), file.unknown_keys(&name));
            }
        }
    });
});
