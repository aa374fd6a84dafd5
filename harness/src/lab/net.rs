//! Loopback ports.

use std::net::{Ipv4Addr, TcpListener};

/// A TCP port on loopback that nobody uses now.
///
/// Another program may take it before its receiver does; give port 0 to anything that can report the port it got, and keep this for
/// programs that cannot.
///
/// # Errors
/// When the system has no port left.
pub fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}
