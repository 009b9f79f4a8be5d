//! Converts a model's JSON arguments to the string-typed parameters that Bedrock Agents sends.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::tools::{Action, Wire};

/// The arguments of one call, in the form that its wire needs.
#[derive(Debug, Clone)]
pub(crate) struct Arguments {
    parameters: Vec<Value>,
    /// Media type and properties.
    body: Option<(String, Vec<Value>)>,
}

impl Arguments {
    /// Converts the arguments of an action.
    ///
    /// Names that the schema does not have are sent too. The function's own gate rejects them, and a developer needs to
    /// see that on a laptop.
    pub(crate) fn of(action: &Action, input: &Map<String, Value>) -> Self {
        // A fixed order, independent of the order in which the model wrote them.
        let input: BTreeMap<&String, &Value> = input.iter().collect();
        let input = || input.iter().map(|(name, value)| (*name, *value));
        match &action.wire {
            Wire::Function { types } => {
                Self { parameters: input().filter_map(|field| typed(types, field)).collect(), body: None }
            }
            Wire::Api(operation) => {
                let Some((media, types)) = &operation.body else {
                    let parameters = input().filter_map(|field| typed(&operation.parameters, field)).collect();
                    return Self { parameters, body: None };
                };
                let in_parameters = input().filter(|(name, _)| operation.parameters.contains_key(*name));
                let in_body =
                    input().filter(|(name, _)| types.contains_key(*name) || !operation.parameters.contains_key(*name));
                Self {
                    parameters: in_parameters.filter_map(|field| typed(&operation.parameters, field)).collect(),
                    body: Some((media.clone(), in_body.filter_map(|field| typed(types, field)).collect())),
                }
            }
        }
    }

    pub(crate) fn parameters(&self) -> Value {
        json!(self.parameters)
    }

    /// The form in Lambda events and returnControl.
    pub(crate) fn request_body(&self) -> Option<Value> {
        self.body.as_ref().map(|(media, properties)| json!({"content": {media: {"properties": properties}}}))
    }

    /// The form in traces: the properties stand directly under the media type.
    pub(crate) fn traced_body(&self) -> Option<Value> {
        self.body.as_ref().map(|(media, properties)| json!({"content": {media: properties}}))
    }
}

fn typed(types: &BTreeMap<String, String>, (name, value): (&String, &Value)) -> Option<Value> {
    let text = match value {
        // A model's null means that the parameter is not set.
        Value::Null => return None,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let kind = types.get(name).map_or_else(|| kind_of(value), String::as_str);
    Some(json!({"name": name, "type": kind, "value": text}))
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Null | Value::String(_) => "string",
    }
}
