//! The event of a tool call, as Bedrock Agents sends it to a function.

use serde_json::{Value, json};

use super::{
    arguments::Arguments,
    attributes::Attributes,
    tools::{Action, Wire},
    trace::put,
    version_of,
};

/// The agent that makes a call, and its session.
#[derive(Debug)]
pub(super) struct Origin<'a> {
    pub(super) name: &'a str,
    pub(super) id: &'a str,
    pub(super) alias: &'a str,
    /// The input of the agent.
    pub(super) input: &'a str,
    pub(super) session: &'a str,
    pub(super) attributes: &'a Attributes,
    pub(super) prompt_attributes: &'a Attributes,
}

pub(super) fn of(origin: &Origin<'_>, action: &Action, arguments: &Arguments) -> Value {
    let mut event = json!({
        "messageVersion": "1.0",
        "agent": {
            "name": origin.name,
            "id": origin.id,
            "alias": origin.alias,
            "version": version_of(origin.alias),
        },
        "inputText": origin.input,
        "sessionId": origin.session,
        "actionGroup": action.group,
    });
    match &action.wire {
        Wire::Function { .. } => put(&mut event, "function", action.tool.as_str()),
        Wire::Api(operation) => {
            put(&mut event, "apiPath", operation.path.as_str());
            put(&mut event, "httpMethod", operation.method.to_uppercase());
        }
    }
    put(&mut event, "parameters", arguments.parameters());
    if let Some(body) = arguments.request_body() {
        put(&mut event, "requestBody", body);
    }
    put(&mut event, "sessionAttributes", json!(origin.attributes));
    put(&mut event, "promptSessionAttributes", json!(origin.prompt_attributes));
    event
}
