//! HTTPS servers with good and bad certificates, made anew for each test.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, crypto::ring, version};
use tempfile::TempDir;

use super::faulty::{Expected, Faulty};
use super::step::Step;

/// What is wrong with a server's certificate. Nothing else is: except where the certificate
/// authority is the defect, `ca_file` names the one that signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificate {
    Good,
    /// It was valid in 2020.
    Expired,
    /// It will be valid in 2200.
    NotYetValid,
    /// It is for `other.example`.
    WrongHost,
    /// Nobody signed it but itself; `ca_file` names a foreign authority.
    SelfSigned,
    /// It is good, but `ca_file` names another authority than the one that signed.
    UnknownCa,
    /// It is the authority's own.
    Authority,
    /// It is for clients.
    WrongPurpose,
    /// The server speaks plain HTTP where TLS is expected.
    PlainText,
    /// The server refuses every version of TLS that is still in use.
    OldProtocol,
}

impl Certificate {
    /// Every bad one, to try them all in one test.
    pub const BAD: [Certificate; 9] = [
        Certificate::Expired,
        Certificate::NotYetValid,
        Certificate::WrongHost,
        Certificate::SelfSigned,
        Certificate::UnknownCa,
        Certificate::Authority,
        Certificate::WrongPurpose,
        Certificate::PlainText,
        Certificate::OldProtocol,
    ];
}

/// A server at `https://127.0.0.1:PORT`; through a proxy its certificate also serves for the names
/// in [`TlsServer::NAMES`]. It has all methods of [`Faulty`].
///
/// ```ignore
/// let server = TlsServer::new(Certificate::Expired);
/// env.api(server.url()).env("SSL_CERT_FILE", server.ca_file()).run("list").code(6);
/// server.assert_no_data();
/// ```
pub struct TlsServer {
    server: Faulty,
    ca_file: PathBuf,
    _folder: TempDir,
}

impl TlsServer {
    /// The names that a good certificate is for.
    pub const NAMES: [&str; 4] =
        ["127.0.0.1", "localhost", "api.postmarkapp.com", "hooks.example.com"];

    /// A server that answers every request with an empty list of webhooks.
    pub fn new(certificate: Certificate) -> Self {
        let list = Step::answer(200, serde_json::json!({"Webhooks": []})).forever();
        TlsServer::with_steps(certificate, [list])
    }

    /// A server that follows steps. Only a good one must be asked something; to a bad one, a
    /// connection is enough.
    pub fn with_steps(certificate: Certificate, steps: impl IntoIterator<Item = Step>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca_file = folder.path().join("ca.pem");
        let authority = authority("pmhooks test authority");
        let shown = match certificate {
            Certificate::SelfSigned | Certificate::UnknownCa => self::authority("another").pem(),
            _ => authority.pem(),
        };
        std::fs::write(&ca_file, shown).unwrap();

        let start = |steps, tls, expected| Faulty::start("127.0.0.1:0", steps, tls, expected);
        let config = || Some(Arc::new(config(certificate, &authority)));
        let steps: Vec<Step> = steps.into_iter().collect();
        let server = match certificate {
            Certificate::Good => start(steps, config(), Expected::Requests),
            Certificate::PlainText => {
                let page = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
                start(vec![Step::raw(page).on_accept().forever()], None, Expected::Connections)
            }
            // The alert `protocol_version`, fatal.
            Certificate::OldProtocol => {
                let alert = Step::raw(*b"\x15\x03\x01\x00\x02\x02\x46").on_accept().forever();
                start(vec![alert], None, Expected::Connections)
            }
            _ => start(steps, config(), Expected::Connections),
        };
        TlsServer { server, ca_file, _folder: folder }
    }

    /// `https://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("https://{}", self.server.address())
    }

    /// The certificate authority to trust, in PEM.
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// Requires that no byte came inside the TLS connection: no request, no token.
    #[track_caller]
    pub fn assert_no_data(&self) {
        let received = self.server.bytes_received();
        assert_eq!(received, 0, "bytes were sent to an untrusted server:\n{}", self.server.log());
    }
}

impl Deref for TlsServer {
    type Target = Faulty;

    fn deref(&self) -> &Faulty {
        &self.server
    }
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn config(certificate: Certificate, authority: &CertifiedIssuer<'_, KeyPair>) -> ServerConfig {
    let names = match certificate {
        Certificate::WrongHost => vec!["other.example".to_owned()],
        _ => TlsServer::NAMES.map(str::to_owned).to_vec(),
    };
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, "pmhooks test server");
    let (from, until) = match certificate {
        Certificate::Expired => (2019, 2020),
        Certificate::NotYetValid => (2200, 2201),
        _ => (2020, 2200),
    };
    (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));

    if certificate == Certificate::WrongPurpose {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    }
    if certificate == Certificate::Authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }

    let key = KeyPair::generate().unwrap();
    let signed = match certificate {
        Certificate::SelfSigned => params.self_signed(&key),
        _ => params.signed_by(&key, authority),
    };
    let chain = vec![signed.unwrap().der().clone()];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::sync::Arc;

    use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
    use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring};

    use crate::support::*;

    const REQUEST: &[u8] = b"GET /webhooks HTTP/1.1\r\nX-Token: t\r\nConnection: close\r\n\r\n";

    /// Asks as a careful client does, and returns the answer or why there is none.
    fn ask(server: &TlsServer, name: &'static str) -> Result<String, String> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(server.ca_file()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(name).unwrap();
        let session = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = StreamOwned::new(session, TcpStream::connect(server.address()).unwrap());
        stream.write_all(REQUEST).map_err(|e| e.to_string())?;
        let mut answer = Vec::new();
        // The server ends the connection without a farewell, which counts as an error here.
        let _ = stream.read_to_end(&mut answer);
        Ok(String::from_utf8(answer).unwrap())
    }

    #[test]
    fn a_good_server_answers() {
        let server = TlsServer::new(Certificate::Good);
        assert!(server.url().starts_with("https://127.0.0.1:"));
        for name in TlsServer::NAMES {
            assert!(ask(&server, name).unwrap().ends_with("{\"Webhooks\":[]}"));
        }
        assert_eq!(server.requests()[0].header("x-token"), Some("t"));
        assert_eq!(server.bytes_received(), (TlsServer::NAMES.len() * REQUEST.len()) as u64);
    }

    #[test]
    fn it_misbehaves_like_any_other() {
        let server = TlsServer::with_steps(Certificate::Good, [Step::html(502), Step::close()]);
        assert!(ask(&server, "localhost").unwrap().contains("502 Bad Gateway"));
        assert_eq!(ask(&server, "localhost").unwrap(), "");
    }

    #[test]
    fn each_bad_one_has_just_its_defect() {
        for (certificate, reason) in Certificate::BAD.into_iter().zip([
            "certificate expired",
            "certificate not valid yet",
            "certificate not valid for name",
            "UnknownIssuer",
            "UnknownIssuer",
            "CaUsedAsEndEntity",
            "extended key usage",
            "received corrupt message",
            "received fatal alert: ProtocolVersion",
        ]) {
            let server = TlsServer::new(certificate);
            let error = ask(&server, "localhost").expect_err(&format!("{certificate:?}"));
            assert!(error.contains(reason), "{certificate:?}: {error}");
            server.assert_no_data();
        }
    }

    #[test]
    #[should_panic(expected = "bytes were sent to an untrusted server")]
    fn data_that_came_is_noticed() {
        let server = TlsServer::new(Certificate::Good);
        ask(&server, "localhost").unwrap();
        server.assert_no_data();
    }
}
