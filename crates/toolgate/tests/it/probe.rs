//! The kit as a process, for tests of the runtime loop.
#![allow(dead_code, reason = "not all of the kit is used here")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests may fail loudly")]

#[path = "kit.rs"]
mod kit;

use std::task::{Context, Poll};

use lambda_runtime::{Diagnostic, LambdaEvent};
use serde_json::Value;
use tower::Service;

/// A layer around the kit that panics at the point that an event names.
struct Fragile {
    inner: toolgate::Service<kit::State>,
    next_poll_panics: bool,
}

impl Service<LambdaEvent<Value>> for Fragile {
    type Response = Value;
    type Error = Diagnostic;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Value, Diagnostic>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Diagnostic>> {
        assert!(!std::mem::take(&mut self.next_poll_panics), "SECRET in poll_ready");
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, event: LambdaEvent<Value>) -> Self::Future {
        let place = event.payload["panicIn"].as_str().unwrap_or_default().to_owned();
        assert_ne!(place, "call", "SECRET in call");
        self.next_poll_panics = place == "the next poll_ready";
        let call = self.inner.call(event);
        Box::pin(async move {
            assert_ne!(place, "future", "SECRET in the future");
            call.await.map_err(Diagnostic::from)
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), toolgate::Error> {
    if std::env::var_os("PROBE_LAYER").is_some() {
        let inner = kit::router().with_state(kit::State::default());
        toolgate::hide_panic_payloads();
        return toolgate::serve(Fragile { inner, next_poll_panics: false }).await;
    }
    toolgate::run(kit::router(), async || {
        if std::env::var_os("PROBE_HOOK").is_some() {
            std::panic::set_hook(Box::new(|info| eprintln!("OWN-HOOK {}", info.location().unwrap())));
        }
        if std::env::var_os("PROBE_FAILS").is_some() {
            return Err(toolgate::Error::from("PROBE_FAILS is set"));
        }
        assert!(std::env::var_os("PROBE_PANICS").is_none(), "SECRET");
        // a client library would log whole requests like this
        tracing::info!(target: "other_crate::client", "INFO-OF-ANOTHER-CRATE");
        tracing::debug!(target: "other_crate::client", "DEBUG-OF-ANOTHER-CRATE");
        tracing::trace!(target: "probe_of_another", "TRACE-OF-ANOTHER-CRATE");
        tracing::debug!("DEBUG-OF-ITS-OWN");
        Ok(kit::State::default())
    })
    .await
}
