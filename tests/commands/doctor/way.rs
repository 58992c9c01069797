//! Without an ID: the way to the API.

use super::{answers, answers_but, hook};
use crate::support::*;

#[test]
fn an_api_that_is_not_there_is_a_finding() {
    let mut env = TestEnv::new();
    env.token(TOKEN);
    env.run("doctor").check(str![[r#"
STEP           RESULT   MESSAGE
versions       pass     pmhooks [VERSION] on linux; no state yet (it would be [HOME]/.local/state/pmhooks)
configuration  pass     there is none yet (it would be [HOME]/.config/pmhooks/config.toml)
target         pass     the token of env POSTMARK_SERVER_TOKEN, at http://127.0.0.1:1 (from POSTMARK_API_URL)
token          pass     read from env POSTMARK_SERVER_TOKEN
proxy          pass     none on the way to 127.0.0.1:1
connection     fail     cannot connect to 127.0.0.1:1: Connection refused (os error 111)
server         skipped  it is out of reach
--- stderr
fail: cannot connect to 127.0.0.1:1: Connection refused (os error 111) [connection]
  next: look whether a firewall or VPN is in the way, and whether the address is right: `pmhooks profile list --columns name,api-url`
1 step failed: begin there. 0 warned, 5 passed, 1 skipped.
--- exit 1
"#]]);
    env.api("https://api.pmhooks.invalid");
    env.run("doctor").code(1).has("the name api.pmhooks.invalid cannot be resolved");
}

#[test]
fn a_bad_certificate_is_named_before_anything_is_asked() {
    for (certificate, words) in [
        (Certificate::Expired, "its certificate expired on 20"),
        (Certificate::WrongHost, "its certificate is not for the name 127.0.0.1"),
        (Certificate::SelfSigned, "an authority that this machine does not know"),
        (Certificate::UnknownCa, "an authority that this machine does not know"),
        (Certificate::PlainText, "it does not speak TLS on this port"),
        (Certificate::OldProtocol, "no version of TLS that is still safe"),
    ] {
        let api = TlsServer::new(certificate);
        let mut env = TestEnv::with_api(api.url());
        env.env("SSL_CERT_FILE", api.ca_file());
        let run = env.run("doctor");
        run.code(1).has("[connection]").has(words).has("server         skipped");
        assert!(api.requests().is_empty(), "{run}");
    }
    let api = TlsServer::with_steps(Certificate::Good, answers(&hook("https://hooks.example.com")));
    let mut env = TestEnv::with_api(api.url());
    env.env("SSL_CERT_FILE", api.ca_file());
    env.run("doctor").code(0).has("TLS ([MS] ms)");
}

#[test]
fn a_connection_that_hangs_is_given_up() {
    let api = TlsServer::with_steps(Certificate::Good, [Step::hang().on_accept().forever()]);
    let mut env = TestEnv::with_api(api.url());
    env.env("SSL_CERT_FILE", api.ca_file());
    let run = env.run("doctor --timeout 1s");
    run.code(1).has("no connection to 127.0.0.1:[PORT] within 1s").within(Duration::from_secs(4));
}

#[test]
fn an_answer_that_is_not_postmarks_is_a_finding() {
    let api = Faulty::always(Step::html(200).only("GET", "/server"));
    TestEnv::with_api(api.url()).run("doctor").check(str![[r#"
STEP           RESULT   MESSAGE
versions       pass     pmhooks [VERSION] on linux; no state yet (it would be [HOME]/.local/state/pmhooks)
configuration  pass     there is none yet (it would be [HOME]/.config/pmhooks/config.toml)
target         pass     the token of env POSTMARK_SERVER_TOKEN, at http://127.0.0.1:[PORT] (from POSTMARK_API_URL)
token          pass     read from env POSTMARK_SERVER_TOKEN
proxy          pass     none on the way to 127.0.0.1:[PORT]
connection     pass     127.0.0.1:[PORT]: connection ([MS] ms)
api            fail     the answer of 127.0.0.1:[PORT] (200) is not Postmark's: text/html; charset=utf-8, 65 bytes, beginning with "<!DOCTYPE html> <html><head><title>Sign in</title></head></html>"
clock          skipped  the answer does not say what time it is
server         skipped  it did not say
--- stderr
fail: the answer of 127.0.0.1:[PORT] (200) is not Postmark's: text/html; charset=utf-8, 65 bytes, beginning with "<!DOCTYPE html> <html><head><title>Sign in</title></head></html>" [api]
  next: something else may answer there: a proxy, a login page, a wrong address
1 step failed: begin there. 0 warned, 6 passed, 2 skipped.
--- exit 1
"#]]);
    let api = Faulty::new([
        Step::status(503).only("GET", "/server"),
        Step::html(404).only("GET", "/nothing").times(0),
    ]);
    let run = TestEnv::with_api(api.url()).run("doctor --retries 0");
    run.code(1).has("answered 503 [api]").has("server         skipped");
}

#[test]
fn an_answer_at_the_second_try_is_worth_a_look() {
    let mut steps = vec![Step::status(503).only("GET", "/server")];
    steps.extend(answers(&hook("https://hooks.example.com")));
    let api = Faulty::new(steps);
    TestEnv::with_api(api.url()).run("doctor").code(0).has("warn: it is Postmark's, at try 2");
}

#[test]
fn a_wrong_clock_is_worth_a_look() {
    let hook = hook("https://hooks.example.com");
    let now = std::time::SystemTime::now();
    let hours = Duration::from_secs(2 * 3600 + 30);
    for (date, words) in [
        (now - hours, "this machine's clock is 2h 30s ahead of Postmark's"),
        (now + hours, "behind Postmark's"),
    ] {
        let answer = Step::answer(200, super::server()).only("GET", "/server");
        let dated = answer.header("Date", &httpdate::fmt_http_date(date));
        let api = Faulty::new(answers_but(&hook, [dated]));
        let run = TestEnv::with_api(api.url()).run("doctor");
        run.code(0).has("clock          warn");
        if words.starts_with("behind") {
            run.has(words);
        }
    }
    let undated = Step::answer(200, super::server()).only("GET", "/server");
    let api = Faulty::new(answers_but(&hook, [undated]));
    TestEnv::with_api(api.url()).run("doctor").code(0).has("clock          skipped");
}

#[test]
fn a_proxy_on_the_way_is_no_finding() {
    let server =
        TlsServer::with_steps(Certificate::Good, answers(&hook("https://hooks.example.com")));
    let proxy = Faulty::always(Step::tunnel(server.address()));
    let mut env = TestEnv::with_api("https://api.postmarkapp.com");
    env.env("SSL_CERT_FILE", server.ca_file()).env("HTTPS_PROXY", proxy.url());
    let run = env.run("doctor");
    run.code(0).has("connection     skipped").has("api            pass");
    run.has("proxy          pass     127.0.0.1:[PORT] is on the way to api.postmarkapp.com (HTTPS_PROXY)");
}

// torture 28
#[test]
fn a_proxy_is_shown_without_its_credentials() {
    let canaries = Canaries::new();
    let proxy = Faulty::always(Step::status(407));
    let mut env = TestEnv::with_api("https://api.pmhooks.invalid");
    let secret = &canaries.password[..24];
    env.env("HTTPS_PROXY", format!("http://me:{secret}@{}", proxy.address()));
    let run = env.run("doctor --retries 0");
    run.check(str![[r#"
STEP           RESULT   MESSAGE
versions       pass     pmhooks [VERSION] on linux; no state yet (it would be [HOME]/.local/state/pmhooks)
configuration  pass     there is none yet (it would be [HOME]/.config/pmhooks/config.toml)
target         pass     the token of env POSTMARK_SERVER_TOKEN, at https://api.pmhooks.invalid (from POSTMARK_API_URL)
token          pass     read from env POSTMARK_SERVER_TOKEN
proxy          pass     127.0.0.1:[PORT] is on the way to api.pmhooks.invalid (HTTPS_PROXY)
connection     skipped  the proxy makes it; the next step shows how it goes
api            fail     cannot reach api.pmhooks.invalid through the proxy 127.0.0.1:[PORT]: tunnel error: proxy authorization required
clock          skipped  there is no answer to read
server         skipped  it did not say
--- stderr
fail: cannot reach api.pmhooks.invalid through the proxy 127.0.0.1:[PORT]: tunnel error: proxy authorization required [api]
  next: the proxy is the one in HTTPS_PROXY or ALL_PROXY; NO_PROXY names exceptions
1 step failed: begin there. 0 warned, 5 passed, 3 skipped.
--- exit 1
"#]]);
    canaries.assert_clean_run(&run);
    env.env("HTTPS_PROXY", "::::");
    env.run("doctor").check(str![[r#"
STEP           RESULT   MESSAGE
versions       pass     pmhooks [VERSION] on linux; no state yet (it would be [HOME]/.local/state/pmhooks)
configuration  pass     there is none yet (it would be [HOME]/.config/pmhooks/config.toml)
target         pass     the token of env POSTMARK_SERVER_TOKEN, at https://api.pmhooks.invalid (from POSTMARK_API_URL)
token          pass     read from env POSTMARK_SERVER_TOKEN
proxy          fail     cannot use the proxy in HTTPS_PROXY: it is not a URL
connection     skipped  the proxy's setting comes first
server         skipped  it is out of reach
--- stderr
fail: cannot use the proxy in HTTPS_PROXY: it is not a URL [proxy]
  next: mend it, or do without: unset HTTPS_PROXY; NO_PROXY names exceptions
1 step failed: begin there. 0 warned, 4 passed, 2 skipped.
--- exit 1
"#]]);
}
