//! The `services` part of the configuration.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One guarded service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceConfig {
    /// Which API it speaks, for example `openbao`.
    pub service: String,
    /// First segment of its resource ids. Default: what the service definition says, `vault` for `openbao`.
    #[serde(default)]
    pub name: Option<String>,
    /// Which requests go to it. Default: all.
    #[serde(default, rename = "match")]
    pub matches: Match,
    /// What precedes the API's own path, for example `/bao` when the route strips that prefix. Default: nothing.
    #[serde(default)]
    pub base_path: String,
    /// Which engine is mounted where, for example `"secret": "kv2"`. A path may begin with a namespace, and is then
    /// preferred in that namespace. The mounts that every server has need not be listed.
    #[serde(default)]
    pub mounts: BTreeMap<String, String>,
    /// Namespaces that exist, for example `team1` and `team1/sub`. Requests to any other are refused. Default: none.
    #[serde(default)]
    pub namespaces: Vec<String>,
}

/// Which requests go to a service: every list that is not empty must hold the request's value.
///
/// A caller chooses the authority and the path, the proxy chooses the route and the cluster. Where one upstream can be reached under several
/// names, match by route or cluster.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    /// Host names, with or without port, `*.example.com` for subdomains.
    pub authority: Vec<String>,
    /// Beginning of the path, whole segments. Compared loosely, so that no spelling of a guarded path passes for another.
    pub path_prefix: String,
    /// Names of routes.
    pub route: Vec<String>,
    /// Names of upstream clusters.
    pub cluster: Vec<String>,
    /// Names of virtual hosts.
    pub virtual_host: Vec<String>,
}
