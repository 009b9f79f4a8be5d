//! The behaviour of the framework through its public API.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests may fail loudly")]

mod absence;
mod allow_list;
mod build;
mod cache;
mod channel;
#[path = "../../fuzz/src/checks/mod.rs"]
mod checks;
mod coercion;
mod corpus;
mod describe;
mod emf;
mod envelope;
mod errors;
mod exposure;
mod fields;
mod gates;
mod hooks;
mod interceptor;
mod interceptor_response;
mod kit;
mod mcp;
mod mcp_errors;
mod mcp_hostile;
mod mcp_identity;
mod meaning;
mod metrics;
mod observe;
mod once;
mod platform;
mod properties;
mod replay;
mod schemas;
mod session;
mod size;
mod steps;
mod traces;
mod ui;
mod understand;
mod wires;
