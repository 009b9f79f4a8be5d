//! Gate 3, types: converts text to typed values with the tool's own schema, then runs serde and then `validator`. All
//! problems of a call are returned at once.

use crate::{call_context::CallContext, coerce, error::ToolError};

pub(crate) fn enter<S>(call: &mut CallContext<S>) -> Result<(), ToolError> {
    let arguments = std::mem::take(&mut call.arguments);
    let input = coerce::converted(&call.tool.shape, arguments, &mut call.coercion);
    let (count, problems) = match call.coercion.count() {
        0 => {
            if let Some(values) = call.cx.trail().values() {
                values.understood(&input, &call.tool.shape);
            }
            if call.keeps_arguments() {
                call.arguments.clone_from(&input);
            }
            match call.tool.erased.prepare(input, &call.tool.shape) {
                Ok(prepared) => {
                    call.prepared = Some(prepared);
                    return Ok(());
                }
                Err(problems) => (problems.len(), problems),
            }
        }
        count => (count, std::mem::take(&mut call.coercion).into_problems()),
    };
    let count = match count {
        1 => "one problem".to_owned(),
        several if several > problems.len() => format!("{several} problems, of which {} are listed", problems.len()),
        several => format!("{several} problems"),
    };
    let message = format!("the input has {count}; correct what is listed and call again");
    Err(ToolError::invalid(message).with_problems(problems))
}
