//! One configured service: a definition with its mounts and namespaces.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::ServiceConfig;
use super::call::{Call, Resource};
use super::canonical::{Canonical, Verb, canonical};
use super::definition::Definition;
use super::refusal::{Refusal, RefusalReason};
use crate::request::Head;

/// A configured service, ready to classify.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: String,
    definition: Arc<Definition>,
    base_path: Vec<String>,
    /// Engine by mount path.
    mounts: HashMap<String, usize>,
    namespaces: HashSet<String>,
    /// Segments of the longest mount path and of the longest namespace, which bound the look-ups.
    deepest_mount: usize,
    deepest_namespace: usize,
}

impl Service {
    pub(super) fn new(config: &ServiceConfig, definition: Arc<Definition>) -> Result<Self, String> {
        let name = config
            .name
            .clone()
            .unwrap_or_else(|| definition.name.clone());
        if !is_plain(&name) || name.contains('/') {
            return Err(format!(
                "`name` is `{name}`, but it is one segment of a resource id"
            ));
        }
        let base_path = match config.base_path.trim_matches('/') {
            "" => Vec::new(),
            base if is_plain(base) => split(base),
            base => {
                return Err(format!(
                    "`base_path` is `{base}`, which is not a plain path"
                ));
            }
        };
        let mut mounts = HashMap::new();
        for (index, engine) in definition.engines() {
            if let Some(mount) = &engine.mounted_at {
                mounts.insert(mount.clone(), index);
            }
        }
        let namespaces = namespaces(config)?;
        for (mount, engine) in &config.mounts {
            let path = mount.trim_end_matches('/');
            if !is_plain(path) {
                return Err(format!(
                    "`{mount}` in `mounts` is not a plain path: write it without a leading slash"
                ));
            }
            let within = namespaces
                .iter()
                .filter_map(|namespace| path.strip_prefix(namespace.as_str())?.strip_prefix('/'));
            let local = within.min_by_key(|rest| rest.len()).unwrap_or(path);
            let engine = definition
                .engine_for(engine, local)
                .map_err(|error| format!("mount `{mount}`: {error}"))?;
            mounts.insert(path.to_owned(), engine);
        }
        if let Some((outer, inner)) = nested(&mounts) {
            return Err(format!(
                "mount `{inner}` lies inside mount `{outer}`, which no server allows"
            ));
        }
        let depth = |path: &String| path.split('/').count();
        Ok(Self {
            deepest_mount: mounts.keys().map(depth).max().unwrap_or_default(),
            deepest_namespace: namespaces.iter().map(depth).max().unwrap_or_default(),
            name,
            definition,
            base_path,
            mounts,
            namespaces,
        })
    }

    /// Works out what a request asks.
    pub(super) fn classify(&self, head: &Head<'_>) -> Result<Call, Refusal> {
        let canonical = canonical(head)?;
        let path = self
            .api_path(&canonical)
            .ok_or(RefusalReason::UnknownCall)?;
        let (namespace, path) = self.resolve_namespace(&canonical.namespace, path)?;
        let (mount, engine) = self
            .resolve_mount(&namespace, path)
            .ok_or(RefusalReason::UnknownMount)?;
        let (mount, path) = path
            .split_at_checked(mount)
            .ok_or(RefusalReason::UnknownMount)?;
        let (entry, bindings) = self
            .definition
            .find(engine, canonical.verb, path)
            .ok_or(RefusalReason::UnknownCall)?;
        let below = entry.resource(&bindings, path);
        let listing = matches!(canonical.verb, Verb::List | Verb::Scan);
        let mut fields = entry.fields.clone();
        if canonical.wrapped && !fields.iter().any(|field| field == "/wrap_info") {
            fields.push("/wrap_info".to_owned());
        }
        let wrap = || canonical.wrapped.then(|| "wrap".to_owned());
        Ok(Call {
            entry: entry.id.clone(),
            service: self.name.clone(),
            action: entry.action,
            sub_action: entry.sub_action.clone().or_else(wrap),
            sensitivity: entry.sensitivity,
            resource: self.resource(&namespace, mount, &below, &entry.kind, listing),
            fields,
            wrapped: canonical.wrapped,
            unauthenticated: entry.unauthenticated,
        })
    }

