//! A filter in the path of a stream, without any I/O.
//!
//! [`Chain`] is fed what arrives (headers, data, trailers, of both directions) and queues what leaves ([`Out`]); in between it calls the module and follows
//! Envoy's filter manager, to the letter where the letter shows: what is held, what a resume lets go, what is lost.
//! [`PluginHost`] is a worker's VM with the streams on it, [`Root`] one configuration in that VM.

mod chain;
mod decompressor;
mod local_reply;
mod plugin_host;

pub(crate) use chain::{Chain, ChainSettings, Out};
pub(crate) use local_reply::{reply, status_text};
pub(crate) use plugin_host::{PluginHost, Root, Work};
