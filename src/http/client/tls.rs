//! TLS configuration and trusted certificate authorities.
//!
//! rustls with ring: aws-lc-rs gathers entropy for about 30 ms at its first use, more than the rest of a
//! run.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::{HttpError, Settings, TlsTrouble};

/// Bundles of Linux and BSD distributions. Only the bundle is read: the hashed folder beside it holds
/// the same certificates in a hundred more files.
#[cfg(all(unix, not(target_vendor = "apple")))]
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
const BUNDLES: [&str; 0] = [];

/// Largest bundle of authorities, in bytes: about ten thousand certificates.
const LARGEST_BUNDLE: u64 = 64 * 1024 * 1024;

/// TLS configuration of a client. Without TLS no authority is trusted.
pub(super) fn configuration(
    uses_tls: bool,
    authority: &str,
    settings: &Settings,
) -> Result<ClientConfig, HttpError> {
    let authorities = if uses_tls { authorities(settings)? } else { given(settings)? };
    if uses_tls && authorities.is_empty() {
        return Err(HttpError::Tls {
            to: authority.to_owned(),
            why: "this machine has no certificate authorities to check it by".to_owned(),
            trouble: TlsTrouble::UnknownAuthority,
        });
    }
    configuration_with(authorities)
}

/// `--cacert` alone, for requests without TLS. A missing file is an error even there.
fn given(settings: &Settings) -> Result<RootCertStore, HttpError> {
    let mut store = RootCertStore::empty();
    if let Some(path) = &settings.cacert {
        add_file(&mut store, "--cacert", path)?;
    }
    Ok(store)
}

/// `SSL_CERT_FILE` and `SSL_CERT_DIR` if set, else the system's authorities; `--cacert` is added to
/// either.
fn authorities(settings: &Settings) -> Result<RootCertStore, HttpError> {
    let mut store = RootCertStore::empty();
    let set = |value: &Option<std::ffi::OsString>| value.clone().filter(|v| !v.is_empty());
    let (file, folders) = (set(&settings.ssl_cert_file), set(&settings.ssl_cert_dir));
    if file.is_none() && folders.is_none() {
        add_system(&mut store);
    }
    if let Some(path) = file {
        add_file(&mut store, "SSL_CERT_FILE", Path::new(&path))?;
    }
    if let Some(folders) = folders {
        for folder in std::env::split_paths(&folders) {
            add_folder(&mut store, &folder)?;
        }
        if store.is_empty() {
            let why = "there is no certificate in it".to_owned();
            return Err(unusable("SSL_CERT_DIR", Path::new(&folders), why));
        }
    }
    if let Some(path) = &settings.cacert {
        add_file(&mut store, "--cacert", path)?;
    }
    Ok(store)
}

fn configuration_with(authorities: RootCertStore) -> Result<ClientConfig, HttpError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut configuration = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| HttpError::Local { why: e.to_string() })?
        .with_root_certificates(authorities)
        .with_no_client_auth();
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(configuration)
}

fn add_system(store: &mut RootCertStore) {
    for path in BUNDLES {
        if fs::read(path).is_ok_and(|bytes| add(store, &bytes) > 0) {
            return;
        }
    }
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
}

fn add_file(store: &mut RootCertStore, origin: &'static str, path: &Path) -> Result<(), HttpError> {
    let bytes = read(path).map_err(|why| unusable(origin, path, why))?;
    if add(store, &bytes) == 0 {
        return Err(unusable(origin, path, "there is no certificate in it".to_owned()));
    }
    Ok(())
}

fn add_folder(store: &mut RootCertStore, folder: &Path) -> Result<(), HttpError> {
    let entries =
        fs::read_dir(folder).map_err(|e| unusable("SSL_CERT_DIR", folder, e.to_string()))?;
    for entry in entries.flatten() {
        // Dangling links and other files are usual in such a folder.
        if let Ok(bytes) = read(&entry.path()) {
            add(store, &bytes);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let metadata = fs::metadata(path).map_err(|e| e.to_string())?;
    if !metadata.is_file() {
        return Err("it is not a file".to_owned());
    }
    if metadata.len() > LARGEST_BUNDLE {
        return Err(format!("it is larger than {LARGEST_BUNDLE} bytes"));
    }
    fs::read(path).map_err(|e| e.to_string())
}

/// Adds every certificate of a PEM bundle, or the one of a DER file. Returns their number.
fn add(store: &mut RootCertStore, bytes: &[u8]) -> usize {
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(bytes).filter_map(Result::ok).collect();
    let (added, _) = store.add_parsable_certificates(certificates);
    if added > 0 {
        return added;
    }
    usize::from(store.add(CertificateDer::from_slice(bytes)).is_ok())
}

fn unusable(origin: &'static str, path: &Path, why: String) -> HttpError {
    let path = AsRef::<OsStr>::as_ref(path).into();
    HttpError::Authorities { origin, path, why }
}
