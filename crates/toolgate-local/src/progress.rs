//! Logs what the start is waiting for, once per second.

use std::{future::Future, pin::pin, time::Duration};

use crate::lambda::Log;

const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) async fn slow<T>(log: &Log, what: &str, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        match tokio::time::timeout(PATIENCE, &mut work).await {
            Ok(done) => return done,
            Err(_) => log.line("toolgate", what),
        }
    }
}
