//! The subset of OpenAPI 3.0.0 that Bedrock Agents supports.

use std::collections::BTreeMap;

use toolgate_template::{Entry, Node, Position, Tree};

use super::{Rule, source};
use crate::{
    deployment::{Deployment, Operation, operations},
    reporter::Reporter,
};

pub(super) const RULES: &[Rule] = &[
    Rule::error("openapi-version", source::AGENTS_API_SCHEMA, version)
        .holds("`openapi` is exactly `3.0.0`")
        .fix("write `\"openapi\": \"3.0.0\"`"),
    Rule::error("openapi-path", source::AGENTS_API_SCHEMA, paths)
        .holds("each path starts with `/`")
        .fix("put a `/` in front of it"),
    Rule::error("openapi-operation", source::AGENTS_API_SCHEMA, operation)
        .holds("each operation has a `description`, an `operationId` and `responses`")
        .fix("add what is missing"),
    Rule::error("openapi-operation-id", source::AGENTS_API_SCHEMA, operation_id)
        .holds("an `operationId` occurs once, and has only letters, digits, `-` and `_`")
        .fix("rename the operation"),
    Rule::error("openapi-response", source::AGENTS_API_SCHEMA, response)
        .holds("each response has `content` with a media type and its `schema`")
        .fix("add the schema of what the operation returns"),
    Rule::error("openapi-property", source::AGENTS_API_SCHEMA, property)
        .holds("each property of a schema has a `type`")
        .fix("give the property a type"),
    Rule::error("openapi-enum", source::AGENTS_API_SCHEMA, enumeration)
        .holds("no schema has `enum`")
        .fix("name the values in the description"),
    Rule::error("openapi-parameter", source::AGENTS_API_SCHEMA, parameter)
        .holds("each parameter has a `name` and a `description`")
        .fix("add what is missing"),
    Rule::error("openapi-body", source::AGENTS_API_SCHEMA, body)
        .holds("GET and DELETE have no `requestBody`")
        .fix("use POST, or parameters"),
    Rule::error("openapi-confirmation", source::AGENTS_API_SCHEMA, confirmation)
        .holds("`x-requireConfirmation` is `ENABLED` or `DISABLED`")
        .fix("write one of the two"),
];

fn each(deployment: &Deployment<'_>, mut visit: impl FnMut(&Operation<'_>)) {
    for api in deployment.api_documents() {
        operations(&api).for_each(|operation| visit(&operation));
    }
}

fn named(operation: &Operation<'_>) -> String {
    format!("`{} {}`", operation.verb.to_uppercase(), operation.path)
}

fn version(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for api in deployment.api_documents() {
        let version = api.text_of("openapi").unwrap_or("missing");
        if version != "3.0.0" {
            reporter.at(api.nearest_position("openapi"), format!("the OpenAPI version is `{version}`"));
        }
    }
}

fn paths(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for api in deployment.api_documents() {
        for path in api.members("paths") {
            if !path.name.starts_with('/') {
                reporter.at(&path.position, format!("the path `{}` does not start with `/`", path.name));
            }
        }
    }
}

fn operation(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    each(deployment, |operation| {
        for name in ["description", "operationId", "responses"] {
            let empty = |node: &Node| node.text().is_some_and(str::is_empty);
            if operation.node.get(name).is_none_or(empty) {
                reporter.at(operation.position, format!("{} has no `{name}`", named(operation)));
            }
        }
    });
}

fn operation_id(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for api in deployment.api_documents() {
        let mut seen = BTreeMap::<&str, &Position>::new();
        for id in operations(&api).filter_map(|operation| operation.node.get("operationId")) {
            let text = id.text().unwrap_or_default();
            if !text.chars().all(|char| char.is_ascii_alphanumeric() || char == '-' || char == '_') {
                reporter.at(&id.position, format!("the operationId `{text}` has invalid characters"));
            }
            if let Some(first) = seen.insert(text, &id.position) {
                reporter.at(&id.position, format!("the operationId `{text}` is already used in line {}", first.line));
            }
        }
    }
}

fn response(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    each(deployment, |operation| {
        for response in operation.node.members("responses") {
            let content = response.node.members("content");
            if content.is_empty() || content.iter().any(|media| media.node.get("schema").is_none()) {
                let message = format!("the response `{}` of {} has no schema", response.name, named(operation));
                reporter.at(&response.position, message);
            }
        }
    });
}

fn property(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    each(deployment, |operation| {
        operation.node.walk(&mut |node| {
            // In an object's `properties` the names are property names, so a property may be named like a keyword.
            let properties = node.get("properties").filter(|_| node.text_of("type") == Some("object"));
            for property in properties.map_or(&[] as &[Entry], Node::entries) {
                if property.node.text_of("type").is_none() {
                    let message = format!("the property `{}` of {} has no type", property.name, named(operation));
                    reporter.at(&property.position, message);
                }
            }
        });
    });
}

fn enumeration(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    each(deployment, |operation| {
        operation.node.walk(&mut |node| {
            let list = |entry: &&Entry| matches!(entry.node.tree, Tree::List(_));
            if let Some(entry) = node.entry("enum").filter(list) {
                reporter.at(&entry.position, format!("a schema of {} has `enum`", named(operation)));
            }
        });
    });
}

fn parameter(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    each(deployment, |operation| {
        for parameter in operation.node.list("parameters") {
            for name in ["name", "description"] {
                if parameter.text_of(name).is_none_or(str::is_empty) {
                    let which = parameter.text_of("name").unwrap_or("?");
                    let message = format!("the parameter `{which}` of {} has no `{name}`", named(operation));
                    reporter.at(&parameter.position, message);
                }
            }
        }
    });
}

fn body(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    each(deployment, |operation| {
        if let (Some(body), "get" | "delete") = (operation.node.entry("requestBody"), operation.verb) {
            reporter.at(&body.position, format!("{} has a `requestBody`", named(operation)));
        }
    });
}

fn confirmation(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    each(deployment, |operation| {
        if let Some(entry) = operation.node.entry("x-requireConfirmation") {
            let text = entry.node.text().unwrap_or_default();
            if !["ENABLED", "DISABLED"].contains(&text) {
                reporter.at(&entry.position, format!("{} has `x-requireConfirmation: {text}`", named(operation)));
            }
        }
    });
}
