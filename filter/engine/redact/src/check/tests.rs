//! Every check with a value that passes, one that fails, and some of which it cannot tell. The values are made here, by the generators, which published vectors
//! vouch for in part; none is live.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::{
    Confidence, Finding, Framing, Judge, Limits, MaskStyle, Masker, Profile, Redactor, RuleSet,
    Scrubber, Treatment,
};

const BODY: &str = "Zq7Xw2Lk9Pd4Vt6Rb1Nc8Hm3Js5Gf0YtQe2Uo7Ia4Wz9Xc6Vb1Nm8Kp";

fn said(name: &str, value: impl AsRef<[u8]>) -> Check {
    Method::named(name).unwrap().check(value.as_ref())
}

/// A value with its checksum behind it.
fn summed(name: &str, begun: &str) -> String {
    let sum = Method::named(name).unwrap().sum(begun.as_bytes()).unwrap();
    format!("{begun}{}", String::from_utf8(sum).unwrap())
}

#[test]
fn what_ends_with_its_checksum_passes_and_with_another_fails() {
    let body = |length| BODY.get(..length).unwrap();
    let age = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN";
    for (name, begun) in [
        ("crc32-base62", format!("ghp_{}", body(30))),
        ("crc32-base62", format!("npm_{}", body(30))),
        ("crc32-base62", format!("ghr_{}{}", body(40), body(30))),
        ("gitlab-routable", format!("glpat-{}.0r", body(27))),
        ("gitlab-routable", format!("glrt-t1_{}.01.0r", body(27))),
        ("grafana", format!("glsa_{}_", body(32))),
        ("confluent", format!("cflt{}", body(54))),
        ("crc32-hex", format!("zpka_{}_", body(32))),
        ("crc32-hex", format!("cfut_{}", body(40))),
        ("atlassian", format!("ATATT3xFfGF0{}=", body(54).repeat(3))),
        ("age", format!("AGE-SECRET-KEY-1{age}")),
        ("luhn", "411111111111111".to_owned()),
        ("luhn", "3782 822463 1000".to_owned()),
    ] {
        let value = summed(name, &begun);
        assert_eq!(said(name, &value), Check::Passed, "{name} {value}");
        let (before, last) = value.split_at(value.len() - 1);
        let other = ["0", "2", "A"].into_iter().find(|other| *other != last);
        let other = other.filter(|it| *it != "A" || name != "luhn").unwrap();
        let wrong = format!("{before}{other}");
        assert_eq!(said(name, &wrong), Check::Failed, "{name} {wrong}");
        for unknown in [
            String::new(),
            format!("{value}%"),
            format!("{value}!x"),
            value.replacen(value.get(8..9).unwrap(), "\\u0041", 1),
        ] {
            assert_eq!(said(name, &unknown), Check::Unknown, "{name} {unknown}");
        }
    }
}

/// Numbers that every processor of payments publishes for tests; their last digits are theirs.
#[test]
fn generators_give_what_others_published() {
    assert_eq!(summed("luhn", "411111111111111"), "4111111111111111");
    assert_eq!(summed("luhn", "37828224631000"), "378282246310005");
    // The check value of the catalogue of CRCs.
    assert_eq!(nats::crc16(b"123456789"), 0x31c3);
    assert_eq!(crate::rules::crc32(b"123456789"), 0xcbf4_3926);
    assert_eq!(digits::digits(61 + 62, digits::BASE62), *b"00001z");
}

#[test]
fn a_character_that_bech32_does_not_have_fails() {
    let value = format!("AGE-SECRET-KEY-1{}", "B".repeat(58));
    assert_eq!(said("age", value), Check::Failed);
    let other = format!("AGE-SECRET-KEY-PQ-1{}", "Q".repeat(58));
    assert_eq!(said("age", other), Check::Unknown);
}

#[test]
fn a_seed_of_nats_ends_with_its_crc() {
    let mut bytes = [b"\x95\x00".as_slice(), &[0x5a; 32]].concat();
    bytes.extend(nats::crc16(&bytes).to_le_bytes());
    let seed = base32(&bytes);
    assert_eq!(seed.len(), 58);
    assert_eq!(said("nats", &seed), Check::Passed);
    assert_eq!(said("nats", seed.replacen('L', "M", 1)), Check::Failed);
    assert_eq!(said("nats", seed.to_lowercase()), Check::Unknown);
    assert_eq!(said("nats", seed.get(1..).unwrap()), Check::Unknown);
}

