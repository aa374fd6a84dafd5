//! Values that stand where a credential could and say so: `changeme`, `your-token-here`, `client_secret_removed`, `password123`, `0123456789`.

/// Longer values are credentials, whatever they say.
const LONGEST: usize = 64;
/// More letters in a row are no word or two.
const LONGEST_RUN: usize = 32;

/// What placeholders are made of, in lower case and in order.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "a", "access", "account", "add", "admin", "an", "any", "api", "app", "apps", "at", "auth",
    "authorization", "aws", "azure", "bar", "basic", "baz", "bearer", "bogus", "by", "change", "changeit", "changeme", "client", "code",
    "config", "cookie", "credential", "credentials", "custom", "db", "default", "deleted", "demo", "do", "dummy", "empty", "enter", "env", "example",
    "expected", "fake", "file", "fill", "foo", "foobar", "for", "from", "generated", "github", "goes", "google", "has", "here", "hidden", "hmac",
    "id", "identity", "in", "input", "insert", "invalid", "is", "jwt", "key", "keys", "let", "letmein", "login", "masked", "master", "me",
    "missing", "mock", "mocked", "my", "name", "new", "no", "none", "not", "null", "oauth", "of", "oidc", "old", "omitted", "on", "one", "oops", "or",
    "other", "our", "pass", "passphrase", "passwd", "password", "passwords", "paste", "placeholder", "private", "provider", "providers", "public",
    "put", "pw", "pwd", "random", "real", "redacted", "refresh", "removed", "replace", "replaced", "rt", "sample", "secret", "secretkey",
    "secrets", "secure", "server", "service", "session", "sha", "some", "something", "stored", "string", "super", "test", "testing", "tests", "text",
    "the", "this", "to", "todo", "token", "tokens", "two", "type", "unknown", "url", "use", "user", "username", "value", "values", "via", "whatever",
    "with", "word", "you", "your", "yours",
];

/// Whether a value is made of nothing but such words, and of digits that count.
///
/// Cheap for what is none: most credentials fail at their first letters. Hostile input costs no more than the longest value, for each value once.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    if value.len() > LONGEST || value.is_empty() {
        return false;
    }
    if is_prose(value) || is_variable(value) || is_path(value) || is_constant(value) {
        return true;
    }
    let mut rest = value.strip_prefix(b"$").unwrap_or(value);
    let mut words = false;
    while let Some(first) = rest.first() {
        let run = run(rest, kind(*first));
        let (part, behind) = rest.split_at_checked(run).unwrap_or_default();
        match kind(*first) {
            Kind::Letter if is_words(part) => words = true,
            Kind::Digit if counts(part) => {}
            Kind::Mark => {}
            Kind::Letter | Kind::Digit | Kind::Other => return false,
        }
        rest = behind;
    }
    words || value.len() >= SHORTEST_NUMBER
}

/// What a sentence has and a passphrase seldom.
const GLUE: [&str; 20] = [
    "a", "are", "as", "be", "by", "cannot", "for", "from", "if", "in", "is", "must", "not", "of",
    "should", "the", "this", "to", "when", "with",
];

/// Whether it is a sentence about the credential.
fn is_prose(value: &[u8]) -> bool {
    let words = || {
        value
            .split(|byte| *byte == b' ')
            .filter(|word| !word.is_empty())
    };
    let is_glue = |word: &[u8]| {
        GLUE.iter()
            .any(|glue| word.eq_ignore_ascii_case(glue.as_bytes()))
    };
    words().count() > 2 && words().any(is_glue)
}

/// Whether it is the name of a variable of the environment: `APP_CLIENT_SECRET`.
fn is_variable(value: &[u8]) -> bool {
    let mut parts = value.split(|byte| *byte == b'_');
    let is_word = |part: &[u8]| part.len() > 1 && part.iter().all(u8::is_ascii_uppercase);
    value.iter().filter(|byte| **byte == b'_').count() > 1 && parts.all(is_word)
}

/// Names of files that hold one.
const ENDINGS: [&str; 10] = [
    "conf", "crt", "env", "json", "key", "p12", "pem", "pfx", "txt", "yaml",
];

/// Longer parts of a path are no names, nor are those of a path with more digits.
const LONGEST_NAME: usize = 24;
const FEW_DIGITS: usize = 2;

/// Whether it says where the credential is: `session.redis.password`, `certs/localhost/key.pem`.
fn is_path(value: &[u8]) -> bool {
    let is_separator = |byte: &u8| matches!(byte, b'.' | b'/');
    let is_name = |part: &[u8]| {
        let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        part.len() <= LONGEST_NAME && part.iter().all(is_of_name)
    };
    let digits = value.iter().filter(|byte| byte.is_ascii_digit());
    let Some(last) = value.iter().rposition(is_separator) else {
        return false;
    };
    let last = value.get(last + 1..).unwrap_or_default();
    let last = last.rsplit(|byte| *byte == b'_').next().unwrap_or_default();
    let ending = ENDINGS
        .iter()
        .any(|ending| last.eq_ignore_ascii_case(ending.as_bytes()));
    value.first().is_some_and(|byte| !byte.is_ascii_digit())
        && digits.count() <= FEW_DIGITS
        && value.split(is_separator).all(is_name)
        && !last.is_empty()
        && (ending || kind(*last.first().unwrap_or(&0)) == Kind::Letter && is_words(last))
}

