//! The kit as a process, for tests of the loop that runs a handler.
#![allow(dead_code, reason = "not all of the kit is used here")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests may fail loudly")]

#[path = "kit.rs"]
mod kit;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), toolgate::Error> {
    toolgate::run(kit::router(), async || {
        if std::env::var_os("PROBE_FAILS").is_some() {
            return Err(toolgate::Error::from("PROBE_FAILS is set"));
        }
        assert!(std::env::var_os("PROBE_PANICS").is_none(), "SECRET");
        // what a client library would log: whole requests
        tracing::info!(target: "other_crate::client", "INFO-OF-ANOTHER-CRATE");
        tracing::debug!(target: "other_crate::client", "DEBUG-OF-ANOTHER-CRATE");
        tracing::trace!(target: "probe_of_another", "TRACE-OF-ANOTHER-CRATE");
        tracing::debug!("DEBUG-OF-ITS-OWN");
        Ok(kit::State::default())
    })
    .await
}
