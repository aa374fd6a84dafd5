use super::*;

const VALUE: &str = "Zx9-example_value.0001";
const KEY: &[u8] = b"a key of ours";
/// What openssl and gzip print for `VALUE` under `KEY`.
const HMAC: &str = "2796dd8b679f836a91a7815cb643a01591c2dba7ff602a5e8edce4b100333d0a";
const CRC: &str = "295b";

fn contains(value: &[u8], text: &[u8]) -> bool {
    forms(value).iter().any(|form| {
        text.windows(form.literal.len())
            .any(|at| at == form.literal)
    })
}

/// Straight from RFC 4648, bit by bit, padded.
fn base64(bytes: &[u8], url: bool) -> String {
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let digits = bits.as_bytes().chunks(6).map(|group| {
        let group = format!("{:0<6}", std::str::from_utf8(group).unwrap());
        match (u8::from_str_radix(&group, 2).unwrap(), url) {
            (index @ 0..26, _) => char::from(b'A' + index),
            (index @ 26..52, _) => char::from(b'a' + index - 26),
            (index @ 52..62, _) => char::from(b'0' + index - 52),
            (62, true) => '-',
            (62, false) => '+',
            (_, true) => '_',
            (_, false) => '/',
        }
    });
    let text: String = digits.collect();
    format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4))
}

