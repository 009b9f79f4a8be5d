//! One structured log line per call, and where log lines go.
//!
//! A line never holds an input or an output, nor a name that a caller made up.

pub(crate) mod metrics;

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

/// What is told of a call.
#[derive(Default)]
pub(crate) struct Record {
    /// A known tool's name.
    pub(crate) tool: Option<String>,
    /// The tool's class, or the router's.
    pub(crate) intent_class: String,
    /// The calling agent's id, on the Agents wires.
    pub(crate) agent: Option<String>,
    pub(crate) outcome: Option<ErrorKind>,
    pub(crate) gate: &'static str,
    pub(crate) dropped: usize,
    pub(crate) replayed: bool,
    pub(crate) cached: bool,
    pub(crate) source: Option<String>,
}

impl Record {
    /// Notes why a call was stopped, and hands the error on.
    pub(crate) fn stopped(&mut self, error: ToolError) -> ToolError {
        self.outcome = Some(error.kind());
        self.gate = error.gate();
        self.source = error.source().map(chain);
        error
    }

    /// Notes what happened on the way.
    pub(crate) fn walked(&mut self, trail: &Trail) {
        self.dropped = trail.dropped();
        self.replayed = trail.is_replayed();
        self.cached = trail.is_cached();
    }
}

/// An error with its causes, by their public texts: `Debug` of an SDK error would print whole items.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// The one line of a call.
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

/// To the microsecond.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// The line of an event that is no call.
pub(crate) fn unknown_event(request_id: &str) {
    tracing::warn!(outcome = "unknown event", request_id, "call");
}

/// The line of a call that could not be read.
pub(crate) fn unreadable(request_id: &str, error_type: &str) {
    tracing::warn!(outcome = "unreadable", error_type, request_id, "call");
}

/// A call panicked outside of every gate: in a layer around the service, or in a service that is not Toolgate's.
pub(crate) fn panicked(request_id: &str) {
    tracing::error!(outcome = "panic", request_id, "call");
}

/// Sends log lines to standard error: JSON on Lambda, readable elsewhere (`AWS_LAMBDA_LOG_FORMAT` overrides).
/// The filter is `TOOLGATE_LOG`, else `RUST_LOG`, else `info`, in the form `level` or `target=level,..`. `own` are the
/// targets that may log below `info`.
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
    // whatever the filter says, only what is known to log no data may say more than `info`
    let own: Vec<String> = own.iter().map(|target| target.replace('-', "_")).collect();
    let cap = filter_fn(move |line| *line.level() <= Level::INFO || is_own(line.target(), &own));
    let lines = format::layer().with_writer(std::io::stderr);
    let lines = match is_json() {
        true => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
        false => lines.with_ansi(false).boxed(),
    };
    // a second call, in a test say, keeps the first subscriber
    let _ = tracing_subscriber::registry().with(lines.with_filter(wanted).with_filter(cap)).try_init();
    Ok(())
}

/// Whether a target belongs to Toolgate or to one of these crates: the whole name counts, since `aws` is not `aws_config`.
fn is_own(target: &str, own: &[String]) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    matches!(name, "toolgate" | "toolgate_dynamodb") || own.iter().any(|own| own == name)
}

fn is_json() -> bool {
    match std::env::var("AWS_LAMBDA_LOG_FORMAT") {
        Ok(format) => format.eq_ignore_ascii_case("json"),
        // set by Lambda itself, not by local stand-ins
        Err(_) => std::env::var_os("AWS_LAMBDA_INITIALIZATION_TYPE").is_some(),
    }
}