/// Longest constant: 32 bits.
const CONSTANT: usize = 8;

/// Whether it is a number of a program: `0xc2`.
fn is_constant(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"-").unwrap_or(value);
    let digits = value
        .strip_prefix(b"0x")
        .or_else(|| value.strip_prefix(b"0X"));
    digits
        .is_some_and(|digits| digits.len() <= CONSTANT && digits.iter().all(u8::is_ascii_hexdigit))
}

/// Longer words are credentials.
const LONGEST_WORD: usize = 10;

/// Whether it is a word or two, or a number that is shorter than what a machine makes.
pub(super) fn is_word(value: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_lowercase() || matches!(byte, b' ' | b'-' | b'_');
    let number = |byte: &u8| byte.is_ascii_digit();
    value.len() <= LONGEST_WORD && value.iter().all(plain)
        || value.len() <= SHORTEST_CODE && value.iter().all(number)
}

/// Longest number that is none.
const SHORTEST_CODE: usize = 4;

/// A shorter number may be somebody's password.
const SHORTEST_NUMBER: usize = 10;

#[derive(PartialEq, Eq, Clone, Copy)]
enum Kind {
    Letter,
    Digit,
    /// What stands between words.
    Mark,
    Other,
}

fn kind(byte: u8) -> Kind {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' => Kind::Letter,
        b'0'..=b'9' => Kind::Digit,
        b'_' | b'-' | b'.' | b' ' | b'<' | b'>' | b'*' | b'!' | b'+' | b'/' | b':' => Kind::Mark,
        _ => Kind::Other,
    }
}

fn run(text: &[u8], of: Kind) -> usize {
    let end = text.iter().position(|byte| kind(*byte) != of);
    end.unwrap_or(text.len())
}

/// Whether letters are words, one behind the other.
fn is_words(letters: &[u8]) -> bool {
    if letters.len() > LONGEST_RUN {
        return false;
    }
    let lower = letters.to_ascii_lowercase();
    // Bit `n` says that the first `n` letters are words.
    let mut ends: u64 = 1;
    for at in 0..lower.len() {
        let rest = lower.get(at..).unwrap_or_default();
        if ends >> at & 1 == 0 {
            continue;
        }
        let first = rest.first().copied().unwrap_or(0);
        let from = WORDS.partition_point(|word| word.as_bytes().first() < Some(&first));
        let alike = WORDS.iter().skip(from);
        for word in alike.take_while(|word| word.as_bytes().first() == Some(&first)) {
            if rest.starts_with(word.as_bytes()) {
                ends |= 1 << (at + word.len());
            }
        }
    }
    ends >> lower.len() & 1 == 1
}

/// Whether digits count up, count down or stay the same, or are too few to tell.
fn counts(digits: &[u8]) -> bool {
    const FEW: usize = 3;
    let steps = digits.windows(2).filter_map(|pair| pair.first_chunk::<2>());
    let breaks = steps.filter(|[one, other]| {
        let step = (other + 10 - one) % 10;
        !matches!(step, 0 | 1 | 9)
    });
    digits.len() <= FEW || breaks.count() * 8 < digits.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_say_so() {
        assert!(WORDS.is_sorted());
        for text in [
            "changeme",
            "CHANGE_ME",
            "your-token-here",
            "<your token>",
            "client_secret_removed",
            "password123",
            "letmein123",
            "LET_ME_IN",
            "0123456789",
            "00000000000000000000000000000001",
            "yoursecrettoken",
            "testPassword",
            "Alias to CF_API_TOKEN",
            "APP_CLIENT_SECRET",
            "at-0987654321",
            "a_secret",
            "$token",
            "session.redis.password",
            "template.users.user2.data.password",
            "fixtures/certs/localhost/key.pem",
            "API token with DNS:Edit permission",
            "0xc2",
            "-0x7",
        ] {
            assert!(is_placeholder(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn words_and_short_numbers_are_nothing_that_a_machine_makes() {
        for text in ["qwer", "package name", "key-material", "directory", "1234"] {
            assert_eq!(
                is_word(text.as_bytes()),
                text.len() <= LONGEST_WORD,
                "{text}"
            );
        }
        for text in ["s3cr3t", "ABCDEF", "12345", "correcthorse"] {
            assert!(!is_word(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn credentials_do_not() {
        let long = "secret".repeat(11);
        for text in [
            "",
            "hunter2",
            "correcthorse",
            "Winter2024",
            "48213377",
            "9081726354",
            "tokenA7xq",
            "secret$1",
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "passw0rd1",
            "a1b2.c3d4",
            "cBF4SFxt2U4uTb5CZ8fE.json",
            "0xc0406618c0406618",
            &long,
        ] {
            assert!(!is_placeholder(text.as_bytes()), "{text}");
        }
    }
}