    fn api_path<'a>(&self, canonical: &'a Canonical) -> Option<&'a [String]> {
        let path = canonical.segments.strip_prefix(self.base_path.as_slice())?;
        let (base, path) = path.split_first()?;
        (*base == self.definition.base).then_some(path)
    }

    /// The namespace of the header, continued by the longest configured namespace that the path begins with.
    fn resolve_namespace<'a>(
        &self,
        header: &[String],
        path: &'a [String],
    ) -> Result<(String, &'a [String]), RefusalReason> {
        let outer = header.join("/");
        for length in (0..=path.len().min(self.deepest_namespace)).rev() {
            let Some((inner, rest)) = path.split_at_checked(length) else {
                continue;
            };
            let namespace = join(&outer, inner);
            if namespace.is_empty() || self.namespaces.contains(&namespace) {
                return Ok((namespace, rest));
            }
        }
        Err(RefusalReason::UnknownNamespace)
    }

    /// Number of segments of the mount that a path begins with, and its engine. Mounts written with their namespace come first.
    fn resolve_mount(&self, namespace: &str, path: &[String]) -> Option<(usize, usize)> {
        let longest = |outer: &str| {
            (1..=path.len().min(self.deepest_mount))
                .rev()
                .find_map(|length| {
                    let mount = join(outer, path.get(..length)?);
                    self.mounts.get(&mount).map(|engine| (length, *engine))
                })
        };
        let own = if namespace.is_empty() {
            None
        } else {
            longest(namespace)
        };
        own.or_else(|| longest(""))
    }

    fn resource(
        &self,
        namespace: &str,
        mount: &[String],
        below: &[&str],
        kind: &str,
        listing: bool,
    ) -> Resource {
        let mut id = self.name.clone();
        let mut folders = Vec::new();
        let namespaces = namespace.split('/').filter(|segment| !segment.is_empty());
        for segment in namespaces
            .chain(mount.iter().map(String::as_str))
            .chain(below.iter().copied())
        {
            folders.push(id.clone());
            id.push('/');
            id.push_str(segment);
        }
        if listing {
            folders.push(id.clone());
        }
        Resource {
            id,
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            mount: mount.join("/"),
            path: below.join("/"),
            folders,
        }
    }
}

fn namespaces(config: &ServiceConfig) -> Result<HashSet<String>, String> {
    let mut namespaces = HashSet::new();
    for namespace in &config.namespaces {
        let path = namespace.trim_end_matches('/');
        if !is_plain(path) || path == "root" {
            return Err(format!(
                "`{namespace}` in `namespaces` is not a plain path: write `team1` or `team1/sub`"
            ));
        }
        namespaces.insert(path.to_owned());
    }
    Ok(namespaces)
}

/// Two mounts of which one lies inside the other.
fn nested(mounts: &HashMap<String, usize>) -> Option<(&str, &str)> {
    mounts.keys().find_map(|inner| {
        let outer = inner
            .match_indices('/')
            .find_map(|(end, _)| mounts.get_key_value(inner.get(..end)?))?;
        Some((outer.0.as_str(), inner.as_str()))
    })
}

fn is_plain(path: &str) -> bool {
    path.split('/').all(|segment| {
        !matches!(segment, "" | "." | "..") && !segment.contains(['%', '\\', '?', '#', ';'])
    }) && !path.chars().any(char::is_control)
}

fn split(path: &str) -> Vec<String> {
    path.split('/').map(str::to_owned).collect()
}

fn join(outer: &str, inner: &[String]) -> String {
    match (outer.is_empty(), inner.is_empty()) {
        (true, _) => inner.join("/"),
        (false, true) => outer.to_owned(),
        (false, false) => format!("{outer}/{}", inner.join("/")),
    }
}
