//! The words of the options, and the port.

use pmhooks::sandbox::{self, ApiVersion, Options, SandboxError, Verify};

use super::client::{options, start};

#[test]
fn the_words_of_verify_and_age_are_read_and_written() {
    for word in ["pass", "real", "fail"] {
        assert_eq!(word.parse::<Verify>().expect("a word").as_str(), word);
    }
    for word in ["old", "new"] {
        assert_eq!(word.parse::<ApiVersion>().expect("a word").as_str(), word);
    }
    let error = "maybe".parse::<Verify>().expect_err("no word").to_string();
    assert_eq!(error, "\"maybe\" is none of pass, real, fail");
}

#[test]
fn it_listens_on_loopback_only_and_says_where() {
    let api = start();
    assert!(api.address().ip().is_loopback());
    assert_eq!(api.sandbox.url(), format!("http://127.0.0.1:{}", api.address().port()));
}

#[test]
fn a_taken_port_is_named() {
    let api = start();
    let port = api.address().port();
    match sandbox::start(Options { address: ([127, 0, 0, 1], port).into(), ..options() }) {
        Err(error @ SandboxError::Port { .. }) => {
            assert!(error.to_string().contains(&port.to_string()), "{error}");
        }
        other => panic!("{other:?}"),
    }
}
