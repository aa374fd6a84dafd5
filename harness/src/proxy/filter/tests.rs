//! The filter path without I/O.
