//! Which addresses a webhook may go to: what is reachable by everybody, and what the configuration allows by name.
//!
//! A server that posts wherever a configuration says can be made to talk to its own neighbours, to the machine it runs on,
//! or to the place where a cloud keeps its credentials. All ranges with a special purpose (IANA registries for IPv4 and
//! IPv6) are refused, also where an IPv6 address merely wraps an IPv4 one.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A network such as `10.1.0.0/16`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    bits: u8,
}

/// Why a text is no [`Network`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a network: write `10.1.0.0/16`, `fd00::/8` or one address")]
pub struct NetworkError;

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Network, NetworkError> {
        let (base, bits) = text.split_once('/').map_or((text, None), |(base, bits)| (base, Some(bits)));
        let base: IpAddr = base.trim().parse().map_err(|_| NetworkError)?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            Some(bits) => bits.trim().parse().ok().filter(|bits| *bits <= most).ok_or(NetworkError)?,
        };
        Ok(Network { base, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.bits)
    }
}

impl Network {
    /// Tells whether the network holds `ip`. An IPv4 address wrapped in IPv6 is taken for itself.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.base, ip.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(ip)) => begins(base.to_bits().into(), ip.to_bits().into(), self.bits, 32),
            (IpAddr::V6(base), IpAddr::V6(ip)) => begins(base.to_bits(), ip.to_bits(), self.bits, 128),
            _ => false,
        }
    }
}

fn begins(base: u128, ip: u128, bits: u8, width: u8) -> bool {
    bits == 0 || (base ^ ip) >> (width - bits) == 0
}

/// Several networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(pub Vec<Network>);

impl Networks {
    /// Tells whether one of them holds `ip`.
    pub fn contains(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(ip))
    }
}

/// Returns what kind of address `ip` is where it is none that everybody can reach.
pub fn refusal(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) => refusal_v4(ip),
        IpAddr::V6(ip) => refusal_v6(ip),
    }
}

fn refusal_v4(ip: Ipv4Addr) -> Option<&'static str> {
    const RANGES: [(u32, u8, &str); 15] = [
        (v4(0, 0, 0), 8, "unspecified"),
        (v4(10, 0, 0), 8, "private"),
        (v4(100, 64, 0), 10, "shared by a provider's customers"),
        (v4(127, 0, 0), 8, "of this machine"),
        (v4(169, 254, 0), 16, "link-local"),
        (v4(172, 16, 0), 12, "private"),
        (v4(192, 0, 0), 24, "reserved"),
        (v4(192, 0, 2), 24, "for documentation"),
        (v4(192, 88, 99), 24, "reserved"),
        (v4(192, 168, 0), 16, "private"),
        (v4(198, 18, 0), 15, "for benchmarks"),
        (v4(198, 51, 100), 24, "for documentation"),
        (v4(203, 0, 113), 24, "for documentation"),
        (v4(224, 0, 0), 4, "multicast"),
        (v4(240, 0, 0), 4, "reserved"),
    ];
    let within = |(base, bits, _): &&(u32, u8, &str)| begins((*base).into(), ip.to_bits().into(), *bits, 32);
    RANGES.iter().find(within).map(|(_, _, what)| *what)
}

const fn v4(a: u8, b: u8, c: u8) -> u32 {
    Ipv4Addr::new(a, b, c, 0).to_bits()
}

fn refusal_v6(ip: Ipv6Addr) -> Option<&'static str> {
    if let Some(wrapped) = wrapped_v4(ip) {
        return refusal_v4(wrapped);
    }
    let [first, second, third, ..] = ip.segments();
    match first {
        0 if ip.is_loopback() => Some("of this machine"),
        0 if ip.is_unspecified() => Some("unspecified"),
        // 2000::/3 is all there is of the public network today; what is special within it is refused.
        0x2001 if second < 0x0200 => Some("reserved"),
        0x2001 if second == 0x0db8 => Some("for documentation"),
        0x3fff if second < 0x1000 => Some("for documentation"),
        0x2000..=0x3fff => None,
        0x64 if second == 0xff9b && third == 1 => Some("private"),
        0xfc00..=0xfdff => Some("private"),
        0xfe80..=0xfebf => Some("link-local"),
        0xfec0..=0xfeff => Some("private"),
        0xff00..=0xffff => Some("multicast"),
        _ => Some("reserved"),
    }
}

/// Returns the IPv4 address that an IPv6 one leads to: mapped, compatible, NAT64, 6to4.
fn wrapped_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = ip.segments();
    let of = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => Some(of(high, low)),
        // `::` and `::1` are addresses of their own.
        (0, 0, 0, 0, 0, 0) if high != 0 || low > 1 => Some(of(high, low)),
        (0x2002, ..) => Some(of(b, c)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> bool {
        refusal(text.parse().expect("a test's address is one")).is_some()
    }

    #[test]
    fn no_address_within_is_reached() {
        for inside in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.7",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::2",
            "::127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(refused(inside), "{inside}");
        }
    }

    #[test]
    fn public_addresses_are_reached_up_to_the_edges_of_each_range() {
        for outside in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::1",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::1",
        ] {
            assert!(!refused(outside), "{outside}");
        }
    }

    #[test]
    fn networks_are_read_and_hold_what_they_should() {
        let holds = |network: &str, ip: &str| network.parse::<Network>().unwrap().contains(ip.parse().unwrap());
        assert!(holds("10.1.0.0/16", "10.1.255.3") && !holds("10.1.0.0/16", "10.2.0.1"));
        assert!(holds("127.0.0.1", "127.0.0.1") && !holds("127.0.0.1", "127.0.0.2"));
        assert!(holds("10.0.0.0/8", "::ffff:10.2.3.4"));
        assert!(holds("fd00::/8", "fd12::1") && !holds("fd00::/8", "fc00::1"));
        assert!(holds("0.0.0.0/0", "8.8.8.8") && !holds("0.0.0.0/0", "2606:4700::1"));
        for wrong in ["", "10.0.0.0/33", "fd00::/129", "10.0.0/8", "10.0.0.0/-1", "example.test"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
