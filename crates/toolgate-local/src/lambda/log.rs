//! The output of handlers: each line goes to the terminal, and the last lines to the invocation's log tail.

use std::{
    collections::VecDeque,
    fmt,
    io::{IsTerminal, Write as _},
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    line::Line,
    render::{self, render},
};
use crate::turns::Turns;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use toolgate::sanitize;

/// Lambda's limit on the log tail of an invocation, in bytes.
const TAIL_BYTES: usize = 4096;
/// The start of a metrics line in CloudWatch's embedded metric format, as Toolgate writes it.
const METRICS: &str = r#"{"_aws":"#;

/// The id of the request that an instance processes, or processed last.
pub(crate) type Current = Arc<Mutex<Option<String>>>;

/// The target of the functions' log lines.
#[derive(Clone)]
pub struct Log(Arc<Write>);

/// Whose output it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    /// The function's name.
    pub(crate) name: String,
    pub(crate) tail: Tail,
    pub(crate) current: Current,
    /// Where the lines of calls are recorded.
    pub(crate) turns: Option<Turns>,
}

type Write = dyn Fn(&Line<'_>) + Send + Sync;

impl Log {
    /// Calls `write` with the function's name and each line. Metrics lines are left out; the log tail of an invocation
    /// contains them, as on Lambda.
    pub fn new(write: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |line| write(line.function, line.text)))
    }

    /// Writes lines to standard error in a readable form: time, level, function, request, and the fields of a JSON
    /// line. A terminal gets colours unless `NO_COLOR` is set.
    #[must_use]
    pub fn stderr() -> Self {
        let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
        Self(Arc::new(move |line| write(&render(line, colours))))
    }

    /// Writes `name | line` to standard error, each line as the function wrote it. On a terminal control characters are
    /// removed.
    #[must_use]
    pub fn raw() -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self::new(move |name, line| {
            let shown = if terminal { sanitize::line(line) } else { line.into() };
            write(&format!("{name} | {shown}"));
        })
    }

    pub(crate) fn line(&self, name: &str, text: &str) {
        (self.0)(&Line { function: name, request: None, text });
    }

    /// Reads lines until the stream ends.
    pub(crate) async fn forward(self, source: Source, stream: impl AsyncRead + Unpin) {
        let Source { name, tail, current, turns } = source;
        let mut stream = BufReader::new(stream);
        let mut bytes = Vec::new();
        while matches!(stream.read_until(b'\n', &mut bytes).await, Ok(read) if read > 0) {
            let line = String::from_utf8_lossy(&bytes);
            let line = line.trim_end_matches(['\r', '\n']);
            tail.push(line);
            match line.starts_with(METRICS) {
                // Metrics lines are for CloudWatch. There is one per call, so they would clutter the terminal.
                true => tracing::debug!(function = name, line, "metrics"),
                false => {
                    let request = current.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    let line = Line { function: &name, request: request.as_deref(), text: line };
                    if let Some((turns, request)) = turns.as_ref().zip(line.request) {
                        turns.log(request, || render::recorded(&line));
                    }
                    (self.0)(&line);
                }
            }
            bytes.clear();
        }
    }
}

/// A closed terminal must not stop the local agent, so a line that cannot be written is lost.
fn write(line: &str) {
    drop(writeln!(std::io::stderr().lock(), "{line}"));
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").finish_non_exhaustive()
    }
}

/// The last lines that a program wrote.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    fn push(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push_back(line.to_owned());
        while lines.len() > 1 && lines.iter().map(|line| line.len() + 1).sum::<usize>() > TAIL_BYTES {
            lines.pop_front();
        }
    }

    /// Takes the lines since the previous call.
    pub(crate) fn take(&self) -> String {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text: String = lines.drain(..).map(|line| line + "\n").collect();
        let mut start = text.len().saturating_sub(TAIL_BYTES);
        while !text.is_char_boundary(start) {
            start += 1;
        }
        text.split_off(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_keeps_the_last_4_kb_and_whole_characters() {
        let tail = Tail::default();
        (0..1000).for_each(|number| tail.push(&format!("line {number}")));
        let text = tail.take();
        assert!(text.len() <= TAIL_BYTES && text.ends_with("line 999\n"), "{}", text.len());
        assert_eq!(tail.take(), "");
        tail.push(&"é".repeat(4000));
        let text = tail.take();
        assert!(text.len() <= TAIL_BYTES && text.starts_with('é'));
    }

    #[tokio::test]
    async fn metrics_are_in_the_tail_and_not_in_the_log() {
        let (tail, seen) = (Tail::default(), Arc::new(Mutex::new(String::new())));
        let log = seen.clone();
        let log = Log::new(move |name, line| log.lock().unwrap().push_str(&format!("{name} | {line}\n")));
        let written = "one\n{\"_aws\":{}}\n{\"own\":\"_aws\"}\n";
        log.forward(Source { name: "orders".into(), tail: tail.clone(), ..Source::default() }, written.as_bytes())
            .await;
        assert_eq!(*seen.lock().unwrap(), "orders | one\norders | {\"own\":\"_aws\"}\n");
        assert_eq!(tail.take(), written);
    }
}
