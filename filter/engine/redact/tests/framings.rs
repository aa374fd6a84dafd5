//! Server-sent events, gRPC frames, and the fields of a guarded secret.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "to clippy the helpers of tests are no tests"
)]

mod support;

use veilgate_redact::{Framing, Limit, RedactError, Sample};

use support::{Answers, Setup, rules};

fn token() -> String {
    format!("ghp_{}", "a1B2c3".repeat(6))
}

mod events {
    use super::*;

    #[test]
    fn nothing_is_held_past_a_blank_line() {
        for blank in ["\n\n", "\r\n\r\n", "\r\r", "\n\r\n", "\r\n\n"] {
            let mut redactor = Setup::new(Framing::Events).redactor();
            let (mut judge, mut out) = (Answers::default(), Vec::new());
            for event in [
                "data: ghp_012",
                "data: the end eyJ",
                "data: -----BEGIN PRIVATE KEY-----\ndata: MIIB",
                ":",
            ] {
                redactor
                    .write(event.as_bytes(), &mut judge, &mut out)
                    .unwrap();
                redactor
                    .write(blank.as_bytes(), &mut judge, &mut out)
                    .unwrap();
                assert_eq!(redactor.held(), 0, "{event:?} {blank:?}");
                assert!(
                    out.ends_with(blank.as_bytes()),
                    "the blank line is not masked"
                );
            }
        }
    }

    #[test]
    fn credentials_in_events_are_masked_at_every_cut() {
        let text = format!(
            "event: x\ndata: {{\"t\":\"{}\"}}\n\ndata: {}\r\n\r\n: ghp_\n\nid: 1\n",
            token(),
            token()
        );
        let setup = Setup::new(Framing::Events);
        setup.assert_same_at_every_cut(text.as_bytes());
        assert_eq!(
            setup.whole(&text).text(),
            text.replace(&token(), "[REDACTED:github-pat]")
        );
    }

    #[test]
    fn a_credential_does_not_reach_over_a_blank_line() {
        let text = "data: -----BEGIN PRIVATE KEY-----\ndata: MIIB\n\ndata: next\n\n";
        let setup = Setup::new(Framing::Events);
        setup.assert_same_at_every_cut(text.as_bytes());
        assert_eq!(
            setup.whole(text).text(),
            "data: [REDACTED:private-key]\n\ndata: next\n\n"
        );
    }
}

mod grpc {
    use super::*;

    const GRPC: Framing = Framing::Grpc {
        pass_compressed: false,
    };

