//! What a stream costs in memory, and that clean bytes cost none.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "to clippy the helpers of tests are no tests"
)]

mod support;

use std::sync::Arc;

use allocation_counter::measure;
use veilgate_redact::{Framing, Limits, MaskAll, Redactor, Scrubber};

use support::{masker, rules};

/// The number that `Limits` documents for its defaults.
const MOST_PER_STREAM: u64 = 16 * 1024;
/// What header lines inside a body may take beside that.
const MOST_FOR_HEADERS: u64 = 24 * 1024;
/// How such lines start.
const HEADER: &[u8] = b"A: ";

fn redactor(framing: Framing) -> Redactor {
    Redactor::new(Arc::clone(rules()), masker(), framing, Limits::default())
}

fn frame(flags: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[flags], length.as_slice(), message].concat()
}

/// Each framing, with a piece of it that holds nothing secret and can come any number of times.
fn clean() -> Vec<(Framing, Vec<u8>)> {
    let json = br#"{"id":17,"name":"item","tags":["a","b"],"next":"/items?page=2","note":"nothing of interest"},"#.repeat(30);
    let line = br#"{"id":17,"name":"item","note":"nothing of interest"}"#;
    let lines = [line.as_slice(), b"\n"].concat().repeat(40);
    let events = [b"id: 1\r\ndata: ".as_slice(), line, b"\r\n\r\n"]
        .concat()
        .repeat(40);
    let message = frame(0, b"\x0a\x04name\x12\x05value\x18\x07");
    let grpc = message.repeat(30);
    let text = "AAAAABEKBG5hbWUSBXZhbHVlGAcA".as_bytes().repeat(9);
    let fields = br#"{"a":"value","b":[1,2,{"c":null}],"d":-1.5},"#.repeat(30);
    vec![
        (Framing::Plain, json),
        (Framing::Lines, lines.clone()),
        (Framing::Events, events),
        (
            Framing::Multipart {
                boundary: b"edge".to_vec(),
                pass_opaque: false,
            },
            lines,
        ),
        (
            Framing::Message,
            b"\x0a\x04name\x12\x05value\x18\x07".repeat(30),
        ),
        (
            Framing::Grpc {
                pass_compressed: false,
            },
            grpc.clone(),
        ),
        (
            Framing::Connect {
                pass_compressed: false,
            },
            grpc,
        ),
        (
            Framing::GrpcWebText {
                pass_compressed: false,
            },
            text,
        ),
        (
            Framing::Fields {
                roots: vec!["/none".to_owned()],
            },
            fields,
        ),
    ]
}

#[test]
fn clean_bytes_allocate_nothing_once_a_stream_is_under_way() {
    for (framing, piece) in clean() {
        let mut redactor = redactor(framing.clone());
        let mut out = Vec::with_capacity(16 * piece.len());
        let begin: &[u8] = match framing {
            Framing::Fields { .. } => b"[",
            Framing::Multipart { .. } => b"--edge\r\nA: b\r\n\r\n",
            _ => b"",
        };
        redactor.write(begin, &mut MaskAll, &mut out).unwrap();
        for cut in [piece.len(), 1, 7, piece.len() / 2] {
            let mut write = |redactor: &mut Redactor| {
                out.clear();
                for chunk in piece.chunks(cut) {
                    redactor.write(chunk, &mut MaskAll, &mut out).unwrap();
                }
            };
            // Until the buffers are as large as they ever need to be.
            (0..20).for_each(|_| write(&mut redactor));
            let counted = measure(|| write(&mut redactor));
            assert_eq!(counted.count_total, 0, "{framing:?} in pieces of {cut}");
        }
    }
}

