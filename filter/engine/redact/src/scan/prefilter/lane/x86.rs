//! What the vectors of x86-64 have in common: the same instructions, by other names.

/// Makes a module's `Lane` of a vector type and its intrinsics.
macro_rules! lane {
    (
        $bytes:literal bytes in $vector:ident, $reason:literal,
        $load:ident, $splat:ident, $or:ident, $add:ident, $greater:ident, $equal:ident, $mask:ident
    ) => {
        use std::arch::x86_64 as arch;

        const BYTES: usize = $bytes;

        #[derive(Clone, Copy)]
        pub(in super::super) struct Lane(arch::$vector);

        #[expect(unsafe_code, reason = $reason)]
        impl super::Lane for Lane {
            const BYTES: usize = BYTES;
            // SAFETY: any bits are a vector.
            const NOTHING: Self = Self(unsafe { std::mem::zeroed() });

            #[inline(always)]
            fn load(bytes: &[u8]) -> Self {
                let bytes: &[u8; BYTES] = bytes.first_chunk().unwrap_or(&[0; BYTES]);
                // SAFETY: the pointer is to as many readable bytes; the instruction has no alignment to keep.
                Self(unsafe { arch::$load(bytes.as_ptr().cast()) })
            }

            #[inline(always)]
            fn fold(self) -> Self {
                Self(unsafe { arch::$or(self.0, arch::$splat(0x20)) })
            }

            #[inline(always)]
            fn between(self, low: u8, high: u8) -> Self {
                // Moved up to where the last byte of the range is the highest there is, one comparison tells, as long as it is one with a sign.
                let (up, last) = (127 - high, 127 - (high - low) - 1);
                unsafe {
                    let moved = arch::$add(self.0, splat(up));
                    Self(arch::$greater(moved, splat(last)))
                }
            }

            #[inline(always)]
            fn equal(self, byte: u8) -> Self {
                Self(unsafe { arch::$equal(self.0, splat(byte)) })
            }

            #[inline(always)]
            fn or(self, other: Self) -> Self {
                Self(unsafe { arch::$or(self.0, other.0) })
            }

            #[inline(always)]
            fn mask(self) -> u64 {
                u64::from(unsafe { arch::$mask(self.0) }.cast_unsigned())
            }
        }

        #[inline(always)]
        fn splat(byte: u8) -> arch::$vector {
            #[expect(unsafe_code, reason = "as above")]
            // SAFETY: as above.
            unsafe {
                arch::$splat(byte.cast_signed())
            }
        }
    };
}

pub(super) use lane;
