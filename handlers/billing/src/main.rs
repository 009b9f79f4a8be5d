//! The billing handler.
fn main() {}
