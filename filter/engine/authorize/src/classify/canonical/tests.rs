use proptest::prelude::*;

use super::*;

type Headers<'a> = &'a [(&'a str, &'a str)];

fn canonical_of(method: &str, target: &str, headers: Headers<'_>) -> Result<Canonical, Reason> {
    let headers: Vec<(Vec<u8>, Vec<u8>)> = headers
        .iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect();
    canonical(&Head {
        method: method.as_bytes(),
        authority: b"bao.internal",
        path: target.as_bytes(),
        headers: &headers,
    })
}

fn path_of(target: &str) -> Result<String, Reason> {
    canonical_of("GET", target, &[]).map(|canonical| canonical.segments.join("/"))
}

#[test]
fn a_path_is_decoded_once_and_split() {
    let table = [
        ("/v1/kv/a", "v1/kv/a"),
        ("/v1/kv%2fa", "v1/kv/a"),
        ("/%761/k%76/%61", "v1/kv/a"),
        ("/v1/kv/two%20words", "v1/kv/two words"),
        ("/v1/kv/caf%C3%A9", "v1/kv/café"),
        ("/v1/kv/a+b", "v1/kv/a+b"),
        ("/v1/kv/a:b@c,d=e&f!$'()*", "v1/kv/a:b@c,d=e&f!$'()*"),
        ("/v1/kv/...", "v1/kv/..."),
        ("/v1/kv/.hidden", "v1/kv/.hidden"),
        ("/v1/kv/a?version=2&x=%20", "v1/kv/a"),
        ("/", ""),
    ];
    for (target, expected) in table {
        assert_eq!(path_of(target).as_deref(), Ok(expected), "{target}");
    }
}

#[test]
fn a_path_with_a_second_reading_is_refused() {
    let table = [
        ("v1/kv/a", Reason::NotOriginForm),
        ("http://other/v1/kv/a", Reason::NotOriginForm),
        ("*", Reason::NotOriginForm),
        ("", Reason::NotOriginForm),
        ("//v1/kv/a", Reason::EmptySegment),
        ("/v1//kv/a", Reason::EmptySegment),
        ("/v1/kv%2f%2Fa", Reason::EmptySegment),
        ("/v1/kv/a//", Reason::EmptySegment),
        ("/v1/./kv/a", Reason::DotSegment),
        ("/v1/kv/../kv/a", Reason::DotSegment),
        ("/v1/kv/%2e%2e/a", Reason::DotSegment),
        ("/v1/kv/.%2E/a", Reason::DotSegment),
        ("/v1/kv/x%2f..%2fa", Reason::DotSegment),
        ("/v1/kv/..", Reason::DotSegment),
        ("/v1/kv/a/", Reason::TrailingSlash),
        ("/v1/kv/a%2f", Reason::TrailingSlash),
        ("/v1/kv/%2561", Reason::DoubleEncoding),
        ("/v1/kv/a%25", Reason::DoubleEncoding),
        ("/v1/kv/a%", Reason::BadEncoding),
        ("/v1/kv/a%z1", Reason::BadEncoding),
        ("/v1/kv/a%1", Reason::BadEncoding),
        ("/v1/kv/a\\b", Reason::Backslash),
        ("/v1/kv/a%5cb", Reason::Backslash),
        ("/v1/kv/a%00", Reason::NotPrintable),
        ("/v1/kv/a%0a", Reason::NotPrintable),
        ("/v1/kv/a\tb", Reason::NotPrintable),
        ("/v1/kv/a b", Reason::NotPrintable),
        ("/v1/kv/é", Reason::NotPrintable),
        ("/v1/kv/a%E2%80%8Bb", Reason::NotPrintable),
        ("/v1/kv/a%E2%80%AEb", Reason::NotPrintable),
        ("/v1/kv/a%C2%A0b", Reason::NotPrintable),
        ("/v1/kv/a%C0%AFb", Reason::NotUtf8),
        ("/v1/kv/a%FF", Reason::NotUtf8),
        ("/v1/kv/a;v=1", Reason::Semicolon),
        ("/v1/kv/a%3Bv=1", Reason::Semicolon),
        ("/v1/kv/a?list=true;x", Reason::Semicolon),
        ("/v1/kv/a%3flist=true", Reason::EncodedDelimiter),
        ("/v1/kv/a%23", Reason::EncodedDelimiter),
        ("/v1/kv/a#x", Reason::Fragment),
        ("/v1/kv/a?x#y", Reason::Fragment),
        ("/v1/kv/a?%zz=1", Reason::BadEncoding),
    ];
    for (target, expected) in table {
        assert_eq!(path_of(target), Err(expected), "{target}");
    }
}

