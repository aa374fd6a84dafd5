//! XXH64, the checksum of frames.

const P1: u64 = 0x9e37_79b1_85eb_ca87;
const P2: u64 = 0xc2b2_ae3d_27d4_eb4f;
const P3: u64 = 0x1656_67b1_9e37_79f9;
const P4: u64 = 0x85eb_ca77_c2b2_ae63;
const P5: u64 = 0x27d4_eb2f_1656_67c5;

/// The hash of what it was given so far, with seed 0.
pub(super) struct Xxh64 {
    lanes: [u64; 4],
    /// The bytes of an incomplete stripe.
    rest: [u8; 32],
    rested: usize,
    length: u64,
}

impl Xxh64 {
    pub(super) fn new() -> Xxh64 {
        Xxh64 {
            lanes: [P1.wrapping_add(P2), P2, 0, P1.wrapping_neg()],
            rest: [0; 32],
            rested: 0,
            length: 0,
        }
    }

    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        self.length = self.length.wrapping_add(bytes.len() as u64);
        if self.rested > 0 {
            let missing = bytes.len().min(self.rest.len() - self.rested);
            let (head, tail) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
            self.keep(head);
            bytes = tail;
            if self.rested < self.rest.len() {
                return;
            }
            let stripe = self.rest;
            self.stripe(&stripe);
            self.rested = 0;
        }
        let (stripes, tail) = bytes.as_chunks::<32>();
        for stripe in stripes {
            self.stripe(stripe);
        }
        self.keep(tail);
    }

    /// The low half, which frames carry.
    #[expect(clippy::cast_possible_truncation, reason = "frames carry the low half")]
    pub(super) fn low(&self) -> u32 {
        self.finish() as u32
    }

    fn keep(&mut self, bytes: &[u8]) {
        let free = self.rest.iter_mut().skip(self.rested);
        for (slot, byte) in free.zip(bytes) {
            *slot = *byte;
        }
        self.rested += bytes.len();
    }

    fn stripe(&mut self, stripe: &[u8; 32]) {
        let (words, _) = stripe.as_chunks::<8>();
        for (lane, word) in self.lanes.iter_mut().zip(words) {
            *lane = round(*lane, u64::from_le_bytes(*word));
        }
    }

    fn finish(&self) -> u64 {
        let [a, b, c, d] = self.lanes;
        let mut hash = if self.length < 32 {
            P5
        } else {
            let sum = a
                .rotate_left(1)
                .wrapping_add(b.rotate_left(7))
                .wrapping_add(c.rotate_left(12))
                .wrapping_add(d.rotate_left(18));
            self.lanes.iter().fold(sum, |hash, lane| {
                (hash ^ round(0, *lane)).wrapping_mul(P1).wrapping_add(P4)
            })
        };
        hash = hash.wrapping_add(self.length);
        let (words, rest) = self
            .rest
            .get(..self.rested)
            .unwrap_or_default()
            .as_chunks::<8>();
        for word in words {
            hash ^= round(0, u64::from_le_bytes(*word));
            hash = hash.rotate_left(27).wrapping_mul(P1).wrapping_add(P4);
        }
        let (words, rest) = rest.as_chunks::<4>();
        for word in words {
            hash ^= u64::from(u32::from_le_bytes(*word)).wrapping_mul(P1);
            hash = hash.rotate_left(23).wrapping_mul(P2).wrapping_add(P3);
        }
        for byte in rest {
            hash ^= u64::from(*byte).wrapping_mul(P5);
            hash = hash.rotate_left(11).wrapping_mul(P1);
        }
        hash = (hash ^ hash >> 33).wrapping_mul(P2);
        hash = (hash ^ hash >> 29).wrapping_mul(P3);
        hash ^ hash >> 32
    }
}

fn round(lane: u64, word: u64) -> u64 {
    lane.wrapping_add(word.wrapping_mul(P2))
        .rotate_left(31)
        .wrapping_mul(P1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(pieces: &[&[u8]]) -> u64 {
        let mut state = Xxh64::new();
        for piece in pieces {
            state.update(piece);
        }
        state.finish()
    }

    #[test]
    fn known_values_whatever_the_cut() {
        assert_eq!(hash(&[]), 0xef46_db37_51d8_e999);
        assert_eq!(hash(&[b"a"]), 0xd24e_c4f1_a98c_6e5b);
        assert_eq!(hash(&[b"abc"]), 0x44bc_2cf5_ad77_0999);
        let text: Vec<u8> = (0..=255).collect();
        let whole = hash(&[&text]);
        for cut in 0..text.len() {
            let (a, b) = text.split_at(cut);
            assert_eq!(hash(&[a, b]), whole, "{cut}");
        }
    }
}
