//! What an action group offers its model: `FunctionSchema` or `ApiSchema`.

use serde_json::Value;

use super::{
    FunctionSchema, GroupSchema, ParameterSchema,
    scope::{Scope, is_true, text},
    yaml,
};

/// The schema of a resolved action group.
pub(super) fn group(scope: &Scope<'_>, group: &Value, at: &str) -> GroupSchema {
    if let Some(functions) = group.get("FunctionSchema") {
        let at = format!("{at}.FunctionSchema");
        let Some(functions) = functions.get("Functions").and_then(Value::as_array) else {
            scope.problem(&at, "this should hold a list of `Functions`");
            return GroupSchema::None;
        };
        let functions = functions.iter().enumerate();
        let functions =
            functions.filter_map(|(index, value)| function(scope, value, &format!("{at}.Functions[{index}]")));
        return GroupSchema::Functions(functions.collect());
    }
    match group.get("ApiSchema") {
        Some(api) => api_document(scope, api, &format!("{at}.ApiSchema")).map_or(GroupSchema::None, GroupSchema::Api),
        None => GroupSchema::None,
    }
}

fn function(scope: &Scope<'_>, value: &Value, at: &str) -> Option<FunctionSchema> {
    let Some(name) = value.get("Name").and_then(text) else {
        scope.problem(at, "a function needs a `Name`");
        return None;
    };
    let parameters = value.get("Parameters").and_then(Value::as_object).into_iter().flatten();
    let parameter = |value: &Value| ParameterSchema {
        kind: value.get("Type").and_then(text).unwrap_or_else(|| "string".to_owned()),
        description: description(value),
        required: value.get("Required").is_some_and(is_true),
    };
    Some(FunctionSchema {
        name,
        description: description(value),
        parameters: parameters.map(|(name, value)| (name.clone(), parameter(value))).collect(),
        require_confirmation: value.get("RequireConfirmation").and_then(Value::as_str) == Some("ENABLED"),
    })
}

fn description(value: &Value) -> String {
    value.get("Description").and_then(text).unwrap_or_default()
}

fn api_document(scope: &Scope<'_>, api: &Value, at: &str) -> Option<Value> {
    let Some(payload) = api.get("Payload").and_then(Value::as_str) else {
        scope.problem(at, "only an inline `Payload` can be read on a laptop");
        return None;
    };
    match yaml::parse(payload).map(yaml::to_json) {
        Ok(document) if document.get("paths").is_some() => Some(document),
        Ok(_) => {
            scope.problem(at, "the `Payload` is no OpenAPI document (is it a path? use `Fn::Transform: AWS::Include`)");
            None
        }
        Err(error) => {
            scope.problem(at, format!("the `Payload` is neither JSON nor YAML: {error}"));
            None
        }
    }
}
