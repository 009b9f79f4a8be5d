//! Spans of Toolgate's functions and of its local agent, and their way to an OpenTelemetry receiver (OTLP over HTTP).
//!
//! The OpenTelemetry SDK is not used: it adds 67 crates and its own threads. A function only needs to keep finished
//! spans until its reply is sent, and to send them in one request.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod context;
pub mod conventions;
mod exporter;
mod message;
mod settings;
mod span;

pub use context::Context;
pub use exporter::Exporter;
pub use settings::{Settings, SettingsError};
pub use span::{Event, Kind, Span, Value};

/// The examples of README.md, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
