//! Credentials in a crowd, longer than may be held: what comes out depends on the bytes alone, never on where they are cut.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "to clippy the helpers of tests are no tests"
)]

mod support;

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use veilgate_redact::{Framing, Limits, OnLimit, Rule};

use support::{Setup, rules, ruleset};

static EXAMPLES: LazyLock<Vec<String>> =
    LazyLock::new(|| rules().rules().flat_map(Rule::examples).collect());

const CHOICES: [OnLimit; 3] = [OnLimit::Truncate, OnLimit::MaskRest, OnLimit::PassThrough];

/// What stands between: ends of values and starts of others, plain and escaped.
const GLUE: [&str; 40] = [
    "",
    " ",
    "\n",
    "\r\n",
    "\r",
    "\"",
    "'",
    ": ",
    "=",
    "&",
    "://",
    "aA",
    "AAAA",
    "%20",
    "%3D",
    "%61",
    "%25",
    "\\n",
    "\\\"",
    "\\\\",
    "\\u000a",
    "\\u0041",
    "&amp;",
    "&#97;",
    "&#x26;",
    "6768705f",
    "ZXlKaGJHY2lPaUpTVXpJMU5pSXNJblI1Y0NJNklrcFhWQ0o5",
    "token=",
    "client_secret%3D",
    "\"password\":\"",
    "\\\"token\\\":\\\"",
    "{\"token\":",
    "\"]}",
    "password: str = ",
    "api_key=b\"",
    "Authorization: Basic ",
    "<password>",
    "</password>",
    "<![CDATA[",
    "secret: |\n  ",
];

/// One piece of a mixture: which example, from where, written how, and what stands behind it, so many times.
type Piece = (usize, usize, usize, usize, usize);

