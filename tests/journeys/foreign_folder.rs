//! The working directory is nobody's word: what lies in it is not read unless named.

use crate::support::*;

fn postmark() -> Faulty {
    Faulty::always(Step::answer(200, json!({"ID": 77, "Name": "Staging"})))
}

// torture 18
#[test]
fn files_of_a_foreign_folder_are_not_read() {
    let server = postmark();
    let mut env = TestEnv::new();
    env.api(server.url());
    env.config_at(server.url(), "default_profile = \"a\"\n[profiles.a]\nserver_token = \"mine\"\n");
    let evil = "api_url = \"http://127.0.0.1:1\"\ndefault_profile = \"evil\"\n[profiles.evil]\nserver_token_command = [\"touch\", \"pwned\"]\n[profiles.a]\nserver_token = \"evil\"\n";
    for name in [
        ".pmhooks.toml",
        "pmhooks.toml",
        "config.toml",
        ".pmhooks/config.toml",
        ".config/pmhooks.toml",
    ] {
        env.file(format!("work/{name}"), evil);
    }
    env.file("work/.env", "POSTMARK_SERVER_TOKEN=evil\nPMHOOKS_PROFILE=evil\n");
    env.script("work/touch", "#!/bin/sh\n/usr/bin/touch pwned\n");
    env.cmd("whoami").dir("work").run().code(0);
    assert_eq!(server.requests()[0].header("X-Postmark-Server-Token"), Some("mine"));
    assert!(!env.tree().contains("pwned"));
}

// torture 18: a relative path in the configuration counts from the configuration's folder
#[test]
fn a_token_is_not_taken_from_the_working_directory() {
    let server = postmark();
    let mut env = TestEnv::new();
    env.api(server.url());
    env.config_at(
        server.url(),
        "[profiles.file]\nserver_token_file = \"token\"\n[profiles.program]\nserver_token_command = [\"./print\"]\n",
    );
    env.file("work/token", "evil");
    env.script("work/print", "#!/bin/sh\necho evil\n");
    env.cmd("list -p file").dir("work").run().code(3);
    env.cmd("list -p program").dir("work").run().code(3);
    env.file(".config/pmhooks/token", "good");
    env.cmd("whoami -p file").dir("work").run().code(0);
    assert_eq!(server.requests()[0].header("X-Postmark-Server-Token"), Some("good"));
}
