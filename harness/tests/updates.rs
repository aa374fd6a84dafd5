//! A response that is still on its way when the configuration changes ends as it began, on both engines.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context as _, ensure};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::Notify,
};
use veilgate_harness::lab::{
    self, Envoy, Setup,
    client::{Request, Target, send, send_between},
    engines::{self, Program},
    setup::{Configuration, Filter},
    wire::Received,
};
use veilgate_harness::proxy::Proxy;

/// What the client sees of the response that the update divides.
const FIRST: &str = "first (old), ";

#[tokio::test]
async fn a_response_that_spans_an_update_keeps_its_engine_on_the_harness() -> anyhow::Result<()> {
    let upstream = Upstream::start().await?;
    let mut setup = setup(upstream.address)?;
    let proxy = Proxy::start(setup.proxy_config()).await?;
    let (old, new) = spanning(&upstream, proxy.addr(), async {
        let filter = setup.filter.as_mut().context("no filter")?;
        filter.configuration = masking("(new)");
        Ok(proxy.update_filter(filter.in_process()).await?)
    })
    .await?;
    proxy.stop().await;
    check(&old, &new)
}

#[tokio::test]
async fn a_response_that_spans_an_update_keeps_its_engine_on_envoy() -> anyhow::Result<()> {
    let Some(program) = engines::for_tests(Program::Envoy)? else {
        return Ok(());
    };
    let upstream = Upstream::start().await?;
    let mut envoy = Envoy::start(&program, setup(upstream.address)?).await?;
    let (old, new) = spanning(&upstream, envoy.addr(), async {
        Ok(envoy.update_filter(masking("(new)")).await?)
    })
    .await?;
    ensure!(envoy.stat("wasm.veilgate.vm_reload").await? == 0);
    check(&old, &new)
}

fn check(old: &str, new: &str) -> anyhow::Result<()> {
    ensure!(old == format!("{FIRST}second (old)."), "{old}");
    ensure!(new == "first (new), second (new).", "{new}");
    Ok(())
}

/// The bodies of a response during which `update` happens, and of one after it.
async fn spanning(
    upstream: &Upstream,
    proxy: SocketAddr,
    update: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<(String, String)> {
    let target = Target::plain(proxy);
    let (request, received) = (Request::get("/"), Received::default());
    let unused = Received::default();
    let divided = send_between(&target, &request, &received, &unused);
    let dividing = async {
        while received.bytes().len() < FIRST.len() {
            tokio::task::yield_now().await;
        }
        let updated = update.await;
        // One for this response, one for the next.
        upstream.go_on.notify_one();
        updated
    };
    let (old, updated) = tokio::join!(divided, dividing);
    updated?;
    upstream.go_on.notify_one();
    let new = send(&target, &request).await;
    Ok((old.text(), new.text()))
}

fn setup(upstream: SocketAddr) -> anyhow::Result<Setup> {
    let mut setup = Setup::new(upstream);
    setup.filter = Some(Filter {
        module: lab::module(lab::Build::Whole)?,
        configuration: masking("(old)"),
        memory: None,
    });
    Ok(setup)
}

fn masking(text: &str) -> Configuration {
    let mask = json!({ "redaction": { "mask": { "style": "fixed", "text": text } } });
    Configuration::Text(mask.to_string())
}

/// Sends one half of a response, and the other when it is told to.
struct Upstream {
    address: SocketAddr,
    go_on: Arc<Notify>,
}

impl Upstream {
    async fn start() -> anyhow::Result<Upstream> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let go_on = Arc::new(Notify::new());
        let told = Arc::clone(&go_on);
        tokio::spawn(async move {
            // Made up here; never a live one.
            let token = format!("ghp_{}", "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC2");
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => request.push(byte),
                        Err(_) => break,
                    }
                }
                let first = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nfirst {token}, ");
                let _gone = stream.write_all(first.as_bytes()).await;
                told.notified().await;
                let _gone = stream
                    .write_all(format!("second {token}.").as_bytes())
                    .await;
                let _gone = stream.shutdown().await;
            }
        });
        Ok(Upstream { address, go_on })
    }
}
