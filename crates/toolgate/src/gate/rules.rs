//! Gate 4, rules: runs the rules of `.require(..)` on the values and the caller.

use crate::{call_context::CallContext, error::ToolError};

pub(crate) fn enter<S>(call: &CallContext<S>) -> Result<(), ToolError> {
    call.prepared.as_ref().map_or(Ok(()), |prepared| prepared.rules(&call.cx))
}
