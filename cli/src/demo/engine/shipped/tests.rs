//! The shipped files are loaded by a real Envoy with the module that was built, word for word but for ports and paths.

use std::path::PathBuf;
use std::process::Command;

use veilgate_harness::lab::engines::{self, Program};
use veilgate_harness::lab::{Authority, TokenIssuer};

use super::*;
use crate::demo::engine::envoy::Envoy;
use crate::demo::files;

/// Envoy and the module; `None`, with the reason on standard error, where one is missing. On CI nothing may be missing.
fn prerequisites() -> Option<(PathBuf, PathBuf, Project)> {
    let project = Project::find().unwrap();
    let envoy = engines::for_tests(Program::Envoy).unwrap()?;
    match project.module(None) {
        Ok(module) => Some((envoy, module, project)),
        Err(error) if engines::required() => panic!("{error:#}"),
        Err(error) => {
            eprintln!("skipped: {error:#}");
            None
        }
    }
}

/// A folder with everything that the files name, and an address where nothing listens.
fn folder(project: &Project, module: &Path) -> (tempfile::TempDir, SocketAddr) {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new().unwrap();
    let server = authority.issue_server().unwrap();
    std::fs::create_dir(folder.path().join("tls")).unwrap();
    let put = |name: &str, text: String| files::write(&folder.path().join(name), text).unwrap();
    put("tls/server.pem", server.certificate);
    put("tls/server.key", server.key);
    put("tls/clients-ca.pem", authority.pem());
    put(
        "jwks.json",
        TokenIssuer::new("https://login.example.com")
            .unwrap()
            .jwks()
            .to_string(),
    );
    put(
        "sidecar-filter.yaml",
        sidecar_filter(project, module, None).unwrap(),
    );
    (folder, SocketAddr::from(([127, 0, 0, 1], 9)))
}

fn validate(envoy: &Path, folder: &Path, bootstrap: &str) {
    let file = folder.join("bootstrap.yaml");
    files::write(&file, bootstrap).unwrap();
    let output = Command::new(envoy)
        .args(["--mode", "validate", "-c"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn envoy_accepts_the_gateway_and_the_filter_accepts_its_configuration() {
    let Some((envoy, module, project)) = prerequisites() else {
        return;
    };
    let (folder, upstream) = folder(&project, &module);
    validate(
        &envoy,
        folder.path(),
        &gateway(&project, folder.path(), &module, upstream).unwrap(),
    );
}

#[test]
fn envoy_accepts_the_sidecar() {
    let Some((envoy, module, project)) = prerequisites() else {
        return;
    };
    let (folder, upstream) = folder(&project, &module);
    validate(
        &envoy,
        folder.path(),
        &sidecar(&project, folder.path(), upstream).unwrap(),
    );
}

#[tokio::test]
async fn the_sidecars_filter_loads_as_shipped_and_a_bad_one_is_refused() {
    let Some((program, module, project)) = prerequisites() else {
        return;
    };
    let (folder, upstream) = folder(&project, &module);
    let bootstrap = sidecar(&project, folder.path(), upstream).unwrap();
    let envoy = Envoy::start(&program, "sidecar", &bootstrap, folder.path())
        .await
        .unwrap();
    let stats = envoy
        .page("/stats?filter=extension_config_discovery")
        .await
        .unwrap();
    assert!(
        stats.contains("config_reload: 1") && stats.contains("config_fail: 0"),
        "{stats}"
    );

    let (draft, watched) = (
        folder.path().join("draft"),
        folder.path().join("sidecar-filter.yaml"),
    );
    let misspelt = serde_json::json!({"moed": "enforce"});
    files::write(
        &draft,
        sidecar_filter(&project, &module, Some(&misspelt)).unwrap(),
    )
    .unwrap();
    let refusal = envoy
        .replace_filter(&draft, &watched)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refusal.contains("refused") && refusal.contains("moed"),
        "{refusal}"
    );
}

#[test]
fn both_bootstraps_contain_the_shipped_labels() {
    let project = Project::find().unwrap();
    let tags = project.text("envoy/stats-tags.yaml").unwrap();
    let (_comment, block) = tags.split_once("\nstats_config:\n").unwrap();
    for name in ["envoy/sidecar.yaml", "envoy/gateway.yaml"] {
        assert!(
            project
                .text(name)
                .unwrap()
                .contains(&format!("\nstats_config:\n{}", block.trim_end())),
            "{name} has other labels than envoy/stats-tags.yaml"
        );
    }
    assert!(
        stats_tags(&project)
            .unwrap()
            .iter()
            .any(|(name, _)| name == "verdict")
    );
}
