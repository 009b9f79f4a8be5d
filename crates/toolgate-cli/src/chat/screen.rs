//! The output of a chat: answers on standard output; questions, the timeline and progress notes on standard error.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use serde_json::Value;

use super::trace::Trace;
use crate::{
    agent::{
        costs::Costs,
        timeline::{Page, Timeline},
    },
    terminal::{self, Flow},
};

/// The indent of an answer on a terminal. Only the command itself writes at the left edge.
const INDENT: usize = 2;
/// Clears the line of the cursor.
const CLEAR: &str = "\r\x1b[K";

/// The screen of one chat.
#[derive(Debug)]
pub(crate) struct Screen {
    trace: Option<Trace>,
    timeline: Timeline,
    pub(crate) costs: Costs,
    /// Wraps the answer on a terminal; `None` elsewhere.
    flow: Option<Flow>,
    /// An answer has begun and has not ended.
    answering: bool,
    /// Whether the answer so far ends in the middle of a line.
    mid_line: bool,
    /// The answer, where it may only be shown at its end.
    held: String,
    /// Lines of the timeline that came while an answer was being written.
    drawn: Vec<u8>,
    /// A progress note is shown and has to be cleared first.
    waiting: bool,
}

impl Screen {
    pub(crate) fn new(trace: Option<Trace>, costs: Costs) -> Self {
        Self {
            trace,
            timeline: Timeline::new(Page::on(&io::stderr())),
            costs,
            flow: None,
            answering: false,
            mid_line: false,
            held: String::new(),
            drawn: Vec::new(),
            waiting: false,
        }
    }

    pub(crate) fn trace(&self) -> Option<Trace> {
        self.trace
    }

    pub(crate) fn set_trace(&mut self, trace: Option<Trace>) {
        self.trace = trace;
    }

    /// Shows a piece of the answer.
    pub(crate) fn answer(&mut self, text: &str) -> io::Result<()> {
        self.take_back()?;
        let text = terminal::lines(text);
        if !self.answering {
            let on_terminal = match self.trace {
                Some(Trace::Json) => io::stderr().is_terminal(),
                _ => io::stdout().is_terminal(),
            };
            self.flow = on_terminal.then(|| Flow::new(terminal::columns(), INDENT));
            self.answering = true;
        }
        let shown = match &mut self.flow {
            Some(flow) => flow.push(&text),
            None => text.into_owned(),
        };
        self.write(&shown)
    }

    /// A trace part, in the order in which they came.
    pub(crate) fn part(&mut self, raw: &Value) -> io::Result<()> {
        let cost = self.costs.add(raw);
        match self.trace {
            Some(Trace::Timeline) => {
                self.timeline.draw(raw, cost.as_deref(), &mut self.drawn)?;
                // Nothing is drawn inside an answer.
                if !self.answering {
                    self.show_drawn()?;
                }
            }
            Some(Trace::Json) => {
                self.take_back()?;
                writeln!(io::stdout().lock(), "{}", terminal::escaped(&raw.to_string()))?;
            }
            None => {}
        }
        Ok(())
    }

    /// Ends the answer, if one has begun.
    pub(crate) fn end_answer(&mut self) -> io::Result<()> {
        self.take_back()?;
        if std::mem::take(&mut self.answering) {
            let rest = self.flow.take().map(|mut flow| flow.end());
            // Without a terminal a line feed is added to every answer, whatever its own end is.
            self.write(rest.as_deref().unwrap_or("\n"))?;
            if !self.held.is_empty() {
                write!(io::stderr().lock(), "{}", std::mem::take(&mut self.held))?;
            }
        }
        self.show_drawn()
    }

    /// Ends the turn and shows its costs, also if it failed.
    pub(crate) fn end_turn(&mut self) -> io::Result<()> {
        self.end_answer()?;
        if let Some(costs) = self.costs.end_turn() {
            terminal::note(&format!("({costs})"))?;
        }
        self.timeline.restart();
        Ok(())
    }

    /// Shows a progress note, on a terminal where nothing else is being shown.
    pub(crate) fn wait(&mut self, since: Duration) -> io::Result<()> {
        if self.mid_line || !terminal::is_interactive() {
            return Ok(());
        }
        self.waiting = true;
        let mut err = io::stderr().lock();
        write!(err, "{CLEAR}  waiting for the answer, {} s; Ctrl-C stops waiting", since.as_secs())?;
        err.flush()
    }

    /// Clears the progress note.
    pub(crate) fn take_back(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.waiting) {
            let mut err = io::stderr().lock();
            write!(err, "{CLEAR}")?;
            err.flush()?;
        }
        Ok(())
    }

    fn show_drawn(&mut self) -> io::Result<()> {
        if self.drawn.is_empty() {
            return Ok(());
        }
        self.take_back()?;
        io::stderr().lock().write_all(&std::mem::take(&mut self.drawn))
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        if let Some(last) = text.chars().next_back() {
            self.mid_line = last != '\n';
        }
        if self.trace == Some(Trace::Json) {
            self.held.push_str(text);
            return Ok(());
        }
        let mut out = io::stdout().lock();
        write!(out, "{text}")?;
        out.flush()
    }
}
