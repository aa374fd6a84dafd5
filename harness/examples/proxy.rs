//! Runs the proxy from a JSON configuration until its standard input ends, then prints what it logged and found.
//!
//! `cargo run -p veilgate-harness --example proxy -- proxy.json`

use std::io::{Read as _, Write as _};

use anyhow::Context as _;
use veilgate_harness::proxy::{Proxy, ProxyConfig};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let path = std::env::args()
        .nth(1)
        .context("usage: proxy <configuration.json>")?;
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{path}`"))?;
    let config: ProxyConfig = serde_json::from_str(&text).with_context(|| format!("`{path}`"))?;
    let proxy = Proxy::start(config).await?;
    println!("listening on {}", proxy.addr());
    std::io::stdout().flush()?;
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    for line in proxy.logs() {
        println!("{:?} {} {}", line.level, line.source, line.text);
    }
    for (name, value) in proxy.stats().values {
        println!("{name}: {value}");
    }
    for finding in proxy.diagnostics() {
        println!("finding: {finding}");
    }
    proxy.stop().await;
    Ok(())
}
