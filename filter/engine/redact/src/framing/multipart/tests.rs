use crate::framing::tests::{Outcome, Setup, token};
use crate::{Framing, Limit, MaskStyle, RedactError};

fn setup() -> Setup {
    Setup::new(Framing::Multipart {
        boundary: b"edge".to_vec(),
        pass_opaque: false,
    })
}

fn passing() -> Setup {
    Setup::new(Framing::Multipart {
        boundary: b"edge".to_vec(),
        pass_opaque: true,
    })
}

/// A body of parts, each given as its header lines and its content.
fn body(parts: &[(&str, &str)]) -> String {
    let parts = parts
        .iter()
        .map(|(head, content)| format!("--edge\r\n{head}\r\n\r\n{content}\r\n"));
    parts.chain(["--edge--\r\n".to_owned()]).collect()
}

fn field(name: &str, content: &str) -> String {
    body(&[(&format!("Content-Disposition: form-data; {name}"), content)])
}

#[track_caller]
fn assert_masked(setup: &Setup, text: &str, secret: &str, mask: &str) -> Outcome {
    let outcome = setup.outcome(text);
    assert_eq!(outcome.text(), text.replace(secret, mask));
    assert_eq!(outcome.result, Ok(()));
    outcome
}

#[test]
fn a_part_with_a_secret_name_is_masked_whole() {
    for (name, kind) in [
        ("name=\"password\"", "password-field"),
        ("name=password", "password-field"),
        ("name=newPassword", "password-field"),
        ("name=db_password[]", "password-field"),
        ("Name = \"PASSWORD\"; x=1", "password-field"),
        ("name=\"user[password]\"", "password-field"),
        ("name=\"users[0][password]\"", "password-field"),
        ("name=\"user.client-secret\"", "secret-field"),
        ("name*=utf-8''p%61ssword", "password-field"),
        ("name=\"x\"; name=\"password\"", "password-field"),
        ("name=\"f\"; filename=\"id_rsa\"", "secret-file"),
        (
            "name=\"f\"; filename=\"C:\\keys\\Server.PEM\"",
            "secret-file",
        ),
        ("name=\"f\"; filename=\"../.env.local\"", "secret-file"),
        ("name=\"f\"; filename=\"kubeconfig\"", "secret-file"),
        (
            "name=\"f\"; filename*=UTF-8''credentials%2Ejson",
            "secret-file",
        ),
    ] {
        for content in ["x", "hunter2\r\nand more\n--edg\r", "\0\u{1}\r\n\r\n"] {
            let text = field(name, content);
            let outcome = setup().outcome(&text);
            let mask = format!("[REDACTED:{kind}]");
            assert_eq!(outcome.text(), field(name, &mask), "{name}: {content:?}");
            assert_eq!(outcome.asked.len(), 1, "{name}");
        }
    }
}

#[test]
fn names_that_only_look_secret_are_read_as_text() {
    for name in [
        "name=\"token_type\"",
        "name=\"state\"",
        "name=\"key\"",
        "name=\"user[password_hint]\"",
        "name=\"password[hint]\"",
        "name=\"\"",
        "name=\"page[token]\"",
        "name=\"passenger\"",
        "name=\"password_hint\"",
        "filename=\"password\"",
        "name=\"f\"; filename=\"monkey.keynote\"",
        "name=\"f\"; filename=\"environment\"",
        "name=\"f\"; filename=\"credentials.json.md\"",
        "x=\"; name=password\"; name=y",
    ] {
        let text = field(name, "anything");
        assert_masked(&setup(), &text, "-", "-");
        let outcome = assert_masked(
            &setup(),
            &field(name, &format!("a {} b", token())),
            &token(),
            "[REDACTED:github-pat]",
        );
        assert_eq!(outcome.asked.len(), 1);
    }
}

#[test]
fn an_empty_secret_is_none() {
    for content in ["", "\r\n"] {
        let text = body(&[
            ("Content-Disposition: form-data; name=password", content),
            ("Content-Disposition: form-data; name=other", "x"),
        ]);
        let outcome = setup().outcome(&text);
        let asked = usize::from(!content.is_empty());
        assert_eq!(outcome.asked.len(), asked, "{content:?}");
    }
    let text = "--edge\r\nContent-Disposition: form-data; name=password\r\n\r\n--edge--";
    assert_masked(&setup(), text, "-", "-");
}