    fn frame(flags: u8, message: &[u8]) -> Vec<u8> {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        [&[flags], length.as_slice(), message].concat()
    }

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let mut length = Vec::new();
        let mut left = content.len();
        while left > 0x7f {
            length.push(u8::try_from(left & 0x7f).unwrap() | 0x80);
            left >>= 7;
        }
        length.push(u8::try_from(left).unwrap());
        [&[number << 3 | 2], length.as_slice(), content].concat()
    }

    fn same_length(text: &[u8], secrets: &[&str]) -> Vec<u8> {
        let text: String = text.iter().copied().map(char::from).collect();
        let masked = secrets.iter().fold(text, |text, secret| {
            text.replace(secret, &"*".repeat(secret.len()))
        });
        masked
            .chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap())
            .collect()
    }

    #[test]
    fn masks_keep_frames_and_lengths() {
        let token = token();
        // Tag and length of the fields beside it look like letters of a token: `2`, `B` and `J`, and lengths from 48 on.
        let message = [
            field(1, b"name"),
            field(6, token.as_bytes()),
            field(8, token.as_bytes()),
            field(9, &b"x".repeat(70)),
            vec![0x18, 0x96, 0x01],
        ]
        .concat();
        let nested = field(
            3,
            &[field(1, &message), field(2, token.as_bytes())].concat(),
        );
        let text = [
            frame(0, &message),
            frame(0, b""),
            frame(0, &nested),
            frame(0, token.as_bytes()),
        ]
        .concat();
        let setup = Setup::new(GRPC);
        setup.assert_same_at_every_cut(&text);
        let whole = setup.whole(&text);
        assert_eq!(whole.out, same_length(&text, &[&token]), "{}", whole.text());
        assert_eq!(whole.asked.len(), 6);
    }

    #[test]
    fn every_example_in_a_field_is_masked_in_place() {
        for sample in rules().corpus() {
            let text = frame(
                0,
                &[field(2, sample.text.as_bytes()), field(7, b"after")].concat(),
            );
            let whole = Setup::new(GRPC).whole(&text);
            assert_eq!(
                whole.out,
                same_length(&text, &[&sample.secret]),
                "{}: {}",
                sample.kind,
                whole.text()
            );
        }
    }

    /// Every byte of the secret is hidden, no byte before it changes, and nothing changes in length.
    fn assert_hidden(before: &[u8], sample: &Sample, after: &[u8]) {
        let at = sample.text.find(&sample.secret).unwrap();
        let text = frame(0, &[before, sample.text.as_bytes(), after].concat());
        let out = Setup::new(GRPC).whole(&text).out;
        let from = 5 + before.len() + at;
        let shown = || String::from_utf8_lossy(&out);
        assert_eq!(out.len(), text.len(), "{}", sample.kind);
        assert_eq!(out[..5], text[..5], "{}: {}", sample.kind, shown());
        assert!(
            out[from..from + sample.secret.len()]
                .iter()
                .all(|byte| *byte == b'*'),
            "{}: {:?} {}",
            sample.kind,
            String::from_utf8_lossy(&text),
            shown()
        );
    }

    #[test]
    fn no_text_hides_its_start_by_looking_like_fields() {
        for sample in rules().corpus() {
            for (before, after) in [("", ""), (" ", ""), ("\"", "\""), ("{\"a\":\"", "\"}")] {
                assert_hidden(before.as_bytes(), &sample, after.as_bytes());
                // The longer the message, the longer the strings that its letters can be the head of.
                let after = format!("{after}\n{}", " text".repeat(60));
                assert_hidden(before.as_bytes(), &sample, after.as_bytes());
            }
            for first in b' '..=b'~' {
                let before: Vec<u8> = (0..first % 8)
                    .map(|index| b' ' + (first / 2 + index * 17) % 95)
                    .chain([first])
                    .collect();
                assert_hidden(&before, &sample, b"");
                assert_hidden(&before, &sample, &b" text".repeat(60));
            }
        }
    }

    #[test]
    fn fields_beside_a_credential_are_left_alone() {
        let beside = [
            field(1, b"name"),
            field(6, b"abc"),
            field(8, &b"x".repeat(70)),
            field(15, &b"0".repeat(48)),
            vec![0x18, 0x96, 0x01],
            vec![0x30, b'a'],
        ];
        for sample in rules().corpus() {
            for (index, before) in beside.iter().enumerate() {
                for after in &beside {
                    let number = [1, 2, 6, 9][index % 4];
                    let value = field(number, sample.text.as_bytes());
                    // A head with a control byte somewhere before it tells a message from a text.
                    let text = frame(
                        0,
                        &[&field(2, b"id"), before.as_slice(), &value, after].concat(),
                    );
                    let whole = Setup::new(GRPC).whole(&text);
                    assert_eq!(
                        whole.out,
                        same_length(&text, &[&sample.secret]),
                        "{}: {}",
                        sample.kind,
                        whole.text()
                    );
                }
            }
        }
    }

    #[test]
    fn text_in_a_frame_comes_out_the_same_at_every_cut() {
        let token = token();
        for message in [
            token.clone(),
            format!(" {token}"),
            format!("\"{token}\""),
            format!("{{\"token\":\"{token}\",\"more\":\"{}\"}}", "x".repeat(130)),
            format!("zzz{token} behind"),
        ] {
            let text = frame(0, message.as_bytes());
            let setup = Setup::new(GRPC);
            setup.assert_same_at_every_cut(&text);
            assert_eq!(setup.whole(&text).out, same_length(&text, &[&token]));
        }
    }

    #[test]
    fn every_example_comes_out_the_same_at_every_cut() {
        let setup = Setup::new(GRPC);
        for sample in rules()
            .corpus()
            .iter()
            .filter(|sample| sample.text.len() < 300)
        {
            let json = format!("{{\"a\":\"{}\"}}", sample.text);
            let fields = [field(2, sample.text.as_bytes()), field(9, b"after")].concat();
            setup.assert_same_at_every_cut(&frame(0, json.as_bytes()));
            setup.assert_same_at_every_cut(&frame(0, &fields));
        }
    }

    #[test]
    fn a_message_of_another_codec_is_scanned_whole() {
        let token = token();
        // MessagePack: a map of one string; to Protocol Buffers the head is a tag, and half of the token a number.
        let text = frame(0, &[b"\x81\xa1t\xd9\x28", token.as_bytes()].concat());
        let setup = Setup::new(GRPC);
        setup.assert_same_at_every_cut(&text);
        assert_eq!(setup.whole(&text).out, same_length(&text, &[&token]));
    }

    #[test]
    fn a_token_does_not_hide_its_start_in_the_head_of_a_frame() {
        let token = token();
        let text = format!("\0{token} and more");
        let setup = Setup::new(GRPC);
        setup.assert_same_at_every_cut(text.as_bytes());
        assert_eq!(
            setup.whole(&text).text(),
            text.replace(&token, &"*".repeat(40))
        );
    }

    #[test]
    fn bytes_without_frames_are_opaque() {
        for pass_compressed in [false, true] {
            let setup = Setup::new(Framing::Grpc { pass_compressed });
            for flags in (0..=u8::MAX).filter(|flags| ![0, 1, 0x80, 0x81].contains(flags)) {
                let text = [frame(0, b"first"), frame(flags, token().as_bytes())].concat();
                let whole = setup.whole(&text);
                assert_eq!(whole.result, Err(RedactError::Opaque));
                assert_eq!(whole.out, frame(0, b"first"));
            }
            let text = format!("hello {} x", token());
            setup.assert_same_at_every_cut(text.as_bytes());
            assert_eq!(setup.whole(text).out, b"");
        }
    }

    #[test]
    fn nothing_is_held_past_a_message() {
        let mut redactor = Setup::new(GRPC).redactor();
        let (mut judge, mut out) = (Answers::default(), Vec::new());
        let text = frame(0, &field(1, b"ghp_0123"));
        redactor.write(&text, &mut judge, &mut out).unwrap();
        assert_eq!((redactor.held(), out), (0, text));
    }

    #[test]
    fn bytes_that_are_no_message_pass() {
        for bytes in [
            &b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01abc"[..],
            b"\x00\x00",
            b"\x0a\x7fshort",
            b"\x0b\x0c\x0e",
            b"\x0a\x04\x0a\x09ab\x10\x01",
        ] {
            let text = [frame(0, bytes), frame(0x80, b"grpc-status:0\r\n")].concat();
            let setup = Setup::new(GRPC);
            setup.assert_same_at_every_cut(&text);
            assert_eq!(setup.whole(&text).out, text);
        }
    }

    #[test]
    fn a_compressed_message_is_opaque() {
        let outcome = Setup::new(GRPC).whole(frame(1, b"\x1f\x8b..."));
        assert_eq!(outcome.result, Err(RedactError::Opaque));
    }

    #[test]
    fn a_compressed_message_passes_where_that_was_asked_for_and_the_next_is_read() {
        let token = b"ghp_0123456789abcdefghijABCDEFGHIJ012345";
        let text = [
            frame(1, token),
            frame(0, &field(1, token)),
            frame(0x81, token),
        ]
        .concat();
        let setup = Setup::new(Framing::Grpc {
            pass_compressed: true,
        });
        setup.assert_same_at_every_cut(&text);
        let masked = frame(0, &field(1, &[b'*'; 40]));
        let expected = [frame(1, token), masked, frame(0x81, token)].concat();
        assert_eq!(setup.whole(&text).out, expected);
    }
}

