//! `br` and `zstd` without compression.

/// Writes `br` as meta-blocks that are not compressed.
#[derive(Default)]
pub(super) struct Brotli {
    begun: bool,
}

impl Brotli {
    pub(super) fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for block in bytes.chunks(1 << 16) {
            #[expect(clippy::cast_possible_truncation, reason = "at most 2^16")]
            let length = block.len() as u32 - 1;
            // Not the last; a length of four digits; the length; not compressed.
            let mut header = length << 3 | 1 << 19;
            if !std::mem::replace(&mut self.begun, true) {
                // The stream begins with the size of its window, here the shortest way to say one.
                header <<= 1;
            }
            let [a, b, c, _] = header.to_le_bytes();
            out.extend_from_slice(&[a, b, c]);
            out.extend_from_slice(block);
        }
    }

    /// A meta-block that is the last and empty.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        out.push(if self.begun { 0b11 } else { 0b110 });
    }
}

/// Writes `zstd` as one frame of raw blocks.
#[derive(Default)]
pub(super) struct Zstd {
    begun: bool,
}

/// Most bytes of a block.
const BLOCK: usize = 128 * 1024;

impl Zstd {
    pub(super) fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for block in bytes.chunks(BLOCK) {
            self.block(block, false, out);
        }
    }

    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        self.block(b"", true, out);
    }

    fn block(&mut self, block: &[u8], last: bool, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.begun, true) {
            // The magic number, no optional fields, and a window of one block.
            out.extend_from_slice(&[0x28, 0xb5, 0x2f, 0xfd, 0x00, 7 << 3]);
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 2^17")]
        let header = (block.len() as u32) << 3 | u32::from(last);
        let [a, b, c, _] = header.to_le_bytes();
        out.extend_from_slice(&[a, b, c]);
        out.extend_from_slice(block);
    }
}
