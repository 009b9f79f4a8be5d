//! Gate 4, rules: what `.require(..)` says about values and caller.

use crate::{call_context::CallContext, error::ToolError};

pub(crate) fn enter<S>(call: &CallContext<S>) -> Result<(), ToolError> {
    call.prepared.as_ref().map_or(Ok(()), |prepared| prepared.rules(&call.cx))
}
