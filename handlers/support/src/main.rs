//! The support handler.
fn main() {}
