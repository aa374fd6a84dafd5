//! A rule file that cannot be used is refused with what is wrong, where, and how to mend it.

use veilgate_redact::{RuleSet, RuleSetBuilder};

/// A good file with one line replaced.
fn file(line: &str, by: &str) -> String {
    let good = r#"
provider = "test"
[[rule]]
kind = "demo"
title = "a demo token"
category = "saas"
confidence = "high"
pattern = 'demo_[a-z]{8}'
examples = ["demo_abcdefgh"]
"#;
    assert!(good.contains(line));
    good.replace(line, by)
}

fn refusal(text: &str) -> String {
    RuleSet::builder()
        .rules("demo.toml", text)
        .and_then(RuleSetBuilder::build)
        .err()
        .map_or_else(String::new, |error| error.to_string())
}

#[test]
fn the_good_file_is_accepted() {
    assert_eq!(refusal(&file("demo", "demo")), "");
}

#[test]
fn each_mistake_is_named_with_its_place() {
    for (line, by, expected) in [
        (
            "confidence = \"high\"",
            "confidence = \"high\"\npatern = 'x'",
            "demo.toml:8: unknown field `patern`",
        ),
        (
            "confidence = \"high\"",
            "confidence = \"sure\"",
            "demo.toml:7: unknown variant `sure`",
        ),
        (
            "category = \"saas\"",
            "category = \"misc\"",
            "demo.toml:6: unknown variant `misc`",
        ),
        ("provider = \"test\"", "provider = ", "demo.toml:2: "),
        (
            "\"demo\"",
            "\"Demo Token\"",
            "demo.toml: rule `Demo Token`: field `kind`: is not a name",
        ),
        (
            "demo_[a-z]{8}",
            "demo_[a-z",
            "rule `demo`: field `pattern`: is not a valid pattern",
        ),
        (
            "demo_[a-z]{8}",
            "demo_[a-z]{8,}",
            "field `pattern`: has no longest match; give each repetition an upper bound, put the open end into `tail`",
        ),
        (
            "demo_[a-z]{8}",
            "demo_[a-z]{8,2000}",
            "field `pattern`: can be longer than 1024 bytes",
        ),
        (
            "demo_[a-z]{8}",
            "[a-z]{8}_demo",
            "field `pattern`: can start in more than 1536 ways; state more fixed bytes at its start, or a `lead`",
        ),
        (
            "demo_[a-z]{8}",
            "d[a-z]{8}",
            "field `pattern`: can start in more than 1536 ways",
        ),
        (
            "demo_[a-z]{8}",
            "de(?:mo)?",
            "field `pattern`: does not start with 4 fixed bytes at the start of a word, by which it can be found; a `lead` can provide them",
        ),
        (
            "demo_[a-z]{8}",
            "---------------demo",
            "field `pattern`: does not start with 4 fixed bytes at the start of a word",
        ),
        (
            "demo_[a-z]{8}",
            "\\bdemo_",
            "field `pattern`: uses `^`, `$` or `\\b`; state `before` or `after` instead",
        ),
        (
            "demo_[a-z]{8}",
            "(?:demo_)?",
            "field `pattern`: matches the empty text",
        ),
        (
            "title =",
            "before = '[^a-z]{2}'\ntitle =",
            "field `before`: is not a class of single bytes",
        ),
        (
            "title =",
            "lead = 'demo *: '\ntitle =",
            "field `lead`: can be longer than 512 bytes",
        ),
        (
            "title =",
            "lead = 'demo: '\ncontext = ['demo']\ntitle =",
            "field `context`: cannot stand beside `lead`",
        ),
        (
            "title =",
            "context = ['demo', 'dd']\ntitle =",
            "field `context`: has \"dd\", which is not a word of at least 4 letters",
        ),
        (
            "title =",
            "context = ['demo key']\ntitle =",
            "field `context`: has \"demo key\", which is not a word",
        ),
        (
            "title =",
            "tail = 'a'\nafter = 'b'\ntitle =",
            "field `after`: cannot stand beside `tail`",
        ),
        (
            "title =",
            "max_length = 4\ntitle =",
            "field `max_length`: is not between the shortest match (13) and 4096",
        ),
        ("[\"demo_abcdefgh\"]", "[]", "field `examples`: is empty"),
    ] {
        let message = refusal(&file(line, by));
        assert!(message.contains(expected), "{by:?}: {message}");
        assert!(!message.contains('\n'), "{message}");
    }
}

#[test]
fn kinds_are_unique_and_can_be_disabled() {
    let good = file("demo", "demo");
    let twice = RuleSet::builder()
        .rules("a.toml", &good)
        .and_then(|builder| builder.rules("b.toml", &good))
        .err()
        .map(|error| error.to_string());
    assert_eq!(
        twice.as_deref(),
        Some(
            "b.toml: rule `demo`: field `kind`: is already taken by a rule in a.toml; choose another name, or disable that one first"
        )
    );
    let replaced = RuleSet::builder()
        .builtin()
        .and_then(|builder| builder.disable("github-pat"))
        .and_then(|builder| builder.rules("a.toml", &good))
        .and_then(RuleSetBuilder::build);
    assert!(
        replaced.is_ok_and(|rules| rules.rules().any(|rule| rule.kind() == "demo")
            && rules.rules().all(|rule| rule.kind() != "github-pat"))
    );
    let unknown = RuleSet::builder()
        .disable("nothing")
        .err()
        .map(|error| error.to_string());
    assert_eq!(
        unknown.as_deref(),
        Some("there is no rule `nothing` to disable; `rules()` lists all kinds")
    );
}

#[test]
fn carrier_files_are_checked_too() {
    let refused = RuleSet::builder()
        .carriers(
            "carriers.toml",
            "[[header]]\nkind = \"x\"\ncategory = \"y\"\nname = []\n",
        )
        .err()
        .map(|error| error.to_string());
    assert!(
        refused.is_some_and(|message| message.starts_with("carriers.toml:4: unknown field `name`"))
    );
}
