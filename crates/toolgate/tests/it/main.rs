//! Behaviour of the framework through its public surface.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests may fail loudly")]

mod build;
#[path = "../../fuzz/src/checks/mod.rs"]
mod checks;
mod coercion;
mod corpus;
mod describe;
mod errors;
mod fields;
mod gates;
mod kit;
mod once;
mod platform;
mod properties;
mod replay;
mod schemas;
mod session;
mod size;
mod ui;
mod wires;
