//! Buffers: bodies, configurations, responses to HTTP calls.

use wasmtime::{Linker, Result};

use super::{Host, Status, give, read, status, write_u32};
use crate::vm::{
    BufferType,
    abi::to_u32,
    state::{Phase, State},
};

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        "env",
        "proxy_get_buffer_bytes",
        |mut host: Host<'_>,
         buffer: i32,
         start: i32,
         len: i32,
         address: i32,
         length: i32|
         -> Result<i32> {
            match slice(&host, buffer, start as u32 as usize, len as u32 as usize) {
                Ok(bytes) => give(&mut host, &bytes, address, length),
                Err(refused) => Ok(refused as i32),
            }
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_get_buffer_status",
        |mut host: Host<'_>, buffer: i32, length: i32, flags: i32| -> i32 {
            let result = slice(&host, buffer, 0, usize::MAX >> 1).and_then(|bytes| {
                write_u32(&mut host, length, to_u32(bytes.len()))?;
                write_u32(&mut host, flags, 0)
            });
            status(result)
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_set_buffer_bytes",
        |mut host: Host<'_>,
         buffer: i32,
         start: i32,
         len: i32,
         value: i32,
         value_len: i32|
         -> i32 {
            let result = (|| {
                let buffer = BufferType::from_abi(buffer).ok_or(Status::NotFound)?;
                let value = read(&mut host, value, value_len)?;
                let stream = host.data().stream().ok_or(Status::BadArgument)?;
                let mut stream = stream.borrow_mut();
                let bytes = stream.buffer_mut(buffer).ok_or(Status::BadArgument)?;
                splice(bytes, start as u32 as usize, len as u32 as usize, &value)
            })();
            status(result)
        },
    )?;
    Ok(())
}

/// Prepends, replaces the beginning, replaces everything, or appends; never writes into the middle, because Envoy's buffers cannot.
fn splice(bytes: &mut Vec<u8>, start: usize, len: usize, value: &[u8]) -> Result<(), Status> {
    if start == 0 {
        let removed = len.min(bytes.len());
        bytes.splice(..removed, value.iter().copied());
    } else if start >= bytes.len() {
        bytes.extend_from_slice(value);
    } else {
        return Err(Status::BadArgument);
    }
    Ok(())
}

fn slice(host: &Host<'_>, buffer: i32, start: usize, len: usize) -> Result<Vec<u8>, Status> {
    let buffer = BufferType::from_abi(buffer).ok_or(Status::NotFound)?;
    let end = start.saturating_add(len);
    let cut = |bytes: &[u8]| {
        bytes
            .get(start.min(bytes.len())..end.min(bytes.len()))
            .unwrap_or_default()
            .to_vec()
    };
    let state = host.data();
    match buffer {
        BufferType::RequestBody | BufferType::ResponseBody => {
            // Reading where there is no buffer answers nothing, successfully.
            Ok(state
                .stream()
                .and_then(|stream| stream.borrow().buffer(buffer).map(|bytes| cut(bytes)))
                .unwrap_or_default())
        }
        BufferType::CallResponseBody => state
            .call_response
            .as_ref()
            .map(|response| cut(&response.body))
            .ok_or(Status::NotFound),
        BufferType::VmConfiguration if state.phase == Phase::VmStart => {
            Ok(cut(&state.settings.configuration))
        }
        BufferType::PluginConfiguration if state.phase == Phase::Configure => state
            .plugin()
            .map(|plugin| cut(&plugin.configuration))
            .ok_or(Status::NotFound),
        BufferType::VmConfiguration | BufferType::PluginConfiguration => Err(Status::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_written_at_its_ends_only() {
        let written = |start, len, value: &[u8]| {
            let mut bytes = b"abcdef".to_vec();
            splice(&mut bytes, start, len, value).map(|()| String::from_utf8(bytes).unwrap())
        };
        assert_eq!(written(0, 0, b"X").unwrap(), "Xabcdef");
        assert_eq!(written(0, 2, b"XYZ").unwrap(), "XYZcdef");
        assert_eq!(written(0, 6, b"X").unwrap(), "X");
        assert_eq!(written(0, usize::MAX, b"X").unwrap(), "X");
        assert_eq!(written(6, 0, b"X").unwrap(), "abcdefX");
        assert_eq!(written(99, 9, b"X").unwrap(), "abcdefX");
        assert_eq!(written(3, 1, b"X"), Err(Status::BadArgument));
    }
}
