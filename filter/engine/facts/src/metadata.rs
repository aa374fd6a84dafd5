//! Envoy's dynamic metadata and raw filter configuration: protobuf messages that hold `google.protobuf.Struct`.
//!
//! Why a decoder of our own: a `Struct` may nest as deep as its sender likes. A derived message recurses per level and stops at the
//! library's limit, which is chosen for native stacks. Here depth and number of values are explicit and small enough for the stack
//! of a WebAssembly module, and the half-dozen field types in use need no more code than their declarations would.

use serde_json::{Map, Number, Value};

/// Deepest nesting of lists and structs.
const DEEPEST: usize = 32;
/// Most values in one message. A claim set has some dozens, a large filter configuration some thousands.
const MOST_VALUES: usize = 100_000;

/// A protobuf message that is malformed, too deep or too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a protobuf `Struct`, or nested deeper than 32 levels, or more than 100,000 values")]
pub struct StructError;

/// Decodes a serialized `google.protobuf.Struct` to JSON.
///
/// Numbers that are whole become integers, as JSON writes them. Of duplicate keys the last wins, as in every protobuf
/// reader. Cost: O(length of the bytes), with bounded stack.
///
/// # Errors
/// Malformed bytes, more than 32 levels, more than 100,000 values, or a number that JSON cannot express.
pub fn decode_struct(bytes: &[u8]) -> Result<Value, StructError> {
    let mut budget = MOST_VALUES;
    read_struct(bytes, DEEPEST, &mut budget).map(Value::Object)
}

/// The claims that a filter left under `filter_metadata[filter][key]` of a serialized `Metadata`; `None` when there are none.
///
/// # Errors
/// As for [`decode_struct`]; also when there is something else under `key` than an object.
pub fn claims(
    metadata: &[u8],
    filter: &str,
    key: &str,
) -> Result<Option<Map<String, Value>>, StructError> {
    let mut budget = MOST_VALUES;
    let mut found = None;
    each_field(metadata, |number, value| {
        let Field::Bytes(entry) = value else {
            return Ok(());
        };
        if number != 1 {
            return Ok(());
        }
        let (name, fields) = read_entry(entry)?;
        if name == filter {
            // The last entry of one key wins, as in every protobuf reader.
            found = read_struct(fields.unwrap_or_default(), DEEPEST, &mut budget)?.remove(key);
        }
        Ok(())
    })?;
    match found {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(claims)) => Ok(Some(claims)),
        Some(_) => Err(StructError),
    }
}

enum Field<'a> {
    Bytes(&'a [u8]),
    Varint(u64),
    Double(f64),
}

/// Calls `visit` with every field of a message that has one of the wire types a `Struct` uses; skips the others.
fn each_field<'a>(
    mut bytes: &'a [u8],
    mut visit: impl FnMut(u64, Field<'a>) -> Result<(), StructError>,
) -> Result<(), StructError> {
    while !bytes.is_empty() {
        let key = take_varint(&mut bytes)?;
        let field = match key & 7 {
            0 => Field::Varint(take_varint(&mut bytes)?),
            1 => Field::Double(f64::from_le_bytes(
                *take(&mut bytes, 8)?.first_chunk().ok_or(StructError)?,
            )),
            2 => {
                let length = usize::try_from(take_varint(&mut bytes)?).map_err(|_| StructError)?;
                Field::Bytes(take(&mut bytes, length)?)
            }
            5 => {
                take(&mut bytes, 4)?;
                continue;
            }
            _ => return Err(StructError),
        };
        visit(key >> 3, field)?;
    }
    Ok(())
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], StructError> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or(StructError)?;
    *bytes = rest;
    Ok(taken)
}

fn take_varint(bytes: &mut &[u8]) -> Result<u64, StructError> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(StructError)?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(StructError)
}

/// One entry of a map from strings: its key and the bytes of its value.
fn read_entry(bytes: &[u8]) -> Result<(&str, Option<&[u8]>), StructError> {
    let mut key = "";
    let mut value = None;
    each_field(bytes, |number, field| {
        match (number, field) {
            (1, Field::Bytes(bytes)) => {
                key = std::str::from_utf8(bytes).map_err(|_| StructError)?;
            }
            (2, Field::Bytes(bytes)) => value = Some(bytes),
            _ => {}
        }
        Ok(())
    })?;
    Ok((key, value))
}

fn read_struct(
    bytes: &[u8],
    depth: usize,
    budget: &mut usize,
) -> Result<Map<String, Value>, StructError> {
    let mut map = Map::new();
    each_field(bytes, |number, field| {
        if let (1, Field::Bytes(entry)) = (number, field) {
            let (key, value) = read_entry(entry)?;
            map.insert(
                key.to_owned(),
                read_value(value.unwrap_or_default(), depth, budget)?,
            );
        }
        Ok(())
    })?;
    Ok(map)
}

fn read_value(bytes: &[u8], depth: usize, budget: &mut usize) -> Result<Value, StructError> {
    *budget = budget.checked_sub(1).ok_or(StructError)?;
    let depth = depth.checked_sub(1).ok_or(StructError)?;
    let mut read = Value::Null;
    each_field(bytes, |number, field| {
        read = match (number, field) {
            (1, Field::Varint(_)) => Value::Null,
            (2, Field::Double(number)) => read_number(number)?,
            (3, Field::Bytes(text)) => Value::String(
                std::str::from_utf8(text)
                    .map_err(|_| StructError)?
                    .to_owned(),
            ),
            (4, Field::Varint(flag)) => Value::Bool(flag != 0),
            (5, Field::Bytes(fields)) => Value::Object(read_struct(fields, depth, budget)?),
            (6, Field::Bytes(values)) => Value::Array(read_list(values, depth, budget)?),
            _ => return Ok(()),
        };
        Ok(())
    })?;
    Ok(read)
}

fn read_list(bytes: &[u8], depth: usize, budget: &mut usize) -> Result<Vec<Value>, StructError> {
    let mut list = Vec::new();
    each_field(bytes, |number, field| {
        if let (1, Field::Bytes(value)) = (number, field) {
            list.push(read_value(value, depth, budget)?);
        }
        Ok(())
    })?;
    Ok(list)
}

/// Whole numbers that a double holds exactly become integers, so that a configuration's `100` reads as one.
fn read_number(number: f64) -> Result<Value, StructError> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the range was just checked"
        )]
        return Ok(Value::Number(Number::from(number as i64)));
    }
    Number::from_f64(number)
        .map(Value::Number)
        .ok_or(StructError)
}

#[cfg(test)]
mod tests;
