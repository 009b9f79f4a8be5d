//! The Cedar type of a tool's input. The Cedar schema and the values both use this one interpretation of a tool's
//! schema.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// A Cedar type that a tool's schema can require.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Long,
    /// Cedar's `decimal`, which has four decimal places.
    Decimal,
    Bool,
    Set(Box<Kind>),
    Record(BTreeMap<String, Field>),
}

/// A member of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) kind: Kind,
    pub(crate) required: bool,
}

impl Kind {
    /// The type of a tool's schema, in the spelling of CloudFormation (`Type`) or of MCP (`type`). A gateway's schema
    /// has exactly one type at every position; the default is text.
    pub(crate) fn of(schema: &Value) -> Self {
        match get(schema, "Type", "type").and_then(Value::as_str) {
            Some("integer") => Self::Long,
            Some("number") => Self::Decimal,
            Some("boolean") => Self::Bool,
            Some("array") => Self::Set(Box::new(get(schema, "Items", "items").map_or(Self::Text, Self::of))),
            Some("object") => Self::Record(fields(schema)),
            _ => Self::Text,
        }
    }

    /// The type in Cedar's JSON schema format.
    pub(crate) fn to_cedar(&self) -> Value {
        match self {
            Self::Text => json!({"type": "String"}),
            Self::Long => json!({"type": "Long"}),
            Self::Decimal => json!({"type": "Extension", "name": "decimal"}),
            Self::Bool => json!({"type": "Boolean"}),
            Self::Set(element) => json!({"type": "Set", "element": element.to_cedar()}),
            Self::Record(fields) => {
                let attributes: Map<_, _> =
                    fields.iter().map(|(name, field)| (name.clone(), field.to_cedar())).collect();
                json!({"type": "Record", "attributes": attributes})
            }
        }
    }

    /// The type in words, for error messages.
    pub(crate) fn description(&self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Long => "an integer of 64 bits",
            Self::Decimal => "a number",
            Self::Bool => "true or false",
            Self::Set(_) => "a list",
            Self::Record(_) => "an object",
        }
    }
}

impl Field {
    fn to_cedar(&self) -> Value {
        attribute(self.kind.to_cedar(), self.required)
    }
}

/// The type of an attribute in a Cedar schema.
pub(crate) fn attribute(mut kind: Value, required: bool) -> Value {
    if let Some(kind) = kind.as_object_mut() {
        kind.insert("required".to_owned(), required.into());
    }
    kind
}

fn fields(schema: &Value) -> BTreeMap<String, Field> {
    let needed = get(schema, "Required", "required").and_then(Value::as_array);
    let needed: Vec<&str> = needed.into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = get(schema, "Properties", "properties").and_then(Value::as_object).into_iter().flatten();
    let field = |(name, schema): (&String, &Value)| {
        (name.clone(), Field { kind: Kind::of(schema), required: needed.contains(&name.as_str()) })
    };
    properties.map(field).collect()
}

fn get<'v>(schema: &'v Value, cloudformation: &str, mcp: &str) -> Option<&'v Value> {
    schema.get(cloudformation).or_else(|| schema.get(mcp))
}
