//! For those who write rules: all that is wrong with a file at once, and the shipped files as they are written.
//!
//! Nothing here is on the way of a byte; it is there with the feature `authoring` only.

mod reading;
mod repair;
mod shipped;

pub use reading::{Problem, Reading};
pub use shipped::{Shipped, ShippedFile, shipped_files};
