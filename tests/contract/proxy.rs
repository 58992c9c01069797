//! Proxies: never for this machine, only as a tunnel for others, never a way around them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::*;

const PROXY_VARIABLES: [&str; 6] =
    ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// A run against a host that exists nowhere, so that only a proxy could reach it.
fn env_without_a_way() -> TestEnv {
    TestEnv::with_api("https://api.pmhooks.invalid")
}

// torture 15
#[test]
fn this_machine_is_never_asked_through_a_proxy() {
    let proxy = Faulty::untouchable();
    let list = || Step::answer(200, json!({"Webhooks": []})).forever();
    let server = Faulty::new([list()]);
    let port = server.address().port();
    let mut urls = vec![server.url(), format!("http://localhost:{port}")];
    let six =
        std::net::TcpListener::bind("[::1]:0").is_ok().then(|| Faulty::at("[::1]:0", [list()]));
    urls.extend(six.iter().map(Faulty::url));
    for url in urls {
        let mut env = TestEnv::with_api(url);
        for variable in PROXY_VARIABLES {
            env.env(variable, proxy.url());
        }
        env.run("list -o json").check(str!["[]"]);
        env.run("-p sandbox list").code(0);
    }
}

// torture 15
#[test]
fn a_proxy_setting_that_cannot_be_used_does_not_bother_this_machine() {
    let mut env = TestEnv::new();
    env.env("HTTPS_PROXY", "::::").env("HTTP_PROXY", "socks5://h").run("-p sandbox list").code(0);
}

