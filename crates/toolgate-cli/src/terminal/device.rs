//! The terminal itself: its width, its mode, and what was typed into it too early.

/// The width of a terminal that nobody has widened.
const COLUMNS: usize = 80;
/// A narrower one is treated as this wide.
const LEAST: usize = 30;

/// How many columns the terminal has, or 80 without one.
#[cfg(unix)]
pub(crate) fn columns() -> usize {
    let sizes = [rustix::termios::tcgetwinsize(std::io::stderr()), rustix::termios::tcgetwinsize(std::io::stdout())];
    let known = sizes.into_iter().flatten().map(|size| usize::from(size.ws_col)).find(|columns| *columns > 0);
    known.map_or(COLUMNS, |columns| columns.max(LEAST))
}

#[cfg(not(unix))]
pub(crate) fn columns() -> usize {
    COLUMNS.max(LEAST)
}

/// Forgets what was typed before a question was shown: it cannot be the answer to it.
#[cfg(unix)]
pub(crate) fn discard_typed() {
    use rustix::termios::{QueueSelector, tcflush};
    // Without a terminal there is nothing to forget.
    let _ = tcflush(std::io::stdin(), QueueSelector::IFlush);
}

#[cfg(not(unix))]
pub(crate) fn discard_typed() {}

/// Gives the terminal its mode back when the command is ended from outside while a line is being edited.
#[cfg(unix)]
pub(crate) fn restore_at_end() -> std::io::Result<()> {
    use std::io::Write;

    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
    use tokio::signal::unix::{SignalKind, signal};
    /// What a shell gives a command that SIGTERM ended.
    const TERMINATED: i32 = 143;
    /// The editor asks for pasted text to be marked as such.
    const NO_BRACKETED_PASTE: &[u8] = b"\x1b[?2004l\r\n";

    let Ok(before) = tcgetattr(std::io::stdin()) else { return Ok(()) };
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        terminate.recv().await;
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &before);
        drop(std::io::stderr().write_all(NO_BRACKETED_PASTE));
        std::process::exit(TERMINATED);
    });
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn restore_at_end() -> std::io::Result<()> {
    Ok(())
}
