//! The tools of an action group: `FunctionSchema` or `ApiSchema`.

use serde_json::Value;

use crate::{
    evaluate::Evaluator,
    node::{Entry, Node},
    parse::parse,
    types::{FunctionSchema, GroupSchema, ParameterSchema},
};

/// The schema of an evaluated action group.
pub(crate) fn group(evaluator: &Evaluator<'_>, group: &Node) -> GroupSchema {
    if let Some(schema) = group.get("FunctionSchema") {
        let Some(functions) = schema.get("Functions").filter(|functions| functions.is_list()) else {
            evaluator.problem(&schema.position, "this should hold a list of `Functions`");
            return GroupSchema::None;
        };
        let functions = functions.items().iter().filter_map(|node| function(evaluator, node));
        return GroupSchema::Functions(functions.collect());
    }
    let api = group.get("ApiSchema").and_then(|api| api_document(evaluator, api));
    api.map_or(GroupSchema::None, GroupSchema::Api)
}

fn function(evaluator: &Evaluator<'_>, node: &Node) -> Option<FunctionSchema> {
    let Some(name) = text(node, "Name") else {
        evaluator.problem(&node.position, "a function needs a `Name`");
        return None;
    };
    let parameter = |Entry { name, node, .. }: &Entry| {
        let schema = ParameterSchema {
            kind: text(node, "Type").unwrap_or_else(|| "string".to_owned()),
            description: text(node, "Description").unwrap_or_default(),
            required: node.get("Required").is_some_and(Node::is_true),
        };
        (name.clone(), schema)
    };
    Some(FunctionSchema {
        name,
        description: text(node, "Description").unwrap_or_default(),
        parameters: node.get("Parameters").map_or(&[] as &[_], Node::entries).iter().map(parameter).collect(),
        require_confirmation: node.text_of("RequireConfirmation") == Some("ENABLED"),
    })
}

fn text(node: &Node, name: &str) -> Option<String> {
    node.get(name)?.string().map(str::to_owned)
}

fn api_document(evaluator: &Evaluator<'_>, api: &Node) -> Option<Value> {
    let Some((payload, text)) = api.get("Payload").and_then(|payload| Some((payload, payload.string()?))) else {
        evaluator.problem(&api.position, "only an inline `Payload` can be read on a laptop");
        return None;
    };
    match parse(payload.position.file(), text) {
        Ok(document) if document.get("paths").is_some() => Some(document.to_json()),
        Ok(_) => {
            let message = "the `Payload` is not an OpenAPI document (is it a path? use `Fn::Transform: AWS::Include`)";
            evaluator.problem(&api.position, message);
            None
        }
        Err(error) => {
            evaluator.problem(&api.position, format!("the `Payload` is neither JSON nor YAML: {error}"));
            None
        }
    }
}
