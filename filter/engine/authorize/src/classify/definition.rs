//! Service definitions, `policies/services/*.toml`, compiled for matching.
//!
//! Every engine keeps its calls by verb and then by the first segment they require, each list in file order, so that a look-up tries only
//! the few entries that can fit. A general trie would save little more and hide the rule that the first entry wins.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::Error as _;

use super::call::{Action, Sensitivity};
use super::canonical::Verb;
use super::pattern::{Bindings, Pattern};

/// One service's API.
#[derive(Debug)]
pub(super) struct Definition {
    /// The name by which configurations choose it.
    pub(super) service: String,
    /// First segment of resource ids by default.
    pub(super) name: String,
    /// First segment of every path of the API.
    pub(super) base: String,
    engines: Vec<Engine>,
}

/// The calls that one kind of mount understands.
#[derive(Debug)]
pub(super) struct Engine {
    kind: EngineKind,
    /// Where every server mounts it.
    pub(super) mounted_at: Option<String>,
    extends: Option<usize>,
    calls: HashMap<Verb, Calls>,
}

#[derive(Debug)]
struct EngineKind {
    name: String,
    aliases: Vec<String>,
    /// The mount whose children these engines are, such as `auth`.
    below: Option<String>,
}

#[derive(Debug, Default)]
struct Calls {
    by_first: HashMap<String, Vec<Entry>>,
    /// Entries whose first segment is a variable.
    other: Vec<Entry>,
}

/// One call.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    order: usize,
    pattern: Pattern,
    resource: Option<Pattern>,
    /// `<service>.<engine>.<id>`.
    pub(super) id: String,
    pub(super) action: Action,
    pub(super) sub_action: Option<String>,
    pub(super) sensitivity: Sensitivity,
    pub(super) kind: String,
    pub(super) fields: Vec<String>,
    pub(super) unauthenticated: bool,
}

impl Definition {
    /// Reads and compiles a definition.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let file: DefinitionFile = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut engines: Vec<Engine> = Vec::new();
        for engine in file.engine {
            let extends = match &engine.extends {
                None => None,
                Some(base) => Some(
                    engines
                        .iter()
                        .position(|earlier| earlier.kind.name == *base)
                        .ok_or_else(|| {
                            format!(
                                "engine `{}` extends `{base}`, which is not defined above it",
                                engine.name
                            )
                        })?,
                ),
            };
            engines.push(Engine::compile(engine, extends, &file.service)?);
        }
        Ok(Self {
            service: file.service,
            name: file.name,
            base: file.base,
            engines,
        })
    }

    /// The engine of a type at a mount path.
    pub(super) fn engine_for(&self, engine_type: &str, mount: &str) -> Result<usize, String> {
        let mut elsewhere = None;
        for (index, engine) in self.engines.iter().enumerate() {
            if engine.kind.name != engine_type
                && !engine.kind.aliases.iter().any(|alias| alias == engine_type)
            {
                continue;
            }
            let parent = mount.split_once('/').map(|(first, _)| first);
            match (engine.kind.below.as_deref(), parent) {
                (Some(below), parent) if parent == Some(below) => return Ok(index),
                (Some(below), _) => {
                    elsewhere = Some(format!("`{engine_type}` is mounted below `{below}/`"));
                }
                (None, Some("auth")) => {
                    elsewhere = Some(format!("`{engine_type}` is not mounted below `auth/`"));
                }
                (None, _) => return Ok(index),
            }
        }
        Err(elsewhere.unwrap_or_else(|| {
            format!(
                "`{engine_type}` is not a known engine; known are {}",
                self.known()
            )
        }))
    }

    /// Engines in file order.
    pub(super) fn engines(&self) -> impl Iterator<Item = (usize, &Engine)> {
        self.engines.iter().enumerate()
    }

    /// The first entry of an engine, or of the one it extends, that fits.
    pub(super) fn find<'a>(
        &'a self,
        engine: usize,
        verb: Verb,
        path: &'a [String],
    ) -> Option<(&'a Entry, Bindings<'a>)> {
        let mut engine = self.engines.get(engine)?;
        loop {
            if let Some(found) = engine.find(verb, path) {
                return Some(found);
            }
            engine = self.engines.get(engine.extends?)?;
        }
    }

    fn known(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for engine in &self.engines {
            names.push(&engine.kind.name);
            names.extend(engine.kind.aliases.iter().map(String::as_str));
        }
        names.sort_unstable();
        names.dedup();
        names.join(", ")
    }
}

