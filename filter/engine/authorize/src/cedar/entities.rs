//! A question as Cedar sees it: principal, resource and context.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use cedar_policy::{Context, Entity, EntityUid, RestrictedExpression};

use super::directory::Directory;
use super::error::chain;
use super::question::{Credential, Subject};
use super::vocabulary::{AskedAction, Kind, Vocabulary};
use crate::classify::Call;
use crate::identity::Identity;
use crate::request::{Facts, Head};

type Attribute = (String, RestrictedExpression);

/// Builds the entities of questions.
pub(super) struct Builder<'a> {
    pub(super) vocabulary: &'a Vocabulary,
    pub(super) directory: &'a Directory,
}

impl Subject<'_> {
    pub(super) fn action(&self) -> AskedAction {
        match self {
            Self::Call(call) => AskedAction::Call(call.action),
            Self::Field { .. } | Self::Credential(_) => AskedAction::Reveal,
        }
    }

    fn call(&self) -> Option<&Call> {
        match self {
            Self::Call(call) | Self::Field { call, .. } => Some(call),
            Self::Credential(credential) => credential.call,
        }
    }
}

impl Builder<'_> {
    /// The principal with everything the request proves and everything the operator says about it.
    pub(super) fn principal(&self, identity: &Identity) -> Result<Entity, String> {
        let id = identity.id();
        match identity {
            Identity::Workload(workload) => {
                let uid = self.vocabulary.uid(Kind::Workload, &id);
                let attributes = vec![
                    text("trust_domain", &workload.trust_domain),
                    text("namespace", &workload.namespace),
                    text("service_account", &workload.service_account),
                    texts("uri_sans", &workload.uri_sans),
                ];
                let domain = self
                    .vocabulary
                    .uid(Kind::TrustDomain, &workload.trust_domain);
                self.listed(uid, attributes, [domain])
            }
            Identity::User(user) => {
                let uid = self.vocabulary.uid(Kind::User, &id);
                let attributes = vec![
                    text("issuer", &user.issuer),
                    text("subject", &user.subject),
                    texts("audiences", &user.audiences),
                    texts("scopes", &user.scopes),
                    flag("mfa", user.mfa),
                ];
                let groups = user
                    .groups
                    .iter()
                    .map(|group| self.vocabulary.uid(Kind::Group, group));
                self.listed(uid, attributes, groups)
            }
            Identity::ApiClient(_) => {
                self.listed(self.vocabulary.uid(Kind::ApiClient, &id), Vec::new(), [])
            }
            Identity::Anonymous(reason) => {
                let uid = self.vocabulary.uid(Kind::Anonymous, &id);
                self.listed(uid, vec![text("reason", reason.as_str())], [])
            }
        }
    }

    /// The resource with all its folders.
    pub(super) fn resource(&self, subject: &Subject<'_>) -> Result<Entity, String> {
        match subject {
            Subject::Call(call) => {
                let resource = &call.resource;
                let attributes = vec![
                    text("service", &call.service),
                    text("namespace", &resource.namespace),
                    text("mount", &resource.mount),
                    text("path", &resource.path),
                    text("kind", &resource.kind),
                    text("sensitivity", call.sensitivity.as_str()),
                ];
                self.listed(
                    self.vocabulary.uid(Kind::Secret, &resource.id),
                    attributes,
                    self.folders(call),
                )
            }
            Subject::Field { call, pointer } => {
                let uid = self
                    .vocabulary
                    .uid(Kind::Field, &format!("{}#{pointer}", call.resource.id));
                let attributes = vec![
                    text("pointer", pointer),
                    text("name", name_below_root(call, pointer)),
                    text("service", &call.service),
                    text("kind", &call.resource.kind),
                    text("sensitivity", call.sensitivity.as_str()),
                ];
                self.listed(uid, attributes, self.secret_and_folders(call))
            }
            Subject::Credential(credential) => self.credential(credential),
        }
    }

    fn credential(&self, credential: &Credential<'_>) -> Result<Entity, String> {
        let uid = self.vocabulary.uid(Kind::Credential, credential.kind);
        let attributes = vec![
            text("kind", credential.kind),
            text("category", credential.category),
            text("confidence", credential.confidence),
            text("direction", credential.direction.as_str()),
            text("place", credential.place.as_str()),
            text("carrier", credential.carrier),
        ];
        let parents = credential
            .call
            .map(|call| self.secret_and_folders(call))
            .unwrap_or_default();
        self.listed(uid, attributes, parents)
    }

    fn folders(&self, call: &Call) -> Vec<EntityUid> {
        call.resource
            .folders
            .iter()
            .map(|folder| self.vocabulary.uid(Kind::Folder, folder))
            .collect()
    }

    fn secret_and_folders(&self, call: &Call) -> Vec<EntityUid> {
        let mut parents = self.folders(call);
        parents.push(self.vocabulary.uid(Kind::Secret, &call.resource.id));
        parents
    }

    /// An entity with its ancestors written out flat: its own, what the operator says of it, and what the operator says of each of them.
    fn listed(
        &self,
        uid: EntityUid,
        attributes: Vec<Attribute>,
        parents: impl IntoIterator<Item = EntityUid>,
    ) -> Result<Entity, String> {
        let mut ancestors = self.directory.ancestors(&uid).to_vec();
        for parent in parents {
            ancestors.extend_from_slice(self.directory.ancestors(&parent));
            ancestors.push(parent);
        }
        let tags: Vec<Attribute> = self
            .directory
            .tags(&uid)
            .iter()
            .map(|(name, value)| text(name, value))
            .collect();
        Entity::new_with_tags(uid, attributes, ancestors, tags).map_err(|error| chain(&error))
    }
}

