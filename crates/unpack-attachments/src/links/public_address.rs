//! Which addresses lie on the public internet (IANA special-purpose address registries, RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether anybody on the internet has this address, as opposed to a neighbour in our own network, such as the
/// metadata service of the machine that this runs on.
#[must_use]
pub(crate) fn is_public(address: IpAddr) -> bool {
    match with_embedded_v4(address) {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Whether an address is only good on the machine's own link, or nowhere. There cloud providers keep the metadata service
/// that hands out credentials (169.254.169.254, fd00:ec2::254), and no file server is.
#[must_use]
pub(crate) fn is_link_local(address: IpAddr) -> bool {
    match with_embedded_v4(address) {
        IpAddr::V4(address) => {
            let [first, ..] = address.octets();
            first == 0 || first >= 224 || address.is_link_local()
        }
        IpAddr::V6(address) => {
            let [first, second, ..] = address.segments();
            address.is_unspecified()
                || address.is_multicast()
                || address.is_unicast_link_local()
                || (first == 0xFD00 && second == 0x0EC2)
        }
    }
}

/// Whether an address is the machine itself.
#[must_use]
pub(crate) fn is_loopback(address: IpAddr) -> bool {
    with_embedded_v4(address).is_loopback() || address.is_loopback()
}

fn with_embedded_v4(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => embedded_v4(v6).map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || first == 0
        // Shared by carriers (RFC 6598), and where cloud providers keep services of theirs.
        || (first == 100 && (64..128).contains(&second))
        // Protocol assignments (RFC 6890) and the relays of 6to4.
        || (first == 192 && second == 0 && third == 0)
        || (first == 192 && second == 88 && third == 99)
        // Benchmarks (RFC 2544).
        || (first == 198 && (second == 18 || second == 19))
        || first >= 240)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Of IPv6 only 2000::/3 is global unicast (RFC 4291 section 2.4); the rest is loopback, unspecified, unique local,
    // link-local, site-local, multicast or unassigned.
    first & 0xE000 == 0x2000
        // Teredo, benchmarks, ORCHID and other protocol assignments (2001::/23), documentation.
        && !(first == 0x2001 && second < 0x0200)
        && !(first == 0x2001 && second == 0x0DB8)
        && !(first == 0x3FFF && second < 0x1000)
}

/// The IPv4 address in an IPv4-mapped or -compatible, NAT64 (RFC 6052, RFC 8215) or 6to4 (RFC 3056) address.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = address.segments();
    let v4 = |high: u16, low: u16| {
        let [first, second] = high.to_be_bytes();
        let [third, fourth] = low.to_be_bytes();
        Ipv4Addr::new(first, second, third, fourth)
    };
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0 | 0xFFFF) | (0, 0, 0, 0, 0xFFFF, 0) | (0x64, 0xFF9B, ..) => Some(v4(high, low)),
        (0x2002, high, low, ..) => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_of_every_kind_are_not_public() {
        for address in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:7f00:1::",
            "::ffff:0:10.0.0.1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn metadata_services_are_link_local_and_file_servers_are_not() {
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::",
        ] {
            assert!(is_link_local(address.parse().unwrap()), "{address}");
        }
        for address in [
            "10.0.0.1",
            "127.0.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "fd12::1",
            "8.8.8.8",
            "2a00:1450::1",
        ] {
            assert!(!is_link_local(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn the_machine_itself_is_told_in_every_spelling() {
        for address in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "::127.0.0.1"] {
            assert!(is_loopback(address.parse().unwrap()), "{address}");
        }
        assert!(!is_loopback("10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn addresses_of_the_internet_are_public() {
        for address in [
            "8.8.8.8",
            "100.63.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }
}
