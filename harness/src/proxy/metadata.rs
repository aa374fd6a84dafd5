//! `envoy.config.core.v3.Metadata` and `google.protobuf.Struct`: how verified claims reach a module.

use std::collections::BTreeMap;

use prost::Message;

#[derive(Clone, PartialEq, Message)]
struct Metadata {
    #[prost(btree_map = "string, message", tag = "1")]
    filter_metadata: BTreeMap<String, Struct>,
}

#[derive(Clone, PartialEq, Message)]
struct Struct {
    #[prost(btree_map = "string, message", tag = "1")]
    fields: BTreeMap<String, Value>,
}

#[derive(Clone, PartialEq, Message)]
struct ListValue {
    #[prost(message, repeated, tag = "1")]
    values: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(oneof = "Kind", tags = "1, 2, 3, 4, 5, 6")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Kind {
    #[prost(int32, tag = "1")]
    Null(i32),
    #[prost(double, tag = "2")]
    Number(f64),
    #[prost(string, tag = "3")]
    Text(String),
    #[prost(bool, tag = "4")]
    Bool(bool),
    #[prost(message, tag = "5")]
    Struct(Struct),
    #[prost(message, tag = "6")]
    List(ListValue),
}

/// Metadata in which `namespace` holds `fields`, serialized.
pub(crate) fn metadata(
    namespace: &str,
    fields: &serde_json::Map<String, serde_json::Value>,
) -> Vec<u8> {
    Metadata {
        filter_metadata: BTreeMap::from([(namespace.to_owned(), to_struct(fields))]),
    }
    .encode_to_vec()
}

fn to_struct(fields: &serde_json::Map<String, serde_json::Value>) -> Struct {
    Struct {
        fields: fields
            .iter()
            .map(|(name, value)| (name.clone(), to_value(value)))
            .collect(),
    }
}

fn to_value(value: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    let kind = match value {
        Json::Null => Kind::Null(0),
        Json::Bool(value) => Kind::Bool(*value),
        Json::Number(value) => Kind::Number(value.as_f64().unwrap_or(f64::NAN)),
        Json::String(value) => Kind::Text(value.clone()),
        Json::Array(values) => Kind::List(ListValue {
            values: values.iter().map(to_value).collect(),
        }),
        Json::Object(fields) => Kind::Struct(to_struct(fields)),
    };
    Value { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_keep_their_types() {
        let claims = serde_json::json!({"claims": {"sub": "alice", "admin": true, "level": 3, "none": null, "roles": ["a"]}});
        let bytes = metadata("jwt", claims.as_object().unwrap());
        let back = Metadata::decode(bytes.as_slice()).unwrap();
        let Some(Kind::Struct(claims)) = &back.filter_metadata["jwt"].fields["claims"].kind else {
            panic!("not a struct")
        };
        assert_eq!(claims.fields["sub"].kind, Some(Kind::Text("alice".into())));
        assert_eq!(claims.fields["level"].kind, Some(Kind::Number(3.0)));
        assert_eq!(claims.fields["none"].kind, Some(Kind::Null(0)));
        assert!(
            matches!(&claims.fields["roles"].kind, Some(Kind::List(list)) if list.values.len() == 1)
        );
    }
}
