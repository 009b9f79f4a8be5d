//! The gateway's part of the start screen.

use serde_json::Value;

/// The rows of the table, each with its name.
pub(crate) fn rows(health: &Value) -> Vec<(&'static str, Vec<String>)> {
    let Some(gateway) = health.get("gateway").filter(|gateway| !gateway.is_null()) else { return Vec::new() };
    let text = |path: &str| gateway.pointer(path).and_then(Value::as_str);
    let tools = gateway.get("tools").and_then(Value::as_array).map_or(0, Vec::len);
    let endpoint = text("/endpoint").unwrap_or_default();
    let policies = match text("/auth/policies") {
        Some(mode) => format!("policies {mode}"),
        None => "no policies".to_owned(),
    };
    let chosen = gateway.pointer("/auth/caller/chosen") == Some(&Value::Bool(true));
    let name = text("/auth/caller/name").unwrap_or_default();
    let caller = match (text("/auth/caller/kind"), chosen) {
        (Some("token"), _) => vec!["by token, signed with a key of --jwt-keys".to_owned()],
        (Some("unknown"), _) => {
            vec!["none: the gateway takes tokens, so start with --jwt-keys or --principal".to_owned()]
        }
        (_, true) => vec![name.to_owned(), "by --principal".to_owned()],
        (_, false) => vec![name.to_owned()],
    };
    vec![("gateway", vec![format!("MCP at {endpoint}"), format!("{tools} tools"), policies]), ("  caller", caller)]
}

/// A command that lists the gateway's tools.
pub(crate) fn example(health: &Value) -> Vec<String> {
    match health.pointer("/gateway/endpoint").and_then(Value::as_str) {
        None => Vec::new(),
        Some(endpoint) => {
            vec![
                "npx -y @modelcontextprotocol/inspector --cli \\".to_owned(),
                format!("  {endpoint} --method tools/list"),
            ]
        }
    }
}
