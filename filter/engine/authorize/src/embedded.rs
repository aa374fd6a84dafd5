//! The files under `policies/` that are part of the product, written by the build script.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
