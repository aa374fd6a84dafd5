use std::collections::BTreeMap;

use proptest::prelude::*;
use prost::Message;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as ProtoValue};
use serde_json::{Value, json};

use super::*;

fn proto(value: &Value) -> ProtoValue {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(flag) => Kind::BoolValue(*flag),
        Value::Number(number) => Kind::NumberValue(number.as_f64().expect("a number")),
        Value::String(text) => Kind::StringValue(text.clone()),
        Value::Array(values) => Kind::ListValue(ListValue {
            values: values.iter().map(proto).collect(),
        }),
        Value::Object(_) => Kind::StructValue(proto_struct(value)),
    };
    ProtoValue { kind: Some(kind) }
}

fn proto_struct(value: &Value) -> Struct {
    let fields = value.as_object().expect("an object").iter();
    Struct {
        fields: fields
            .map(|(name, value)| (name.clone(), proto(value)))
            .collect(),
    }
}

#[test]
fn hostile_nesting_ends_in_an_error_and_not_in_the_stack() {
    let wrapped = |tag: u8, inner: &[u8]| {
        let mut bytes = vec![tag];
        prost::encoding::encode_varint(inner.len() as u64, &mut bytes);
        bytes.extend_from_slice(inner);
        bytes
    };
    // A list in a list in a list: field 6 of a value holds a list, whose field 1 holds values.
    let mut value = Vec::new();
    for _ in 0..10_000 {
        value = wrapped(0x32, &wrapped(0x0a, &value));
    }
    let entry = [wrapped(0x0a, b"a"), wrapped(0x12, &value)].concat();
    assert_eq!(decode_struct(&wrapped(0x0a, &entry)), Err(StructError));
    let mut nested = json!("leaf");
    for _ in 0..40 {
        nested = json!({ "a": [nested] });
    }
    assert_eq!(
        decode_struct(&proto_struct(&nested).encode_to_vec()),
        Err(StructError)
    );
}

#[test]
fn a_struct_becomes_the_json_it_was() {
    let value = json!({
        "integer": 100, "negative": -3, "fraction": 0.25, "text": "é", "flag": true, "null": null, "list": [1, "a", [], {}],
        "object": { "empty": "" },
    });
    assert_eq!(
        decode_struct(&proto_struct(&value).encode_to_vec()),
        Ok(value)
    );
    assert_eq!(decode_struct(b""), Ok(json!({})));
    let not_a_number = Struct {
        fields: BTreeMap::from([(
            "x".to_owned(),
            ProtoValue {
                kind: Some(Kind::NumberValue(f64::NAN)),
            },
        )]),
    };
    assert_eq!(
        decode_struct(&not_a_number.encode_to_vec()),
        Err(StructError)
    );
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(|number| json!(number)),
        "\\PC{0,8}".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::btree_map("\\PC{0,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn decoding_undoes_encoding(value in proptest::collection::btree_map("\\PC{0,4}", json_value(), 0..6)) {
        let value = Value::Object(value.into_iter().collect());
        prop_assert_eq!(decode_struct(&proto_struct(&value).encode_to_vec()), Ok(value));
    }

    #[test]
    fn any_bytes_are_an_answer(bytes: Vec<u8>) {
        let _answer = decode_struct(&bytes);
        let _claims = claims(&bytes, "filter", "key");
    }
}