#[test]
fn long_and_deep_paths_are_refused() {
    assert_eq!(
        path_of(&format!("/v1/{}", "a".repeat(LONGEST))),
        Err(Reason::TooLong)
    );
    assert_eq!(
        path_of(&format!("/v1{}", "/a".repeat(DEEPEST))),
        Err(Reason::TooLong)
    );
    assert!(path_of(&format!("/v1{}", "/a".repeat(DEEPEST - 1))).is_ok());
}

#[test]
fn the_verb_is_what_the_server_makes_of_method_and_query() {
    let table = [
        ("GET", "/v1/kv", Ok(Verb::Get)),
        ("HEAD", "/v1/kv", Ok(Verb::Head)),
        ("POST", "/v1/kv", Ok(Verb::Post)),
        ("PUT", "/v1/kv", Ok(Verb::Post)),
        ("PATCH", "/v1/kv", Ok(Verb::Patch)),
        ("DELETE", "/v1/kv", Ok(Verb::Delete)),
        ("LIST", "/v1/kv", Ok(Verb::List)),
        ("SCAN", "/v1/kv", Ok(Verb::Scan)),
        ("LIST", "/v1/kv/", Ok(Verb::List)),
        ("GET", "/v1/kv/?list=true", Ok(Verb::List)),
        ("GET", "/v1/kv?list=1", Ok(Verb::List)),
        ("GET", "/v1/kv?list=t", Ok(Verb::List)),
        ("GET", "/v1/kv?list=TRUE", Ok(Verb::List)),
        ("GET", "/v1/kv?l%69st=True", Ok(Verb::List)),
        ("GET", "/v1/kv?list=tru%65", Ok(Verb::List)),
        ("GET", "/v1/kv?list=true&list=false", Ok(Verb::List)),
        ("GET", "/v1/kv?list=false&list=true", Ok(Verb::Get)),
        ("GET", "/v1/kv?list=&list=true", Ok(Verb::Get)),
        ("GET", "/v1/kv?list", Ok(Verb::Get)),
        ("GET", "/v1/kv?List=true", Ok(Verb::Get)),
        ("GET", "/v1/kv?list=0", Ok(Verb::Get)),
        ("GET", "/v1/kv?scan=true", Ok(Verb::Scan)),
        ("GET", "/v1/kv?scan=true&list=false", Ok(Verb::Scan)),
        ("POST", "/v1/kv?list=true", Ok(Verb::Post)),
        ("GET", "/v1/kv?list=yes", Err(Reason::AmbiguousQuery)),
        ("GET", "/v1/kv?list=tRUE", Err(Reason::AmbiguousQuery)),
        (
            "GET",
            "/v1/kv?list=true&scan=1",
            Err(Reason::AmbiguousQuery),
        ),
        ("GET", "/v1/kv?help=1", Err(Reason::Help)),
        ("GET", "/v1/kv?read_snapshot_id=a", Err(Reason::Recover)),
        (
            "PUT",
            "/v1/kv?recover_snapshot%5fid=a",
            Err(Reason::Recover),
        ),
        ("HELP", "/v1/kv", Err(Reason::Help)),
        ("get", "/v1/kv", Err(Reason::UnknownMethod)),
        ("List", "/v1/kv", Err(Reason::UnknownMethod)),
        ("OPTIONS", "/v1/kv", Err(Reason::UnknownMethod)),
        ("TRACE", "/v1/kv", Err(Reason::UnknownMethod)),
        ("", "/v1/kv", Err(Reason::UnknownMethod)),
    ];
    for (method, target, expected) in table {
        let verb = canonical_of(method, target, &[]).map(|canonical| canonical.verb);
        assert_eq!(verb, expected, "{method} {target}");
    }
}

#[test]
fn the_namespace_header_must_be_plain() {
    let table = [
        ("team1", Ok("team1")),
        ("team1/", Ok("team1")),
        ("team1/sub", Ok("team1/sub")),
        ("root", Ok("")),
        ("", Ok("")),
        ("/team1", Err(Reason::NamespaceNotCanonical)),
        ("//team1", Err(Reason::NamespaceNotCanonical)),
        ("team1//", Err(Reason::NamespaceNotCanonical)),
        ("./team1", Err(Reason::NamespaceNotCanonical)),
        ("other/../team1", Err(Reason::NamespaceNotCanonical)),
        ("team1/..", Err(Reason::NamespaceNotCanonical)),
        ("..", Err(Reason::NamespaceNotCanonical)),
        ("/", Err(Reason::NamespaceNotCanonical)),
        ("root/", Err(Reason::NamespaceNotCanonical)),
        ("team%31", Err(Reason::NamespaceNotCanonical)),
        ("team1\\sub", Err(Reason::NamespaceNotCanonical)),
        ("a,b", Err(Reason::NamespaceNotCanonical)),
        (" team1", Err(Reason::NamespaceNotCanonical)),
        ("té", Err(Reason::NamespaceNotCanonical)),
    ];
    for (value, expected) in table {
        let namespace = canonical_of("GET", "/v1/kv/a", &[("X-Vault-Namespace", value)])
            .map(|canonical| canonical.namespace.join("/"));
        assert_eq!(
            namespace.as_deref().map_err(|reason| *reason),
            expected,
            "{value}"
        );
    }
}

