//! The interface to the functions behind the targets: the gateway needs nothing from them but calls.

use std::fmt;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use rmcp::model::JsonObject;
use serde_json::Value;

use crate::lambda::{Event, Functions, Invocation, InvokeError};

/// A call of a tool, after the interceptors and the policies.
#[derive(Debug)]
pub(crate) struct ToolEvent<'a> {
    /// The logical id of the function.
    pub(crate) function: &'a str,
    /// The tool as CloudFormation writes it (`Name`, `InputSchema`).
    pub(crate) definition: &'a Value,
    pub(crate) arguments: JsonObject,
    pub(crate) client_context: String,
    /// Whether the arguments were checked against the schema, because a policy engine read them.
    pub(crate) is_checked: bool,
}

/// Calls the functions behind the targets.
pub(crate) trait CallTool: fmt::Debug + Send + Sync {
    /// Calls a function and waits for its reply.
    fn call<'a>(&'a self, event: ToolEvent<'a>) -> BoxFuture<'a, Result<Invocation, InvokeError>>;
}

impl CallTool for Functions {
    fn call<'a>(&'a self, event: ToolEvent<'a>) -> BoxFuture<'a, Result<Invocation, InvokeError>> {
        let payload = Bytes::from(Value::Object(event.arguments).to_string());
        let lambda = Event { payload, client_context: Some(event.client_context), ..Event::default() };
        Box::pin(self.run(event.function, lambda))
    }
}