fn base32(bytes: &[u8]) -> String {
    let bits: Vec<u8> = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1))
        .collect();
    let digit = |bits: &[u8]| {
        let value = (0..5).fold(0, |value, nth| value << 1 | bits.get(nth).unwrap_or(&0));
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::from(value)] as char
    };
    bits.chunks(5).map(digit).collect()
}

#[test]
fn a_key_of_azure_has_the_checksum_of_one_of_its_seeds() {
    for (signature, seed, length) in [
        ("+ASt", b"Default0", 64),
        ("ACDb", b"MastRW00", 64),
        ("+ASb", b"Listen00", 32),
        ("+ACR", b"ACRDflt0", 39),
    ] {
        let digits = usize::div_ceil(length * 8, 6);
        // The bits before the signature's digits, and behind them up to the checksum, are free.
        let text = format!("{}{signature}AAAAAA", "Q".repeat(digits - 10));
        let mut bytes = crate::base64::decode(text.as_bytes()).unwrap();
        bytes.truncate(length - 4);
        bytes.extend(azure::marvin32(&bytes, *seed).to_le_bytes());
        let mut key = crate::base64::encode(&bytes);
        key.resize(key.len().next_multiple_of(4), b'=');
        assert_eq!(said("azure", &key), Check::Passed, "{signature}");
        key[3] = b'R';
        assert_eq!(said("azure", &key), Check::Failed, "{signature}");
    }
    let old = format!("{}==", "Q".repeat(86));
    assert_eq!(said("azure", old), Check::Unknown);
}

/// The vectors of SymCrypt, security-utilities and the .NET runtime.
#[test]
fn marvin_is_that_of_its_authors() {
    for (seed, bytes, sum) in [
        (0xd53c_d9ce_cd08_93b7, "abc", 0x6be0_2a86),
        (
            0x0ddd_deee_efff_f000,
            "abcdefghijklmnopqrstuvwxyz",
            0xd348_47dc,
        ),
        (0x004f_b61a_001b_dbcc, "", 0x3020_09bc),
    ] {
        let bytes = bytes.as_bytes();
        assert_eq!(azure::marvin32(bytes, u64::to_be_bytes(seed)), sum);
    }
    let seed = u64::to_be_bytes(0x004f_b61a_001b_dbcc);
    assert_eq!(azure::marvin32(&[0xaf], seed), 0x3592_e206);
    assert_eq!(azure::marvin32(&[0xe7, 0x0f], seed), 0xfdab_5e04);
}

