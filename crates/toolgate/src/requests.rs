//! Requests that a call makes to other services, such as a database, for the observers of the call.

use std::{borrow::Cow, future::Future, sync::Arc, time::Duration};

use crate::observe::{MadeRequest, Observation};

tokio::task_local! {
    /// The observation of the call that this task works on.
    static CURRENT: Option<Arc<Observation>>;
}

/// A request that has begun. Where it is dropped before its end, it was interrupted.
#[derive(Debug)]
pub struct BegunRequest {
    observation: Arc<Observation>,
    request: Option<MadeRequest>,
}

/// Records that the call of this task begins a request. `None` where nobody observes the call, or where the task does
/// not belong to one, for example because a tool has spawned it.
///
/// ```
/// # async fn query() -> Result<u32, std::io::Error> { Ok(3) }
/// # async fn tool() -> Result<u32, std::io::Error> {
/// let request = toolgate::begin_request("postgresql", "SELECT");
/// let answer = query().await;
/// if let Some(request) = request {
///     request.end(answer.as_ref().err().map(|_| "failed".into()));
/// }
/// # answer
/// # }
/// ```
pub fn begin_request(system: &'static str, operation: impl Into<Cow<'static, str>>) -> Option<BegunRequest> {
    let observation = CURRENT.try_with(Clone::clone).ok()??;
    let (began, operation) = (observation.elapsed(), operation.into());
    let request = MadeRequest { system, operation, began, took: Duration::ZERO, error: None };
    Some(BegunRequest { observation, request: Some(request) })
}

impl BegunRequest {
    /// Ends the request. `error` is the class of its error. It must not have a value of the call.
    pub fn end(mut self, error: Option<Cow<'static, str>>) {
        self.record(error);
    }

    fn record(&mut self, error: Option<Cow<'static, str>>) {
        if let Some(mut request) = self.request.take() {
            request.took = self.observation.elapsed().saturating_sub(request.began);
            request.error = error;
            self.observation.note_request(request);
        }
    }
}

impl Drop for BegunRequest {
    fn drop(&mut self) {
        self.record(Some("interrupted".into()));
    }
}

/// Runs a call, so that its requests are found.
pub(crate) fn of<T>(observation: Option<Arc<Observation>>, call: impl Future<Output = T>) -> impl Future<Output = T> {
    CURRENT.scope(observation, call)
}
