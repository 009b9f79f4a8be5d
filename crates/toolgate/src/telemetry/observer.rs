//! Observers of calls: who gets the steps of every call, beside its log line.

use std::{fmt, sync::Arc, time::Duration};

use super::Record;
use crate::{
    error::ErrorKind,
    observe::{MadeRequest, Observation, Step},
    wire::kind::Wire,
};

/// Gets every call of a service when it is finished. See [`Service::observed_by`](crate::Service::observed_by).
///
/// ```
/// use toolgate::{ObservedCall, Observer};
///
/// struct Slow;
///
/// impl Observer for Slow {
///     fn finished(&self, call: &ObservedCall<'_>) {
///         for step in call.steps().filter(|step| step.took.as_millis() > 100) {
///             tracing::warn!(tool = call.tool(), gate = step.gate.name(), "a slow gate");
///         }
///     }
/// }
/// ```
pub trait Observer: Send + Sync {
    /// Runs before the reply is encoded, so it must not wait.
    fn finished(&self, call: &ObservedCall<'_>);
}

/// A finished call, without its input, its output and its session.
pub struct ObservedCall<'a> {
    pub(crate) record: &'a Record,
    pub(crate) wire: Wire,
    pub(crate) request_id: &'a str,
    pub(crate) duration: Duration,
    pub(crate) observation: &'a Arc<Observation>,
    #[cfg(feature = "otel")]
    pub(crate) origin: &'a Origin,
}

/// The spans that a call may belong to, as its caller names them.
#[cfg(feature = "otel")]
#[derive(Default)]
pub(crate) struct Origin {
    /// `traceparent` of an MCP request.
    pub(crate) trace_parent: Option<String>,
    /// The header of X-Ray that Lambda has sent.
    pub(crate) xray: Option<String>,
}

impl ObservedCall<'_> {
    /// The name of the tool. `None` where no such tool exists.
    pub fn tool(&self) -> Option<&str> {
        self.record.tool.as_deref()
    }

    /// The wire that the call arrived on.
    pub const fn wire(&self) -> Wire {
        self.wire
    }

    /// Lambda's request id.
    pub const fn request_id(&self) -> &str {
        self.request_id
    }

    /// The kind of the error in the reply. `None` where the call has succeeded.
    pub const fn error(&self) -> Option<ErrorKind> {
        self.record.outcome
    }

    /// The time from the event to here.
    pub const fn duration(&self) -> Duration {
        self.duration
    }

    /// The gates that the call has reached or that are not declared, in the order of a call.
    pub fn steps(&self) -> impl Iterator<Item = Step> {
        self.observation.steps()
    }

    /// The requests to other services that the call has made, as far as [`begin_request`](crate::begin_request) has
    /// recorded them.
    pub fn requests(&self) -> Vec<MadeRequest> {
        self.observation.requests()
    }
}

impl fmt::Debug for ObservedCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedCall").field("tool", &self.tool()).field("wire", &self.wire).finish_non_exhaustive()
    }
}
