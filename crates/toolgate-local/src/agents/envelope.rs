//! Parses a function's reply as strictly as Bedrock does. A reply that is not in the required form fails the whole
//! turn.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{
    attributes::Attributes,
    openapi::Operation,
    tools::{Action, Wire},
};

/// The parsed reply of a function.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) text: String,
    pub(crate) state: State,
    pub(crate) session_attributes: Option<Attributes>,
    pub(crate) prompt_attributes: Option<Attributes>,
}

/// The state of the reply.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(crate) enum State {
    Success,
    /// An HTTP status of 400 and above, on the api wire.
    Error,
    /// The model gets the text and can retry with other arguments.
    Reprompt,
    /// The turn ends with an error.
    Failure,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    message_version: String,
    response: Response,
    session_attributes: Option<Attributes>,
    prompt_session_attributes: Option<Attributes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    action_group: String,
    function: Option<String>,
    function_response: Option<FunctionResponse>,
    api_path: Option<String>,
    http_method: Option<String>,
    http_status_code: Option<Value>,
    response_body: Option<BTreeMap<String, Content>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionResponse {
    response_state: Option<String>,
    response_body: BTreeMap<String, Content>,
}

#[derive(Deserialize)]
struct Content {
    body: String,
}

/// Parses the reply of a call of `action`.
///
/// # Errors
/// The problem with the reply, for the developer.
pub(crate) fn read(action: &Action, payload: &[u8]) -> Result<Envelope, String> {
    let raw: Raw = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
    if raw.message_version != "1.0" {
        return Err(format!("`messageVersion` is `{}`, not `1.0`", raw.message_version));
    }
    same("response.actionGroup", Some(&raw.response.action_group), &action.group)?;
    let (text, state) = match &action.wire {
        Wire::Function { .. } => function_reply(action, raw.response)?,
        Wire::Api(operation) => api_reply(operation, raw.response)?,
    };
    Ok(Envelope {
        text,
        state,
        session_attributes: raw.session_attributes,
        prompt_attributes: raw.prompt_session_attributes,
    })
}

fn function_reply(action: &Action, response: Response) -> Result<(String, State), String> {
    same("response.function", response.function.as_ref(), &action.tool)?;
    let mut reply = response.function_response.ok_or("`response.functionResponse` is missing")?;
    let state = match reply.response_state.as_deref() {
        None => State::Success,
        Some("REPROMPT") => State::Reprompt,
        Some("FAILURE") => State::Failure,
        Some(other) => return Err(format!("`responseState` is `{other}`, not `REPROMPT` or `FAILURE`")),
    };
    match reply.response_body.remove("TEXT") {
        Some(content) if reply.response_body.is_empty() => Ok((content.body, state)),
        _ => Err("`responseBody` must have the one key `TEXT`".to_owned()),
    }
}

fn api_reply(operation: &Operation, response: Response) -> Result<(String, State), String> {
    same("response.apiPath", response.api_path.as_ref(), &operation.path)?;
    same("response.httpMethod", response.http_method.as_ref(), &operation.method.to_uppercase())?;
    let status =
        response.http_status_code.as_ref().and_then(Value::as_u64).ok_or("`httpStatusCode` must be a whole number")?;
    let mut body = response.response_body.ok_or("`response.responseBody` is missing")?;
    let state = if status >= 400 { State::Error } else { State::Success };
    match operation.replies.iter().find_map(|media| body.remove(media)) {
        Some(content) => Ok((content.body, state)),
        None => Err(format!("`responseBody` must have the key `{}`", operation.replies.join("` or `"))),
    }
}

fn same(field: &str, got: Option<&String>, expected: &str) -> Result<(), String> {
    match got {
        Some(got) if got == expected => Ok(()),
        Some(got) => Err(format!("`{field}` is `{got}`, not `{expected}` as in the event")),
        None => Err(format!("`{field}` is missing")),
    }
}