#[test]
fn the_judge_of_a_part_hears_where_it_starts_and_its_name() {
    let text = field("name=\"user[password]\"", "hunter2");
    let at = text.find("hunter2").unwrap();
    let outcome = setup().outcome(&text);
    assert_eq!(
        outcome.asked,
        [format!("password-field {at}+0 user[password]")]
    );
    let blocking = Setup {
        block: &["password-field"],
        ..setup()
    };
    let outcome = blocking.outcome(&text);
    let kind = "password-field".to_owned();
    assert_eq!(outcome.result, Err(RedactError::Blocked { kind }));
    assert_eq!(outcome.out, &text.as_bytes()[..at]);
}

#[test]
fn what_is_revealed_by_its_name_is_read_as_text() {
    let revealing = Setup {
        reveal: &["password-field"],
        ..setup()
    };
    let text = field("name=password", &format!("hunter2 {}", token()));
    let outcome = assert_masked(&revealing, &text, &token(), "[REDACTED:github-pat]");
    assert_eq!(outcome.asked.len(), 2);
}

#[test]
fn other_parts_are_texts_of_their_own() {
    let begin = format!("{0}BEGIN PRIVATE KEY{0}", "-----");
    let text = body(&[
        ("Content-Disposition: form-data; name=a", &begin),
        ("Content-Disposition: form-data; name=b", "a1B2c3"),
        (
            "Content-Type: application/json",
            &format!("{{\"t\":\"{}\"}}", token()),
        ),
    ]);
    let outcome = setup().outcome(&text);
    let expected = text
        .replace(&begin, "[REDACTED:private-key]")
        .replace(&token(), "[REDACTED:github-pat]");
    assert_eq!(outcome.text(), expected);
    let (a, b) = ("ghp_a1B2c3a1B2c3", "a1B2c3a1B2c3a1B2c3a1B2c3");
    assert_masked(&setup(), &body(&[("A: b", a), ("A: b", b)]), "-", "-");
}

#[test]
fn what_stands_around_parts_and_on_the_lines_of_delimiters_is_read() {
    let token = token();
    let text = format!(
        "{token}\r\n--edge {token}\r\nA: b\r\n\r\nx\r\n--edge--{token}\r\n{token}\r\n--edge-- "
    );
    assert_masked(&setup(), &text, &token, "[REDACTED:github-pat]");
}

#[test]
fn header_lines_of_parts_are_treated_as_headers() {
    let token = token();
    let head = format!(
        "Content-Disposition: form-data; name=\"f\"; filename=\"{token}.txt\"\r\nAuthorization:\r\n Bearer abcd\r\nx-{token}: 1"
    );
    let masked = "Content-Disposition: form-data; name=\"f\"; filename=\"[REDACTED:github-pat].txt\"\r\nAuthorization:\r\n Bearer [REDACTED:bearer-token]\r\nx-[REDACTED:github-pat]: 1";
    let outcome = setup().outcome(body(&[(&head, "x")]));
    assert_eq!(outcome.text(), body(&[(masked, "x")]));
    assert_eq!(outcome.asked[0], "github-pat 60+40");
}

#[test]
fn headers_of_the_old_bytes_go() {
    let text = body(&[(
        "Content-Length: 40\r\nA: b\r\ncontent-md5: x\r\nDigest: y",
        &token(),
    )]);
    let outcome = setup().outcome(&text);
    assert_eq!(outcome.text(), body(&[("A: b", "[REDACTED:github-pat]")]));
}