/// A text in each framing, behind as much as the framing itself may keep.
fn framed(text: &[u8]) -> Vec<(Framing, Vec<u8>)> {
    let header = [HEADER, &b"b".repeat(8100), b"\r\n"].concat();
    let base64_part = b"--edge\r\nContent-Transfer-Encoding: base64\r\n\r\n".as_slice();
    let frames = [frame(0x80, &header), frame(0, text)].concat();
    let mut framed: Vec<(Framing, Vec<u8>)> = Vec::new();
    for (framing, _) in clean() {
        let body = match framing {
            Framing::Multipart { .. } => {
                let encoded = [base64_part, &base64(text)].concat();
                framed.push((framing.clone(), encoded));
                [b"--edge\r\n".as_slice(), &header, b"\r\n", text].concat()
            }
            Framing::Grpc { .. } => frames.clone(),
            Framing::GrpcWebText { .. } => base64(&frames),
            Framing::Connect { .. } => frame(0, text),
            Framing::Fields { .. } => [b"[\"".as_slice(), text, b"\"]"].concat(),
            _ => text.to_vec(),
        };
        framed.push((framing, body));
    }
    framed
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = bytes.chunks_exact(3);
    let digits = |group: &[u8]| {
        let bits = group
            .iter()
            .fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| DIGITS.get(bits >> shift & 63).copied().unwrap())
    };
    groups.flat_map(digits).collect()
}

#[test]
fn a_stream_has_a_bounded_memory_however_much_it_holds_back() {
    let long = b"a1B2c3_-".repeat(8000);
    let starts: [&[u8]; 5] = [
        b"eyJhbGciOiJIUzI1NiJ9.eyJ",
        b"Authorization: Bearer ",
        b"https://user:",
        b"password: ",
        b"v4.local.",
    ];
    let rules = rules();
    let starts = starts.map(|start| [start, &long].concat());
    // One anchor over and over, and values that go on with anchors.
    let anchors = [
        "glpat-",
        "ops_eyJ",
        "://a:b",
        "sk-ant-api03-",
        "eyJhbGciOi.",
        "token : ",
        "twilio ",
        "\"password\":\"",
    ];
    let repeated = anchors.map(|anchor| anchor.as_bytes().repeat(64 * 1024 / anchor.len()));
    // Most of each example, one behind the other.
    let cut_off = |sample: veilgate_redact::Sample| {
        let length = sample.secret.len() * 3 / 4;
        let known: String = sample.secret.chars().take(length).collect();
        format!("{known} ")
    };
    let near: String = rules.corpus().into_iter().map(cut_off).collect();
    let near = near.repeat(4).into_bytes();
    for text in starts.into_iter().chain(repeated).chain([near]) {
        let start = String::from_utf8_lossy(&text[..16]).into_owned();
        for (framing, body) in framed(&text) {
            let masker = masker();
            let mut out = Vec::with_capacity(2 * body.len());
            let counted = measure(|| {
                let (rules, limits) = (Arc::clone(rules), Limits::default());
                let mut stream = Redactor::new(rules, masker, framing.clone(), limits);
                // What is held for too long ends the stream, which frees nothing.
                let _ = stream.write(&body, &mut MaskAll, &mut out);
            });
            let most = counted.bytes_max;
            let has_headers = body.windows(HEADER.len()).any(|it| it == HEADER)
                || matches!(framing, Framing::GrpcWebText { .. });
            let allowed = MOST_PER_STREAM + if has_headers { MOST_FOR_HEADERS } else { 0 };
            assert!(most <= allowed, "{start} in {framing:?}: {most} bytes");
        }
    }
}

#[test]
fn clean_headers_allocate_nothing() {
    let masker = masker();
    let scrubber = Scrubber::new(rules(), &masker);
    let headers = [
        ("Content-Type", "application/json; charset=utf-8"),
        ("date", "Fri, 20 Nov 2026 14:22:11 GMT"),
        ("x-request-id", "4c0a3a6e-9c1f-4d53-9b65-2f0f0e7f7f3a"),
        ("vary", "Accept-Encoding"),
        ("set-cookie", "theme=dark; Max-Age=3600; Secure"),
        ("cookie", "theme=dark; lang=en"),
        ("location", "/items?page=2&sort=name"),
        ("etag", "W/\"a1b2c3d4e5f60718293a4b5c6d7e8f90\""),
    ];
    for (name, value) in headers {
        let counted = measure(|| {
            let scrubbed = scrubber.header(name.as_bytes(), value.as_bytes(), &mut MaskAll);
            assert_eq!(scrubbed, Ok(None));
        });
        assert_eq!(counted.count_total, 0, "{name}");
    }
}
