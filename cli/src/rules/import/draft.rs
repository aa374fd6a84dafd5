//! A rule that was converted, and how it is written.

use std::fmt::Write as _;

use crate::rules::write::{named, quoted};

#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    pub(super) kind: String,
    pub(super) title: String,
    pub(super) category: &'static str,
    pub(super) confidence: &'static str,
    pub(super) before: Option<String>,
    pub(super) lead: Option<String>,
    pub(super) context: Vec<String>,
    pub(super) pattern: String,
    pub(super) max_length: Option<usize>,
    pub(super) tail: Option<String>,
    pub(super) after: Option<String>,
    pub(super) examples: Vec<String>,
}

impl Draft {
    /// Whether both find the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let parts = |it: &Self| {
            (
                it.before.clone(),
                it.lead.clone(),
                it.context.clone(),
                it.pattern.clone(),
                it.tail.clone(),
                it.after.clone(),
            )
        };
        parts(self) == parts(other)
    }

    pub(super) fn written(&self) -> String {
        let mut rule = format!(
            "[[rule]]\nkind = {}\ntitle = {}\ncategory = \"{}\"\nconfidence = \"{}\"\n",
            named(&self.kind),
            named(&self.title),
            self.category,
            self.confidence
        );
        let mut field = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                let _ = writeln!(rule, "{name} = {value}");
            }
        };
        let list = |texts: &[String], quote: fn(&str) -> String| {
            let texts: Vec<String> = texts.iter().map(|text| quote(text)).collect();
            format!("[{}]", texts.join(", "))
        };
        field("before", self.before.as_deref().map(quoted));
        field("lead", self.lead.as_deref().map(quoted));
        let context = (!self.context.is_empty()).then(|| list(&self.context, named));
        field("context", context);
        field("pattern", Some(quoted(&self.pattern)));
        field("max_length", self.max_length.map(|it| it.to_string()));
        field("tail", self.tail.as_deref().map(quoted));
        field("after", self.after.as_deref().map(quoted));
        field("examples", Some(list(&self.examples, quoted)));
        rule
    }
}

/// The family that a rule most likely belongs to, by the words of its name.
pub(super) fn category(id: &str) -> &'static str {
    const FAMILIES: [(&str, &str); 44] = [
        ("private-key", "private-key"),
        ("age-secret", "private-key"),
        ("jwt", "jwt"),
        ("vault", "secret-manager"),
        ("1password", "secret-manager"),
        ("doppler", "secret-manager"),
        ("infracost", "cloud"),
        ("github", "source-forge"),
        ("gitlab", "source-forge"),
        ("bitbucket", "source-forge"),
        ("sourcegraph", "source-forge"),
        ("npm", "package-registry"),
        ("pypi", "package-registry"),
        ("rubygems", "package-registry"),
        ("clojars", "package-registry"),
        ("nuget", "package-registry"),
        ("artifactory", "package-registry"),
        ("jfrog", "package-registry"),
        ("openai", "ai"),
        ("anthropic", "ai"),
        ("cohere", "ai"),
        ("huggingface", "ai"),
        ("perplexity", "ai"),
        ("privateai", "ai"),
        ("slack", "chat"),
        ("discord", "chat"),
        ("telegram", "chat"),
        ("mattermost", "chat"),
        ("teams", "chat"),
        ("sendbird", "chat"),
        ("stripe", "payment"),
        ("square-", "payment"),
        ("plaid", "payment"),
        ("flutterwave", "payment"),
        ("coinbase", "payment"),
        ("mailgun", "email"),
        ("mailchimp", "email"),
        ("sendgrid", "email"),
        ("sendinblue", "email"),
        ("datadog", "monitoring"),
        ("new-relic", "monitoring"),
        ("sentry", "monitoring"),
        ("grafana", "monitoring"),
        ("aws", "cloud"),
    ];
    let family = FAMILIES.iter().find(|(word, _)| id.contains(word));
    family.map_or("saas", |(_, family)| family)
}
