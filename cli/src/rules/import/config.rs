//! A configuration of gitleaks, and what of it has no counterpart.

use toml::{Table, Value};

pub(super) struct Config {
    pub(super) title: String,
    pub(super) rules: Vec<Rule>,
    /// What counts for the whole file and is not kept.
    pub(super) left_out: Vec<String>,
}

pub(super) struct Rule {
    pub(super) id: String,
    pub(super) description: String,
    /// None of a rule for paths only.
    pub(super) regex: Option<String>,
    /// Number of the group that is the secret; the first one if it is 0.
    pub(super) group: u32,
    pub(super) keywords: Vec<String>,
    /// What is not kept.
    pub(super) left_out: Vec<String>,
}

impl Config {
    pub(super) fn of(text: &str) -> Result<Self, String> {
        let file: Table = text
            .parse()
            .map_err(|error: toml::de::Error| format!("is no TOML: {}", error.message()))?;
        let rules: Vec<Rule> = tables(&file, "rules").map(Rule::of).collect();
        if rules.is_empty() {
            return Err(
                "has no `[[rules]]`; give a configuration of gitleaks such as its gitleaks.toml"
                    .to_owned(),
            );
        }
        let mut left_out: Vec<String> = allowlists(&file)
            .map(|it| format!("{it} for all rules"))
            .collect();
        if file.contains_key("extend") {
            left_out.push("`[extend]`: give the file that it names to `veilgate rules import` as well, and leave out what it disables".to_owned());
        }
        Ok(Self {
            title: string(&file, "title").unwrap_or_else(|| "gitleaks".to_owned()),
            rules,
            left_out,
        })
    }
}

impl Rule {
    fn of(rule: &Table) -> Self {
        let mut left_out = Vec::new();
        for (field, value) in rule {
            match (field.as_str(), value) {
                ("entropy", Value::Float(least)) => {
                    left_out.push(format!("entropy of at least {least}"));
                }
                ("entropy", Value::Integer(least)) => {
                    left_out.push(format!("entropy of at least {least}"));
                }
                ("path", Value::String(path)) if rule.contains_key("regex") => {
                    left_out.push(format!("the condition that the path is like `{path}`"));
                }
                ("tags", Value::Array(tags)) => {
                    let tags: Vec<&str> = tags.iter().filter_map(Value::as_str).collect();
                    left_out.push(format!("tags ({})", tags.join(", ")));
                }
                ("allowlist" | "allowlists", _) => {}
                ("id" | "description" | "regex" | "secretGroup" | "keywords" | "path", _) => {}
                (other, _) => left_out.push(format!("`{other}`")),
            }
        }
        left_out.extend(allowlists(rule));
        let group = rule.get("secretGroup").and_then(Value::as_integer);
        Self {
            id: string(rule, "id").unwrap_or_else(|| "unnamed".to_owned()),
            description: string(rule, "description").unwrap_or_default(),
            regex: string(rule, "regex"),
            group: group.and_then(|it| u32::try_from(it).ok()).unwrap_or(0),
            keywords: strings(rule, "keywords"),
            left_out,
        }
    }
}

/// What allowlists a rule or a file has, each in words.
fn allowlists(table: &Table) -> impl Iterator<Item = String> {
    let one = table.get("allowlist").and_then(Value::as_table);
    one.into_iter()
        .chain(tables(table, "allowlists"))
        .map(|list| {
            let mut parts = Vec::new();
            for (field, what) in [
                ("regexes", "patterns"),
                ("stopwords", "stopwords"),
                ("paths", "paths"),
                ("commits", "commits"),
            ] {
                match strings(list, field).len() {
                    0 => {}
                    1 => parts.push(format!("1 {}", what.trim_end_matches('s'))),
                    count => parts.push(format!("{count} {what}")),
                }
            }
            if let Some(target) = string(list, "regexTarget") {
                parts.push(format!("compared with the {target}"));
            }
            if let Some(condition) = string(list, "condition") {
                parts.push(format!("condition {condition}"));
            }
            format!("an allowlist ({})", parts.join(", "))
        })
}

fn tables<'a>(table: &'a Table, field: &str) -> impl Iterator<Item = &'a Table> {
    let values = table.get(field).and_then(Value::as_array);
    values.into_iter().flatten().filter_map(Value::as_table)
}

fn string(table: &Table, field: &str) -> Option<String> {
    table.get(field)?.as_str().map(str::to_owned)
}

fn strings(table: &Table, field: &str) -> Vec<String> {
    let values = table.get(field).and_then(Value::as_array);
    let values = values.into_iter().flatten();
    values
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}