// torture 16
#[test]
fn a_proxy_sees_where_to_and_its_own_credentials() {
    let canaries = Canaries::new();
    let server = TlsServer::new(Certificate::Good);
    let proxy = Faulty::always(Step::tunnel(server.address()));
    let mut env = TestEnv::with_api("https://api.postmarkapp.com");
    let word = &canaries.header;
    env.token(&canaries.token)
        .env("SSL_CERT_FILE", server.ca_file())
        .env("HTTPS_PROXY", proxy.url().replace("//", &format!("//me:{word}@")));
    env.redact("[MS]", r"in (?<redacted>\d+) ms");
    let run = env.run("list -o json -vv");
    run.check(str![[r#"
[]
--- stderr
> GET https://api.postmarkapp.com/webhooks
> Accept: application/json
> User-Agent: pmhooks/[VERSION]
> X-Postmark-Server-Token: ********
< 200 in [MS] ms, 15 bytes
< content-type: application/json
< content-length: 15
< {"Webhooks":[]}
"#]]);
    canaries.assert_clean_run(&run);

    let connect = &proxy.requests()[0];
    assert_eq!(proxy.log(), "CONNECT api.postmarkapp.com:443");
    let credentials = format!("Basic {}", STANDARD.encode(format!("me:{word}")));
    assert_eq!(connect.header("proxy-authorization"), Some(credentials.as_str()));
    let heard = String::from_utf8_lossy(&connect.raw).into_owned();
    assert!(!heard.contains(&canaries.token), "{heard}");
    let asked = &server.requests()[0];
    assert_eq!(asked.header("x-postmark-server-token"), Some(canaries.token.as_str()));
    assert_eq!(asked.header("proxy-authorization"), None);
    assert_eq!(asked.header("host"), Some("api.postmarkapp.com"));
}

// torture 16
#[test]
fn each_proxy_variable_works_and_lower_case_wins() {
    let refused = || Step::status(403).forever();
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let proxy = Faulty::new([refused()]);
        let mut env = env_without_a_way();
        // Without a scheme too.
        env.env(variable, proxy.address().to_string()).run("list --retries 0").code(6);
        assert_eq!(proxy.log(), "CONNECT api.pmhooks.invalid:443", "{variable}");
    }
    let (proxy, other) = (Faulty::new([refused()]), Faulty::untouchable());
    let mut env = env_without_a_way();
    env.env("https_proxy", proxy.url())
        .env("HTTPS_PROXY", other.url())
        .env("ALL_PROXY", other.url());
    env.run("list --retries 0").code(6);
    // A variable that is set but empty is none.
    let mut env = env_without_a_way();
    env.env("https_proxy", "").env("HTTPS_PROXY", proxy.url()).run("list --retries 0").code(6);
}

// torture 16
#[test]
fn no_proxy_is_honoured_in_its_forms() {
    let direct = |no_proxy: &str, url: &str| {
        let proxy = Faulty::new([Step::status(403).forever()]).may_be_unused();
        let mut env = TestEnv::with_api(url);
        env.env("HTTPS_PROXY", proxy.url()).env("NO_PROXY", no_proxy);
        env.run("list --retries 0 --timeout 500ms").code(6);
        proxy.connections() == 0
    };
    let url = "https://api.pmhooks.invalid";
    for honoured in [
        "api.pmhooks.invalid",
        "pmhooks.invalid",
        ".pmhooks.invalid",
        "*",
        "a.example, api.pmhooks.invalid ,b.example",
        "API.PMHOOKS.INVALID",
    ] {
        assert!(direct(honoured, url), "{honoured}");
    }
    for other in ["hooks.invalid", "invalid.api", "", "x.api.pmhooks.invalid"] {
        assert!(!direct(other, url), "{other}");
    }
    assert!(direct("192.0.2.0/24", "https://192.0.2.7:9"));
    assert!(direct("192.0.2.7", "https://192.0.2.7:9"));
    assert!(!direct("192.0.3.0/24", "https://192.0.2.7:9"));
}

// torture 28
#[test]
fn a_proxy_that_fails_is_named_and_never_gone_around() {
    let canaries = Canaries::new();
    let mut told = String::new();
    let cases = [
        ("407", Step::status(407)),
        ("403", Step::html(403)),
        ("502", Step::status(502)),
        ("closes", Step::close()),
        ("resets", Step::reset()),
        ("closes after its 200", Step::raw("HTTP/1.1 200 OK\r\n\r\n")),
        (
            "plain text after its 200",
            Step::raw("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 400 Bad Request\r\n\r\n"),
        ),
        ("not HTTP", Step::raw("SSH-2.0-x\r\n")),
        ("silent", Step::hang()),
    ];
    for (name, step) in cases {
        let proxy = Faulty::new([step]);
        let mut env = env_without_a_way();
        let address = format!("http://me:{}@{}", canaries.header, proxy.address());
        let run = env.env("HTTPS_PROXY", address).run("list --retries 0 --timeout 1s -vv");
        run.code(6).has("proxy 127.0.0.1:[PORT]");
        canaries.assert_clean_run(&run);
        let text = run.to_string();
        let cause = text.lines().find(|line| line.contains("because")).unwrap();
        told += &format!("{name}: {}\n", cause.trim_start_matches("  because "));
    }
    let proxy = Faulty::new([Step::close().on_accept()]);
    let mut env = env_without_a_way();
    let run = env.env("HTTPS_PROXY", proxy.url()).run("list --retries 0");
    run.code(6).has("cannot reach api.pmhooks.invalid through the proxy 127.0.0.1:[PORT]: ");

    let expired = TlsServer::new(Certificate::Expired);
    let proxy = Faulty::new([Step::tunnel(expired.address())]);
    let mut env = TestEnv::with_api("https://api.postmarkapp.com");
    env.env("HTTPS_PROXY", proxy.url()).env("SSL_CERT_FILE", expired.ca_file());
    let run = env.run("list --retries 0");
    run.code(6).has("(through the proxy 127.0.0.1:[PORT]): its certificate expired");
    expired.assert_no_data();

    assert_data_eq!(
        told,
        str![[r#"
407: cannot reach api.pmhooks.invalid through the proxy 127.0.0.1:[PORT]: tunnel error: proxy authorization required
403: cannot reach api.pmhooks.invalid through the proxy 127.0.0.1:[PORT]: tunnel error: unsuccessful
502: cannot reach api.pmhooks.invalid through the proxy 127.0.0.1:[PORT]: tunnel error: unsuccessful
closes: cannot reach api.pmhooks.invalid through the proxy 127.0.0.1:[PORT]: tunnel error: unexpected end of file
resets: cannot reach api.pmhooks.invalid through the proxy 127.0.0.1:[PORT]: Connection reset by peer (os error 104)
closes after its 200: cannot reach api.pmhooks.invalid through the proxy 127.0.0.1:[PORT]: tls handshake eof
plain text after its 200: cannot reach api.pmhooks.invalid through the proxy 127.0.0.1:[PORT]: tls handshake eof
not HTTP: cannot reach api.pmhooks.invalid through the proxy 127.0.0.1:[PORT]: tunnel error: unsuccessful
silent: no connection to api.pmhooks.invalid (through the proxy 127.0.0.1:[PORT]) within 1s

"#]]
    );

    let mut env = env_without_a_way();
    env.env("HTTPS_PROXY", "http://me:hush@127.0.0.1:1")
        .run("list --retries 0")
        .lacks("hush")
        .check(str![[r#"
--- stderr
pmhooks: error: cannot list the webhooks of the server of POSTMARK_SERVER_TOKEN
  because cannot reach api.pmhooks.invalid through the proxy 127.0.0.1:1: Connection refused (os error 111)
  hint: the proxy is the one in HTTPS_PROXY or ALL_PROXY; NO_PROXY names exceptions
--- exit 6
"#]]);
}

// torture 28
#[test]
fn a_proxy_setting_that_cannot_be_used_is_refused() {
    let mut told = String::new();
    for (variable, value) in [
        ("HTTPS_PROXY", "::::"),
        ("https_proxy", "http://"),
        ("ALL_PROXY", "socks5://me:hush@proxy.example:1080"),
        ("all_proxy", "ftp://me:hush@proxy.example"),
        ("HTTP_PROXY", "http://me:hush@proxy.example:hush"),
    ] {
        let mut env = env_without_a_way();
        let run = env.env(variable, value).run("list");
        run.code(2).lacks("hush");
        told += run.stderr.lines().find(|line| line.contains("because")).unwrap();
        told += "\n";
    }
    assert_data_eq!(
        told,
        str![[r#"
  because cannot use the proxy in HTTPS_PROXY: it is not a URL
  because cannot use the proxy in https_proxy: it is not a URL
  because cannot use the proxy in ALL_PROXY: SOCKS is not supported
  because cannot use the proxy in all_proxy: only http:// and https:// proxies are supported
  because cannot use the proxy in HTTP_PROXY: it is not a URL

"#]]
    );
}

#[test]
fn a_server_program_does_not_believe_a_proxy_header() {
    // With REQUEST_METHOD set, HTTP_PROXY is what a client sent as `Proxy:`.
    let mut env = env_without_a_way();
    env.env("HTTP_PROXY", "::::").run("list --retries 0").code(2);
    env.env("REQUEST_METHOD", "GET").run("list --retries 0").code(6).lacks("HTTP_PROXY");
}
