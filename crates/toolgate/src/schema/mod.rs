//! Schemas: from Rust types, into shapes that check calls, and into the dialects that AWS reads.

pub(crate) mod dialect;
pub(crate) mod reflect;
pub(crate) mod shape;

mod functions;
mod gateway;
mod openapi;

pub use functions::functions;
pub use gateway::gateway;
pub use openapi::{action_group, openapi};

use serde_json::Value;

/// Visits a schema and every schema inside it.
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
