//! One structured log line per call, and the set-up of the log.
//!
//! A line never contains an input, an output, or a name that a caller invented.

pub(crate) mod metrics;
pub(crate) mod observer;
pub(crate) mod own;

use std::{error::Error, time::Duration};

use tracing::Level;
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets, filter_fn},
    fmt as format,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::{
    config,
    error::{ErrorKind, ToolError},
    trail::Trail,
    wire::kind::Wire,
};

/// The logged properties of a call.
#[derive(Default)]
pub(crate) struct Record {
    /// The name of a known tool.
    pub(crate) tool: Option<String>,
    /// The tool's intent class, or the router's.
    pub(crate) intent_class: String,
    /// The id of the calling agent, on the Agents wires.
    pub(crate) agent: Option<String>,
    pub(crate) outcome: Option<ErrorKind>,
    pub(crate) gate: &'static str,
    pub(crate) dropped: usize,
    pub(crate) replayed: bool,
    pub(crate) cached: bool,
    pub(crate) source: Option<String>,
}

impl Record {
    /// Records why a call was stopped, and returns the error.
    pub(crate) fn stopped(&mut self, error: ToolError) -> ToolError {
        self.outcome = Some(error.kind());
        self.gate = error.gate();
        self.source = error.source().map(chain);
        error
    }

    /// Records the events of the trail.
    pub(crate) fn record_trail(&mut self, trail: &Trail) {
        self.dropped = trail.dropped();
        self.replayed = trail.replayed.is_set();
        self.cached = trail.cached.is_set();
    }
}

/// An error with its causes, by their `Display` texts. `Debug` of an SDK error would print whole items.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// Writes the one log line of a call.
pub(crate) fn call(record: &Record, wire: Wire, request_id: &str, duration: Duration) {
    let tool = record.tool.as_deref().unwrap_or("(unknown)");
    let outcome = record.outcome.map_or("ok", ErrorKind::as_str);
    let duration_ms = milliseconds(duration);
    let (wire, gate, dropped) = (wire.name(), record.gate, record.dropped);
    let (replayed, cached) = (record.replayed, record.cached);
    match &record.source {
        Some(cause) if record.outcome == Some(ErrorKind::Internal) => {
            tracing::error!(tool, wire, outcome, gate, duration_ms, request_id, cause, "call");
        }
        Some(cause) => tracing::info!(tool, wire, outcome, gate, duration_ms, request_id, cause, "call"),
        None => tracing::info!(tool, wire, outcome, gate, duration_ms, request_id, dropped, replayed, cached, "call"),
    }
}

/// In milliseconds, rounded to the microsecond.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// Writes the log line of a request on the mcp wire that is not a tool call.
#[cfg(feature = "mcp")]
pub(crate) fn request(method: &'static str, status: u16, request_id: &str, duration: Duration) {
    let duration_ms = milliseconds(duration);
    tracing::info!(wire = Wire::Mcp.name(), method, status, duration_ms, request_id, "request");
}

/// Writes the log line of an event in an unknown format.
pub(crate) fn unknown_event(request_id: &str) {
    tracing::warn!(outcome = "unknown event", request_id, "call");
}

/// Writes the log line of a call that could not be read.
pub(crate) fn unreadable(request_id: &str, error_type: &str) {
    tracing::warn!(outcome = "unreadable", error_type, request_id, "call");
}

/// Writes the log line of a panic outside of all gates: in a layer around the service, or in another service.
pub(crate) fn panicked(request_id: &str) {
    tracing::error!(outcome = "panic", request_id, "call");
}

/// Sends log lines to standard error: JSON on Lambda, readable text elsewhere (`AWS_LAMBDA_LOG_FORMAT` overrides this).
/// The filter is `TOOLGATE_LOG`, or else `RUST_LOG`, or else `info`, in the form `level` or `target=level,..`. `own`
/// contains the targets that may log below `info`.
///
/// # Errors
/// `TOOLGATE_LOG` is not UTF-8.
pub(crate) fn init(own: &[String]) -> Result<(), String> {
    let filter = config::text(config::LOG)?.or_else(|| std::env::var("RUST_LOG").ok());
    let info = || Targets::new().with_default(LevelFilter::INFO);
    let wanted: Targets = match filter.as_deref().map(str::trim) {
        None | Some("") => info(),
        Some(text) => text.parse().unwrap_or_else(|_| info()),
    };
    // whatever the filter is, only targets that are known to log no data may log below `info`
    let own: Vec<String> = own.iter().map(|target| target.replace('-', "_")).collect();
    let cap = filter_fn(move |line| *line.level() <= Level::INFO || is_own(line.target(), &own));
    let lines = format::layer().with_writer(std::io::stderr);
    let lines = match is_json() {
        true => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
        false => lines.with_ansi(false).boxed(),
    };
    // a second call, for example in a test, keeps the first subscriber
    let _ = tracing_subscriber::registry().with(lines.with_filter(wanted).with_filter(cap)).try_init();
    Ok(())
}

/// Whether a target belongs to Toolgate or to one of these crates. It compares the whole crate name, because `aws` is
/// not `aws_config`.
fn is_own(target: &str, own: &[String]) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    matches!(name, "toolgate" | "toolgate_dynamodb") || own.iter().any(|own| own == name)
}

fn is_json() -> bool {
    match std::env::var("AWS_LAMBDA_LOG_FORMAT") {
        Ok(format) => format.eq_ignore_ascii_case("json"),
        // Lambda itself sets this variable, local substitutes do not
        Err(_) => std::env::var_os("AWS_LAMBDA_INITIALIZATION_TYPE").is_some(),
    }
}
