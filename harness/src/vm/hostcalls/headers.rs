//! Header and trailer maps.

use wasmtime::{Linker, Result};

use super::{Host, Status, give, read, status, write_u32};
use crate::vm::{
    Headers, MapType,
    abi::{decode_pairs, encode_pairs, to_u32},
    state::State,
};

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        "env",
        "proxy_get_header_map_pairs",
        |mut host: Host<'_>, map: i32, address: i32, length: i32| -> Result<i32> {
            let Some(map) = MapType::from_abi(map) else {
                return Ok(Status::BadArgument as i32);
            };
            // A map that does not exist in this phase reads as an empty one; only single values and writes are refused.
            let pairs = with_map(&host, map, |headers| {
                if headers.is_empty() {
                    Vec::new()
                } else {
                    encode_pairs(headers.iter())
                }
            });
            give(&mut host, &pairs.unwrap_or_default(), address, length)
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_get_header_map_value",
        |mut host: Host<'_>,
         map: i32,
         key: i32,
         key_len: i32,
         address: i32,
         length: i32|
         -> Result<i32> {
            let value = (|| {
                let key = read(&mut host, key, key_len)?;
                let map = MapType::from_abi(map).ok_or(Status::BadArgument)?;
                with_map(&host, map, |headers| headers.get(&key).cloned())
                    .ok_or(Status::BadArgument)?
                    .ok_or(Status::NotFound)
            })();
            match value {
                Ok(value) => give(&mut host, &value, address, length),
                Err(refused) => Ok(refused as i32),
            }
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_get_header_map_size",
        |mut host: Host<'_>, map: i32, size: i32| -> i32 {
            let result = MapType::from_abi(map)
                .and_then(|map| with_map(&host, map, Headers::byte_size))
                .ok_or(Status::BadArgument);
            status(result.and_then(|bytes| write_u32(&mut host, size, to_u32(bytes))))
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_add_header_map_value",
        |mut host: Host<'_>, map: i32, key: i32, key_len: i32, value: i32, value_len: i32| -> i32 {
            edit(
                &mut host,
                map,
                (key, key_len),
                (value, value_len),
                |headers, key, value| headers.add(key, value),
            )
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_replace_header_map_value",
        |mut host: Host<'_>, map: i32, key: i32, key_len: i32, value: i32, value_len: i32| -> i32 {
            edit(
                &mut host,
                map,
                (key, key_len),
                (value, value_len),
                |headers, key, value| headers.replace(key, value),
            )
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_remove_header_map_value",
        |mut host: Host<'_>, map: i32, key: i32, key_len: i32| -> i32 {
            edit(&mut host, map, (key, key_len), (0, 0), |headers, key, _| {
                headers.remove(key);
            })
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_set_header_map_pairs",
        |mut host: Host<'_>, map: i32, pairs: i32, pairs_len: i32| -> i32 {
            let result = (|| {
                let bytes = read(&mut host, pairs, pairs_len)?;
                let pairs = decode_pairs(&bytes).ok_or(Status::BadArgument)?;
                let map = MapType::from_abi(map).ok_or(Status::BadArgument)?;
                with_map_mut(&host, map, |headers| {
                    *headers = Headers::default();
                    for (name, value) in pairs.iter() {
                        headers.add(name, value);
                    }
                })
            })();
            status(result)
        },
    )?;
    Ok(())
}

fn edit(
    host: &mut Host<'_>,
    map: i32,
    key: (i32, i32),
    value: (i32, i32),
    change: impl FnOnce(&mut Headers, &[u8], &[u8]),
) -> i32 {
    let result = (|| {
        let key = read(host, key.0, key.1)?;
        let value = read(host, value.0, value.1)?;
        let map = MapType::from_abi(map).ok_or(Status::BadArgument)?;
        with_map_mut(host, map, |headers| change(headers, &key, &value))
    })();
    status(result)
}

fn with_map<T>(host: &Host<'_>, map: MapType, look: impl FnOnce(&Headers) -> T) -> Option<T> {
    let state = host.data();
    match map {
        MapType::CallResponseHeaders => state
            .call_response
            .as_ref()
            .map(|response| look(&response.headers)),
        MapType::CallResponseTrailers => state
            .call_response
            .as_ref()
            .map(|response| look(&response.trailers)),
        _ => state
            .stream()
            .and_then(|stream| stream.borrow().map(map).map(look)),
    }
}

fn with_map_mut(
    host: &Host<'_>,
    map: MapType,
    change: impl FnOnce(&mut Headers),
) -> Result<(), Status> {
    let stream = host.data().stream().ok_or(Status::BadArgument)?;
    let mut stream = stream.borrow_mut();
    stream.map_mut(map).map(change).ok_or(Status::BadArgument)
}
