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

/// Where the values are found in a text that comes in these pieces, whatever was given out of it meanwhile.
fn literals(values: &[&[u8]], text: &[u8], cuts: &[usize]) -> Vec<(u16, usize, usize)> {
    let numbered = values.iter().zip(0..);
    let literals = Literals::new(
        numbered
            .flat_map(|(value, number)| forms(value).into_iter().map(move |form| (form, number))),
    );
    let (mut found, mut from) = (Vec::new(), 0);
    for (nth, end) in cuts.iter().chain([&text.len()]).enumerate() {
        let complete = nth == cuts.len();
        let known = &text[..*end];
        let to = literals.find(known, from, complete, |rule, range| {
            found.push((rule, range.start, range.end));
        });
        assert!(to >= from);
        if let Some(beginning) = literals.beginning(known, to) {
            assert!(beginning >= to && !complete);
        }
        from = to;
    }
    found.sort_unstable();
    found
}

#[test]
fn literals_are_found_wherever_they_stand_and_however_the_text_is_cut() {
    let values: [&[u8]; 3] = [b"s3cr3t-v4lue", b"s3cr3t-v4lue-longer", b"aabaabaab"];
    for before in 0..9 {
        let mut text = vec![b'x'; before];
        text.extend_from_slice(b"s3cr3t-v4lue-longes3cr3t-v4lue-longer aabaabaabaab");
        let whole = literals(&values, &text, &[]);
        let expected = [
            (0, 0, 12),
            (0, 18, 30),
            (1, 18, 37),
            (2, 38, 47),
            (2, 41, 50),
        ];
        let mut expected = expected.map(|(rule, from, to)| (rule, before + from, before + to));
        expected.sort_unstable();
        assert_eq!(whole, expected);
        for cut in 0..=text.len() {
            assert_eq!(literals(&values, &text, &[cut]), whole, "{cut}");
        }
        let every: Vec<usize> = (0..text.len()).collect();
        assert_eq!(literals(&values, &text, &every), whole);
    }
}

#[test]
fn nothing_of_a_literal_is_given_out_before_it_is_complete() {
    let value = b"s3cr3t-v4lue";
    let literals = Literals::new(forms(value).into_iter().map(|form| (form, 0)));
    for cut in 1..value.len() {
        for before in 0..5 {
            let text = [vec![b'x'; before].as_slice(), &value[..cut]].concat();
            let to = literals.find(&text, 0, false, |_, _| panic!("not complete"));
            assert_eq!(literals.beginning(&text, to), Some(before), "{cut}");
        }
    }
    let to = literals.find(b"some other text", 0, false, |_, _| panic!("not there"));
    assert_eq!(literals.beginning(b"some other text", to), None);
}

#[test]
fn the_register_is_the_crc() {
    let known = hashed();
    let Known::Hashed(hashed) = known.read().unwrap() else {
        panic!("not in clear")
    };
    let mut hashes = KnownHashes::new(KEY);
    hashes.add(&hashed, 7);
    assert_eq!(
        (hashes.shortest(), hashes.longest()),
        (VALUE.len(), VALUE.len())
    );
    let length = &hashes.lengths()[0];
    let text = format!("what stands before it {VALUE}");
    let mut register = 0;
    for (at, byte) in text.bytes().enumerate() {
        let oldest = at.checked_sub(VALUE.len()).map(|at| text.as_bytes()[at]);
        register = length.roll(register, byte, oldest);
        let end = at + 1 == text.len();
        assert_eq!(length.admits(register), end, "{at}");
    }
    assert_eq!(hashes.known(length, register, VALUE.as_bytes()), Some(7));
    let other = VALUE.replace('9', "8");
    assert_eq!(hashes.known(length, register, other.as_bytes()), None);
}

fn hashed() -> KnownValue {
    KnownValue {
        name: "ours".to_owned(),
        value: None,
        length: Some(VALUE.len()),
        hmac_sha256: Some(HMAC.to_owned()),
        crc: Some(CRC.to_owned()),
    }
}

#[test]
fn entries_are_read_and_mistakes_explained_without_the_value() {
    let read = |text: &str| toml::from_str::<KnownValue>(text).unwrap().read();
    assert!(
        matches!(read("name = \"a\"\nvalue = \"12345678\""), Ok(Known::Clear(value)) if value == b"12345678")
    );
    for (text, said) in [
        (
            "name = \"A b\"\nvalue = \"s3cr3t-value\"",
            "field `name`: is not",
        ),
        ("name = \"a\"\nvalue = \"s3cr3t\"", "is of 6 bytes"),
        ("name = \"a\"\nvalue = \"3s3s3s3s3s3s\"", "different bytes"),
        (
            "name = \"a\"\nvalue = \"s3cr3t-value\"\nlength = 12",
            "stands beside",
        ),
        ("name = \"a\"", "`length`: is missing"),
        ("name = \"a\"\nlength = 12", "`hmac_sha256`: is missing"),
        (
            "name = \"a\"\nlength = 12\nhmac_sha256 = \"s3cr3t\"",
            "`crc`: is missing",
        ),
        (
            "name = \"a\"\nlength = 12\nhmac_sha256 = \"s3cr3t\"\ncrc = \"295b\"",
            "64 hexadecimal digits",
        ),
        (
            "name = \"a\"\nlength = 257\nhmac_sha256 = \"s3cr3t\"\ncrc = \"295b\"",
            "is of 257 bytes",
        ),
    ] {
        let message = read(text).err().unwrap().to_string();
        assert!(
            message.starts_with("value `") && message.contains(said),
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