mod fields {
    use super::*;

    fn setup(reveal: &[&'static str]) -> Setup {
        Setup {
            reveal: reveal.to_vec(),
            ..Setup::new(Framing::Fields {
                roots: vec!["/data/data".into()],
            })
        }
    }

    const SECRET: &str = r#" {"request_id":"r","data":{"data":{"user" : "al\u0069ce","pass/word":"hunter2","~n":-1.50e+3 ,"list":[1,{"a":true}],"deep":{"x":{"y":"z"},"n":null}},"metadata":{"version":2}} } "#;

    #[test]
    fn every_member_is_asked_and_masked() {
        let setup = setup(&[]);
        setup.assert_same_at_every_cut(SECRET.as_bytes());
        let whole = setup.whole(SECRET);
        assert_eq!(
            whole.asked,
            [
                "/data/data/user",
                "/data/data/pass~1word",
                "/data/data/~0n",
                "/data/data/list",
                "/data/data/deep"
            ]
        );
        let expected = r#" {"request_id":"r","data":{"data":{"user" : "[REDACTED:field]","pass/word":"[REDACTED:field]","~n":"[REDACTED:field]" ,"list":"[REDACTED:field]","deep":"[REDACTED:field]"},"metadata":{"version":2}} } "#;
        assert_eq!(whole.text(), expected);
    }

    #[test]
    fn what_is_revealed_is_untouched_but_its_members_are_asked() {
        let setup = setup(&[
            "/data/data/user",
            "/data/data/~0n",
            "/data/data/deep",
            "/data/data/deep/x",
            "/data/data/deep/x/y",
            "/data/data/list",
            "/data/data/list/0",
        ]);
        setup.assert_same_at_every_cut(SECRET.as_bytes());
        let whole = setup.whole(SECRET);
        let expected = SECRET
            .replace("\"hunter2\"", "\"[REDACTED:field]\"")
            .replace("{\"a\":true}", "\"[REDACTED:field]\"")
            .replace("null", "\"[REDACTED:field]\"");
        assert_eq!(whole.text(), expected);
    }

    #[test]
    fn names_are_compared_decoded_and_each_occurrence_is_asked() {
        let text =
            r#"{"data":{"data":{"p\u0061ss":"a","pass":"b","\ud83d\ude00":"c","\ud83d":"d"}}}"#;
        let whole = setup(&["/data/data/pass"]).whole(text);
        assert_eq!(
            whole.asked,
            [
                "/data/data/pass",
                "/data/data/pass",
                "/data/data/\u{1f600}",
                "/data/data/\u{fffd}"
            ]
        );
        assert!(whole.text().contains(r#""p\u0061ss":"a","pass":"b""#));
    }

    #[test]
    fn a_revealed_value_is_not_scanned_and_all_else_is() {
        let token = token();
        let text =
            format!(r#"{{"warnings":"{token}","data":{{"data":{{"a":"{token}"}}}},"auth":null}}"#);
        let setup = setup(&["/data/data/a"]);
        setup.assert_same_at_every_cut(text.as_bytes());
        let whole = setup.whole(&text);
        assert_eq!(
            whole.text(),
            format!(
                r#"{{"warnings":"[REDACTED:github-pat]","data":{{"data":{{"a":"{token}"}}}},"auth":null}}"#
            )
        );
        assert_eq!(whole.asked, ["github-pat 13+40", "/data/data/a"]);
    }

    #[test]
    fn offsets_count_masked_bytes() {
        let token = token();
        let text = format!(r#"{{"data":{{"data":{{"a":"xxxx"}}}},"w":"{token}"}}"#);
        let at = text.find(&token).unwrap();
        assert_eq!(
            setup(&[]).whole(&text).asked[1],
            format!("github-pat {at}+40")
        );
    }

    #[test]
    fn a_root_may_be_a_value_or_the_document() {
        for (root, text, expected) in [
            (
                "/data/plaintext",
                r#"{"data":{"plaintext":"aGk=","other":1}}"#,
                r#"{"data":{"plaintext":"[REDACTED:field]","other":1}}"#,
            ),
            ("", "12", "\"[REDACTED:field]\""),
            ("", r#"{"a":1}"#, r#"{"a":"[REDACTED:field]"}"#),
            (
                "/keys",
                r#"{"keys":["a","b"],"keysx":"c"}"#,
                r#"{"keys":["[REDACTED:field]","[REDACTED:field]"],"keysx":"c"}"#,
            ),
        ] {
            let setup = Setup::new(Framing::Fields {
                roots: vec![root.into()],
            });
            setup.assert_same_at_every_cut(text.as_bytes());
            assert_eq!(setup.whole(text).text(), expected);
        }
    }

    #[test]
    fn the_empty_root_is_the_whole_document() {
        for (text, asked, expected) in [
            (
                r#" {"a":{"b":1}, "":"x","c" : null} "#,
                vec!["/a", "/", "/c"],
                r#" {"a":"[REDACTED:field]", "":"[REDACTED:field]","c" : "[REDACTED:field]"} "#,
            ),
            (
                r#"["a",[2],{}]"#,
                vec!["/0", "/1", "/2"],
                r#"["[REDACTED:field]","[REDACTED:field]","[REDACTED:field]"]"#,
            ),
            (r#""a b""#, vec![""], r#""[REDACTED:field]""#),
            (" -1.5e3 ", vec![""], r#" "[REDACTED:field]" "#),
            ("{}", vec![], "{}"),
        ] {
            let setup = Setup::new(Framing::Fields {
                roots: vec![String::new()],
            });
            setup.assert_same_at_every_cut(text.as_bytes());
            let whole = setup.whole(text);
            assert_eq!(whole.asked, asked, "{text}");
            assert_eq!(whole.text(), expected);
        }
        let setup = Setup {
            reveal: vec!["/a", "/a/b"],
            ..Setup::new(Framing::Fields {
                roots: vec![String::new()],
            })
        };
        let text = r#"{"a":{"b":"see","c":"hidden"}}"#;
        setup.assert_same_at_every_cut(text.as_bytes());
        assert_eq!(
            setup.whole(text).text(),
            r#"{"a":{"b":"see","c":"[REDACTED:field]"}}"#
        );
    }

    #[test]
    fn what_is_not_json_is_cut_off() {
        for (text, out) in [
            ("{\"a\":1}x", "{\"a\":1}"),
            ("{\"a\":1} {", "{\"a\":1} "),
            ("{'a':1}", "{"),
            ("{\"a\":01}", "{\"a\":0"),
            ("{\"a\":tru}", "{\"a\":tru"),
            ("[1,]", "[1,"),
            ("{\"a\" 1}", "{\"a\" "),
            ("[1}", "[1"),
            ("\"a\nb\"", "\"a"),
            ("\"\\x\"", "\"\\"),
            ("\"\\u00g0\"", "\"\\u00"),
            ("1.e", "1."),
            ("<html>", ""),
        ] {
            let setup = setup(&[]);
            setup.assert_same_at_every_cut(text.as_bytes());
            let whole = setup.whole(text);
            // What was held at that moment (`ru` or `\u00` may start a token) is not given out any more.
            assert!(
                out.starts_with(&whole.text()) && whole.out.len() + 4 >= out.len(),
                "{text}: {}",
                whole.text()
            );
            assert_eq!(
                whole.result,
                Err(RedactError::NotJson {
                    offset: out.len() as u64
                }),
                "{text}"
            );
        }
        for text in ["{\"a\":1", "[", "\"a", "-", "tr", " "] {
            assert!(
                matches!(
                    setup(&[]).whole(text).result,
                    Err(RedactError::NotJson { .. })
                ),
                "{text}"
            );
        }
        assert_eq!(
            setup(&[]).whole("").result,
            Ok(()),
            "an empty body hides nothing"
        );
    }

    #[test]
    fn nothing_of_a_masked_value_shows_when_it_turns_out_not_to_be_json() {
        let whole = setup(&[]).whole(r#"{"data":{"data":{"a":{"b":"hunter2" "c"}}}}"#);
        assert_eq!(whole.text(), r#"{"data":{"data":{"a":"[REDACTED:field]""#);
        assert!(matches!(whole.result, Err(RedactError::NotJson { .. })));
    }

    #[test]
    fn depth_names_and_fields_are_bounded() {
        let cases = [
            ("[".repeat(200), Limit::Depth),
            (format!("{{\"{}\":1}}", "k".repeat(2000)), Limit::Name),
            (
                format!("{{\"data\":{{\"data\":[{}1]}}}}", "1,".repeat(20_000)),
                Limit::Fields,
            ),
        ];
        for (text, limit) in cases {
            assert_eq!(
                setup(&[]).whole(text).result,
                Err(RedactError::Limit(limit))
            );
        }
    }

    #[test]
    fn a_blocked_field_ends_the_stream() {
        let mut judge = Answers {
            block: vec!["/data/data/b"],
            ..Answers::default()
        };
        let mut out = Vec::new();
        let result = setup(&[]).redactor().write(
            br#"{"data":{"data":{"a":1,"b":2}}}"#,
            &mut judge,
            &mut out,
        );
        assert_eq!(
            result,
            Err(RedactError::Blocked {
                kind: "field".into()
            })
        );
        assert_eq!(
            String::from_utf8_lossy(&out),
            r#"{"data":{"data":{"a":"[REDACTED:field]","b":"#
        );
    }
}