#[test]
fn a_web_token_is_told_by_its_header() {
    let encode = |text: &str| String::from_utf8(crate::base64::encode(text.as_bytes())).unwrap();
    let token = |header: &str| format!("{}.{}.c2ln", encode(header), encode(r#"{"sub":"a"}"#));
    let good = token(r#"{"alg":"RS256","kid":"1"}"#);
    assert_eq!(said("jwt", &good), Check::Passed);
    let unsigned = good.rsplit_once('.').unwrap().0;
    assert_eq!(said("jwt", format!("{unsigned}.")), Check::Passed);
    assert_eq!(said("jwt", token(r#"{"typ":"JWT"}"#)), Check::Failed);
    assert_eq!(said("jwt", token(r#"{"alg":"RS2"#)), Check::Failed);
    assert_eq!(said("jwt", format!("{good}A")), Check::Failed);
    for unknown in [
        unsigned.to_owned(),
        format!("{good}.x"),
        format!("{good}%3D"),
    ] {
        assert_eq!(said("jwt", &unknown), Check::Unknown, "{unknown}");
    }
}

#[test]
fn a_private_key_is_told_by_what_its_base64_holds() {
    let pem =
        |label: &str, body: &str| format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----");
    let encode = |bytes: &[u8]| String::from_utf8(crate::base64::encode(bytes)).unwrap();
    let key = encode(&[&[0x30, 0x2e], BODY.as_bytes()].concat());
    let label = "PRIVATE KEY";
    assert_eq!(said("pem", pem(label, &key)), Check::Passed);
    let (first, second) = key.split_at(30);
    for between in ["\r\n", "\\n", "\\\\n", " "] {
        let lines = format!("{first}{between}{second}");
        assert_eq!(said("pem", pem(label, &lines)), Check::Passed);
    }
    let openssh = encode(b"openssh-key-v1\0and so on and on");
    assert_eq!(
        said("pem", pem("OPENSSH PRIVATE KEY", &openssh)),
        Check::Passed
    );
    for wrong in [encode(BODY.as_bytes()), "Q".repeat(5), String::new()] {
        assert_eq!(said("pem", pem(label, &wrong)), Check::Failed, "{wrong}");
    }
    for unknown in [
        format!("-----BEGIN {label}-----\n{key}"),
        pem("PGP PRIVATE KEY BLOCK", &key),
        pem(label, &format!("Proc-Type: 4,ENCRYPTED\n\n{key}")),
        pem(label, &format!("{first}...")),
        pem(label, &format!("{first}%0A{second}")),
    ] {
        assert_eq!(said("pem", &unknown), Check::Unknown, "{unknown}");
    }
}

#[test]
fn entropy_is_shannons() {
    for (value, bits) in [
        ("aaaaaaaaaaaaaaaa", "0"),
        ("abababababababab", "1"),
        ("aabbccddaabbccdd", "2"),
        ("0123456789abcdef", "4"),
        // 0.81 bits.
        ("aaabaaabaaabaaab", "0.8"),
    ] {
        assert_eq!(said(&format!("entropy:{bits}"), value), Check::Passed);
        let more = if bits == "0.8" {
            "0.82".to_owned()
        } else {
            format!("{bits}.05")
        };
        assert_eq!(said(&format!("entropy:{more}"), value), Check::Failed);
    }
    assert_eq!(said("entropy:3", "short"), Check::Unknown);
    let all: Vec<u8> = (0..=u8::MAX).collect();
    assert_eq!(said("entropy:8", all), Check::Passed);
}

#[test]
fn a_name_that_is_none_is_refused() {
    for name in [
        "",
        "crc",
        "JWT",
        "entropy",
        "entropy:",
        "entropy:8.5",
        "entropy:9",
        "entropy:3.555",
        "entropy:-1",
        "entropy:3,5",
        "entropy:3.",
        "entropy:.5",
    ] {
        assert_eq!(Method::named(name), None, "{name}");
    }
    let rule = "provider = 'a'\n[[rule]]\nkind = 'a'\ntitle = 'a'\ncategory = 'saas'\nconfidence = 'high'\npattern = 'abcd[0-9]{9}'\nexamples = ['a']\ncheck = 'sum'";
    let error = RuleSet::builder().rules("a.toml", rule).err().unwrap();
    assert!(error.to_string().contains("is no check"), "{error}");
}

/// Remembers what was found.
#[derive(Default)]
struct Findings(Vec<(String, Check, Confidence)>);

impl Judge for Findings {
    fn treat(&mut self, finding: &Finding<'_>) -> Treatment {
        self.0
            .push((finding.kind.to_owned(), finding.check, finding.confidence));
        Treatment::Mask
    }
}

fn redacted(rules: &Arc<RuleSet>, text: &str) -> (String, Findings) {
    let masker = Arc::new(Masker::new(MaskStyle::Label, None));
    let (mut findings, mut out) = (Findings::default(), Vec::new());
    let mut redactor = Redactor::new(Arc::clone(rules), masker, Framing::Plain, Limits::default());
    for byte in text.as_bytes() {
        redactor.write(&[*byte], &mut findings, &mut out).unwrap();
    }
    redactor.end(&mut findings, &mut out).unwrap();
    (String::from_utf8(out).unwrap(), findings)
}

fn rules(profile: Profile) -> Arc<RuleSet> {
    let builder = RuleSet::builder().builtin().unwrap().profile(profile);
    Arc::new(builder.build().unwrap())
}

const GOOD: &str = "ghp_Zq7Xw2Lk9Pd4Vt6Rb1Nc8Hm3Js5Gf0";

#[test]
fn a_finding_says_what_its_check_said() {
    let rules = rules(Profile::Balanced);
    let good = summed("crc32-base62", GOOD);
    let bad = format!("{GOOD}000000");
    let found = |text: &str| redacted(&rules, text).1.0;
    let kind = || "github-pat".to_owned();
    assert_eq!(found(&good), [(kind(), Check::Passed, Confidence::High)]);
    assert_eq!(found(&bad), [(kind(), Check::Failed, Confidence::Medium)]);
    let long = format!("{good}0");
    assert_eq!(found(&long), [(kind(), Check::Unknown, Confidence::High)]);
    let encoded = String::from_utf8(crate::base64::encode(good.as_bytes())).unwrap();
    assert_eq!(found(&encoded), [(kind(), Check::Passed, Confidence::High)]);
    // As a header.
    let masker = Masker::new(MaskStyle::Label, None);
    let mut findings = Findings::default();
    Scrubber::new(&rules, &masker)
        .header(b"x-note", bad.as_bytes(), &mut findings)
        .unwrap();
    assert_eq!(findings.0, [(kind(), Check::Failed, Confidence::Medium)]);
}

#[test]
fn a_check_moves_confidence_by_one_step() {
    use Confidence::{High, Low, Medium};
    for (before, check, is_proof, after) in [
        (High, Check::Failed, true, Medium),
        (Medium, Check::Failed, true, Low),
        (Low, Check::Failed, true, Low),
        (Medium, Check::Passed, true, High),
        (Medium, Check::Passed, false, Medium),
        (Low, Check::Passed, true, Low),
        (High, Check::Unknown, true, High),
    ] {
        assert_eq!(before.after(check, is_proof), after);
    }
}

#[test]
fn only_the_strict_profile_leaves_alone_what_fails() {
    let good = summed("crc32-base62", GOOD);
    let bad = format!("{GOOD}000000");
    let text = format!("{good} {bad} {bad}x token={bad}, {bad}");
    let (strict, _) = redacted(&rules(Profile::Strict), &text);
    let mask = "[REDACTED:github-pat]";
    let (before, named) = strict.split_once("token=").unwrap();
    assert_eq!(before, format!("{mask} {bad} {mask} "));
    let (named, behind) = named.split_once(", ").unwrap();
    assert!(named.starts_with("[REDACTED:"), "{named}");
    assert_eq!(behind, bad);
    for profile in [Profile::Precise, Profile::Balanced, Profile::Wide] {
        let (all, _) = redacted(&rules(profile), &text);
        assert!(!all.contains("Zq7Xw2"), "{profile:?} {all}");
    }
}

#[test]
fn the_placeholder_for_a_checksum_gives_one_that_passes() {
    let rules = rules(Profile::Wide);
    let mut passed = 0;
    for rule in rules.rules() {
        let Some(method) = rule.check else { continue };
        for example in rule.examples() {
            assert!(!example.contains("{{"), "{example}");
            let found = redacted(&rules, &example).1.0;
            let (_, check, _) = found.first().unwrap();
            passed += usize::from(*check == Check::Passed);
        }
        let has_sum = !matches!(
            method,
            Method::Azure | Method::Entropy(_) | Method::Jwt | Method::Nats | Method::Pem
        );
        let last = rule.examples().pop().unwrap();
        let found = redacted(&rules, &last).1.0;
        assert_eq!(found[0].1 == Check::Passed, has_sum, "{last}");
    }
    assert!(passed >= 18, "{passed}");
}

proptest! {
    #[test]
    fn no_check_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), prefix in 0_usize..12) {
        let prefix = ["", "ghp_", "glpat-a.0", "glsa_", "cflt", "cfk_", "ATATT3", "AGE-SECRET-KEY-1", "S", "eyJ", "-----BEGIN A-----", "4"][prefix];
        let value = [prefix.as_bytes(), &bytes].concat();
        for name in ["age", "atlassian", "azure", "confluent", "crc32-base62", "crc32-hex", "entropy:3.5", "gitlab-routable", "grafana", "jwt", "luhn", "nats", "pem"] {
            let method = Method::named(name).unwrap();
            method.check(&value);
            method.sum(&value);
        }
    }

    #[test]
    fn no_check_panics_on_printable_text(text in "[ -~\n]{0,120}") {
        for name in ["age", "atlassian", "azure", "confluent", "crc32-base62", "crc32-hex", "entropy:0", "gitlab-routable", "grafana", "jwt", "luhn", "nats", "pem"] {
            Method::named(name).unwrap().check(text.as_bytes());
        }
    }
}
