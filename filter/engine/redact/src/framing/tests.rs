//! Framings, at every cut, and what their tests share.

use std::sync::{Arc, LazyLock};

use crate::{
    Finding, Framing, Judge, Limits, MaskStyle, Masker, RedactError, Redactor, RuleSet, Treatment,
};

static RULES: LazyLock<Arc<RuleSet>> = LazyLock::new(|| Arc::new(RuleSet::builtin().unwrap()));

/// What came out, what was asked, and how it ended.
#[derive(Debug, PartialEq)]
pub(super) struct Outcome {
    pub(super) out: Vec<u8>,
    pub(super) asked: Vec<String>,
    pub(super) result: Result<(), RedactError>,
}

impl Outcome {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }
}

/// Masks all but some kinds, and remembers what it was asked.
#[derive(Default)]
struct Answers {
    asked: Vec<String>,
    reveal: &'static [&'static str],
    block: &'static [&'static str],
}

impl Judge for Answers {
    fn treat(&mut self, finding: &Finding<'_>) -> Treatment {
        let carrier = finding.carrier.map(|it| format!(" {it}"));
        self.asked.push(format!(
            "{} {}+{}{}",
            finding.kind,
            finding.offset,
            finding.length,
            carrier.unwrap_or_default()
        ));
        if self.block.contains(&finding.kind) {
            Treatment::Block
        } else if self.reveal.contains(&finding.kind) {
            Treatment::Reveal
        } else {
            Treatment::Mask
        }
    }

    fn uninspected(&mut self) {
        self.asked.push("uninspected".to_owned());
    }
}

pub(super) struct Setup {
    pub(super) framing: Framing,
    pub(super) style: MaskStyle,
    pub(super) reveal: &'static [&'static str],
    pub(super) block: &'static [&'static str],
}

impl Setup {
    pub(super) fn new(framing: Framing) -> Self {
        Self {
            framing,
            style: MaskStyle::Label,
            reveal: &[],
            block: &[],
        }
    }

    pub(super) fn redactor(&self) -> Redactor {
        let masker = Arc::new(Masker::new(self.style.clone(), None));
        Redactor::new(
            Arc::clone(&RULES),
            masker,
            self.framing.clone(),
            Limits::default(),
        )
    }

    fn run<'a>(&self, chunks: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
        let (mut redactor, mut out) = (self.redactor(), Vec::new());
        let mut judge = Answers {
            asked: Vec::new(),
            reveal: self.reveal,
            block: self.block,
        };
        let mut result = Ok(());
        for chunk in chunks {
            result = result.and_then(|()| redactor.write(chunk, &mut judge, &mut out));
        }
        if result.is_ok() {
            let held = redactor.held();
            let before = out.len();
            result = redactor.end(&mut judge, &mut out);
            assert!(
                held > 0 || out.len() == before,
                "what comes at the end was held"
            );
        }
        Outcome {
            out,
            asked: judge.asked,
            result,
        }
    }

    pub(super) fn run_whole(&self, text: impl AsRef<[u8]>) -> Outcome {
        self.run([text.as_ref()])
    }

    /// The outcome of a text, which is the same wherever it is cut.
    #[track_caller]
    pub(super) fn outcome(&self, text: impl AsRef<[u8]>) -> Outcome {
        let text = text.as_ref();
        let whole = self.run([text]);
        for cut in 0..=text.len() {
            let (a, b) = text.split_at(cut);
            assert_eq!(self.run([a, b]), whole, "cut at {cut}");
        }
        for size in [1, 2, 3, 7] {
            assert_eq!(self.run(text.chunks(size)), whole, "pieces of {size}");
        }
        whole
    }

    /// After each of these pieces nothing is held, and all of it is out.
    #[track_caller]
    pub(super) fn assert_no_delay<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>) {
        let (mut redactor, mut out) = (self.redactor(), Vec::new());
        for piece in pieces {
            let before = out.len();
            redactor
                .write(piece, &mut Answers::default(), &mut out)
                .unwrap();
            let shown = String::from_utf8_lossy(piece);
            assert_eq!(redactor.held(), 0, "after {shown:?}");
            assert!(out.len() > before, "after {shown:?}");
        }
    }
}

