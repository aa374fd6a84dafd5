//! Numbers and encodings of the proxy-wasm 0.2.1 binary interface.

use super::Headers;

/// What a host call answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// The call did what it was asked.
    Ok = 0,
    /// No such property, key, header, queue or context.
    NotFound = 1,
    /// An argument is out of range, or the thing it names does not exist in this phase.
    BadArgument = 2,
    /// A value exists and has no encoding.
    SerializationFailure = 3,
    /// An address or length lies outside the module's memory.
    InvalidMemoryAccess = 6,
    /// The queue holds nothing.
    Empty = 7,
    /// The shared value changed since it was read.
    CasMismatch = 8,
    /// The host failed.
    InternalFailure = 10,
    /// The host knows the call and does not offer it.
    Unimplemented = 12,
}

/// Which header map a call means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapType {
    /// Request headers, pseudo headers included.
    RequestHeaders,
    /// Request trailers.
    RequestTrailers,
    /// Response headers, `:status` included.
    ResponseHeaders,
    /// Response trailers.
    ResponseTrailers,
    /// Headers of the response to an HTTP call of the module.
    CallResponseHeaders,
    /// Trailers of the response to an HTTP call of the module.
    CallResponseTrailers,
}

impl MapType {
    pub(super) fn from_abi(number: i32) -> Option<MapType> {
        Some(match number {
            0 => MapType::RequestHeaders,
            1 => MapType::RequestTrailers,
            2 => MapType::ResponseHeaders,
            3 => MapType::ResponseTrailers,
            6 => MapType::CallResponseHeaders,
            7 => MapType::CallResponseTrailers,
            _ => return None,
        })
    }
}

/// Which buffer a call means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BufferType {
    /// The request body as far as this filter may see it now.
    RequestBody,
    /// The response body as far as this filter may see it now.
    ResponseBody,
    /// Body of the response to an HTTP call of the module.
    CallResponseBody,
    /// The VM's configuration, during `proxy_on_vm_start`.
    VmConfiguration,
    /// The plugin's configuration, during `proxy_on_configure`.
    PluginConfiguration,
}

impl BufferType {
    pub(super) fn from_abi(number: i32) -> Option<BufferType> {
        Some(match number {
            0 => BufferType::RequestBody,
            1 => BufferType::ResponseBody,
            4 => BufferType::CallResponseBody,
            6 => BufferType::VmConfiguration,
            7 => BufferType::PluginConfiguration,
            _ => return None,
        })
    }
}

/// A direction of an HTTP stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamType {
    /// From the client to the upstream.
    Request,
    /// From the upstream, or from the proxy itself, to the client.
    Response,
}

impl StreamType {
    pub(super) fn from_abi(number: i32) -> Option<StreamType> {
        match number {
            0 => Some(StreamType::Request),
            1 => Some(StreamType::Response),
            _ => None,
        }
    }
}

/// Encodes pairs as `count, (name size, value size)*, (name NUL value NUL)*`, all sizes little-endian 32-bit. O(total length).
pub(super) fn encode_pairs<'a>(
    pairs: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone,
) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(to_u32(pairs.clone().count()).to_le_bytes());
    for (name, value) in pairs.clone() {
        out.extend(to_u32(name.len()).to_le_bytes());
        out.extend(to_u32(value.len()).to_le_bytes());
    }
    for (name, value) in pairs {
        out.extend(name);
        out.push(0);
        out.extend(value);
        out.push(0);
    }
    out
}

/// Decodes what [`encode_pairs`] wrote; `None` when sizes and bytes disagree. A lying count costs nothing: it is checked against the bytes present.
pub(super) fn decode_pairs(bytes: &[u8]) -> Option<Headers> {
    let mut headers = Headers::default();
    if bytes.is_empty() {
        return Some(headers);
    }
    let count = read_u32(bytes, 0)?;
    let mut at = count.checked_mul(8)?.checked_add(4)?;
    for index in 0..count {
        let name_len = read_u32(bytes, 4 + index * 8)?;
        let value_len = read_u32(bytes, 8 + index * 8)?;
        let name = bytes.get(at..at.checked_add(name_len)?)?;
        at = at + name_len + 1;
        let value = bytes.get(at..at.checked_add(value_len)?)?;
        at = at + value_len + 1;
        headers.push(name, value);
    }
    Some(headers)
}

fn read_u32(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(four.try_into().ok()?) as usize)
}

pub(super) fn to_u32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_survive_a_round_trip() {
        let mut headers = Headers::default();
        headers.push(b":path", b"/x");
        headers.push(b"set-cookie", b"a=1");
        headers.push(b"set-cookie", b"\xff\x00");
        let bytes = encode_pairs(headers.iter());
        assert_eq!(decode_pairs(&bytes).unwrap(), headers);
    }

    #[test]
    fn pairs_with_lying_sizes_are_refused() {
        assert!(decode_pairs(&[255, 255, 255, 255]).is_none());
        assert!(decode_pairs(&[1, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, b'x', 0, 0]).is_none());
        assert!(decode_pairs(&[1, 0]).is_none());
    }
}
