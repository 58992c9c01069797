//! Where a profile's token may be sent.

use super::staging;
use crate::support::*;

/// A server that must not hear of a token, and a profile without an address for each way to keep one.
fn world(api: &Faulty) -> TestEnv {
    let mut env = TestEnv::new();
    env.api(api.url()).env("MINE", TOKEN);
    env.file(".config/pmhooks/token", TOKEN);
    env.config(&format!(
        "[profiles.here]\nserver_token = \"{TOKEN}\"\n\
         [profiles.variable]\nserver_token_env = \"MINE\"\n\
         [profiles.same]\nserver_token_env = \"POSTMARK_SERVER_TOKEN\"\n\
         [profiles.file]\nserver_token_file = \"token\"\n\
         [profiles.program]\nserver_token_command = [\"printf\", \"{TOKEN}\"]\n"
    ));
    env
}

const ALL: [&str; 5] = ["here", "variable", "same", "file", "program"];

// torture 22
#[test]
fn a_variable_takes_no_profiles_token_to_another_origin() {
    let listens = Faulty::untouchable();
    for address in [listens.url(), "https://api.postmarkapp.com:8443".to_owned()] {
        let mut env = world(&listens);
        env.api(&address).token(TOKEN);
        for name in ALL {
            for command in ["list", "whoami", "health", "get 1", "delete 1 --yes"] {
                let run = env.run(format!("{command} -p {name}"));
                assert_ne!(run.code, Some(0), "{command} -p {name}");
                run.has(&format!("of profile {name} belongs to https://api.postmarkapp.com"));
            }
            env.cmd("list").env("PMHOOKS_PROFILE", name).run().code(2).has("is not sent to");
        }
        env.run("list -p here,file").code(2).has("is not sent to");
        env.run("list --all-profiles").code(2).has("is not sent to");
        env.unset("POSTMARK_SERVER_TOKEN");
        env.config(&format!("default_profile = \"a\"\n[profiles.a]\nserver_token = \"{TOKEN}\"\n"));
        env.run("list").code(2).has("is not sent to");
    }
    let env = world(&listens);
    env.run("list -p here").check(str![[r#"
--- stderr
pmhooks: error: the token of profile here belongs to https://api.postmarkapp.com and is not sent to http://127.0.0.1:[PORT]
  hint: to use https://api.postmarkapp.com: unset POSTMARK_API_URL
  hint: if the token is valid there too, add a profile for it: `pmhooks profile add NAME --api-url URL`
--- exit 2
"#]]);
}

// torture 22
#[test]
fn a_foreign_flag_is_refused_whatever_the_variable_says() {
    let (own, foreign) = (Faulty::untouchable(), Faulty::untouchable());
    let mut env = world(&foreign);
    env.config(&format!(
        "[profiles.real]\nserver_token = \"{TOKEN}\"\n\
         [profiles.local]\nserver_token = \"{TOKEN}\"\napi_url = \"{}\"\n",
        own.url()
    ));
    for ambient in [foreign.url(), own.url(), "https://api.postmarkapp.com".to_owned()] {
        env.api(ambient);
        for name in ["real", "local", "sandbox"] {
            env.run(format!("list -p {name} --api-url {}", foreign.url())).code(2);
        }
    }
}

#[test]
fn an_address_of_its_own_goes_before_the_variable_and_that_is_said() {
    let (own, foreign) = (staging(), Faulty::untouchable());
    let mut env = world(&foreign);
    let profile = |name: &str| {
        format!("[profiles.{name}]\nserver_token = \"{TOKEN}\"\napi_url = \"{}\"\n", own.url())
    };
    env.config(&(profile("a") + &profile("b")));
    env.run("whoami -p a --columns name,server").check(str![[r#"
NAME  SERVER
a     Staging
--- stderr
POSTMARK_API_URL is ignored: the profile has an api_url of its own.
"#]]);
    env.run("whoami -p a -q").code(0).lacks("POSTMARK_API_URL");
    env.run("whoami -p sandbox --columns name,server").check(str![[r#"
NAME     SERVER
sandbox  Sandbox
--- stderr
POSTMARK_API_URL is ignored: the profile sandbox has its own API.
"#]]);
    let both = env.run("streams -p a,b");
    assert_eq!(both.stderr.matches("POSTMARK_API_URL is ignored").count(), 1, "{both}");
    // It need not even be valid, and the same address is nothing to speak of.
    env.api("ftp://nowhere");
    env.run("whoami -p a").code(0).has("POSTMARK_API_URL is ignored");
    env.api(own.url());
    env.run("whoami -p a").code(0).lacks("POSTMARK_API_URL");
}

#[test]
fn the_address_of_a_new_profile_is_stored_whoever_gives_it() {
    let server = staging();
    for by_flag in [true, false] {
        let mut env = TestEnv::new();
        let url = server.url();
        let mut add = "profile add mine --token -".to_owned();
        if by_flag {
            add += &format!(" --api-url {url}");
        } else {
            env.api(&url);
        }
        let source = if by_flag { "--api-url" } else { "POSTMARK_API_URL" };
        let said = format!("(from {source}) is stored in the profile.");
        env.cmd(&add).stdin(TOKEN).run().code(0).has(&said);
        assert!(env.read(env.config_path()).contains(&format!("api_url = \"{url}\"\n")));
        env.unset("POSTMARK_API_URL").run("whoami -p mine").code(0);
    }
}
