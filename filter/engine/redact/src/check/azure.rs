//! Identifiable keys of Azure: base64 with a signature of four digits (`+ASt`, `ACDb`) before the last six, which hold a checksum of all bytes before: Marvin32, its
//! lowest byte first, under a seed of the service's own.
//!
//! Source: `Marvin.cs`, `IdentifiableSecrets.cs` and `IdentifiableMetadata.cs` of <https://github.com/microsoft/security-utilities>; confirmed on a published
//! vector of Redis. A key without a known signature is an older one, and has no checksum.

use crate::base64;

/// Longest key that is looked at, padding included.
const LONGEST: usize = 128;

pub(super) fn check(value: &[u8]) -> Option<bool> {
    if value.len() > LONGEST {
        return None;
    }
    let length = value.iter().rposition(|byte| *byte != b'=')? + 1;
    let (begun, _) = value.get(..length)?.split_last_chunk::<6>()?;
    let signature = begun.last_chunk::<4>()?;
    let (_, seeds) = SEEDS.iter().find(|(known, _)| *known == signature)?;
    let bytes = base64::decode(value)?;
    let (begun, sum) = bytes.split_last_chunk::<4>()?;
    let sum = u32::from_le_bytes(*sum);
    if seeds.iter().any(|seed| marvin32(begun, **seed) == sum) {
        return Some(true);
    }
    // Redis had another checksum before, which some of its keys still have.
    (signature != b"AzCa").then_some(false)
}

/// By signature, the seeds of all kinds of keys of a service; each is eight letters.
const SEEDS: &[(&[u8; 4], &[&[u8; 8]])] = &[
    (b"+ABa", &[b"AbAcct00"]),
    (b"+ACR", &[b"ACRDflt0"]),
    (
        b"+AEh",
        &[
            b"Send0000",
            b"Listen00",
            b"Manage00",
            b"System00",
            b"Unknown0",
        ],
    ),
    (b"+AMC", &[b"Classic0"]),
    (
        b"+ARm",
        &[b"Send0000", b"Listen00", b"Manage00", b"Unknown0"],
    ),
    (
        b"+ASb",
        &[
            b"Send0000",
            b"Listen00",
            b"Manage00",
            b"System00",
            b"Unknown0",
        ],
    ),
    (b"+ASt", &[b"Default0"]),
    (
        b"ACDb",
        &[
            b"MastRO00",
            b"MastRW00",
            b"SystRO00",
            b"SystRW00",
            b"SysAll00",
            b"Resour00",
            b"Encryp00",
        ],
    ),
    (b"AIoT", &[b"IoTHub00", b"DpsKey00", b"Device00"]),
    (
        b"APIM",
        &[b"Tenant00", b"IoTHub00", b"Gatewy00", b"GitKey00"],
    ),
    (b"AzCa", &[b"Access00"]),
    (b"AzFu", &[b"Master00", b"System00", b"Functi00"]),
    (b"AzSe", &[b"Query000", b"PAdmin00"]),
];

/// Marvin32, as SymCrypt has it, folded to 32 bits. The seed's letters are those of a big-endian number.
pub(super) fn marvin32(bytes: &[u8], seed: [u8; 8]) -> u32 {
    let seed = u64::from_be_bytes(seed).to_le_bytes();
    let [a, b, c, d, e, f, g, h] = seed;
    let mut state = [
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
    ];
    let (words, rest) = bytes.as_chunks::<4>();
    for word in words {
        state = mixed(state, u32::from_le_bytes(*word));
    }
    let mut last = [0; 4];
    let ended = rest.iter().chain([&0x80]);
    last.iter_mut()
        .zip(ended)
        .for_each(|(to, from)| *to = *from);
    let [low, high] = mixed(mixed(state, u32::from_le_bytes(last)), 0);
    low ^ high
}

fn mixed([low, high]: [u32; 2], word: u32) -> [u32; 2] {
    let low = low.wrapping_add(word);
    let high = high ^ low;
    let low = low.rotate_left(20).wrapping_add(high);
    let high = high.rotate_left(9) ^ low;
    let low = low.rotate_left(27).wrapping_add(high);
    [low, high.rotate_left(19)]
}
