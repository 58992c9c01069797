//! Hosts and addresses: which are this machine, which are internal.

use std::net::IpAddr;

use url::Url;

/// `host:port` of a URL, the only part of a URL that errors name.
pub fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or("?");
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// True for loopback, private, link-local, shared and unspecified addresses.
pub fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || a == 0 || is_shared
        }
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4_mapped() {
                return is_internal(v4.into());
            }
            let [first, ..] = v6.segments();
            let is_local = first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80;
            v6.is_loopback() || v6.is_unspecified() || is_local
        }
    }
}

/// True if the URL's host is an internal address or a name of this machine.
pub fn names_internal(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(url::Host::Ipv4(address)) => is_internal(address.into()),
        Some(url::Host::Ipv6(address)) => is_internal(address.into()),
        None => false,
    }
}

/// True if the URL's host is this machine: `localhost`, 127.0.0.0/8 or `[::1]`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_addresses_are_recognized() {
        for (url, internal) in [
            ("http://localhost:1/", true),
            ("http://Hooks.localhost./", true),
            ("http://127.9.9.9/", true),
            ("http://10.0.0.1/", true),
            ("http://172.16.0.1/", true),
            ("http://192.168.1.1/", true),
            ("http://169.254.169.254/", true),
            ("http://100.64.0.1/", true),
            ("http://0.0.0.0/", true),
            ("http://2130706433/", true),
            ("http://[::1]/", true),
            ("http://[::ffff:10.0.0.1]/", true),
            ("http://[fd00::1]/", true),
            ("http://[fe80::1]/", true),
            ("http://192.0.2.1/", false),
            ("http://8.8.8.8/", false),
            ("http://[2001:db8::1]/", false),
            ("http://localhost.example.com/", false),
        ] {
            assert_eq!(names_internal(&Url::parse(url).unwrap()), internal, "{url}");
        }
    }
}
