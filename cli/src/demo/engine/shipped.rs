//! The files of `envoy/`, with the ports and paths of one run.
//!
//! Ports become 0: Envoy picks and reports them, so none can be lost between choosing and binding.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use crate::demo::files::{Project, Template};

/// `envoy/sidecar.yaml` for this run.
pub(crate) fn sidecar(
    project: &Project,
    folder: &Path,
    openbao: SocketAddr,
) -> anyhow::Result<String> {
    let template = Template::read(project, "envoy/sidecar.yaml")?
        .replace(
            "address: 0.0.0.0, port_value: 8443",
            "address: 127.0.0.1, port_value: 0",
        )?
        .replace("port_value: 9901", "port_value: 0")?
        .replace(
            "port_value: 8200",
            &format!("port_value: {}", openbao.port()),
        )?
        .replace("/etc/veilgate", utf8(folder)?)?
        .replace("/var/log/veilgate", utf8(folder)?)?;
    Ok(template.text())
}

/// `envoy/sidecar-filter.yaml` for this run, with another configuration if there is one.
pub(crate) fn sidecar_filter(
    project: &Project,
    module: &Path,
    configuration: Option<&Value>,
) -> anyhow::Result<String> {
    let template = Template::read(project, "envoy/sidecar-filter.yaml")?
        .replace("/etc/veilgate/veilgate.wasm", utf8(module)?)?;
    let template = match configuration {
        Some(configuration) => template.configure(configuration)?,
        None => template,
    };
    Ok(template.text())
}

/// `envoy/gateway.yaml` for this run.
pub(crate) fn gateway(
    project: &Project,
    folder: &Path,
    module: &Path,
    api: SocketAddr,
) -> anyhow::Result<String> {
    let template = Template::read(project, "envoy/gateway.yaml")?
        .replace(
            "address: 0.0.0.0, port_value: 8080",
            "address: 127.0.0.1, port_value: 0",
        )?
        .replace("port_value: 9902", "port_value: 0")?
        .replace("port_value: 9000", &format!("port_value: {}", api.port()))?
        .replace("/etc/veilgate/veilgate.wasm", utf8(module)?)?
        .replace("/var/log/veilgate", utf8(folder)?)?;
    Ok(template.text())
}

/// Names and patterns of `envoy/stats-tags.yaml`.
pub(crate) fn stats_tags(project: &Project) -> anyhow::Result<Vec<(String, String)>> {
    let text = project.text("envoy/stats-tags.yaml")?;
    let tag = |line: &str| {
        let (name, pattern) = line
            .trim()
            .strip_prefix("- { tag_name: ")?
            .strip_suffix("' }")?
            .split_once(", regex: '")?;
        Some((name.to_owned(), pattern.to_owned()))
    };
    let tags: Vec<_> = text.lines().filter_map(tag).collect();
    anyhow::ensure!(
        !tags.is_empty(),
        "`envoy/stats-tags.yaml` has no line of the form `- {{ tag_name: x, regex: 'y' }}`"
    );
    Ok(tags)
}

/// Names and operators of the access log's `json_format`, in `envoy/sidecar.yaml` or `envoy/gateway.yaml`.
pub(crate) fn access_log_format(
    project: &Project,
    name: &str,
) -> anyhow::Result<Vec<(String, String)>> {
    let text = project.text(name)?;
    let member = |line: &str| {
        let (name, operator) = line.trim().strip_suffix('"')?.split_once(": \"")?;
        Some((name.to_owned(), operator.to_owned()))
    };
    let format: Vec<_> = text
        .lines()
        .skip_while(|line| line.trim() != "json_format:")
        .skip(1)
        .map_while(member)
        .collect();
    anyhow::ensure!(
        !format.is_empty(),
        "`{name}` has no `json_format` with lines of the form `name: \"%OPERATOR%\"`"
    );
    Ok(format)
}

fn utf8(path: &Path) -> anyhow::Result<&str> {
    path.to_str().with_context(|| {
        format!(
            "`{}` is not UTF-8, and Envoy's configuration is",
            path.display()
        )
    })
}

#[cfg(test)]
mod tests;
