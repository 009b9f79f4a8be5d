//! A background task that ends with its owner.

use std::future::Future;

use tokio::task::JoinHandle;

/// Aborts its task when dropped.
#[derive(Debug)]
pub(crate) struct Task(Option<JoinHandle<()>>);

impl Task {
    pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Some(tokio::spawn(future)))
    }

    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Waits until the task is done.
    pub(crate) async fn ended(&mut self) {
        if let Some(handle) = self.0.as_mut() {
            drop(handle.await);
            self.0 = None;
        }
    }

    /// Waits until the task is done. Aborts it if this future is dropped.
    pub(crate) async fn join(mut self) {
        self.ended().await;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(handle) = &self.0 {
            handle.abort();
        }
    }
}
