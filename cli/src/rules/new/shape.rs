//! The shape of a token: what all of its kind have in common, guessed from one.

/// A fixed start, and parts of one alphabet each with what separates them.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) prefix: String,
    pub(super) parts: Vec<Part>,
}

#[derive(Debug)]
pub(super) enum Part {
    /// Bytes of one alphabet.
    Run { alphabet: Alphabet, length: usize },
    /// What stands between runs, as it is.
    Fixed(char),
    /// 36 characters.
    Uuid,
}

/// The alphabets of examples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Alphabet {
    /// As placeholders call it.
    pub(super) name: &'static str,
    /// As a class of a pattern, without the brackets.
    pub(super) class: &'static str,
    has: fn(char) -> bool,
}

/// From the narrowest on.
const ALPHABETS: [Alphabet; 8] = [
    alphabet("dec", "0-9", |it| it.is_ascii_digit()),
    alphabet("hex", "0-9a-f", |it| matches!(it, '0'..='9' | 'a'..='f')),
    alphabet("HEX", "0-9A-F", |it| matches!(it, '0'..='9' | 'A'..='F')),
    alphabet("low", "0-9a-z", |it| matches!(it, '0'..='9' | 'a'..='z')),
    alphabet("UP", "0-9A-Z", |it| matches!(it, '0'..='9' | 'A'..='Z')),
    Alphabet::B62,
    alphabet("b64u", "0-9A-Za-z_-", |it| {
        it.is_ascii_alphanumeric() || matches!(it, '_' | '-')
    }),
    alphabet("b64", "0-9A-Za-z+/", |it| {
        it.is_ascii_alphanumeric() || matches!(it, '+' | '/')
    }),
];

impl Alphabet {
    /// Letters and digits.
    pub(super) const B62: Self = alphabet("b62", "0-9A-Za-z", |it| it.is_ascii_alphanumeric());
}

const fn alphabet(name: &'static str, class: &'static str, has: fn(char) -> bool) -> Alphabet {
    Alphabet { name, class, has }
}

/// Shorter ones are of no shape.
const SHORTEST: usize = 12;
/// Longer ones are no token.
const LONGEST: usize = 1000;
/// So much of what is not the prefix has to be left.
const SECRET: usize = 10;
/// Fewer characters do not tell one alphabet from the next.
const TELLING: usize = 10;
/// A longer word at the start may be a part of the secret.
const WORD: usize = 10;
/// More words may be a passphrase.
const WORDS: usize = 3;

impl Shape {
    /// The shape of a token; the error says what is wrong with it, without a part of it.
    pub(super) fn of(token: &str) -> Result<Self, String> {
        let length = token.chars().count();
        if !(SHORTEST..=LONGEST).contains(&length) {
            return Err(format!(
                "has {length} characters, of which no shape can be told; give one token of {SHORTEST} to {LONGEST}"
            ));
        }
        if !token.chars().all(|it| it.is_ascii_graphic()) {
            return Err("is more than one token: it holds a space, a line's end or what is not ASCII; give the token alone".to_owned());
        }
        let prefix = prefix(token);
        let rest = token.get(prefix.len()..).unwrap_or_default();
        Ok(Self {
            prefix: prefix.to_owned(),
            parts: parts(rest),
        })
    }
}

/// Words at the start, each with what ends it: `sk_live_`.
fn prefix(token: &str) -> &str {
    let mut end = 0;
    for _ in 0..WORDS {
        let rest = token.get(end..).unwrap_or_default();
        let Some(at) = rest.find(['_', '-', '.', ':', '~']) else {
            break;
        };
        let word = rest.get(..at).unwrap_or_default();
        if !is_word(word) || rest.len() < at + 1 + SECRET {
            break;
        }
        end += at + 1;
    }
    // A few words of many are a passphrase.
    let rest = token.get(end..).unwrap_or_default();
    let goes_on = rest.split(['_', '-', '.', ':', '~']).all(is_word);
    if goes_on {
        ""
    } else {
        token.get(..end).unwrap_or_default()
    }
}

/// Whether this is a name such as `ghp`, `live` or `v1`, and not random.
fn is_word(word: &str) -> bool {
    let letters = word.trim_end_matches(|it: char| it.is_ascii_digit());
    let digits = word.len() - letters.len();
    let one_case = letters.bytes().all(|it| it.is_ascii_lowercase())
        || letters.bytes().all(|it| it.is_ascii_uppercase());
    !letters.is_empty() && word.len() <= WORD && digits <= 2 && one_case
}

fn parts(rest: &str) -> Vec<Part> {
    if is_uuid(rest) {
        return vec![Part::Uuid];
    }
    let runs: Vec<&str> = rest.split(['_', '-']).collect();
    // Between parts that are alike or of digits a line is a separator; elsewhere it is a letter of base64url.
    let separates = runs.len() > 1
        && runs.iter().all(|run| run.len() >= 4)
        && (runs
            .iter()
            .any(|run| run.bytes().all(|it| it.is_ascii_digit()))
            || runs
                .windows(2)
                .all(|pair| matches!(pair, [a, b] if a.len() == b.len())));
    let is_separator = |it: char| {
        separates && matches!(it, '_' | '-')
            || !it.is_ascii_alphanumeric() && !matches!(it, '_' | '-' | '+' | '/')
    };
    let mut parts = Vec::new();
    let mut run = String::new();
    for character in rest.chars() {
        if is_separator(character) {
            parts.extend(part(&std::mem::take(&mut run)));
            parts.push(Part::Fixed(character));
        } else {
            run.push(character);
        }
    }
    parts.extend(part(&run));
    parts
}

fn part(run: &str) -> Vec<Part> {
    let fits = |it: &&Alphabet| run.chars().all(it.has);
    // A short run may use a small part of its alphabet by chance.
    let told = |it: &&Alphabet| run.len() >= TELLING || it.name == "dec" || it.class.len() >= 9;
    match ALPHABETS.iter().filter(told).find(fits) {
        _ if run.is_empty() => Vec::new(),
        Some(alphabet) => vec![Part::Run {
            alphabet: *alphabet,
            length: run.len(),
        }],
        // Both base64 and base64url: cut at what only one has.
        None => {
            let at = run.find(['+', '/']).unwrap_or(0);
            let (before, rest) = run.split_at(at);
            let mut parts = part(before);
            parts.extend(rest.chars().next().map(Part::Fixed));
            parts.extend(part(rest.get(1..).unwrap_or_default()));
            parts
        }
    }
}

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12]
        && text
            .chars()
            .all(|it| it == '-' || matches!(it, '0'..='9' | 'a'..='f'))
}
