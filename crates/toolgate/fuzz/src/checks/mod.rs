//! What must hold of every input. One copy serves the fuzz targets and the replay of their corpus in the tests, so this
//! knows nothing of libFuzzer: a check takes bytes, and panics where something does not hold.
#![allow(clippy::expect_used, reason = "a check must fail loudly")]

mod dispatch;
mod parameters;
mod reply;
mod tools;

use std::future::Future;

/// Checks an event and a client context: JSON, each on a line of its own. Tells the wire, and what the reply says there.
pub(crate) fn dispatch(bytes: &[u8]) -> Option<(toolgate::Wire, String)> {
    dispatch::check(bytes)
}

/// Checks the value of a parameter: a letter for the field, then the text. Tells the field, and whether it was read.
pub(crate) fn parameters(bytes: &[u8]) -> Option<(&'static str, bool)> {
    parameters::check(bytes)
}

/// Nothing here waits for anything, so a runtime per call is all it takes.
fn run<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}
