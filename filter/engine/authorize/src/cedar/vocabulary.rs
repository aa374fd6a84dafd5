//! The schema's names, resolved once: looking a name up costs ten times what using it does.

use std::collections::HashMap;
use std::str::FromStr;

use cedar_policy::{Entity, EntityId, EntityTypeName, EntityUid, Schema};

use super::error::{PolicyError, chain};
use crate::classify::Action;

/// What is asked about: a call's action, or `Reveal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum AskedAction {
    Call(Action),
    Reveal,
}

impl AskedAction {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        Action::ALL
            .into_iter()
            .map(Self::Call)
            .chain([Self::Reveal])
    }

    fn name(self) -> &'static str {
        match self {
            Self::Call(action) => action.as_str(),
            Self::Reveal => "Reveal",
        }
    }
}

/// Entity types and actions of the schema.
pub(super) struct Vocabulary {
    workload: EntityTypeName,
    user: EntityTypeName,
    api_client: EntityTypeName,
    anonymous: EntityTypeName,
    trust_domain: EntityTypeName,
    group: EntityTypeName,
    folder: EntityTypeName,
    secret: EntityTypeName,
    field: EntityTypeName,
    credential: EntityTypeName,
    actions: HashMap<AskedAction, ActionEntity>,
}

/// An action and all groups it is in.
pub(super) struct ActionEntity {
    pub(super) uid: EntityUid,
    pub(super) entity: Entity,
    pub(super) groups: Vec<EntityUid>,
}

/// The entity types, by what they stand for.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Workload,
    User,
    ApiClient,
    Anonymous,
    TrustDomain,
    Group,
    Folder,
    Secret,
    Field,
    Credential,
}

impl Vocabulary {
    pub(super) fn new(schema: &Schema) -> Result<Self, PolicyError> {
        let wrong = |error: &dyn std::error::Error| PolicyError::new("schema", chain(error));
        let name = |text: &str| EntityTypeName::from_str(text).map_err(|error| wrong(&error));
        let known = schema.action_entities().map_err(|error| wrong(&error))?;
        let action_type = name("Action")?;
        let mut actions = HashMap::new();
        for action in AskedAction::all() {
            let uid =
                EntityUid::from_type_name_and_id(action_type.clone(), EntityId::new(action.name()));
            let groups: Vec<EntityUid> = known
                .ancestors(&uid)
                .ok_or_else(|| {
                    PolicyError::new("schema", format!("action `{}` is missing", action.name()))
                })?
                .cloned()
                .collect();
            // INVARIANT: the action in a question has all its groups as parents. Without them a `forbid` on a group would not apply, silently.
            let entity = Entity::new_no_attrs(uid.clone(), groups.iter().cloned().collect());
            actions.insert(
                action,
                ActionEntity {
                    uid,
                    entity,
                    groups,
                },
            );
        }
        Ok(Self {
            workload: name("Workload")?,
            user: name("User")?,
            api_client: name("ApiClient")?,
            anonymous: name("Anonymous")?,
            trust_domain: name("TrustDomain")?,
            group: name("Group")?,
            folder: name("Folder")?,
            secret: name("Secret")?,
            field: name("Field")?,
            credential: name("Credential")?,
            actions,
        })
    }

    pub(super) fn uid(&self, kind: Kind, id: &str) -> EntityUid {
        let name = match kind {
            Kind::Workload => &self.workload,
            Kind::User => &self.user,
            Kind::ApiClient => &self.api_client,
            Kind::Anonymous => &self.anonymous,
            Kind::TrustDomain => &self.trust_domain,
            Kind::Group => &self.group,
            Kind::Folder => &self.folder,
            Kind::Secret => &self.secret,
            Kind::Field => &self.field,
            Kind::Credential => &self.credential,
        };
        EntityUid::from_type_name_and_id(name.clone(), EntityId::new(id))
    }

    pub(super) fn action(&self, action: AskedAction) -> Option<&ActionEntity> {
        self.actions.get(&action)
    }
}