pub(super) fn token() -> String {
    format!("ghp_{}", "a1B2c3".repeat(6))
}

/// A key in PEM that is no key.
fn pem() -> [String; 3] {
    let body = "a1B2".repeat(16);
    let dashes = "-----";
    [
        format!("{dashes}BEGIN PRIVATE KEY{dashes}"),
        body,
        format!("{dashes}END PRIVATE KEY{dashes}"),
    ]
}

mod lines {
    use super::*;

    #[test]
    fn nothing_is_held_past_the_end_of_a_line() {
        let [begin, body, _] = pem();
        let held = format!("{{\"a\":\"{begin}\\n{body}\n");
        for end in ["\n", "\r\n"] {
            let pieces: Vec<String> = ["{\"a\":\"ghp_01", "{\"b\":1}", "eyJ", ""]
                .map(|line| format!("{line}{end}"))
                .into();
            Setup::new(Framing::Lines).assert_no_delay(pieces.iter().map(String::as_bytes));
        }
        Setup::new(Framing::Lines).assert_no_delay([held.as_bytes(), b"\x1e", b"{}\n"]);
    }

    #[test]
    fn credentials_in_lines_are_masked() {
        let token = token();
        let text = format!("{{\"t\":\"{token}\"}}\n[1]\r\n\x1e{{\"t\":\"{token}\"}}\n\"{token}");
        assert_eq!(
            Setup::new(Framing::Lines).outcome(&text).text(),
            text.replace(&token, "[REDACTED:github-pat]")
        );
    }

    #[test]
    fn no_value_reaches_over_the_end_of_a_line() {
        let [begin, body, end] = pem();
        for separator in ["\n", "\x1e"] {
            let text = format!("x {begin}{separator}{body}{separator}{end}");
            let expected = format!("x [REDACTED:private-key]{separator}{body}{separator}{end}");
            let outcome = Setup::new(Framing::Lines).outcome(&text);
            assert_eq!(outcome.text(), expected);
        }
        let (a, b) = ("ghp_a1B2c3a1B2c3", "a1B2c3a1B2c3a1B2c3a1B2c3");
        let text = format!("{a}\n{b}");
        assert_eq!(Setup::new(Framing::Lines).outcome(&text).text(), text);
    }
}

mod events {
    use super::*;

    #[test]
    fn a_key_over_lines_of_data_is_one_mask_and_its_event_stays_one() {
        let [begin, body, end] = pem();
        for eol in ["\n", "\r\n", "\r"] {
            let text = format!(
                "id: 1{eol}data: {begin}{eol}data: {body}{eol}data: {end}{eol}data: x{eol}{eol}data: y{eol}{eol}"
            );
            let expected = format!(
                "id: 1{eol}data: [REDACTED:private-key]{eol}data: x{eol}{eol}data: y{eol}{eol}"
            );
            let outcome = Setup::new(Framing::Events).outcome(text);
            assert_eq!(outcome.text(), expected, "{eol:?}");
        }
    }

    #[test]
    fn a_token_broken_by_a_line_is_no_token() {
        let text = "data: ghp_a1B2c3a1B2c3a1B2c3\ndata: a1B2c3a1B2c3a1B2c3\n\n";
        let outcome = Setup::new(Framing::Events).outcome(text);
        assert_eq!((outcome.text(), outcome.asked), (text.to_owned(), vec![]));
    }

    #[test]
    fn a_token_in_any_field_is_masked() {
        let token = token();
        let text = format!(
            "\u{feff}event: {token}\nid:{token}\nretry: 1\n: {token}\nother: {token}\n{token}\n\ndata: {token}"
        );
        assert_eq!(
            Setup::new(Framing::Events).outcome(&text).text(),
            text.replace(&token, "[REDACTED:github-pat]")
        );
    }

    #[test]
    fn a_byte_order_mark_is_no_line() {
        let setup = Setup::new(Framing::Events);
        setup.assert_no_delay([&b"\xef\xbb\xbf\n"[..], b"data: ghp_0\n\n"]);
    }