#[test]
fn every_line_that_begins_like_a_delimiter_is_one() {
    let secret = "Content-Disposition: form-data; name=password\r\n\r\nhunter2";
    for before in [
        "",
        "\n",
        "\r\n",
        "x\n",
        "x\r\n",
        "\r\r\n",
        "x\r\n--edg\r\n-\r\n--\r\n",
    ] {
        for behind in ["\r\n", "\n", " \t\r\n", "-\r\n", "x\n"] {
            for after in ["\r\n--edge--\r\n", "\n--edge", "", "\r\n--edge\r\n\r\n"] {
                let text = format!("{before}--edge{behind}{secret}{after}");
                assert_masked(&setup(), &text, "hunter2", "[REDACTED:password-field]");
            }
        }
    }
    // Not at the start of a line, or not all of it.
    for before in ["x", " ", "\r", "\r\n ", "\n-"] {
        let text = format!("{before}--edge\r\n{secret}\r\n--edge--");
        assert_masked(&setup(), &text, "-", "-");
    }
}

#[test]
fn a_delimiter_ends_header_lines_too() {
    let text = "--edge\r\nA: b\r\n--edge\r\nContent-Disposition: form-data; name=token\r\n\r\nabc\r\n--edge--";
    assert_masked(&setup(), text, "abc", "[REDACTED:token-field]");
    for text in [
        "--edge\r\n\r\nx",
        "--edge\nA\n\nx\n--edge\n",
        "--edge\r\nA: b",
        "--edge--",
        "--edge\r\n",
    ] {
        assert_masked(&setup(), text, "\u{1}", "");
    }
}

#[test]
fn parts_go_out_with_the_delimiter_behind_them() {
    let pieces: [&[u8]; 3] = [
        b"--edge\r\nContent-Type: application/json\r\n\r\n{\"a\":\"ghp_01\"}\r\n--edge\r\n",
        b"A: b\r\n\r\n-----BEGIN PRIVATE KEY-----\r\n--edge\r\n",
        b"\r\nx\r\n--edge--\r\n",
    ];
    setup().assert_no_delay(pieces);
}

#[test]
fn base64_is_decoded_and_encoded_again() {
    let encode = |text: &str, width: usize, line_break: &str| {
        let mut digits = crate::base64::encode(text.as_bytes());
        digits.resize(digits.len().next_multiple_of(4), b'=');
        let lines: Vec<String> = digits
            .chunks(width)
            .map(|line| String::from_utf8(line.to_vec()).unwrap())
            .collect();
        lines.join(line_break)
    };
    let head = "Content-Transfer-Encoding: BASE64";
    for (width, line_break) in [
        (1000, ""),
        (76, "\r\n"),
        (76, "\n"),
        (10, "\r\n"),
        (3, "\n"),
    ] {
        for around in ["", "a ", "ab ", &"clean text ".repeat(9)] {
            let clear = format!("{around}{} {around}{}", token(), token());
            let masked = clear.replace(&token(), "[REDACTED:github-pat]");
            for trailing in ["", line_break] {
                let part = |text| encode(text, width, line_break) + trailing;
                let text = body(&[(head, &part(&clear)), ("A: b", &token())]);
                let expected = body(&[(head, &part(&masked)), ("A: b", "[REDACTED:github-pat]")]);
                let outcome = setup().outcome(&text);
                assert_eq!(outcome.text(), expected);
                let last = text.rfind(&token()).unwrap();
                assert_eq!(outcome.asked[2], format!("github-pat {last}+40"));
                let clean = body(&[(head, &part(&around.repeat(3)))]);
                assert_eq!(setup().outcome(&clean).text(), clean);
            }
        }
    }
    // Without padding, and a first line that is longer than lines are.
    for text in ["YWI", "YWJj", &"YWJj".repeat(260)] {
        let text = body(&[(head, text)]);
        assert_eq!(setup().run_whole(&text).text(), text);
    }
    for text in [
        "YWI=YWI=",
        "Y",
        "a b.c",
        "YW_-",
        "YWJj\r\nYWJj\r\nYWJjYWJj.",
    ] {
        let outcome = setup().outcome(body(&[(head, text)]));
        assert_eq!(outcome.result, Err(RedactError::Opaque), "{text}");
    }
}