fn percent(text: &str, plain: &str) -> String {
    text.bytes()
        .map(|byte| match char::from(byte) {
            c if c.is_ascii_alphanumeric() || plain.contains(c) => c.to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[test]
fn base64_is_found_whatever_stands_beside_the_value() {
    let value = b"p\xc3\xa4ss>>>word???~~~";
    for url in [false, true] {
        for before in 0..7 {
            for behind in 0..7 {
                let mut text = vec![b'u'; before];
                text.extend_from_slice(value);
                text.extend(vec![b'x'; behind]);
                let text = base64(&text, url);
                assert!(contains(value, text.as_bytes()), "{before} {behind} {text}");
                let escaped = text.replace('/', "\\/");
                assert!(contains(value, escaped.as_bytes()), "{escaped}");
                let encoded = percent(&text, "-_.~");
                assert!(contains(value, encoded.as_bytes()), "{encoded}");
            }
        }
    }
}

#[test]
fn the_digits_beside_hold_the_rest_of_the_value() {
    let value = b"0123456789";
    for form in forms(value) {
        let (before, behind) = form.beside;
        let bits = 6 * (form.literal.len() + usize::from(before) + usize::from(behind));
        if (before, behind) != (0, 0) {
            assert!(bits >= 8 * value.len(), "{form:?}");
        }
    }
}

#[test]
fn every_encoder_of_json_is_followed() {
    let value = "a/\"b\\c\u{7}\n<d>&'e'+é🔑`";
    let plain = serde_json::to_string(value).unwrap();
    let nested = serde_json::to_string(&plain).unwrap();
    let texts = [
        plain.clone(),
        nested,
        plain.replace('/', "\\/"),
        plain
            .replace('é', "\\u00e9")
            .replace('🔑', "\\ud83d\\udd11"),
        plain
            .replace('<', "\\u003c")
            .replace('>', "\\u003e")
            .replace('&', "\\u0026"),
        r"a/\u0022b\\c\u0007\n\u003Cd\u003E\u0026\u0027e\u0027\u002B\u00E9\uD83D\uDD11\u0060"
            .to_owned(),
    ];
    for text in texts {
        assert!(contains(value.as_bytes(), text.as_bytes()), "{text}");
    }
}

#[test]
fn every_encoder_of_urls_and_xml_is_followed() {
    let value = "a b/c+d=e&f~g(h)i'j@k:l?é";
    for plain in [
        "-_.~",
        "-_.~!*'()",
        "-_.~!$&'()*+,;=:@",
        "-_.~!*'();/?:@&=+$,#",
    ] {
        let encoded = percent(value, plain);
        assert!(contains(value.as_bytes(), encoded.as_bytes()), "{encoded}");
        let form = encoded.replace("%20", "+");
        assert!(contains(value.as_bytes(), form.as_bytes()), "{form}");
        let small = encoded
            .split('%')
            .enumerate()
            .map(|(at, part)| {
                if at == 0 {
                    part.to_owned()
                } else {
                    {
                        let (digits, rest) = part.split_at(2);
                        format!("%{}{rest}", digits.to_lowercase())
                    }
                }
            })
            .collect::<String>();
        assert!(contains(value.as_bytes(), small.as_bytes()), "{small}");
    }
    let encoded = "a&lt;b&gt;&amp;&quot;&#39;0";
    assert!(contains(b"a<b>&\"'0", encoded.as_bytes()));
    let plain: Vec<_> = forms(b"plainvalue")
        .into_iter()
        .map(|form| form.literal)
        .collect();
    assert!(
        plain.contains(&b"706c61696e76616c7565".to_vec()),
        "hexadecimal"
    );
    assert!(
        plain.contains(&b"706C61696E76616C7565".to_vec()),
        "capital hexadecimal"
    );
    assert_eq!(
        plain.iter().filter(|form| **form == b"plainvalue").count(),
        1,
        "each once"
    );
}

#[test]
fn an_anchor_is_the_start_of_a_word() {
    let anchors = |value: &[u8]| {
        let forms = forms(value);
        let raw = forms.iter().find(|form| form.literal == value).unwrap();
        raw.anchor
    };
    assert_eq!(anchors(b"abcd-efgh"), Some(5));
    assert_eq!(anchors(b"abcdEfgh"), Some(4));
    assert_eq!(anchors(b"ABCDEFGH"), None);
    assert_eq!(anchors(b"abcdefgHi"), None, "too little behind it");
}

fn hashes(crc: bool) -> KnownHashes {
    let mut hashes = KnownHashes::new(KEY);
    let entry = KnownValue {
        name: "ours".to_owned(),
        value: None,
        length: Some(VALUE.len()),
        hmac_sha256: Some(HMAC.to_owned()),
        crc: crc.then(|| CRC.to_owned()),
    };
    match entry.read().unwrap() {
        Known::Hashed(hashed) => hashes.add(hashed, 7),
        Known::Clear(_) => panic!("not in clear"),
    }
    hashes
}

/// All places at which a value is found, if the text comes as a whole.
fn places(hashes: &KnownHashes, text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    (0..bytes.len())
        .filter(|at| {
            let before = at.checked_sub(1).map(|at| bytes[at]);
            hashes.starts(before, &bytes[*at..], true) == Lookup::Found(7, VALUE.len())
        })
        .collect()
}

#[test]
fn a_word_is_found_by_its_hash() {
    for crc in [false, true] {
        let hashes = hashes(crc);
        assert_eq!(hashes.longest(), VALUE.len());
        assert!(!hashes.is_empty());
        for (before, behind) in [
            ("", ""),
            ("token=", "&a=b"),
            ("\"", "\""),
            ("{\\\"a\\\":\\\"", "\\\"}"),
            ("Bearer ", "\r\n"),
            ("https://u:", "@host"),
            ("/path/", "/more"),
            ("a: ", ","),
        ] {
            let text = format!("{before}{VALUE}{behind}");
            assert_eq!(places(&hashes, &text), [before.len()], "{text}");
        }
        for text in [
            format!("x{VALUE}"),
            format!("{VALUE}x"),
            format!("-{VALUE}"),
            VALUE.replace('9', "8"),
            VALUE.replacen('Z', "", 1),
            String::new(),
        ] {
            assert_eq!(places(&hashes, &text), [0; 0], "{text}");
        }
    }
}

#[test]
fn what_is_at_hand_decides_or_more_is_asked_for() {
    let hashes = hashes(true);
    let text = format!("{VALUE}\"");
    for cut in 0..=VALUE.len() {
        assert_eq!(
            hashes.starts(None, &text.as_bytes()[..cut], false),
            Lookup::More,
            "{cut}"
        );
    }
    assert_eq!(
        hashes.starts(None, text.as_bytes(), false),
        Lookup::Found(7, VALUE.len())
    );
    assert_eq!(
        hashes.starts(None, b"a word", false),
        Lookup::Nothing,
        "a blank is at hand"
    );
    assert_eq!(
        hashes.starts(Some(b'x'), b"", false),
        Lookup::Nothing,
        "no word starts here"
    );
    assert_eq!(
        KnownHashes::new(KEY).starts(None, b"word", false),
        Lookup::Nothing
    );
}

#[test]
fn the_longest_of_several_wins() {
    let mut hashes = hashes(false);
    let mut key = <hmac::Hmac<sha2::Sha256> as hmac::KeyInit>::new_from_slice(KEY).unwrap();
    let long = format!("{VALUE}:{VALUE}");
    hmac::Mac::update(&mut key, long.as_bytes());
    let hmac = hmac::Mac::finalize(key).into_bytes().into();
    hashes.add(
        Hashed {
            length: long.len(),
            hmac,
            crc: None,
        },
        8,
    );
    assert_eq!(
        hashes.starts(None, long.as_bytes(), true),
        Lookup::Found(8, long.len())
    );
    let other = format!("{VALUE}:{}", "y".repeat(VALUE.len()));
    assert_eq!(
        hashes.starts(None, other.as_bytes(), true),
        Lookup::Found(7, VALUE.len())
    );
    assert_eq!(
        hashes.starts(None, &other.as_bytes()[..30], false),
        Lookup::More
    );
}

#[test]
fn entries_are_read_and_mistakes_explained_without_the_value() {
    let read = |text: &str| toml::from_str::<KnownValue>(text).unwrap().read();
    assert!(
        matches!(read("name = \"a\"\nvalue = \"12345678\""), Ok(Known::Clear(value)) if value == b"12345678")
    );
    for (text, said) in [
        ("name = \"A b\"\nvalue = \"s3cr3t-value\"", "`name`"),
        ("name = \"a\"\nvalue = \"s3cr3t\"", "has 6 bytes"),
        (
            "name = \"a\"\nvalue = \"s3cr3t-value\"\nlength = 12",
            "stands beside",
        ),
        ("name = \"a\"", "`length`: is missing"),
        ("name = \"a\"\nlength = 12", "`hmac_sha256`: is missing"),
        (
            "name = \"a\"\nlength = 12\nhmac_sha256 = \"s3cr3t\"",
            "64 hexadecimal digits",
        ),
        (
            "name = \"a\"\nlength = 2000\nhmac_sha256 = \"s3cr3t\"",
            "has 2000 bytes",
        ),
    ] {
        let message = read(text).err().unwrap().to_string();
        assert!(
            message.starts_with("redaction.known: ") && message.contains(said),
            "{message}"
        );
        assert!(!message.contains("s3cr3t"), "{message}");
    }
    let crc = format!("name = \"a\"\nlength = 12\nhmac_sha256 = \"{HMAC}\"\ncrc = \"12345\"");
    assert!(
        read(&crc)
            .err()
            .unwrap()
            .to_string()
            .contains("`crc`: is not 4")
    );
    let entry: KnownValue = toml::from_str("name = \"a\"\nvalue = \"s3cr3t-value\"").unwrap();
    assert!(!format!("{entry:?}").contains("s3cr3t"));
}
