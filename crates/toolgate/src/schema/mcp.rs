//! The tools of a catalog as MCP lists them: full schemas, and hints that follow from the declaration.
//!
//! <https://modelcontextprotocol.io/specification/2026-07-28/server/tools>

use serde_json::{Map, Value, json};

use super::sorted;
use crate::catalog::{Catalog, CatalogTool};

/// The tools, sorted by name.
pub(crate) fn mcp(catalog: &Catalog) -> Value {
    sorted(catalog.tools.iter().map(tool).collect())
}

fn tool(tool: &CatalogTool) -> Value {
    let mut listed = json!({
        "name": tool.name,
        "description": tool.description,
        "inputSchema": without_description(&tool.input),
        "annotations": annotations(tool),
    });
    if let Some(members) = listed.as_object_mut() {
        members.extend(tool.title.iter().map(|title| ("title".to_owned(), Value::from(title.as_str()))));
        members.insert("outputSchema".to_owned(), output(&tool.output));
    }
    listed
}

/// The hints. A hint that the declaration does not decide is left out, and the client then assumes the worst.
fn annotations(tool: &CatalogTool) -> Map<String, Value> {
    let mut hints = Map::new();
    let mut hint = |name: &str, holds: bool| hints.insert(name.to_owned(), holds.into());
    hint("readOnlyHint", tool.read_only);
    if !tool.read_only {
        hint("idempotentHint", tool.once);
        if tool.additive || tool.confirm {
            hint("destructiveHint", !tool.additive);
        }
    }
    hints
}

/// The schema of an output. A repeat and a truncated output have members of the framework beside the tool's own.
fn output(schema: &Value) -> Value {
    let mut schema = without_description(schema);
    if let Some(members) = schema.as_object_mut()
        && members.get("additionalProperties") == Some(&Value::Bool(false))
    {
        members.remove("additionalProperties");
    }
    schema
}

/// The tool's own description describes the whole.
fn without_description(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(members) = schema.as_object_mut() {
        members.remove("description");
    }
    schema
}
