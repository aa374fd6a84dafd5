//! Texts as Protocol Buffers in frames.

use crate::Input;

/// Ends a field.
pub const NEXT_FIELD: u8 = 0;
/// Ends a message.
const NEXT_FRAME: u8 = 1;

/// Frames, and where each starts.
pub struct Framed {
    pub body: Vec<u8>,
    pub heads: Vec<usize>,
}

impl Framed {
    /// The heads of frames are as they were. What is in a frame may be anything: a credential that starts at the end of a field can go on in what looks
    /// like the head of the next, and is masked with it.
    pub fn assert_same_frames(&self, out: &[u8]) {
        assert_eq!(out.len(), self.body.len(), "a frame changed its length");
        for at in &self.heads {
            let head = *at..at + 5;
            assert_eq!(
                out[head.clone()],
                self.body[head],
                "the head of a frame changed"
            );
        }
    }
}

/// The text of an input as fields in frames.
pub fn framed(input: &Input) -> Framed {
    let nested = input.choice & 1 == 1;
    let (mut body, mut heads) = (Vec::new(), Vec::new());
    for text in input.text.split(|byte| *byte == NEXT_FRAME) {
        let mut message = Vec::new();
        for (nth, content) in text.split(|byte| *byte == NEXT_FIELD).enumerate() {
            append(&mut message, nth, content);
        }
        if nested {
            let inner = std::mem::take(&mut message);
            append(&mut message, 2, b"id");
            append(&mut message, 3, &inner);
        }
        let length = u32::try_from(message.len()).expect("inputs are short");
        heads.push(body.len());
        body.push(0);
        body.extend(length.to_be_bytes());
        body.extend(message);
    }
    Framed { body, heads }
}

/// Appends a field with a length.
fn append(message: &mut Vec<u8>, nth: usize, content: &[u8]) {
    message.push(((nth % 15 + 1) << 3 | 2) as u8);
    let mut length = content.len();
    while length > 0x7f {
        message.push(length as u8 | 0x80);
        length >>= 7;
    }
    message.push(length as u8);
    message.extend_from_slice(content);
}
