//! What stands where a credential could and is none. All in lower case, and cut after the bytes that are kept of a value.

use super::look::KEPT;

/// Values that say that there is none, what type it has, or its own name again. In order.
#[rustfmt::skip]
const WORDS: &[&[u8]] = &[
    b"access", b"any", b"api-key", b"api_key", b"api_token", b"apikey", b"apitoken", b"array", b"basic", b"bearer", b"binary", b"bool", b"boolean",
    b"byte", b"bytes", b"char", b"credential", b"custom", b"default", b"dict", b"digest", b"disabled", b"empty", b"enabled", b"example", b"expired",
    b"false", b"float", b"hash", b"hidden", b"implicit", b"include", b"input", b"int32", b"int64", b"integer", b"invalid", b"masked", b"missing",
    b"mutual_tls", b"negotiate", b"none", b"null", b"number", b"oauth", b"oauth2", b"object", b"omit", b"opaque", b"optional", b"passphrase",
    b"passwd", b"password", b"private", b"public", b"read", b"read-only", b"readwrite", b"redacted", b"refresh", b"removed", b"request", b"required",
    b"response", b"secret", b"secret_key", b"secrets", b"sensitive", b"session", b"string", b"text", b"todo", b"token", b"tokens", b"true",
    b"undefined", b"unknown", b"unset", b"uuid", b"varchar", b"void", b"write", b"write-only",
];

/// The same, longer than what is kept: the kept bytes, and how many there are.
#[rustfmt::skip]
const LONG_WORDS: &[(&[u8], u8)] = &[
    (b"access_tok", 12), (b"api_passwo", 12), (b"client_sec", 13), (b"client-sec", 13), (b"credential", 11), (b"private_ke", 11), (b"refresh_to", 13),
    (b"same-origi", 11), (b"secret_acc", 17), (b"unauthoriz", 12), (b"unspecifie", 11), (b"bearer_tok", 12),
];

/// What a value begins with that someone else masked already, if no letter or digit follows, or that is still to be filled in. Brackets before it do not
/// count.
#[rustfmt::skip]
const BEGINNINGS: &[&[u8]] = &[
    b"redacted", b"filtered", b"masked", b"hidden", b"removed", b"censored", b"scrubbed", b"sensitive", b"protected", b"omitted", b"your_", b"your-",
    b"your ", b"insert_", b"insert-", b"replace_", b"replace-", b"placeholde", b"example_", b"example-", b"enter your", b"enter_", b"enter-",
    b"arn:aws", b"op://", b"file:/", b"env:", b"http://", b"https://", b"projects/", b"secure", b"xxxxxxxx",
];

/// Names of first members that tell of a schema, a reference or a list of names and not of a secret. In order.
#[rustfmt::skip]
pub(super) const SCHEMA: &[&[u8]] = &[
    b"$comment", b"$ref", b"@type", b"additional", b"allof", b"anyof", b"categories", b"choices", b"comment", b"computed", b"configmap", b"count",
    b"created", b"created_at", b"createdat", b"default", b"defaultmod", b"deprecated", b"descriptio", b"documentat", b"enabled", b"enum", b"example",
    b"expires", b"expires_at", b"expiry", b"fields", b"flags", b"format", b"group", b"help", b"href", b"id", b"in", b"input_toke", b"insertiono",
    b"items", b"key", b"kind", b"label", b"length", b"limit_key", b"links", b"locationna", b"max", b"maxitems", b"maxlength", b"message", b"metadata",
    b"min", b"minitems", b"minlength", b"name", b"namespace", b"node_id", b"nullable", b"object", b"oneof", b"optional", b"output_tok", b"pattern",
    b"properties", b"readonly", b"readonlypr", b"ref", b"required", b"scope", b"scopes", b"secretname", b"secretref", b"sensitive", b"shape",
    b"source", b"state", b"status", b"title", b"total", b"type", b"types", b"uid", b"uniqueitem", b"updated_at", b"uri", b"url", b"valid",
    b"valuefrom", b"version", b"visibility", b"writeonly",
];

