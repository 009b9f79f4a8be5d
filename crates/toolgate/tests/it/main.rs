//! Behaviour of the framework through its public surface.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests may fail loudly")]

mod build;
mod cache;
mod coercion;
mod describe;
mod emf;
mod errors;
mod fields;
mod gates;
mod kit;
mod metrics;
mod once;
mod platform;
mod properties;
mod replay;
mod schemas;
mod session;
mod size;
mod steps;
mod ui;
mod wires;
