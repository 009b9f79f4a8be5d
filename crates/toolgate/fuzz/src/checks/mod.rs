//! The invariants for every input. The fuzz targets and the replay of their corpus in the tests share this code, so it
//! does not depend on libFuzzer. A check takes bytes, and panics where an invariant is violated.
#![allow(clippy::expect_used, reason = "a check must fail loudly")]

mod dispatch;
mod parameters;
mod reply;
mod tools;

use std::future::Future;

/// Checks an event and a client context: JSON, each on its own line. Returns the wire, and the outcome in the reply.
pub(crate) fn dispatch(bytes: &[u8]) -> Option<(toolgate::Wire, String)> {
    dispatch::check(bytes)
}

/// Checks the value of a parameter: a letter for the field, then the text. Returns the field, and whether the value was
/// accepted.
pub(crate) fn parameters(bytes: &[u8]) -> Option<(&'static str, bool)> {
    parameters::check(bytes)
}

/// Runs a future on a new runtime. The futures of this module never wait, so this is sufficient.
fn run<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}
