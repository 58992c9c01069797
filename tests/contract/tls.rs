//! Whom https trusts, and that it says why it does not.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::*;

fn trusting(server: &TlsServer) -> TestEnv {
    let mut env = TestEnv::with_api(server.url());
    env.env("SSL_CERT_FILE", server.ca_file());
    env
}

// torture 23
#[test]
fn a_bad_certificate_is_told_in_words_and_gets_no_data() {
    let mut told = String::new();
    for certificate in Certificate::BAD {
        let server = TlsServer::new(certificate);
        let run = trusting(&server).run("list --retries 0");
        run.code(6);
        server.assert_no_data();
        told += &format!("{certificate:?}\n");
        for line in run.to_string().lines().filter(|line| line.starts_with("  ")) {
            told += &format!("{line}\n");
        }
    }
    assert_data_eq!(
        told,
        str![[r#"
Expired
  because no safe connection to 127.0.0.1:[PORT]: its certificate expired on 2020-01-01
NotYetValid
  because no safe connection to 127.0.0.1:[PORT]: its certificate is not valid before 2200-01-01
WrongHost
  because no safe connection to 127.0.0.1:[PORT]: its certificate is not for the name 127.0.0.1, but for other.example
SelfSigned
  because no safe connection to 127.0.0.1:[PORT]: its certificate comes from an authority that this machine does not know
  hint: a company's own authority is added with --cacert FILE
UnknownCa
  because no safe connection to 127.0.0.1:[PORT]: its certificate comes from an authority that this machine does not know
  hint: a company's own authority is added with --cacert FILE
Authority
  because no safe connection to 127.0.0.1:[PORT]: its certificate is self-signed, or an authority's and not its own
  hint: a company's own authority is added with --cacert FILE
WrongPurpose
  because no safe connection to 127.0.0.1:[PORT]: its certificate is not acceptable: certificate does not allow extended key usage for server authentication, allows client authentication
  hint: a company's own authority is added with --cacert FILE
PlainText
  because no safe connection to 127.0.0.1:[PORT]: it does not speak TLS on this port
OldProtocol
  because no safe connection to 127.0.0.1:[PORT]: it speaks no version of TLS that is still safe

"#]]
    );
}

// torture 23
// torture 25
#[test]
fn nothing_lets_a_bad_certificate_pass() {
    let server = TlsServer::new(Certificate::SelfSigned);
    for flag in ["--insecure", "-k", "--no-verify", "--no-verify-ssl"] {
        trusting(&server).run(["list", flag]).code(2);
    }
    let mut env = trusting(&server);
    for variable in ["PMHOOKS_INSECURE", "NODE_TLS_REJECT_UNAUTHORIZED", "PYTHONHTTPSVERIFY"] {
        env.env(variable, "0");
    }
    env.run("list --retries 0").code(6);
    server.assert_no_data();
}

/// So many authorities that signed nothing here.
fn strangers(count: usize) -> String {
    let stranger = |n| {
        let mut params = rcgen::CertificateParams::new([]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, format!("stranger {n}"));
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem()
    };
    (0..count).map(stranger).collect()
}

// torture 24
#[test]
fn a_certificate_authority_of_ones_own_is_trusted() {
    let server = TlsServer::new(Certificate::Good);
    let env = TestEnv::with_api(server.url());
    let pem = fs::read_to_string(server.ca_file()).unwrap();
    let inner: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let ca = server.ca_file().to_str().unwrap().to_owned();
    let other = TlsServer::new(Certificate::Good);
    let other_pem = fs::read_to_string(other.ca_file()).unwrap();
    trusting(&other).run("list").code(0);

    let der = env.file("ca.der", STANDARD.decode(inner).unwrap());
    let many = env.file("many.pem", format!("# notes\r\n{}{pem}", strangers(20).repeat(500)));
    let crlf = env.file("crlf.pem", pem.replace('\n', "\r\n"));
    env.file("folder/0.pem", &pem);
    env.file("folder/README", "not a certificate");
    env.file("other/1.pem", &other_pem);
    let folder = env.home().join("folder");
    let folders = format!("{}:{}", env.home().join("other").display(), folder.display());
    let path = |path: &std::path::Path| path.to_str().unwrap().to_owned();

    for (variable, value) in [
        ("SSL_CERT_FILE", ca.clone()),
        ("SSL_CERT_FILE", path(&der)),
        ("SSL_CERT_FILE", path(&many)),
        ("SSL_CERT_FILE", path(&crlf)),
        ("SSL_CERT_DIR", path(&folder)),
        ("SSL_CERT_DIR", folders),
    ] {
        env.cmd("list -o json").env(variable, value).run().check(str!["[]"]);
    }
    for value in [&ca, &path(&der), &path(&many)] {
        env.run(["--cacert", value, "list", "-o", "json"]).check(str!["[]"]);
        // In addition to what the variables say.
        let and = env.cmd(["--cacert", value, "list", "-o", "json"]);
        and.env("SSL_CERT_FILE", other.ca_file()).run().check(str!["[]"]);
    }
    // The variable replaces the system's authorities, so the one that it names is the only one.
    env.cmd("list --retries 0").env("SSL_CERT_FILE", other.ca_file()).run().code(6);
}

// torture 24
#[test]
fn authorities_that_cannot_be_used_are_named_and_nothing_is_sent() {
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url().replace("http", "https"));
    env.file("empty.pem", "");
    env.file("garbage.pem", b"\xff\xfe\x00garbage".repeat(100));
    env.file("half.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n");
    env.file("key.pem", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n");
    fs::create_dir_all(env.home().join("folder")).unwrap();
    let mut told = String::new();
    let mut tell = |what: &str, run: &Transcript| {
        run.code(2);
        let text = run.to_string();
        let cause = text.lines().find(|line| line.contains("because")).unwrap_or(&text);
        told += &format!("{what}: {}\n", cause.trim_start_matches("  because "));
    };
    for name in
        ["missing", "empty.pem", "folder", "garbage.pem", "half.pem", "key.pem", "/dev/zero"]
    {
        tell(name, &env.run(["list", "--cacert", name]));
        tell(name, &env.cmd("list").env("SSL_CERT_FILE", name).run());
    }
    for name in ["missing", "empty.pem", "folder", "/dev/zero"] {
        tell(name, &env.cmd("list").env("SSL_CERT_DIR", name).run());
    }
    assert_data_eq!(
        told,
        str![[r#"
missing: cannot use the certificates of --cacert (missing): No such file or directory (os error 2)
missing: cannot use the certificates of SSL_CERT_FILE (missing): No such file or directory (os error 2)
empty.pem: cannot use the certificates of --cacert (empty.pem): there is no certificate in it
empty.pem: cannot use the certificates of SSL_CERT_FILE (empty.pem): there is no certificate in it
folder: cannot use the certificates of --cacert (folder): it is not a file
folder: cannot use the certificates of SSL_CERT_FILE (folder): it is not a file
garbage.pem: cannot use the certificates of --cacert (garbage.pem): there is no certificate in it
garbage.pem: cannot use the certificates of SSL_CERT_FILE (garbage.pem): there is no certificate in it
half.pem: cannot use the certificates of --cacert (half.pem): there is no certificate in it
half.pem: cannot use the certificates of SSL_CERT_FILE (half.pem): there is no certificate in it
key.pem: cannot use the certificates of --cacert (key.pem): there is no certificate in it
key.pem: cannot use the certificates of SSL_CERT_FILE (key.pem): there is no certificate in it
/dev/zero: cannot use the certificates of --cacert (/dev/zero): it is not a file
/dev/zero: cannot use the certificates of SSL_CERT_FILE (/dev/zero): it is not a file
missing: cannot use the certificates of SSL_CERT_DIR (missing): No such file or directory (os error 2)
empty.pem: cannot use the certificates of SSL_CERT_DIR (empty.pem): Not a directory (os error 20)
folder: cannot use the certificates of SSL_CERT_DIR (folder): there is no certificate in it
/dev/zero: cannot use the certificates of SSL_CERT_DIR (/dev/zero): Not a directory (os error 20)

"#]]
    );
}

// torture 26
#[test]
fn certificates_do_not_matter_for_http() {
    let mut env = TestEnv::new();
    env.env("SSL_CERT_FILE", "/nonexistent").env("SSL_CERT_DIR", "/nonexistent");
    env.run("-p sandbox list -o ids").code(0);
}

#[test]
fn an_authority_that_is_named_has_to_be_there_without_tls_too() {
    let env = TestEnv::with_api(Faulty::untouchable().url());
    let run = env.run("list --cacert nowhere.pem");
    run.code(2).has("cannot use the certificates of --cacert (nowhere.pem): No such file");
}

// torture 26
#[test]
fn without_any_authority_https_says_so_and_http_works() {
    let server = Faulty::untouchable();
    let env = TestEnv::with_api(server.url().replace("http", "https"));
    // A machine without certificates is made by hiding those that there are.
    let bare = "mount -t tmpfs none /etc/ssl && for d in /etc/pki /usr/share/ca-certificates \
                /usr/lib/ssl /usr/local/share/certs; do test ! -d $d || mount -t tmpfs none $d; \
                done || exit 77";
    if env.program("/usr/bin/unshare", ["-rm", "sh", "-c", bare]).run().code != Some(0) {
        return;
    }
    let inside = |command: &str| {
        let bin = crate::support::BINARY;
        env.program(
            "/usr/bin/unshare",
            ["-rm", "sh", "-c", &format!("{bare}; exec {bin} {command}")],
        )
        .run()
    };
    inside("list").check(str![[r#"
--- stderr
pmhooks: error: cannot list the webhooks of the server of POSTMARK_SERVER_TOKEN
  because no safe connection to 127.0.0.1:[PORT]: this machine has no certificate authorities to check it by
  hint: a company's own authority is added with --cacert FILE
--- exit 6
"#]]);
    inside("-p sandbox list -o ids").code(0);
}

#[test]
fn the_keys_of_a_connection_are_never_written_down() {
    let server = TlsServer::new(Certificate::Good);
    let mut env = trusting(&server);
    let log = env.home().join("keys");
    env.env("SSLKEYLOGFILE", &log).run("list").code(0);
    assert!(!log.exists());
}