impl Engine {
    fn compile(file: EngineFile, extends: Option<usize>, service: &str) -> Result<Self, String> {
        let mut calls: HashMap<Verb, Calls> = HashMap::new();
        let mut ids = Vec::new();
        for (order, call) in file.calls.into_iter().enumerate() {
            let id = format!("{service}.{}.{}", file.name, call.id);
            if ids.contains(&call.id) {
                return Err(format!("`{id}` is defined twice"));
            }
            let entry = Entry::compile(&call, order, id, &file.kind)?;
            ids.push(call.id);
            for verb in call.on.0 {
                calls.entry(verb).or_default().add(&entry);
            }
        }
        for calls in calls.values_mut() {
            calls.seal();
        }
        let kind = EngineKind {
            name: file.name,
            aliases: file.aliases,
            below: file.below,
        };
        Ok(Self {
            kind,
            mounted_at: file.mounted_at,
            extends,
            calls,
        })
    }

    fn find<'a>(&'a self, verb: Verb, path: &'a [String]) -> Option<(&'a Entry, Bindings<'a>)> {
        let calls = self.calls.get(&verb)?;
        let candidates = path
            .first()
            .and_then(|first| calls.by_first.get(first))
            .unwrap_or(&calls.other);
        candidates.iter().find_map(|entry| {
            entry
                .pattern
                .matches(path)
                .map(|bindings| (entry, bindings))
        })
    }
}

impl Calls {
    fn add(&mut self, entry: &Entry) {
        match entry.pattern.first_literal() {
            Some(literal) => self
                .by_first
                .entry(literal.to_owned())
                .or_default()
                .push(entry.clone()),
            None => self.other.push(entry.clone()),
        }
    }

    /// Puts the entries that fit any first segment where they belong in every list.
    fn seal(&mut self) {
        for entries in self.by_first.values_mut() {
            entries.extend(self.other.iter().cloned());
            entries.sort_by_key(|entry| entry.order);
        }
    }
}

impl Entry {
    fn compile(call: &CallFile, order: usize, id: String, kind: &str) -> Result<Self, String> {
        let pattern = Pattern::compile(&call.path).map_err(|error| format!("`{id}`: {error}"))?;
        let resource = call
            .resource
            .as_deref()
            .map(Pattern::compile)
            .transpose()
            .map_err(|error| format!("`{id}`: {error}"))?;
        if let Some(resource) = &resource {
            let unbound = resource
                .variables()
                .find(|variable| !pattern.variables().any(|known| known == *variable));
            if let Some(variable) = unbound {
                return Err(format!(
                    "`{id}`: `resource` speaks of `{{{variable}}}`, which `path` does not have"
                ));
            }
            if !resource.is_fixed() {
                return Err(format!(
                    "`{id}`: `resource` takes variables without `+` or `*`"
                ));
            }
        }
        if let Some(field) = call
            .fields
            .iter()
            .find(|field| !field.is_empty() && !field.starts_with('/'))
        {
            return Err(format!(
                "`{id}`: `{field}` in `fields` is not a JSON pointer"
            ));
        }
        Ok(Self {
            order,
            pattern,
            resource,
            id,
            action: call.action,
            sub_action: call.sub_action.clone(),
            sensitivity: call.sensitivity,
            kind: call.kind.as_deref().unwrap_or(kind).to_owned(),
            fields: call.fields.clone(),
            unauthenticated: call.unauthenticated,
        })
    }

    /// Path of the resource below the mount.
    pub(super) fn resource<'a>(
        &'a self,
        bindings: &Bindings<'a>,
        path: &'a [String],
    ) -> Vec<&'a str> {
        match &self.resource {
            Some(resource) => bindings.fill(resource),
            None => path.iter().map(String::as_str).collect(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DefinitionFile {
    service: String,
    name: String,
    base: String,
    engine: Vec<EngineFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EngineFile {
    #[serde(rename = "type")]
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    below: Option<String>,
    extends: Option<String>,
    mounted_at: Option<String>,
    kind: String,
    calls: Vec<CallFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallFile {
    id: String,
    on: Verbs,
    path: String,
    action: Action,
    sub_action: Option<String>,
    sensitivity: Sensitivity,
    resource: Option<String>,
    kind: Option<String>,
    #[serde(default)]
    fields: Vec<String>,
    #[serde(default)]
    unauthenticated: bool,
}

struct Verbs(Vec<Verb>);

impl<'de> Deserialize<'de> for Verbs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let verb = |word: &str| match word {
            "GET" => Ok(Verb::Get),
            "HEAD" => Ok(Verb::Head),
            "POST" => Ok(Verb::Post),
            "PATCH" => Ok(Verb::Patch),
            "DELETE" => Ok(Verb::Delete),
            "LIST" => Ok(Verb::List),
            "SCAN" => Ok(Verb::Scan),
            other => Err(D::Error::custom(format!(
                "`{other}` in `on` is not GET, HEAD, POST, PATCH, DELETE, LIST or SCAN"
            ))),
        };
        text.split_ascii_whitespace()
            .map(verb)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}
