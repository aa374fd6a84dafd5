//! Rule files as they are written, for what a compiled rule does not remember.

/// One rule or list of names, as written.
#[derive(Debug, Clone)]
pub(super) struct Written {
    /// `rule`, or `field`, `header` and so on for names.
    pub(super) section: String,
    pub(super) provider: String,
    pub(super) fields: toml::Table,
}

impl Written {
    pub(super) fn kind(&self) -> &str {
        self.text("kind").unwrap_or_default()
    }

    /// Names of headers and the like are sure: they say so in no field.
    pub(super) fn confidence(&self) -> &str {
        self.text("confidence").unwrap_or("high")
    }

    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field)?.as_str()
    }

    pub(super) fn texts(&self, field: &str) -> Vec<&str> {
        let values = self.fields.get(field).and_then(toml::Value::as_array);
        let values = values.into_iter().flatten();
        values.filter_map(toml::Value::as_str).collect()
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }
}

/// All that a file holds; nothing of one that is no TOML.
pub(super) fn entries(text: &str) -> Vec<Written> {
    let Ok(file) = text.parse::<toml::Table>() else {
        return Vec::new();
    };
    let provider = file.get("provider").and_then(toml::Value::as_str);
    let provider = provider.unwrap_or("Any").to_owned();
    let sections = file.into_iter().filter_map(|(section, value)| match value {
        toml::Value::Array(entries) => Some((section, entries)),
        _ => None,
    });
    sections
        .flat_map(|(section, entries)| {
            let provider = provider.clone();
            entries.into_iter().filter_map(move |entry| match entry {
                toml::Value::Table(fields) => Some(Written {
                    section: section.clone(),
                    provider: provider.clone(),
                    fields,
                }),
                _ => None,
            })
        })
        .collect()
}
