//! TLS for an endpoint.

use std::sync::Arc;

pub use rustls::ServerConfig as Configuration;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Why an endpoint cannot speak TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// There is no certificate.
    #[error("there is no certificate in it: it is to be PEM, the endpoint's own certificate first")]
    NoCertificate,
    /// There is no key.
    #[error("there is no private key in it: it is to be PEM, and not encrypted")]
    NoKey,
    /// They do not belong together, or are of a kind that is not known here.
    #[error("it cannot be used with this key: {0}")]
    Unusable(String),
}

/// Reads a certificate, with those above it, and its key.
pub fn configuration(certificate: &[u8], key: &[u8]) -> Result<Arc<Configuration>, TlsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or(TlsError::NoCertificate)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey)?;
    let unusable = |error: rustls::Error| TlsError::Unusable(error.to_string());
    let mut configuration =
        Configuration::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(unusable)?;
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(configuration))
}
