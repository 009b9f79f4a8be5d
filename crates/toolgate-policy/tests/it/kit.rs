//! Shared code of the tests.

use std::path::PathBuf;

use serde_json::{Map, Value, json};
use toolgate_policy::{Actions, Caller, Mode, Policies, Principal, Tool};

pub(crate) const GATEWAY: &str = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/desk-abcdefghij";
/// Permits every call.
pub(crate) const ALL: &str = "permit (principal, action, resource);";

/// A file of the workspace.
pub(crate) fn file(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn principal(text: &str) -> Principal {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn user() -> Principal {
    principal("oauth:somebody,role=desk")
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// Policies `0`, `1`, .. over one tool, `t___call`.
pub(crate) fn one_tool(schema: &Value, statements: &[&str], mode: Mode) -> Policies {
    let actions = Actions::new(Caller::ALL, [Tool { name: "t___call", input_schema: schema }]);
    let ids: Vec<String> = (0..statements.len()).map(|id| id.to_string()).collect();
    let policies = ids.iter().map(String::as_str).zip(statements.iter().copied());
    Policies::new(GATEWAY, &actions, policies, mode).unwrap_or_else(|error| panic!("{error}"))
}

/// A tool with one required field, `it`.
pub(crate) fn it(kind: &Value) -> Value {
    json!({"type": "object", "properties": {"it": kind}, "required": ["it"]})
}
