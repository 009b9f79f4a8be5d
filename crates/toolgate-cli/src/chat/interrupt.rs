//! Ctrl-C while the command waits. While a line is edited, the editor reads it as a key.

/// A stream of SIGINT.
#[derive(Debug)]
pub(crate) struct Interrupts {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl Interrupts {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?,
        })
    }

    /// Drops the signals that arrived while the command did not wait, so that they do not stop the next turn.
    pub(crate) async fn forget(&mut self) {
        loop {
            tokio::select! {
                biased;
                () = self.next() => {}
                () = std::future::ready(()) => return,
            }
        }
    }

    /// Completes at the next signal.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) {
        if self.signal.recv().await.is_none() {
            std::future::pending().await
        }
    }

    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{process::Command, time::Duration};

    use super::Interrupts;

    async fn is_interrupted(interrupts: &mut Interrupts) -> bool {
        tokio::time::timeout(Duration::from_millis(300), interrupts.next()).await.is_ok()
    }

    #[tokio::test]
    async fn one_that_came_between_two_turns_does_not_stop_the_next() {
        let interrupt = || {
            let status = Command::new("kill").args(["-INT", &std::process::id().to_string()]).status().unwrap();
            assert!(status.success());
        };
        let mut interrupts = Interrupts::new().unwrap();
        interrupt();
        // it is delivered by now
        tokio::time::sleep(Duration::from_millis(100)).await;
        interrupts.forget().await;
        assert!(!is_interrupted(&mut interrupts).await);
        interrupt();
        assert!(is_interrupted(&mut interrupts).await);
    }
}