    #[test]
    fn nothing_is_delayed_past_a_blank_line_however_lines_end() {
        for blank in ["\n\n", "\r\r", "\r\n\r\n", "\r\n\n", "\n\r", "\n\r\n"] {
            let event = format!("data: ghp_0123{blank}");
            let setup = Setup::new(Framing::Events);
            setup.assert_no_delay([event.as_bytes(), event.as_bytes(), event.as_bytes()]);
        }
    }
}

mod frames {
    use super::*;

    const GRPC: Framing = Framing::Grpc {
        pass_compressed: false,
    };
    const TEXT: Framing = Framing::GrpcWebText {
        pass_compressed: false,
    };
    const CONNECT: Framing = Framing::Connect {
        pass_compressed: false,
    };

    fn frame(flags: u8, message: &[u8]) -> Vec<u8> {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        [&[flags], length.as_slice(), message].concat()
    }

    fn field(content: &str) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        [&[0x0a, length], content.as_bytes()].concat()
    }

    fn padded(bytes: &[u8]) -> Vec<u8> {
        let mut text = crate::base64::encode(bytes);
        text.resize(text.len().next_multiple_of(4), b'=');
        text
    }

    fn stars(text: &[u8]) -> Vec<u8> {
        let mut text = text.to_vec();
        for at in 0..text.len() {
            if text[at..].starts_with(token().as_bytes()) {
                text[at..at + 40].fill(b'*');
            }
        }
        text
    }

    #[test]
    fn trailers_are_treated_as_headers() {
        let token = token();
        let trailers = format!(
            "grpc-status: 7\r\ngrpc-message:bad%20gh%70_{}\r\nAuthorization: Bearer abcd\r\nx-{token}: 1\r\n folded {token}\r\n",
            "a1B2c3".repeat(6)
        );
        let masked = format!(
            "grpc-status: 7\r\ngrpc-message:bad%20{}\r\nAuthorization: Bearer ****\r\nx-{}: 1\r\n folded {}\r\n",
            "*".repeat(42),
            "*".repeat(40),
            "*".repeat(40)
        );
        let text = [frame(0, &field("hi")), frame(0x80, trailers.as_bytes())].concat();
        let outcome = Setup::new(GRPC).outcome(&text);
        let expected = [frame(0, &field("hi")), frame(0x80, masked.as_bytes())].concat();
        assert_eq!(outcome.text(), String::from_utf8_lossy(&expected));
        assert_eq!(outcome.asked[0], "github-pat 49+42");
        assert_eq!(outcome.asked[1], "bearer-token 115+4 Authorization");
        let setup = Setup {
            reveal: &["bearer-token", "github-pat"],
            ..Setup::new(GRPC)
        };
        assert_eq!(setup.outcome(&text).out, text);
        let setup = Setup {
            block: &["github-pat"],
            ..Setup::new(GRPC)
        };
        let kind = "github-pat".to_owned();
        let outcome = setup.outcome(&text);
        assert_eq!(outcome.result, Err(RedactError::Blocked { kind }));
    }

    #[test]
    fn trailers_cut_short_or_too_long_hide_nothing() {
        let text = frame(0x80, format!("x: {}\r\ny: 1\r\n", token()).as_bytes());
        let outcome = Setup::new(GRPC).outcome(&text[..52]);
        assert_eq!(outcome.out[8..48], [b'*'; 40]);
        let long = frame(0x80, &vec![b'a'; 8193]);
        let result = Setup::new(GRPC).run([long.as_slice()]).result;
        assert_eq!(result, Err(RedactError::Limit(crate::Limit::HeaderLines)));
    }

    #[test]
    fn text_of_grpc_web_is_masked_behind_its_base64() {
        let token = token();
        let frames = [
            frame(0, &field(&token)),
            frame(0, &field("ab")),
            frame(0, b""),
            frame(0x80, format!("grpc-message: {token}\r\n").as_bytes()),
        ];
        let masked = frames.clone().map(|frame| stars(&frame));
        let setup = Setup::new(TEXT);
        // In one run, padded at its end or not; each frame by itself; cut anywhere, and each piece padded.
        assert_eq!(
            setup.outcome(padded(&frames.concat())).out,
            padded(&masked.concat())
        );
        let bare = crate::base64::encode(&frames.concat());
        assert_eq!(setup.outcome(bare).out, padded(&masked.concat()));
        let each = frames.clone().map(|frame| padded(&frame)).concat();
        assert_eq!(
            setup.outcome(each).out,
            masked.clone().map(|frame| padded(&frame)).concat()
        );
        for size in [1, 2, 4, 10] {
            let whole = frames.concat();
            let text: Vec<u8> = whole.chunks(size).flat_map(padded).collect();
            let outcome = setup.outcome(text);
            let mut decoder = crate::base64::Decoder::default();
            let mut out = Vec::new();
            for byte in &outcome.out {
                decoder.push(*byte, &mut out).unwrap();
            }
            assert_eq!(out, masked.concat(), "pieces of {size}");
        }
    }

    #[test]
    fn a_frame_in_base64_is_not_held_past_its_digits() {
        let setup = Setup::new(TEXT);
        for content in ["", "a", "ab", "abc", "ghp_"] {
            let frame = padded(&frame(0, &field(content)));
            setup.assert_no_delay([frame.as_slice(), &frame, &frame]);
        }
        // The input is padded inside of the first frame, so its groups and those of the output are no longer the same.
        let (head, rest) = (padded(&[0, 0, 0, 0]), padded(&[4, 0x0a, 2, b'a', b'b']));
        let next = padded(&frame(0, b"abcd"));
        setup.assert_no_delay([[head, rest].concat().as_slice(), &next]);
    }

    #[test]
    fn what_is_no_base64_or_no_frame_behind_it_is_opaque() {
        for text in [
            "{\"a\": 1}".to_owned(),
            format!("AAAA {}", token()),
            "AAAAAA".to_owned() + "-_",
            "AAAAA".to_owned() + "===",
            String::from_utf8(padded(token().as_bytes())).unwrap(),
            String::from_utf8(padded(&frame(1, b"gzip"))).unwrap(),
        ] {
            let outcome = Setup::new(TEXT).outcome(&text);
            assert_eq!(outcome.result, Err(RedactError::Opaque), "{text}");
            assert!(!outcome.text().contains("ghp_"));
        }
        let outcome = Setup::new(TEXT).outcome("AAAAA");
        assert_eq!(outcome.result, Err(RedactError::Opaque), "a digit alone");
    }

    #[test]
    fn streams_of_connect_end_with_json() {
        let token = token();
        let end = format!("{{\"error\":{{\"message\":\"{token}\"}},\"metadata\":{{}}}}");
        let text = [
            frame(0, format!("{{\"token\":\"{token}\"}}").as_bytes()),
            frame(0, b""),
            frame(2, end.as_bytes()),
        ]
        .concat();
        assert_eq!(Setup::new(CONNECT).outcome(&text).out, stars(&text));
        for flags in [0x80, 4, b'{'] {
            let outcome = Setup::new(CONNECT).outcome(frame(flags, b"x"));
            assert_eq!(outcome.result, Err(RedactError::Opaque));
        }
        for flags in [1, 3] {
            let text = frame(flags, token.as_bytes());
            let outcome = Setup::new(CONNECT).outcome(&text);
            assert_eq!(outcome.result, Err(RedactError::Opaque));
            let passing = Framing::Connect {
                pass_compressed: true,
            };
            let outcome = Setup::new(passing).outcome(&text);
            assert_eq!(
                (outcome.out, outcome.asked),
                (text, vec!["uninspected".to_owned()])
            );
        }
    }

    #[test]
    fn a_message_alone_keeps_its_lengths() {
        let token = token();
        // The tag behind the token looks like a letter of it.
        let text = [&field("id")[..], &field(&token), b"J\x01x"].concat();
        let outcome = Setup::new(Framing::Message).outcome(&text);
        assert_eq!(outcome.out, stars(&text));
        let json = format!("{{\"a\":\"{token}\"}} {token}");
        let outcome = Setup::new(Framing::Message).outcome(&json);
        assert_eq!(outcome.out, stars(json.as_bytes()));
    }
}

