//! Hosts and addresses: which are this machine, which are internal.

use std::net::{IpAddr, Ipv4Addr};

use url::Url;

/// `host:port` of a URL, the only part of a URL that errors name.
pub fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or("?");
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// True for addresses that are not on the internet: loopback, private, link-local, shared, multicast and
/// reserved ones, and IPv6 addresses that translate to such an IPv4 address.
pub fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            let is_benchmark = a == 198 && (18..20).contains(&b);
            let is_reserved = a == 0 || a >= 224 || is_shared || is_benchmark;
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || is_reserved
        }
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4_mapped() {
                return is_internal(v4.into());
            }
            let segments @ [first, second, third, ..] = v6.segments();
            let embedded = |high: u16, low: u16| {
                is_internal(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)).into())
            };
            // NAT64 (64:ff9b::/96), 6to4 (2002::/16) and the old IPv4-compatible form (::/96).
            let is_translated = match segments {
                [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0, 0, 0, 0, 0, 0, high, low] => {
                    embedded(high, low)
                }
                _ => first == 0x2002 && embedded(second, third),
            };
            let is_local = first & 0xfe00 == 0xfc00 || first & 0xff80 == 0xfe80;
            v6.is_loopback() || v6.is_multicast() || is_local || is_translated
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
            ("http://[::]/", true),
            ("http://[::127.0.0.1]/", true),
            ("http://[64:ff9b::7f00:1]/", true),
            ("http://[64:ff9b::808:808]/", false),
            ("http://[2002:a00:1::]/", true),
            ("http://[2002:808:808::]/", false),
            ("http://[ff02::1]/", true),
            ("http://224.0.0.1/", true),
            ("http://255.255.255.255/", true),
            ("http://198.19.0.1/", true),
            ("http://192.0.2.1/", false),
            ("http://8.8.8.8/", false),
            ("http://[2001:db8::1]/", false),
            ("http://localhost.example.com/", false),
        ] {
            assert_eq!(names_internal(&Url::parse(url).unwrap()), internal, "{url}");
        }
    }
}
