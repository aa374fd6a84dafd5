//! The functions a module imports from `env`.
//!
//! Each reads its arguments from the module's memory, acts on the effective context, and answers a [`Status`]. A trap is left for one case:
//! the module's own allocator trapping.

mod body;
mod control;
mod general;
mod headers;

use wasmtime::{Caller, Extern, Linker, Result};

use super::{Status, state::State};

pub(super) type Host<'a> = Caller<'a, State>;

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    headers::link(linker)?;
    body::link(linker)?;
    general::link(linker)?;
    control::link(linker)
}

/// Bytes of the module's memory.
pub(super) fn read(host: &mut Host<'_>, at: i32, len: i32) -> Result<Vec<u8>, Status> {
    let memory = memory(host).ok_or(Status::InvalidMemoryAccess)?;
    let start = at as u32 as usize;
    let end = start
        .checked_add(len as u32 as usize)
        .ok_or(Status::InvalidMemoryAccess)?;
    memory
        .data(&host)
        .get(start..end)
        .map(<[u8]>::to_vec)
        .ok_or(Status::InvalidMemoryAccess)
}

/// Writes bytes into the module's memory.
pub(super) fn write(host: &mut Host<'_>, at: i32, bytes: &[u8]) -> Result<(), Status> {
    let memory = memory(host).ok_or(Status::InvalidMemoryAccess)?;
    memory
        .write(host, at as u32 as usize, bytes)
        .map_err(|_| Status::InvalidMemoryAccess)
}

/// Writes a 32-bit number into the module's memory.
pub(super) fn write_u32(host: &mut Host<'_>, at: i32, value: u32) -> Result<(), Status> {
    write(host, at, &value.to_le_bytes())
}

/// Hands bytes to the module: allocates in its memory, copies, and writes address and length where it asked for them.
fn give(host: &mut Host<'_>, bytes: &[u8], address_at: i32, length_at: i32) -> Result<i32> {
    let address = if bytes.is_empty() {
        0
    } else {
        let Some(allocate) = host.data().allocate.clone() else {
            return Ok(Status::InternalFailure as i32);
        };
        allocate.call(&mut *host, i32::try_from(bytes.len()).unwrap_or(i32::MAX))?
    };
    let done = (|| {
        if address == 0 && !bytes.is_empty() {
            return Err(Status::InvalidMemoryAccess);
        }
        write(host, address, bytes)?;
        write_u32(host, address_at, address as u32)?;
        write_u32(host, length_at, super::abi::to_u32(bytes.len()))
    })();
    Ok(status(done))
}

fn status(result: Result<(), Status>) -> i32 {
    match result {
        Ok(()) => Status::Ok as i32,
        Err(status) => status as i32,
    }
}

fn memory(host: &mut Host<'_>) -> Option<wasmtime::Memory> {
    if let Some(memory) = host.data().memory {
        return Some(memory);
    }
    host.get_export("memory").and_then(Extern::into_memory)
}
