//! The terminal device: its width, its mode and its input queue.

/// The default width of a terminal.
const COLUMNS: usize = 80;
/// The least width that is assumed.
const MIN_COLUMNS: usize = 30;

/// The terminal's number of columns, or 80 without one.
#[cfg(unix)]
pub(crate) fn columns() -> usize {
    let sizes = [rustix::termios::tcgetwinsize(std::io::stderr()), rustix::termios::tcgetwinsize(std::io::stdout())];
    let known = sizes.into_iter().flatten().map(|size| usize::from(size.ws_col)).find(|columns| *columns > 0);
    known.map_or(COLUMNS, |columns| columns.max(MIN_COLUMNS))
}

#[cfg(not(unix))]
pub(crate) fn columns() -> usize {
    COLUMNS.max(MIN_COLUMNS)
}

/// Drops input that was typed before a question was shown.
#[cfg(unix)]
pub(crate) fn discard_typed() {
    use rustix::termios::{QueueSelector, tcflush};
    // Without a terminal there is nothing to drop.
    let _ = tcflush(std::io::stdin(), QueueSelector::IFlush);
}

#[cfg(not(unix))]
pub(crate) fn discard_typed() {}

/// Restores the terminal's mode if SIGTERM ends the command while a line is edited.
#[cfg(unix)]
pub(crate) fn restore_at_end() -> std::io::Result<()> {
    use std::io::Write;

    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
    use tokio::signal::unix::{SignalKind, signal};
    /// The exit code of a command that SIGTERM ended: 128 + 15.
    const TERMINATED: i32 = 143;
    /// Switches bracketed paste off, which the editor has switched on.
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
