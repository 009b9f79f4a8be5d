//! The error that ends a command, and how it is shown.

use std::{error::Error, io, process::ExitCode};

use crate::terminal;

/// The error that ends a command.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Writes an error and its causes to standard error, and returns the exit code 1. An error from writing to a closed pipe
/// (`| head`) is a success without a message: the reader has closed its end on purpose.
pub(crate) fn report(error: &(dyn Error + 'static)) -> ExitCode {
    if has_broken_pipe(error) {
        return ExitCode::SUCCESS;
    }
    let mut last = error.to_string();
    let mut text = last.clone();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Many errors repeat their cause in their own message.
        if !last.contains(&error.to_string()) {
            last = error.to_string();
            text.push_str(&format!("\nbecause: {last}"));
        }
        cause = error.source();
    }
    // Without standard error there is no place for a message.
    drop(terminal::error(&text));
    ExitCode::FAILURE
}

fn has_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    let is_broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    // A broken connection is a broken pipe too, but is wrapped in another error: only a bare one comes from writing.
    error.downcast_ref::<io::Error>().is_some_and(is_broken)
}
