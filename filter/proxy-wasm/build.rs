//! The stack of the module. It lies in linear memory below everything else, and every virtual machine has one.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let stack = if std::env::var_os("CARGO_FEATURE_POLICY").is_some() {
        // Cedar's evaluator recurses: with 1 MiB a 240-term `||` traps.
        8 << 20
    } else {
        // What recurses is the reader of configurations, 128 levels deep.
        512 << 10
    };
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("wasm32") {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size={stack}");
    }
}
