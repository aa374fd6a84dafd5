//! `policies/demo/` as the filter's configuration.
//!
//! The files hold no secret. Where the filter needs one (the key that masks are marked with, the keyed hash of an API key) they say `$NAME`,
//! and this run's value is put in.

use anyhow::{Context as _, bail};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::files::Project;
use super::planted::{self, Planted};

/// The configuration, before and after the edit that the story makes.
pub(super) struct Configuration {
    /// What the run starts with.
    pub(super) first: Value,
    /// With `edit.cedar` added.
    pub(super) edited: Value,
}

impl Configuration {
    /// Reads the folder and puts this run's keys in.
    ///
    /// # Errors
    /// When a file is missing, not JSON, or names a key that does not exist; the message says which.
    pub(super) fn read(project: &Project, planted: &Planted) -> anyhow::Result<Self> {
        let mask_key = planted::text(32, planted::ALPHANUMERIC)?;
        let hash_key = planted::text(32, planted::ALPHANUMERIC)?;
        let client = keyed_hash(&hash_key, &planted.client_key)?;
        let names = [
            ("$MASK_KEY", mask_key.as_str()),
            ("$API_KEY_HASH_KEY", &hash_key),
            ("$CI_KEY_HASH", &client),
        ];

        let mut document = parse(project, "policies/demo/filter.json")?;
        fill(&mut document, &names)?;
        let policy = project.text("policies/demo/demo.cedar")?;
        let edit = project.text("policies/demo/edit.cedar")?;
        let entities = parse(project, "policies/demo/entities.json")?;
        let with = |cedar: Value| {
            let mut document = document.clone();
            let fields = document
                .as_object_mut()
                .context("`policies/demo/filter.json` is not a JSON object")?;
            fields.insert(
                "policy".to_owned(),
                json!({"cedar": cedar, "entities": entities}),
            );
            anyhow::Ok(document)
        };
        Ok(Self {
            first: with(json!([policy]))?,
            edited: with(json!([policy, edit]))?,
        })
    }
}

fn parse(project: &Project, name: &str) -> anyhow::Result<Value> {
    serde_json::from_str(&project.text(name)?)
        .with_context(|| format!("`{}` is not JSON", project.path(name).display()))
}

/// Replaces every string that is one of `names`, wherever it stands.
fn fill(value: &mut Value, names: &[(&str, &str)]) -> anyhow::Result<()> {
    match value {
        Value::String(text) if text.starts_with('$') => {
            match names.iter().find(|(name, _)| name == text) {
                Some((_, replacement)) => (*replacement).clone_into(text),
                None => {
                    bail!("`policies/demo/filter.json` says `{text}`, which the demo does not know")
                }
            }
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| fill(item, names))?,
        Value::Object(fields) => fields
            .values_mut()
            .try_for_each(|field| fill(field, names))?,
        _ => {}
    }
    Ok(())
}

/// HMAC-SHA256 in hexadecimal: how a configuration knows an API key without containing it.
fn keyed_hash(key: &str, value: &str) -> anyhow::Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())?;
    mac.update(value.as_bytes());
    Ok(mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_put_in_at_any_depth_and_an_unknown_one_is_an_error() {
        let mut document = json!({"a": [{"key": "$MASK_KEY"}], "b": "costs $5"});
        fill(&mut document, &[("$MASK_KEY", "k")]).unwrap();
        assert_eq!(document, json!({"a": [{"key": "k"}], "b": "costs $5"}));
        assert!(
            fill(&mut json!("$OTHER"), &[])
                .unwrap_err()
                .to_string()
                .contains("$OTHER")
        );
    }

    #[test]
    fn the_keyed_hash_is_hmac_sha256() {
        // RFC 4231, test case 2.
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(
            keyed_hash("Jefe", "what do ya want for nothing?").unwrap(),
            expected
        );
    }
}