/// The circumstances of a question.
pub(super) fn context(
    head: &Head<'_>,
    facts: &Facts,
    identity: &Identity,
    subject: &Subject<'_>,
) -> Result<Context, String> {
    let call = subject.call();
    let now_s = i64::try_from(facts.now_ms / 1000).unwrap_or(i64::MAX);
    let (auth, age, expires) = match identity {
        Identity::Workload(_) => ("mtls", None, None),
        Identity::User(user) => (
            "jwt",
            user.authenticated_at.map(|at| now_s.saturating_sub(at)),
            user.expires_at,
        ),
        Identity::ApiClient(_) => ("api_key", None, None),
        Identity::Anonymous(_) => ("none", None, None),
    };
    let expires_in = expires.map(|at| at.saturating_sub(now_s));
    let attributes = [
        (
            "now".to_owned(),
            RestrictedExpression::new_datetime(rfc3339(facts.now_ms)),
        ),
        text(
            "request_id",
            &plain(facts.request_id.as_deref().unwrap_or_default()),
        ),
        (
            "source_ip".to_owned(),
            RestrictedExpression::new_ip(source_ip(facts).to_string()),
        ),
        flag("tls", facts.tls),
        flag("mtls", facts.mtls),
        text("method", &plain(head.method)),
        text("host", &plain(head.authority)),
        text(
            "path",
            &plain(
                head.path
                    .split(|byte| *byte == b'?')
                    .next()
                    .unwrap_or_default(),
            ),
        ),
        text(
            "service",
            call.map(|call| call.service.as_str()).unwrap_or_default(),
        ),
        text(
            "sub_action",
            call.and_then(|call| call.sub_action.as_deref())
                .unwrap_or_default(),
        ),
        flag("wrapped", call.is_some_and(|call| call.wrapped)),
        text("auth", auth),
        number("auth_age_s", age.unwrap_or(-1).max(-1)),
        number("expires_in_s", expires_in.unwrap_or(-1).max(-1)),
    ];
    Context::from_pairs(attributes).map_err(|error| chain(&error))
}

/// A field's pointer below the root it was found under: the same for every version of a store.
fn name_below_root<'p>(call: &Call, pointer: &'p str) -> &'p str {
    let below = call
        .fields
        .iter()
        .filter_map(|root| pointer.strip_prefix(root.as_str()));
    let name = below
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        .min_by_key(|rest| rest.len())
        .unwrap_or(pointer);
    name.strip_prefix('/').unwrap_or(name)
}

fn text(name: &str, value: &str) -> Attribute {
    (
        name.to_owned(),
        RestrictedExpression::new_string(value.to_owned()),
    )
}

fn texts(name: &str, values: &[String]) -> Attribute {
    (
        name.to_owned(),
        RestrictedExpression::new_set(values.iter().cloned().map(RestrictedExpression::new_string)),
    )
}

fn flag(name: &str, value: bool) -> Attribute {
    (name.to_owned(), RestrictedExpression::new_bool(value))
}

fn number(name: &str, value: i64) -> Attribute {
    (name.to_owned(), RestrictedExpression::new_long(value))
}

/// Bytes as text when they are visible ASCII, else nothing: a lossy reading could pass for another value.
fn plain(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.iter().all(u8::is_ascii_graphic) => Cow::Borrowed(text),
        _ => Cow::Borrowed(""),
    }
}

fn source_ip(facts: &Facts) -> IpAddr {
    let address = facts
        .source_address
        .as_deref()
        .and_then(|address| std::str::from_utf8(address).ok());
    let parsed = address.and_then(|address| {
        address
            .parse::<SocketAddr>()
            .map(|socket| socket.ip())
            .or_else(|_| address.parse())
            .ok()
    });
    parsed.map_or(IpAddr::from([0, 0, 0, 0]), |address| address.to_canonical())
}

/// Unix milliseconds as `2026-11-20T08:30:00.000Z`, the only form in which Cedar takes a time. Years past 9999 stay at the last moment it knows.
fn rfc3339(now_ms: u64) -> String {
    const LAST: u64 = 253_402_300_799_999;
    let now_ms = now_ms.min(LAST);
    let (days, ms) = (now_ms / 86_400_000, now_ms % 86_400_000);
    // Days since 0000-03-01, so that leap days end a year and months need no table.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second, ms) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_calendars_have_them() {
        let table = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_078_012_799_999, "2004-02-28T23:59:59.999Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
            (1_795_077_000_123, "2026-11-19T08:30:00.123Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (u64::MAX, "9999-12-31T23:59:59.999Z"),
        ];
        for (now_ms, expected) in table {
            assert_eq!(rfc3339(now_ms), expected);
        }
    }

    #[test]
    fn addresses_are_read_in_every_form_of_the_host() {
        let table = [
            ("10.1.2.3:4567", "10.1.2.3"),
            ("10.1.2.3", "10.1.2.3"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[::ffff:10.0.0.1]:80", "10.0.0.1"),
            ("/var/run/socket", "0.0.0.0"),
            ("", "0.0.0.0"),
        ];
        for (address, expected) in table {
            let facts = Facts {
                source_address: Some(address.as_bytes().to_vec()),
                ..Facts::default()
            };
            assert_eq!(source_ip(&facts).to_string(), expected, "{address}");
        }
    }
}