#[test]
fn the_mask_of_a_part_in_base64_is_base64() {
    let part = |content: &str| {
        body(&[(
            "content-transfer-encoding: base64\r\ncontent-disposition: form-data; name=password",
            content,
        )])
    };
    let text = part("aHVudGVy\r\nMg==");
    let outcome = setup().outcome(&text);
    let mut mask = crate::base64::encode(b"[REDACTED:password-field]");
    mask.resize(mask.len().next_multiple_of(4), b'=');
    assert_eq!(outcome.text(), part(std::str::from_utf8(&mask).unwrap()));
    let same_length = Setup {
        style: MaskStyle::SameLength,
        ..setup()
    };
    assert_eq!(same_length.outcome(&text).text(), part("AAAAAAAA\r\nAA=="));
}

#[test]
fn masks_of_the_same_length_keep_it() {
    let same_length = Setup {
        style: MaskStyle::SameLength,
        ..setup()
    };
    let text = field("name=password", "hunter2\r\nx");
    assert_eq!(
        same_length.outcome(&text).text(),
        field("name=password", "*******\u{2a}**")
    );
}

#[test]
fn what_cannot_be_read_is_opaque_or_passes() {
    let nested = |depth: usize| {
        (0..depth).fold(String::new(), |text, level| {
            format!(
                "{text}--b{level}\r\nContent-Type: multipart/mixed; boundary=b{}\r\n\r\n",
                level + 1
            )
        })
    };
    for head in [
        "Content-Transfer-Encoding: quoted-printable",
        "Content-Transfer-Encoding: x-uuencode",
        "Content-Encoding: gzip",
        "Content-Type: text/plain; charset=utf-16",
        "Content-Type: multipart/mixed",
        "Content-Type: multipart/mixed; boundary=\"a \"",
    ] {
        let text = body(&[("A: b", "x"), (head, &token()), ("A: b", &token())]);
        let outcome = setup().outcome(&text);
        assert_eq!(outcome.result, Err(RedactError::Opaque), "{head}");
        assert!(!outcome.text().contains(&token()));
        let outcome = passing().outcome(&text);
        let (before, last) = text.rsplit_once(&token()).unwrap();
        let expected = format!("{before}[REDACTED:github-pat]{last}");
        assert_eq!(outcome.text(), expected, "{head}");
        assert_eq!(outcome.asked[0], "uninspected");
    }
    for head in [
        "Content-Transfer-Encoding: 8BIT",
        "Content-Transfer-Encoding: binary",
        "Content-Encoding: identity",
        "Content-Type: text/plain; charset=utf-8",
    ] {
        let text = body(&[(head, &token())]);
        assert_masked(&setup(), &text, &token(), "[REDACTED:github-pat]");
    }
    let framing = |pass_opaque| Framing::Multipart {
        boundary: b"b0".to_vec(),
        pass_opaque,
    };
    let deep = |framing| Setup::new(framing).run_whole(nested(5)).result;
    assert_eq!(deep(framing(false)), Err(RedactError::Opaque));
    assert_eq!(deep(framing(true)), Ok(()));
    assert_eq!(
        Setup::new(framing(false)).run_whole(nested(3)).result,
        Ok(())
    );
}

#[test]
fn parts_of_parts_are_parts() {
    let text = "--edge\r\nContent-Type: multipart/mixed; boundary=edge1\r\n\r\n\
        preamble\r\n--edge1\r\nContent-Disposition: attachment; filename=server.key\r\n\r\nhunter2\r\n\
        --edge1\r\n\r\nx\r\n--edge1--\r\nContent-Disposition: form-data; name=password\r\n\r\nno part\r\n\
        --edge\r\nContent-Disposition: form-data; name=otp\r\n\r\nhunter2\r\n\
        --edge1\r\nA: b\r\n\r\nx\r\n--edge--\r\nepilogue";
    let expected = text
        .replacen("hunter2", "[REDACTED:secret-file]", 1)
        .replacen("hunter2", "[REDACTED:assertion-field]", 1);
    assert_eq!(setup().outcome(text).text(), expected);
}

#[test]
fn header_lines_are_bounded() {
    let fits = body(&[(&"A: b\r\n".repeat(1300), "x")]);
    assert_eq!(setup().run_whole(&fits).text(), fits);
    let long = body(&[(&"A: b\r\n".repeat(1400), "x")]);
    let result = setup().run_whole(&long).result;
    assert_eq!(result, Err(RedactError::Limit(Limit::HeaderLines)));
}
