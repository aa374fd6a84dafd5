//! The `veilgate` command.
fn main() {}
