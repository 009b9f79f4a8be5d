//! The api wire: Bedrock Agents, an action group with an OpenAPI schema. A tool is the operation `POST /<tool name>`.

use std::mem::take;

use serde_json::{Map, Value};

use super::{Decoded, Echo, agents::Event, body_text, object};
use crate::error::ToolError;

/// The only method in generated schemas. AWS sends it in upper or lower case, so the comparison ignores the case.
pub(crate) const METHOD: &str = "POST";

pub(super) fn decode(event: Map<String, Value>) -> Decoded {
    let mut event = Event::take(event);
    let action_group = take(&mut event.action_group);
    let (api_path, http_method) = (take(&mut event.api_path), take(&mut event.http_method));
    let mut parameters = vec![take(&mut event.parameters)];
    let body = properties(take(&mut event.request_body), &mut parameters);
    // another method is an unknown operation; a tool name never contains a space, so this name is not found
    let tool = match http_method.eq_ignore_ascii_case(METHOD) {
        true => api_path.strip_prefix('/').unwrap_or(&api_path).to_owned(),
        false => format!("{http_method} {api_path}"),
    };
    let echo = |unread| Echo::Api { action_group, api_path, http_method, unread };
    let mut decoded = event.decode(echo, tool, parameters);
    decoded.unreadable = decoded.unreadable.or(body.err());
    decoded
}

/// The lists of `{name, type, value}` under `content.<media type>.properties`.
fn properties(body: Value, into: &mut Vec<Value>) -> Result<(), ToolError> {
    let unreadable =
        || ToolError::invalid("`requestBody` must be `{\"content\": {\"<media type>\": {\"properties\": [..]}}}`");
    let content = match body {
        Value::Null => return Ok(()),
        Value::Object(mut body) => body.remove("content").unwrap_or_default(),
        _ => return Err(unreadable()),
    };
    match content {
        Value::Null => Ok(()),
        Value::Object(content) => content.into_iter().try_for_each(|(_media_type, part)| match part {
            Value::Object(mut part) => {
                into.push(part.remove("properties").unwrap_or_default());
                Ok(())
            }
            _ => Err(unreadable()),
        }),
        _ => Err(unreadable()),
    }
}

pub(super) fn encode(
    action_group: String,
    api_path: String,
    http_method: String,
    outcome: Result<Value, ToolError>,
) -> Value {
    let (status, body) = match outcome {
        Ok(output) => (200, output),
        Err(error) => (error.status(), error.body()),
    };
    // Bedrock rejects a reply with a charset
    let body = object([("application/json", object([("body", body_text(&body).into())]))]);
    object([
        ("actionGroup", action_group.into()),
        ("apiPath", api_path.into()),
        ("httpMethod", http_method.into()),
        ("httpStatusCode", status.into()),
        ("responseBody", body),
    ])
}
