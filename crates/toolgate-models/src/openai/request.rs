//! Converts a conversation to a chat completion request.

use serde_json::{Map, Value, json};

use super::{address::Address, compatibility::Compatibility};
use crate::{
    assemble::as_object,
    message::{Block, Message, ModelRequest, Role},
};

pub(super) fn body(
    request: &ModelRequest<'_>,
    address: &Address,
    compatibility: &Compatibility,
    stream: bool,
) -> Value {
    let mut messages = Vec::new();
    if !request.system.is_empty() {
        messages.push(json!({"role": "system", "content": request.system}));
    }
    for message in request.messages {
        match message.role {
            Role::User => user(message, &mut messages),
            Role::Assistant => messages.push(assistant(message)),
        }
    }
    let mut body = Map::new();
    let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
    set("model", json!(address.model));
    set("messages", Value::Array(messages));
    if !request.tools.is_empty() {
        set("tools", request.tools.iter().map(tool).collect());
    }
    let inference = request.inference;
    if let Some(most) = inference.max_tokens {
        set(compatibility.limit(), json!(most));
    }
    let stop = (!inference.stop_sequences.is_empty()).then_some(&inference.stop_sequences);
    let settings =
        [("temperature", json!(inference.temperature)), ("top_p", json!(inference.top_p)), ("stop", json!(stop))];
    for (name, value) in settings.into_iter().filter(|(_, value)| !value.is_null()) {
        set(name, value);
    }
    if stream {
        set("stream", json!(true));
        if compatibility.stream_options() {
            // Without this option a stream contains no token usage.
            set("stream_options", json!({"include_usage": true}));
        }
    }
    Value::Object(body)
}

fn tool(tool: &crate::message::ToolSpec) -> Value {
    let mut function = Map::from_iter([("name".to_owned(), json!(tool.name))]);
    if !tool.description.is_empty() {
        function.insert("description".to_owned(), json!(tool.description));
    }
    function.insert("parameters".to_owned(), tool.input_schema.clone());
    json!({"type": "function", "function": function})
}

/// Results come first, one message each, because they belong to the calls directly before.
fn user(message: &Message, into: &mut Vec<Value>) {
    for block in &message.content {
        if let Block::ToolResult { id, text, error } = block {
            // The API has no field for a failure, so the text states it, unless the tool's own text does.
            let text = if *error && !text.starts_with('{') { format!("Error: {text}") } else { text.clone() };
            into.push(json!({"role": "tool", "tool_call_id": id, "content": text}));
        }
    }
    let text = texts(message);
    if !text.is_empty() {
        into.push(json!({"role": "user", "content": text.join("\n\n")}));
    }
}

fn assistant(message: &Message) -> Value {
    let calls: Vec<Value> = message
        .content
        .iter()
        .filter_map(|block| match block {
            Block::ToolUse { id, name, input } => Some(json!({
                "id": id,
                "type": "function",
                "function": {"name": name, "arguments": as_object(input).to_string()},
            })),
            _ => None,
        })
        .collect();
    let mut converted = Map::from_iter([("role".to_owned(), json!("assistant"))]);
    let text = texts(message).concat();
    if !text.is_empty() || calls.is_empty() {
        converted.insert("content".to_owned(), json!(text));
    }
    if !calls.is_empty() {
        converted.insert("tool_calls".to_owned(), Value::Array(calls));
    }
    Value::Object(converted)
}

fn texts(message: &Message) -> Vec<&str> {
    message.content.iter().filter_map(text_of).collect()
}

fn text_of(block: &Block) -> Option<&str> {
    if let Block::Text(text) = block { Some(text) } else { None }
}
