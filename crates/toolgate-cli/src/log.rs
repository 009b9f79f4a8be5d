//! The command's own log lines on standard error, in the form of the functions' lines: time, level, who, what.

use std::fmt;

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::terminal;

/// `TOOLGATE_LOG` is the level: `error`, `warn` (unless set), `info` or `debug`.
pub(crate) fn to_stderr() {
    use std::io::IsTerminal;
    use tracing_subscriber::Layer;
    let level = match std::env::var("TOOLGATE_LOG").as_deref() {
        Ok("trace" | "debug") => LevelFilter::DEBUG,
        Ok("info") => LevelFilter::INFO,
        Ok("error") => LevelFilter::ERROR,
        _ => LevelFilter::WARN,
    };
    // The embedded database logs failed conditions as warnings, which are normal for tools. The MCP library logs what clients
    // send. The SDK logs each place without credentials; its error has the same information.
    let quiet = ["dynoxide", "rmcp"].map(|target| (target, LevelFilter::ERROR));
    let silent = ["aws_config", "aws_runtime", "aws_smithy_runtime"].map(|target| (target, LevelFilter::OFF));
    let silent = silent.into_iter().filter(|_| level < LevelFilter::DEBUG);
    let filter = Targets::new().with_default(level).with_targets(quiet.into_iter().chain(silent));
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let ansi = std::io::stderr().is_terminal() && !no_color;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(ansi).event_format(LineFormat);
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
}

/// `22:39:51.050Z WARN  toolgate  a message field=value`
struct LineFormat;

impl<S, N> FormatEvent<S, N> for LineFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut text = EventText::default();
        event.record(&mut text);
        let level = event.metadata().level();
        let (dim, colour, end) = match (out.has_ansi_escapes(), *level) {
            (false, _) => ("", "", ""),
            (true, tracing::Level::ERROR) => ("\x1b[2m", "\x1b[31m", "\x1b[0m"),
            (true, tracing::Level::WARN) => ("\x1b[2m", "\x1b[33m", "\x1b[0m"),
            (true, _) => ("\x1b[2m", "\x1b[32m", "\x1b[0m"),
        };
        let time = jiff::Timestamp::now().strftime("%H:%M:%S%.3fZ");
        // The text may come from a service or a model.
        let words = terminal::line(text.0.trim_start()).into_owned();
        writeln!(out, "{dim}{time}{end} {colour}{level:<5}{end} {:<9} {words}", "toolgate")
    }
}

/// The message, and the fields behind it.
#[derive(Default)]
struct EventText(String);

impl Visit for EventText {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        use fmt::Write;
        // writing to a text cannot fail
        let _ = match field.name() {
            "message" => {
                let fields = std::mem::take(&mut self.0);
                write!(self.0, "{value:?}{fields}")
            }
            name if name.starts_with("log.") => Ok(()),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