/// A word of so many bytes, of which these are kept, as a number: sorted like the words.
pub(super) const fn key(kept: [u8; KEPT], length: u8) -> u128 {
    let mut key = 0;
    let mut rest: &[u8] = &kept;
    while let [first, behind @ ..] = rest {
        key = key << 8 | *first as u128;
        rest = behind;
    }
    key << 8 | length as u128
}

/// Whether this is the [`key`] of one of the words.
pub(super) fn is_word(key: u128) -> bool {
    WORD_KEYS.binary_search(&key).is_ok() || LONG_WORD_KEYS.contains(&key)
}

/// Whether the first bytes of a value are one of the beginnings.
pub(super) fn begins_with_word(kept: &[u8]) -> bool {
    let inner = match kept {
        [b'<' | b'[' | b'(' | b'*' | b'-' | b'_', inner @ ..] => inner,
        _ => kept,
    };
    let first = inner.first().copied().unwrap_or(0);
    let mut alike = BY_FIRST_LETTER
        .get(usize::from(first & 0x1f))
        .copied()
        .unwrap_or(0);
    while alike != 0 {
        let beginning = BEGINNINGS.get(alike.trailing_zeros() as usize);
        if beginning.is_some_and(|beginning| begins_with(inner, beginning)) {
            return true;
        }
        alike &= alike - 1;
    }
    false
}

fn begins_with(text: &[u8], beginning: &[u8]) -> bool {
    let ends_word = beginning.last().is_some_and(u8::is_ascii_alphanumeric);
    let behind = || text.get(beginning.len());
    text.starts_with(beginning) && !(ends_word && behind().is_some_and(u8::is_ascii_alphanumeric))
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated when compiling: an index out of bounds would not compile"
)]
const fn kept(word: &[u8]) -> [u8; KEPT] {
    let mut kept = [0; KEPT];
    let mut at = 0;
    while at < word.len() {
        kept[at] = word[at];
        at += 1;
    }
    kept
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated when compiling: an index out of bounds would not compile"
)]
static WORD_KEYS: [u128; WORDS.len()] = {
    let mut keys = [0; WORDS.len()];
    let mut at = 0;
    while at < WORDS.len() {
        keys[at] = key(kept(WORDS[at]), WORDS[at].len() as u8);
        at += 1;
    }
    keys
};

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated when compiling: an index out of bounds would not compile"
)]
static LONG_WORD_KEYS: [u128; LONG_WORDS.len()] = {
    let mut keys = [0; LONG_WORDS.len()];
    let mut at = 0;
    while at < LONG_WORDS.len() {
        keys[at] = key(kept(LONG_WORDS[at].0), LONG_WORDS[at].1);
        at += 1;
    }
    keys
};

/// Which of the [`BEGINNINGS`] start so, one bit for each.
#[expect(
    clippy::indexing_slicing,
    reason = "evaluated when compiling: an index out of bounds would not compile"
)]
static BY_FIRST_LETTER: [u64; 32] = {
    let mut alike = [0; 32];
    let mut at = 0;
    while at < BEGINNINGS.len() {
        alike[(BEGINNINGS[at][0] & 0x1f) as usize] |= 1 << at;
        at += 1;
    }
    alike
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_can_be_searched() {
        assert!(WORDS.is_sorted() && WORD_KEYS.is_sorted() && SCHEMA.is_sorted());
        assert!(BEGINNINGS.iter().all(|word| word.len() <= KEPT));
        assert!(
            LONG_WORDS
                .iter()
                .all(|(word, length)| word.len() == KEPT && usize::from(*length) > KEPT)
        );
        assert!(WORDS.iter().chain(SCHEMA).all(|word| word.len() <= KEPT));
    }
}
