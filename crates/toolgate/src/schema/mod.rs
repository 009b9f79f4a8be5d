//! Schemas: generated from Rust types, compiled to check calls, and converted to the dialects that AWS reads.

pub(crate) mod compiled;
pub(crate) mod dialect;
pub(crate) mod reflect;

mod functions;
mod gateway;
mod lower;
#[cfg(feature = "mcp")]
pub(crate) mod mcp;
mod openapi;

pub use functions::functions;
pub use gateway::gateway;
pub use openapi::{action_group, openapi};

use serde_json::Value;

/// The same JSON with sorted members. Any crate of a build can change the map type of `serde_json` by a feature, and
/// committed files must not depend on it.
pub(crate) fn sorted(mut value: Value) -> Value {
    value.sort_all_objects();
    value
}

/// Visits a schema and all schemas inside of it.
pub(crate) fn walk(schema: &mut Value, visit: &mut impl FnMut(&mut serde_json::Map<String, Value>)) {
    let Some(map) = schema.as_object_mut() else { return };
    visit(map);
    for (keyword, inner) in map.iter_mut() {
        match (keyword.as_str(), inner) {
            ("properties" | "$defs", Value::Object(schemas)) => {
                schemas.values_mut().for_each(|schema| walk(schema, visit))
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(schemas)) => {
                schemas.iter_mut().for_each(|schema| walk(schema, visit));
            }
            ("items" | "additionalProperties", schema) => walk(schema, visit),
            _ => {}
        }
    }
}
