//! Output for people: text of models, tools and services is sanitised before it reaches a terminal.
//!
//! Everything that a command prints goes through this module or through the timeline's page, which sanitises too.

mod device;
mod flow;
mod text;

use std::io::{self, IsTerminal, Write};

pub(crate) use device::{columns, discard_typed, restore_at_end};
pub(crate) use flow::Flow;
#[cfg(test)]
pub(crate) use text::columns_of;
pub(crate) use text::{escaped, is_printable, line, lines, name, quoted, wrapped};

/// A line, or several, on standard output.
pub(crate) fn out(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", lines(text))?;
    out.flush()
}

/// A line, or several, on standard error.
pub(crate) fn err(text: &str) -> io::Result<()> {
    writeln!(io::stderr().lock(), "{}", lines(text))
}

/// The command's own text on standard error, wrapped at words on a terminal.
pub(crate) fn note(text: &str) -> io::Result<()> {
    if !io::stderr().is_terminal() {
        return err(text);
    }
    let mut flow = Flow::new(columns(), 0);
    let text = flow.push(&lines(text)) + &flow.end();
    write!(io::stderr().lock(), "{text}")
}

/// An error on standard error. Its further lines are indented, so that none looks like a line of the command itself.
pub(crate) fn error(problem: &str) -> io::Result<()> {
    err(&format!("error: {}", lines(problem).replace('\n', "\n  ")))
}

/// Whether standard input and standard error are terminals.
pub(crate) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}
