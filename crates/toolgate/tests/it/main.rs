//! Behaviour of the framework through its public surface.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests may fail loudly")]

mod allow_list;
mod build;
#[path = "../../fuzz/src/checks/mod.rs"]
mod checks;
mod coercion;
mod corpus;
mod describe;
mod errors;
mod exposure;
mod fields;
mod gates;
mod kit;
mod meaning;
mod once;
mod platform;
mod properties;
mod replay;
mod schemas;
mod session;
mod size;
mod ui;
mod wires;
