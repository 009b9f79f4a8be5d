//! The subset of OpenAPI 3.0.0 that Bedrock Agents reads.

use std::collections::BTreeMap;

use super::{Rule, Severity, source};
use crate::{
    document::{Entry, Node, Place},
    finding::Found,
    view::{Operation, View, operations},
};

macro_rules! rule {
    ($name:literal, $holds:literal, $fix:literal, $check:expr) => {
        Rule {
            name: $name,
            holds: $holds,
            source: source::AGENTS_API_SCHEMA,
            fix: $fix,
            severity: Severity::Error,
            check: $check,
        }
    };
}

pub(super) const RULES: &[Rule] = &[
    rule!("openapi-version", "`openapi` is exactly `3.0.0`", "write `\"openapi\": \"3.0.0\"`", version),
    rule!("openapi-path", "each path starts with `/`", "put a `/` in front of it", paths),
    rule!(
        "openapi-operation",
        "each operation has a `description`, an `operationId` and `responses`",
        "add what is missing",
        operation
    ),
    rule!(
        "openapi-operation-id",
        "an `operationId` occurs once, and has only letters, digits, `-` and `_`",
        "rename the operation",
        operation_id
    ),
    rule!(
        "openapi-response",
        "each response has `content` with a media type and its `schema`",
        "add the schema of what the operation returns",
        response
    ),
    rule!("openapi-property", "each property of a schema has a `type`", "give the property a type", property),
    rule!("openapi-enum", "no schema has `enum`", "name the values in the description", enumeration),
    rule!("openapi-parameter", "each parameter has a `name` and a `description`", "add what is missing", parameter),
    rule!("openapi-body", "GET and DELETE have no `requestBody`", "use POST, or parameters", body),
    rule!(
        "openapi-confirmation",
        "`x-requireConfirmation` is `ENABLED` or `DISABLED`",
        "write one of the two",
        confirmation
    ),
];

fn each(view: &View<'_>, mut visit: impl FnMut(&Operation<'_>)) {
    for api in view.api_documents() {
        operations(&api).for_each(|operation| visit(&operation));
    }
}

fn named(operation: &Operation<'_>) -> String {
    format!("`{} {}`", operation.verb.to_uppercase(), operation.path)
}

fn version(view: &View<'_>, found: &mut Found<'_>) {
    for api in view.api_documents() {
        let version = api.text_of("openapi").unwrap_or("missing");
        if version != "3.0.0" {
            let place = api.entry("openapi").map_or(&api.place, |entry| &entry.place);
            found.at(place, format!("the OpenAPI version is `{version}`"));
        }
    }
}

fn paths(view: &View<'_>, found: &mut Found<'_>) {
    for api in view.api_documents() {
        for path in api.get("paths").map_or(&[] as &[Entry], Node::entries) {
            if !path.name.starts_with('/') {
                found.at(&path.place, format!("the path `{}` does not start with `/`", path.name));
            }
        }
    }
}

fn operation(view: &View<'_>, found: &mut Found<'_>) {
    each(view, |operation| {
        for name in ["description", "operationId", "responses"] {
            let empty = |node: &Node| node.text().is_some_and(str::is_empty);
            if operation.node.get(name).is_none_or(empty) {
                found.at(operation.place, format!("{} has no `{name}`", named(operation)));
            }
        }
    });
}

fn operation_id(view: &View<'_>, found: &mut Found<'_>) {
    for api in view.api_documents() {
        let mut seen = BTreeMap::<&str, &Place>::new();
        for id in operations(&api).filter_map(|operation| operation.node.get("operationId")) {
            let text = id.text().unwrap_or_default();
            if !text.chars().all(|char| char.is_ascii_alphanumeric() || char == '-' || char == '_') {
                found.at(&id.place, format!("the operationId `{text}` has other characters"));
            }
            if let Some(first) = seen.insert(text, &id.place) {
                found.at(&id.place, format!("the operationId `{text}` is taken already in line {}", first.line));
            }
        }
    }
}

fn response(view: &View<'_>, found: &mut Found<'_>) {
    each(view, |operation| {
        for response in operation.node.get("responses").map_or(&[] as &[Entry], Node::entries) {
            let content = response.node.get("content").map_or(&[] as &[Entry], Node::entries);
            if content.is_empty() || content.iter().any(|media| media.node.get("schema").is_none()) {
                let message = format!("the response `{}` of {} has no schema", response.name, named(operation));
                found.at(&response.place, message);
            }
        }
    });
}

fn property(view: &View<'_>, found: &mut Found<'_>) {
    each(view, |operation| {
        operation.node.walk(&mut |node| {
            // an object's `properties`; a property of that name is inside of those
            let properties = node.get("properties").filter(|_| node.text_of("type") == Some("object"));
            for property in properties.map_or(&[] as &[Entry], Node::entries) {
                if property.node.text_of("type").is_none() {
                    let message = format!("the property `{}` of {} has no type", property.name, named(operation));
                    found.at(&property.place, message);
                }
            }
        });
    });
}

fn enumeration(view: &View<'_>, found: &mut Found<'_>) {
    each(view, |operation| {
        operation.node.walk(&mut |node| {
            let list = |entry: &&Entry| matches!(entry.node.tree, crate::document::Tree::List(_));
            if let Some(entry) = node.entry("enum").filter(list) {
                found.at(&entry.place, format!("a schema of {} has `enum`", named(operation)));
            }
        });
    });
}

fn parameter(view: &View<'_>, found: &mut Found<'_>) {
    each(view, |operation| {
        for parameter in operation.node.list("parameters") {
            for name in ["name", "description"] {
                if parameter.text_of(name).is_none_or(str::is_empty) {
                    let which = parameter.text_of("name").unwrap_or("?");
                    let message = format!("the parameter `{which}` of {} has no `{name}`", named(operation));
                    found.at(&parameter.place, message);
                }
            }
        }
    });
}

fn body(view: &View<'_>, found: &mut Found<'_>) {
    each(view, |operation| {
        if let (Some(body), "get" | "delete") = (operation.node.entry("requestBody"), operation.verb) {
            found.at(&body.place, format!("{} has a `requestBody`", named(operation)));
        }
    });
}

fn confirmation(view: &View<'_>, found: &mut Found<'_>) {
    each(view, |operation| {
        if let Some(entry) = operation.node.entry("x-requireConfirmation") {
            let text = entry.node.text().unwrap_or_default();
            if !["ENABLED", "DISABLED"].contains(&text) {
                found.at(&entry.place, format!("{} has `x-requireConfirmation: {text}`", named(operation)));
            }
        }
    });
}
