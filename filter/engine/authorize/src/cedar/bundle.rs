//! The `policy` part of the configuration.

use std::fmt;

use serde::Deserialize;
use serde::de::{SeqAccess, Visitor};

/// Policies and the entities they speak of.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyBundle {
    /// Cedar policies: one text or several.
    pub cedar: Texts,
    /// Entities in Cedar's JSON form: roles and groups of workloads, users and clients, folders of folders.
    pub entities: Vec<serde_json::Value>,
    /// Whether the policies that ship with the product are included. Default: yes.
    pub base: bool,
}

impl Default for PolicyBundle {
    fn default() -> Self {
        Self {
            cedar: Texts::default(),
            entities: Vec::new(),
            base: true,
        }
    }
}

/// One text or several.
#[derive(Clone, Debug, Default)]
pub struct Texts(pub Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cedar policies as a string or a list of strings")
    }

    fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
        Ok(Texts(vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Texts, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = sequence.next_element()? {
            texts.push(text);
        }
        Ok(Texts(texts))
    }
}
