//! Converts a schema to the keywords that the dialects of AWS support: type, description, properties, required and
//! items.

use serde_json::{Map, Value, json};

use super::dialect::{description, inner, kind};

/// AWS documents no limit for descriptions in a schema. This limit keeps a prompt readable.
const DESCRIPTION: usize = 1_200;

/// Converts a schema. `spell` spells a keyword as the dialect does; the names of properties stay.
pub(super) fn lower(schema: &Value, spell: fn(&str) -> String) -> Value {
    let target = inner(schema);
    let mut lowered = Map::from_iter([(spell("type"), Value::from(kind(schema)))]);
    let text = description(schema, DESCRIPTION);
    if !text.is_empty() {
        lowered.insert(spell("description"), text.into());
    }
    match kind(schema) {
        "object" => {
            let properties = target.get("properties").and_then(Value::as_object).into_iter().flatten();
            let properties: Map<String, Value> =
                properties.map(|(name, schema)| (name.clone(), lower(schema, spell))).collect();
            lowered.insert(spell("properties"), properties.into());
            if let Some(required) = target.get("required") {
                lowered.insert(spell("required"), required.clone());
            }
        }
        "array" => {
            let untyped = || json!({(spell("type")): "string"});
            lowered.insert(spell("items"), target.get("items").map_or_else(untyped, |items| lower(items, spell)));
        }
        _ => {}
    }
    lowered.into()
}
