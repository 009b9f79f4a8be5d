//! What the start-up screen says of the gateway.

use serde_json::Value;

/// The rows of the table, each a name and its words.
pub(crate) fn rows(health: &Value) -> Vec<(&'static str, Vec<String>)> {
    let Some(gateway) = health.get("gateway").filter(|gateway| !gateway.is_null()) else { return Vec::new() };
    let text = |path: &str| gateway.pointer(path).and_then(Value::as_str);
    let tools = gateway.get("tools").and_then(Value::as_array).map_or(0, Vec::len);
    let endpoint = text("/endpoint").unwrap_or_default();
    let policies = match text("/door/policies") {
        Some(mode) => format!("policies: {mode}"),
        None => "no policies".to_owned(),
    };
    let chosen = gateway.pointer("/door/caller/chosen") == Some(&Value::Bool(true));
    let name = text("/door/caller/name").unwrap_or_default();
    let caller = match (text("/door/caller/kind"), chosen) {
        (Some("token"), _) => ["whoever a token of `--jwt-keys` speaks of"].map(str::to_owned).to_vec(),
        (Some("unknown"), _) => {
            ["nobody: it takes tokens", "so start with `--jwt-keys` or `--principal`"].map(str::to_owned).to_vec()
        }
        (_, true) => vec![format!("{name} (`--principal`)")],
        (_, false) => vec![name.to_owned(), "by the template".to_owned(), "another with `--principal`".to_owned()],
    };
    vec![("gateway", vec![format!("MCP at {endpoint}"), format!("{tools} tools"), policies]), ("  caller", caller)]
}

/// How a client gets there.
pub(crate) fn example(health: &Value) -> String {
    match health.pointer("/gateway/endpoint").and_then(Value::as_str) {
        None => String::new(),
        Some(endpoint) => format!("npx @modelcontextprotocol/inspector --cli \\\n  {endpoint} --method tools/list\n"),
    }
}
