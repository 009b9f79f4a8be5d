//! The customers handler.
fn main() {}
