//! The request's verdict: who asks, for what, and may they; then, of what its response holds, what may this caller see.
//!
//! There are two gates with the same face: one that asks the policies, and one for the build without them, which guards
//! nothing and reveals nothing.

#[cfg(not(feature = "policy"))]
mod absent;
#[cfg(feature = "policy")]
mod policies;

#[cfg(not(feature = "policy"))]
pub(crate) use absent::{Gate, IdentityConfig, Policies, PolicyBundle, ServiceConfigs};
#[cfg(feature = "policy")]
pub(crate) use policies::{Gate, IdentityConfig, Policies, PolicyBundle, ServiceConfigs};
