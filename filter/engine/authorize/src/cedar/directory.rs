//! The operator's entities: who has which role, which folder lies in which.
//!
//! They are checked once, and each entity's ancestors are written out flat. A question then needs to carry only its principal, its resource and
//! its action, each with all its ancestors, instead of a copy of the whole directory.

use std::collections::HashMap;

use cedar_policy::{Entities, EntityUid, Schema};
use serde_json::{Map, Value, json};

use super::error::{PolicyError, chain};
use crate::identity::is_spiffe_id;

/// Most entities of one bundle.
const MOST_ENTITIES: usize = 20_000;
/// Types that operators may write. The others exist only while a question is asked.
const OPERATORS_TYPES: [&str; 8] = [
    "Role",
    "Group",
    "TrustDomain",
    "Workload",
    "User",
    "ApiClient",
    "Folder",
    "Secret",
];

/// What the operator says about entities.
#[derive(Default)]
pub(super) struct Directory {
    listings: HashMap<EntityUid, Listing>,
}

#[derive(Default)]
struct Listing {
    ancestors: Vec<EntityUid>,
    tags: Vec<(String, String)>,
}

impl Directory {
    /// Reads and validates entities in Cedar's JSON form.
    ///
    /// The attributes that requests provide need not be written; where they are, the request's win.
    pub(super) fn new(entities: &[Value], schema: &Schema) -> Result<Self, PolicyError> {
        if entities.len() > MOST_ENTITIES {
            return Err(PolicyError::new(
                "entities",
                format!("{} entities are more than {MOST_ENTITIES}", entities.len()),
            ));
        }
        let mut completed = Vec::with_capacity(entities.len());
        for (index, entity) in entities.iter().enumerate() {
            completed.push(
                complete(entity)
                    .map_err(|message| PolicyError::new(&format!("entities[{index}]"), message))?,
            );
        }
        let read = |entities: Vec<Value>| {
            Entities::from_json_value(Value::Array(entities), Some(schema))
                .map_err(|error| chain(&error))
        };
        let store = read(completed.clone()).map_err(|error| {
            // The reader names the entity at best; find which one it was.
            let culprit = completed
                .iter()
                .position(|entity| read(vec![entity.clone()]).is_err());
            let source = culprit.map_or_else(
                || "entities".to_owned(),
                |index| format!("entities[{index}]"),
            );
            PolicyError::new(&source, error)
        })?;
        let mut listings: HashMap<EntityUid, Listing> = HashMap::new();
        for entity in store.iter() {
            let uid = entity.uid();
            let ancestors = store
                .ancestors(&uid)
                .map(|ancestors| ancestors.cloned().collect())
                .unwrap_or_default();
            listings.insert(
                uid,
                Listing {
                    ancestors,
                    tags: Vec::new(),
                },
            );
        }
        for entity in &completed {
            let (Some(uid), Some(tags)) = (
                uid_of(entity),
                entity.get("tags").and_then(Value::as_object),
            ) else {
                continue;
            };
            let Ok(uid) = EntityUid::from_json(json!({ "type": uid.0, "id": uid.1 })) else {
                continue;
            };
            let strings = tags
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
            listings.entry(uid).or_default().tags.extend(strings);
        }
        Ok(Self { listings })
    }

    /// Everything an entity lies in, as far as the operator says.
    pub(super) fn ancestors(&self, uid: &EntityUid) -> &[EntityUid] {
        self.listings
            .get(uid)
            .map(|listing| listing.ancestors.as_slice())
            .unwrap_or_default()
    }

    /// The operator's tags of an entity.
    pub(super) fn tags(&self, uid: &EntityUid) -> &[(String, String)] {
        self.listings
            .get(uid)
            .map(|listing| listing.tags.as_slice())
            .unwrap_or_default()
    }
}

/// Fills in the attributes that requests provide, since the schema requires them.
fn complete(entity: &Value) -> Result<Value, String> {
    let (kind, id) = uid_of(entity).ok_or("`uid` must be an object with `type` and `id`")?;
    if !OPERATORS_TYPES.contains(&kind) {
        return Err(format!(
            "an entity of type `{kind}` cannot be listed; can be: {}",
            OPERATORS_TYPES.join(", ")
        ));
    }
    if kind == "Workload" && !is_spiffe_id(id) {
        return Err(format!(
            "`{id}` is not a SPIFFE id, so no workload will ever have it"
        ));
    }
    if kind == "User" && !id.contains('|') {
        return Err(format!(
            "`{id}` is not of the form `issuer|subject`, so no user will ever have it"
        ));
    }
    let mut entity = entity.as_object().cloned().unwrap_or_default();
    let defaults = match kind {
        "Workload" => {
            json!({ "trust_domain": "", "namespace": "", "service_account": "", "uri_sans": [] })
        }
        "User" => {
            json!({ "issuer": "", "subject": "", "audiences": [], "scopes": [], "mfa": false })
        }
        "Secret" => {
            json!({ "service": "", "namespace": "", "mount": "", "path": "", "kind": "", "sensitivity": "" })
        }
        _ => json!({}),
    };
    let attributes = entity
        .entry("attrs")
        .or_insert_with(|| Value::Object(Map::new()));
    if let (Value::Object(attributes), Value::Object(defaults)) = (attributes, defaults) {
        for (name, value) in defaults {
            attributes.entry(name).or_insert(value);
        }
    }
    entity
        .entry("parents")
        .or_insert_with(|| Value::Array(Vec::new()));
    Ok(Value::Object(entity))
}

/// Type and id of an entity, written plainly or in Cedar's explicit form.
fn uid_of(entity: &Value) -> Option<(&str, &str)> {
    let uid = entity.get("uid")?;
    let uid = uid.get("__entity").unwrap_or(uid);
    Some((uid.get("type")?.as_str()?, uid.get("id")?.as_str()?))
}
