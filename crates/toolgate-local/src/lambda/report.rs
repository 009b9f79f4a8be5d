//! The results for a caller whose function failed, with Lambda's texts.

use std::{process::ExitStatus, time::Duration};

use bytes::Bytes;
use serde_json::json;

use super::Invocation;

/// A failure of the runtime environment, with the error's type and message.
pub(super) fn failure(request_id: &str, kind: &str, message: &str) -> Invocation {
    let message = format!("RequestId: {request_id} Error: {message}");
    let payload = json!({"errorType": kind, "errorMessage": message}).to_string();
    Invocation { lost: true, ..unhandled(request_id, Bytes::from(payload)) }
}

/// The message of an error, without the JSON around it.
pub(super) fn reason(error: &[u8]) -> String {
    let parsed: Option<serde_json::Value> = serde_json::from_slice(error).ok();
    let text = |key| parsed.as_ref().and_then(|error| error.get(key)?.as_str().map(str::to_owned));
    text("errorMessage").unwrap_or_else(|| String::from_utf8_lossy(error).into_owned())
}

/// A function that reported an error of its own.
pub(super) fn unhandled(request_id: &str, payload: Bytes) -> Invocation {
    Invocation {
        payload,
        function_error: Some("Unhandled".to_owned()),
        log_tail: String::new(),
        request_id: request_id.to_owned(),
        lost: false,
        trace: None,
        turn: None,
    }
}

pub(super) fn timed_out(request_id: &str, timeout: Duration) -> Invocation {
    let message = format!("Task timed out after {:.2} seconds", timeout.as_secs_f64());
    failure(request_id, "Sandbox.Timedout", &message)
}

pub(super) fn exited(request_id: &str, status: Option<ExitStatus>) -> Invocation {
    failure(request_id, "Runtime.ExitError", &exit_reason(status))
}

pub(super) fn too_large(request_id: &str, limit: usize) -> Invocation {
    let message = format!("Response payload size exceeded maximum allowed payload size ({limit} bytes).");
    failure(request_id, "Function.ResponseSizeTooLarge", &message)
}

/// The function reported an error in the trailers of its streamed response.
pub(super) fn broken_off(request_id: &str, kind: &str, text: &str) -> Invocation {
    failure(request_id, kind, &format!("the function broke its response off with `{kind}`: {text}"))
}

/// The connection ended in the middle of a response, and the process still runs.
pub(super) fn truncated(request_id: &str) -> Invocation {
    failure(
        request_id,
        "Runtime.TruncatedResponse",
        "the function closed the connection before its response was complete",
    )
}

/// The exit reason of a program, with Lambda's text.
pub(crate) fn exit_reason(status: Option<ExitStatus>) -> String {
    match status {
        Some(status) if status.success() => "Runtime exited without providing a reason".to_owned(),
        Some(status) => match status.code() {
            Some(code) => format!("Runtime exited with error: exit status {code}"),
            None => format!("Runtime exited with error: {status}"),
        },
        None => "Runtime exited with error: unknown".to_owned(),
    }
}
