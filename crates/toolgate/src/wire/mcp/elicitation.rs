//! The question of a `.confirm(..)` tool as a form with one switch, and the client's answer to it.
//!
//! <https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr>

use serde_json::{Map, Value, json};

use super::rpc::{Code, Fault};
use crate::call::{Answer, Elicitation};

/// The name of the question.
const CONFIRM: &str = "confirm";
/// The name of the one field of its form.
const OK: &str = "ok";

/// Reads the answer of a call. An answer without a state, and a state without an answer, are no answer: the client is
/// asked again.
pub(super) fn read(params: &mut Map<String, Value>, is_possible: bool) -> Result<Elicitation, Fault> {
    let fault = |message: &str| Fault::new(Code::InvalidParams, message);
    let state = match params.remove("requestState") {
        None => None,
        Some(Value::String(state)) => Some(state),
        Some(_) => return Err(fault("`params.requestState` must be the text that this server has sent")),
    };
    let answer = match params.remove("inputResponses") {
        None => None,
        Some(Value::Object(mut responses)) => {
            responses.remove(CONFIRM).map(|response| answer(&response)).transpose()?
        }
        Some(_) => return Err(fault("`params.inputResponses` must be an object")),
    };
    Ok(Elicitation { is_possible, state, answer })
}

/// A client may change a form's content, so only a plain yes is one.
fn answer(response: &Value) -> Result<Answer, Fault> {
    let text = |name: &str| response.get(name).and_then(Value::as_str);
    match (text("action"), response.get("content").and_then(|content| content.get(OK))) {
        (Some("accept"), Some(Value::Bool(true))) => Ok(Answer::Yes),
        (Some("accept"), Some(Value::Bool(false))) | (Some("decline" | "cancel"), _) => Ok(Answer::No),
        _ => Err(Fault::new(
            Code::InvalidParams,
            "`params.inputResponses.confirm` must be `accept` with the content `{\"ok\": true}`, `decline` or `cancel`",
        )),
    }
}

/// The result that asks the client.
pub(super) fn ask(state: &str, message: &str) -> Map<String, Value> {
    let schema = json!({
        "type": "object",
        "properties": {OK: {"type": "boolean", "title": "Allow this call"}},
        "required": [OK],
    });
    let params = json!({"mode": "form", "message": message, "requestedSchema": schema});
    let mut result = Map::new();
    result.insert("resultType".to_owned(), "input_required".into());
    result.insert("requestState".to_owned(), state.into());
    let request = json!({"method": "elicitation/create", "params": params});
    result.insert("inputRequests".to_owned(), json!({CONFIRM: request}));
    result
}