fn piece((nth, from, how, glue, times): &Piece) -> Vec<u8> {
    let example = EXAMPLES[nth % EXAMPLES.len()].as_bytes();
    // Two of three are whole.
    let from = if from % 3 == 0 {
        from % example.len()
    } else {
        0
    };
    let text = &example[from..];
    let at = from % text.len();
    let escaped = |escape: String| [&text[..at], escape.as_bytes(), &text[at + 1..]].concat();
    let written = match how {
        0 => base64(text),
        1 => text
            .iter()
            .flat_map(|byte| format!("{byte:02x}").into_bytes())
            .collect(),
        2 => escaped(format!("%{:02X}", text[at])),
        3 => escaped(format!("\\u{:04x}", text[at])),
        4 => escaped(format!("&#{};", text[at])),
        5 => base64(&text.repeat(4)),
        _ => text.to_vec(),
    };
    [written.as_slice(), GLUE[glue % GLUE.len()].as_bytes()]
        .concat()
        .repeat(*times)
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| {
        let byte = |nth: usize| usize::from(group.get(nth).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let digits = [18, 12, 6, 0].map(|shift| DIGITS[bits >> shift & 63]);
        digits[..=group.len()].to_vec()
    };
    bytes.chunks(3).flat_map(group).collect()
}

fn setup(held: usize, on_limit: OnLimit, framing: Framing) -> Setup {
    Setup {
        limits: Limits { held, on_limit },
        ..Setup::new(framing)
    }
}

fn at_every_cut(text: &str) {
    for on_limit in CHOICES {
        setup(256, on_limit, Framing::Plain).assert_same_at_every_cut(text.as_bytes());
    }
}

/// `length` letters and digits that look like no word.
fn opaque(length: usize) -> String {
    "a7Kq9Zx3Vb1Nm5Lw8Jd2"
        .chars()
        .cycle()
        .take(length)
        .collect()
}

#[test]
fn a_value_that_is_too_long_by_a_few_bytes_ends_with_the_text() {
    for length in 215..262 {
        at_every_cut(&format!("Authorization:\"Basic {}\"", opaque(length)));
        at_every_cut(&format!("<AccessKey>{}\n", opaque(length)));
    }
}

#[test]
fn of_two_rules_for_a_value_that_is_too_long_the_same_one_wins() {
    for length in [200, 223, 224, 225, 226, 260] {
        at_every_cut(&format!(
            "password:pypi-AgEIcHlwaS5vcmc{}:x",
            opaque(length)
        ));
        at_every_cut(&format!(
            "passwd=\"LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t{}",
            opaque(length)
        ));
    }
}

#[test]
fn an_escape_may_stand_where_a_value_becomes_too_long() {
    for length in 195..215 {
        for escape in ["&#114;", "\\u0041", "%6", "\\uar", "%ey", "&"] {
            let text = format!("sk-proj-{}T3BlbkFJ{}", opaque(74), opaque(74));
            at_every_cut(&format!("{text}{}{escape}", opaque(length - text.len())));
        }
    }
}

#[test]
fn what_may_not_be_held_counts_before_what_a_rule_allows() {
    let rules = ruleset(
        r#"
        provider = "Test"
        [[rule]]
        kind = "long"
        title = "Long"
        category = "saas"
        confidence = "high"
        pattern = 'LONG[a-z]{1,240}END'
        max_length = 247
        examples = ["LONGxEND"]
        "#,
    );
    for on_limit in CHOICES {
        let setup = Setup {
            rules: Arc::clone(&rules),
            ..setup(256, on_limit, Framing::Plain)
        };
        for length in [200, 219, 240, 241, 260] {
            let text = format!("a LONG{} b LONGxEND", "x".repeat(length));
            setup.assert_same_at_every_cut(text.as_bytes());
        }
    }
}

#[test]
fn what_is_encoded_and_too_long_is_left_to_what_starts_before_it() {
    let secrets = format!("client_secret={} ", opaque(40)).repeat(12);
    let encoded = String::from_utf8(base64(secrets.as_bytes())).unwrap();
    let long = String::from_utf8(base64(format!("ya29.{}", opaque(400)).as_bytes())).unwrap();
    for text in [&encoded, &long] {
        at_every_cut(text);
        at_every_cut(&format!("token={text}"));
        at_every_cut(&format!("v4.public.{text}"));
        at_every_cut(&format!("glagent-{text}\"password:MnNSx91"));
    }
}

#[test]
fn the_start_of_a_key_is_held_where_a_part_of_it_is_escaped() {
    for text in [
        "-----BEG%49N PRIVATE KEY-----",
        "-----BEGI%4E RSA PRIVATE KEY-----",
        "--\\u002d--BEGIN PRIVATE KEY-----",
        "-----BEG&#73;N OpenVPN Static key V1-----",
        "FE&#45;----BEGIN ED PRIVATE KEY-----",
        "123456789&#58;AAGE-SECRETGAAAAdckr_oat_yjVAaWkOz12",
    ] {
        Setup::plain().assert_same_at_every_cut(text.as_bytes());
    }
}

#[test]
fn a_long_value_behind_an_escape_goes_on_to_its_end() {
    for value in [opaque(225), opaque(600)] {
        at_every_cut(&format!("client_secret%3D{value}\n"));
        at_every_cut(&format!("client_secret%3D{value}\\n"));
        at_every_cut(&format!("a=1&b=client_secret+%3D+{value}&c=2"));
    }
}

#[test]
fn a_digit_that_is_escaped_before_the_word_of_an_anchor_is_held() {
    let token = format!("%31//0{}", opaque(97));
    at_every_cut(&format!("{token}\\u0041").repeat(3));
    at_every_cut(&format!("a\\u0041{token} {token}"));
}

#[test]
fn a_value_may_turn_out_to_start_later_than_it_seemed() {
    for text in [
        "authorization:Ub6rtoken=proxy-authorization: b\"ar6r\npr",
        "authorization:Ub6r9token=proxy-authorization: Basic ar6rZk3u\n",
        "token=a7Kq9password: str = \"Zx3Vb1Nm5\"",
    ] {
        Setup::plain().assert_same_at_every_cut(text.as_bytes());
    }
}

proptest! {
    #[test]
    fn mixtures_are_the_same_in_any_cuts(
        pieces in prop::collection::vec((0usize..10_000, 0usize..10_000, 0usize..9, 0usize..40, 1usize..5), 1..16),
        cuts in prop::collection::vec(0usize..20_000, 0..12),
        (held, on_limit, framing) in (0usize..3, 0usize..3, 0usize..4),
    ) {
        let pieces: Vec<Piece> = pieces;
        let text: Vec<u8> = pieces.iter().flat_map(piece).collect();
        let held = [256, 600, Limits::default().held][held];
        let framing = [Framing::Plain, Framing::Plain, Framing::Lines, Framing::Message][framing].clone();
        let setup = setup(held, CHOICES[on_limit], framing);
        let whole = setup.whole(&text);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).chain([0, text.len()]).collect();
        cuts.sort_unstable();
        let cut = setup.run(cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]));
        prop_assert_eq!(&cut, &whole);
        prop_assert_eq!(setup.run(text.chunks(1)), whole);
    }
}
