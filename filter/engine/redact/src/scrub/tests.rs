use std::sync::{Arc, LazyLock};

use crate::{Finding, Judge, MaskAll, MaskStyle, Masker, RuleSet, Scrubber, Treatment};

static RULES: LazyLock<Arc<RuleSet>> = LazyLock::new(|| Arc::new(RuleSet::builtin().unwrap()));

fn scrubbed(name: &str, value: &str, judge: &mut dyn Judge) -> String {
    let masker = Masker::new(MaskStyle::Fixed("#".into()), None);
    let out = Scrubber::new(&RULES, &masker)
        .header(name.as_bytes(), value.as_bytes(), judge)
        .unwrap();
    out.map_or_else(|| value.to_owned(), |out| String::from_utf8(out).unwrap())
}

fn header(name: &str, value: &str) -> String {
    scrubbed(name, value, &mut MaskAll)
}

fn token() -> String {
    format!("ghp_{}", "a1B2c3".repeat(6))
}

#[test]
fn every_scheme_stays_and_what_is_secret_behind_it_goes() {
    for (value, expected) in [
        ("Bearer s", "Bearer #"),
        ("Basic dTpw", "Basic #"),
        (
            "Digest username=\"u\", response=\"s\", cnonce=s",
            "Digest username=\"u\", response=\"#\", cnonce=#",
        ),
        (
            "Digest response = \"a\\\"b\", qop=auth",
            "Digest response = \"#\", qop=auth",
        ),
        ("Negotiate s", "Negotiate #"),
        ("NTLM s", "NTLM #"),
        (
            "AWS4-HMAC-SHA256 Credential=c, SignedHeaders=h;x, Signature=s",
            "AWS4-HMAC-SHA256 Credential=c, SignedHeaders=h;x, Signature=#",
        ),
        (
            "AWS4-ECDSA-P256-SHA256 Credential=c,Signature=s",
            "AWS4-ECDSA-P256-SHA256 Credential=c,Signature=#",
        ),
        (
            "AWS4-X509-RSA-SHA256 Signature=s",
            "AWS4-X509-RSA-SHA256 Signature=#",
        ),
        (
            "AWS4-X509-ECDSA-SHA256 Signature=s",
            "AWS4-X509-ECDSA-SHA256 Signature=#",
        ),
        ("AWS id:s", "AWS #"),
        ("token s", "token #"),
        ("Token token=\"s\"", "Token #"),
        ("ApiKey s", "ApiKey #"),
        ("Api-Token s", "Api-Token #"),
        ("GenieKey s", "GenieKey #"),
        ("SSWS s", "SSWS #"),
        ("PVEAPIToken=u@r!t=s", "PVEAPIToken=#"),
        ("SharedKey account:s", "SharedKey #"),
        ("SharedKeyLite account:s", "SharedKeyLite #"),
        (
            "SharedAccessSignature sr=r&sig=s&se=1&skn=n",
            "SharedAccessSignature sr=r&sig=#&se=1&skn=n",
        ),
        (
            "HMAC-SHA256 Credential=c&SignedHeaders=h&Signature=s",
            "HMAC-SHA256 Credential=c&SignedHeaders=h&Signature=#",
        ),
        ("type%3Dmaster%26ver%3D1.0%26sig%3Ds", "#"),
        ("type=master&ver=1.0&sig=s", "#"),
        (
            "OAuth oauth_consumer_key=\"k\", oauth_token=\"s\", oauth_signature=\"s\"",
            "OAuth oauth_consumer_key=\"k\", oauth_token=\"#\", oauth_signature=\"#\"",
        ),
        ("OAuth s", "OAuth #"),
        ("DPoP s", "DPoP #"),
        ("GNAP s", "GNAP #"),
        ("Bot s", "Bot #"),
        ("Key s", "Key #"),
        ("Splunk s", "Splunk #"),
        (
            "Hawk id=\"i\", ts=\"1\", mac=\"s\"",
            "Hawk id=\"i\", ts=\"1\", mac=\"#\"",
        ),
        (
            "Signature keyId=\"k\",signature=\"s\",signature=\"t\"",
            "Signature keyId=\"k\",signature=\"#\",signature=\"#\"",
        ),
        ("GoogleLogin auth=s", "GoogleLogin #"),
        ("Zoho-oauthtoken s", "Zoho-oauthtoken #"),
        ("JWT s", "JWT #"),
        ("PrivateToken token=\"s\"", "PrivateToken #"),
        ("s", "#"),
    ] {
        for name in [
            "Authorization",
            "grpc-metadata-authorization",
            "Grpc-Metadata-Proxy-Authorization",
        ] {
            assert_eq!(header(name, value), expected);
        }
    }
}

#[test]
fn a_folded_line_is_one_value() {
    for (name, value, expected) in [
        ("authorization", "Bearer\r\n s", "Bearer\r\n #"),
        (
            "authorization",
            " \r\n\tBearer\r\n\t s\r\n ",
            " \r\n\tBearer\r\n\t #\r\n ",
        ),
        (
            "authorization",
            "Digest username=\"u\",\r\n response=s\r\n ,qop=auth",
            "Digest username=\"u\",\r\n response=#\r\n ,qop=auth",
        ),
        (
            "cookie",
            "a=b;\r\n sid=s\r\n ; c=d",
            "a=b;\r\n sid=#\r\n ; c=d",
        ),
        ("x-api-key", "\r\n s", "\r\n #"),
        ("x-debug", "basic\r\n dXNlcjpwYXNzd29yZA==", "basic\r\n #"),
    ] {
        assert_eq!(header(name, value), expected);
    }
}