#[test]
fn headers_that_change_the_call_are_refused() {
    let table: [(Headers<'_>, Result<bool, Reason>); 14] = [
        (
            &[("x-vault-inline-auth-path", "auth/approle/login")],
            Err(Reason::InlineAuth),
        ),
        (
            &[("X-Vault-Inline-Auth-Parameter-1", "x")],
            Err(Reason::InlineAuth),
        ),
        (
            &[("X-Vault-Recover-Snapshot-Id", "x")],
            Err(Reason::Recover),
        ),
        (
            &[("x-vault-recover-source-path", "kv/b")],
            Err(Reason::Recover),
        ),
        (
            &[("X-HTTP-Method-Override", "GET")],
            Err(Reason::MethodOverride),
        ),
        (&[("x-method-override", "")], Err(Reason::MethodOverride)),
        (
            &[("x-vault-token", "a"), ("X-Vault-Token", "b")],
            Err(Reason::DuplicateHeader),
        ),
        (
            &[("x-vault-namespace", "a"), ("X-VAULT-NAMESPACE", "a")],
            Err(Reason::DuplicateHeader),
        ),
        (
            &[("x-vault-token", "a"), ("authorization", "Bearer b")],
            Ok(false),
        ),
        (&[("x-vault-wrap-ttl", "60")], Ok(true)),
        (&[("x-vault-wrap-ttl", "1h30m")], Ok(true)),
        (&[("x-vault-wrap-ttl", "0")], Ok(false)),
        (
            &[("x-vault-wrap-ttl", "0.0000000001s")],
            Err(Reason::WrapTtl),
        ),
        (&[("x-vault-wrap-ttl", "-5")], Err(Reason::WrapTtl)),
    ];
    for (headers, expected) in table {
        assert_eq!(
            canonical_of("GET", "/v1/kv/a", headers).map(|canonical| canonical.wrapped),
            expected,
            "{headers:?}"
        );
    }
}

/// What the canonical form would look like on the wire.
fn rewritten(canonical: &Canonical) -> String {
    let encode = |segment: &String| {
        segment.bytes().fold(String::new(), |mut encoded, byte| {
            if byte.is_ascii_alphanumeric() {
                encoded.push(char::from(byte));
            } else {
                encoded.push_str(&format!("%{byte:02X}"));
            }
            encoded
        })
    };
    let segments: Vec<String> = canonical.segments.iter().map(encode).collect();
    format!("/{}", segments.join("/"))
}

/// Pieces that attacks are made of, in any order.
fn target() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("/"),
        Just("v1"),
        Just("kv"),
        Just("%2f"),
        Just("%2e"),
        Just("."),
        Just(".."),
        Just("%"),
        Just("%25"),
        Just("%5c"),
        Just("\\"),
        Just(";"),
        Just("?"),
        Just("list=true"),
        Just("&"),
        Just("#"),
        Just("%00"),
        Just("%c3%a9"),
        Just("%ff"),
        Just("a"),
        Just("+"),
        Just("%20"),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| format!("/{}", pieces.concat()))
}

proptest! {
    #[test]
    fn the_canonical_form_is_a_fixed_point(target in target()) {
        if let Ok(first) = canonical_of("GET", &target, &[]) {
            let method = if first.verb == Verb::List { "LIST" } else { "GET" };
            prop_assert_eq!(canonical_of(method, &rewritten(&first), &[]), Ok(first));
        }
    }

    #[test]
    fn what_is_accepted_has_no_segment_that_anything_would_rewrite(target in target()) {
        if let Ok(canonical) = canonical_of("GET", &target, &[]) {
            for segment in &canonical.segments {
                prop_assert!(!segment.is_empty() && segment != "." && segment != "..");
                prop_assert!(!segment.contains(['/', '\\', '%', ';', '?', '#']) && !segment.chars().any(char::is_control));
            }
        }
    }

    #[test]
    fn any_bytes_are_an_answer(method: Vec<u8>, path: Vec<u8>, headers: Vec<(Vec<u8>, Vec<u8>)>) {
        let _answer = canonical(&Head { method: &method, authority: b"", path: &path, headers: &headers });
    }
}
