//! Response flags, by bit.

pub(crate) const UPSTREAM_TIMEOUT: u64 = 0x4;
pub(crate) const UPSTREAM_RESET: u64 = 0x10;
pub(crate) const UPSTREAM_CONNECT_FAILURE: u64 = 0x20;
pub(crate) const UPSTREAM_TERMINATED: u64 = 0x40;
pub(crate) const NO_ROUTE: u64 = 0x100;
pub(crate) const DOWNSTREAM_TERMINATED: u64 = 0x4000;
pub(crate) const DOWNSTREAM_PROTOCOL: u64 = 0x4_0000;
pub(crate) const UPSTREAM_PROTOCOL: u64 = 0x80_0000;

/// Their short names, as an access log writes them.
pub(super) fn names(bits: u64) -> Option<String> {
    let names = [
        (UPSTREAM_TIMEOUT, "UT"),
        (UPSTREAM_RESET, "UR"),
        (UPSTREAM_CONNECT_FAILURE, "UF"),
        (UPSTREAM_TERMINATED, "UC"),
        (NO_ROUTE, "NR"),
        (DOWNSTREAM_TERMINATED, "DC"),
        (DOWNSTREAM_PROTOCOL, "DPE"),
        (UPSTREAM_PROTOCOL, "UPE"),
    ];
    let set: Vec<&str> = names
        .iter()
        .filter(|(bit, _)| bits & bit != 0)
        .map(|(_, name)| *name)
        .collect();
    (!set.is_empty()).then(|| set.join(","))
}