#[test]
fn a_session_cut_into_several_cookies_goes_in_all_of_them() {
    for name in [
        "_oauth2_proxy",
        "_oauth2_proxy_0",
        "_oauth2_proxy_12",
        "__Secure-next-auth.session-token.1",
        ".AspNetCore.CookiesC2",
        "connect.sid_0",
        "JSESSIONID.3f2a",
        "sid.0",
        "SID-10",
    ] {
        let value = format!("a=b; {name}=s; c=d");
        assert_eq!(header("cookie", &value), format!("a=b; {name}=#; c=d"));
        assert_eq!(
            header("set-cookie", &format!("{name}=s; Path=/")),
            format!("{name}=#; Path=/")
        );
    }
    for name in ["d1", "sid0x", "0", "_0", "csrf_0", "color.1"] {
        let value = format!("{name}=s");
        assert_eq!(header("cookie", &value), value);
    }
}

#[test]
fn quotes_around_cookies_stay() {
    for (value, expected) in [
        ("sid=\"s\"; a=b", "sid=\"#\"; a=b"),
        ("sid = \" s \" ; a=b", "sid = \"#\" ; a=b"),
        // Some servers read on up to the closing quote.
        ("sid=\"s;t\"; a=b", "sid=\"#\"; a=b"),
        ("sid=\"s;t\"", "sid=\"#\""),
        // Nothing is closed where the next cookie has quotes of its own.
        ("sid=\"s; a=\"b\"", "sid=\"#; a=\"b\""),
        ("sid=\"s", "sid=\"#"),
        ("sid=\"\"", "sid=\"\""),
        ("sid=\"", "sid=\""),
        ("a=\"x;sid=s\"", "a=\"x;sid=s\""),
        ("sid=s\"", "sid=#"),
    ] {
        assert_eq!(header("cookie", value), expected, "{value}");
    }
    assert_eq!(
        header("set-cookie", "x=\"s;t\"; HttpOnly"),
        "x=\"#\"; HttpOnly"
    );
}

#[test]
fn user_information_goes_wherever_a_url_is() {
    for (value, expected) in [
        ("//u:s@h/p", "//u:#@h/p"),
        ("https://:s@h", "https://:#@h"),
        ("https://u:s@t@h/p?a=b", "https://u:#@h/p?a=b"),
        ("/r?u=//u:s@h", "/r?u=//u:s@h"),
        ("https://h:80/a@b", "https://h:80/a@b"),
        ("//h:80", "//h:80"),
        ("https://u@h", "https://u@h"),
        (
            "0; url=https://u:s@h/?token=s",
            "0; url=https://u:#@h/?token=#",
        ),
    ] {
        assert_eq!(header("refresh", value), expected);
    }
}

#[test]
fn json_and_its_base64_under_secret_names_go_whole() {
    for name in [
        "X-Registry-Auth",
        "X-Registry-Config",
        "x-vault-inline-auth-parameter-role_id",
        "X-Endpoint-API-UserInfo",
    ] {
        for value in [
            r#"{"username":"u","password":"s"}"#,
            "eyJ1c2VybmFtZSI6InUiLCJwYXNzd29yZCI6InMifQ==",
        ] {
            assert_eq!(header(name, value), "#");
        }
    }
}

/// Nobody hides a value from the rules by a name that may be shown.
#[test]
fn the_rules_look_at_what_a_name_reveals() {
    struct RevealNames;
    impl Judge for RevealNames {
        fn treat(&mut self, finding: &Finding<'_>) -> Treatment {
            match finding.carrier {
                Some(_) => Treatment::Reveal,
                None => Treatment::Mask,
            }
        }
    }
    let token = token();
    for (name, template) in [
        ("x-registry-auth", r#"{"identitytoken":"{}"}"#),
        ("grpc-metadata-x-api-key", "{}"),
        ("cookie", "a=b; sid=\"{}\""),
        ("referer", "//u:{}@h/"),
    ] {
        let value = template.replace("{}", &token);
        let expected = template.replace("{}", "#");
        assert_eq!(scrubbed(name, &value, &mut RevealNames), expected, "{name}");
    }
}

#[test]
fn names_are_found_whatever_their_case_and_length() {
    for (name, secret) in [
        ("X-API-KEY", true),
        ("x-vault-inline-auth-parameter-1", true),
        ("x-csrf-token", false),
        ("x-api-key-id", false),
        ("", false),
    ] {
        assert_eq!(header(name, "abc") == "#", secret, "{name}");
    }
    let long = format!("x-vault-inline-auth-parameter-{}", "a".repeat(300));
    assert_eq!(header(&long, "abc"), "#");
    assert_eq!(header(&"x".repeat(300), "abc"), "abc");
}