mod any {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    #[derive(Clone)]
    struct Piece(Vec<u8>);

    impl std::fmt::Debug for Piece {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{}", self.0.escape_ascii())
        }
    }

    fn joined(pieces: &[Piece]) -> Vec<u8> {
        pieces.iter().flat_map(|piece| piece.0.clone()).collect()
    }

    /// What framings are made of, in any order.
    fn pieces() -> Vec<Piece> {
        let token = token();
        let base64 = String::from_utf8(crate::base64::encode(token.as_bytes())).unwrap();
        let texts = [
            "\r",
            "\n",
            "\r\n",
            "\n\n",
            "\x1e",
            "\u{feff}",
            "data: ",
            "id:",
            ":",
            "--",
            "--edge",
            "--edge--",
            "--edge\r\n",
            "\r\n--edge\r\n",
            "\r\n--edge1\r\n",
            "Content-Disposition: form-data; name=\"password\"\r\n",
            "Content-Disposition: form-data; name=a; filename=\"b.pem\"\n",
            "Content-Transfer-Encoding: base64\r\n",
            "Content-Transfer-Encoding: quoted-printable\r\n",
            "Content-Type: multipart/mixed; boundary=edge1\r\n",
            "Authorization: Bearer x\r\n",
            " folded\r\n",
            "YWJj",
            "YQ==",
            "AAAAAAA=",
            "AAAA",
            "\0\0\0\0\x05",
            "\x0a\x03",
            "\0",
            "\u{1}",
            "\u{2}",
            "ghp_",
            "x",
            " ",
            "{\"a\":",
            "eyJ",
            "hvs.",
        ];
        let mut pieces: Vec<Vec<u8>> = texts.map(|text| text.as_bytes().to_vec()).into();
        pieces.extend([token.into_bytes(), base64.into_bytes()]);
        pieces.extend(pem().map(String::into_bytes));
        pieces.push(vec![0x80, 0, 0, 0, 20]);
        pieces.push(vec![0xef]);
        pieces.into_iter().map(Piece).collect()
    }

    fn framings() -> Vec<Framing> {
        let mut framings = vec![Framing::Lines, Framing::Events, Framing::Message];
        for pass in [false, true] {
            framings.extend([
                Framing::Multipart {
                    boundary: b"edge".to_vec(),
                    pass_opaque: pass,
                },
                Framing::Grpc {
                    pass_compressed: pass,
                },
                Framing::GrpcWebText {
                    pass_compressed: pass,
                },
                Framing::Connect {
                    pass_compressed: pass,
                },
            ]);
        }
        framings
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn cuts_give_the_same(
            framing in select(framings()),
            style in select(vec![MaskStyle::Label, MaskStyle::SameLength]),
            pieces in vec(select(pieces()), 0..24),
            cuts in vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let text = joined(&pieces);
            let setup = Setup {
                style,
                ..Setup::new(framing)
            };
            let whole = setup.run_whole(&text);
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
            cuts.sort_unstable();
            let ends = cuts.iter().copied().chain([text.len()]);
            let starts = [0].into_iter().chain(cuts.iter().copied());
            let chunks = starts.zip(ends).map(|(from, to)| &text[from..to]);
            prop_assert_eq!(setup.run(chunks), setup.run_whole(&text));
            prop_assert_eq!(setup.run(text.chunks(1)), whole);
        }

        #[test]
        fn no_token_gets_through_a_form(
            pieces in vec(select(pieces()), 0..12),
            more in vec(select(pieces()), 0..6),
        ) {
            let token = format!(" {} ", token());
            let text = [&joined(&pieces), token.as_bytes(), &joined(&more)].concat();
            let setup = Setup::new(Framing::Multipart {
                boundary: b"edge".to_vec(),
                pass_opaque: false,
            });
            prop_assert!(!setup.run_whole(text).text().contains(token.as_str()));
        }
    }
}
