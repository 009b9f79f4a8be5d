//! The Cedar schema that a gateway derives from its tools, as far as it is documented: an action per tool, below
//! one per target, `CallTool` and `Mcp`; the tool's input as `context.input`; users by the gateway's authoriser.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::Schema;
use serde_json::{Map, Value, json};

use crate::{
    document::Node,
    view::{Resource, View},
};

/// What the policies of one engine may name.
pub(super) struct Actions {
    /// The input schema of each tool, by the name `target___tool`, with its target.
    tools: BTreeMap<String, (String, Value)>,
    principals: BTreeSet<&'static str>,
}

impl Actions {
    /// Of all gateways that use this engine.
    pub(super) fn of(view: &View<'_>, engine: &Resource) -> Self {
        let mut actions = Self { tools: BTreeMap::new(), principals: BTreeSet::new() };
        for gateway in view.of_type("AWS::BedrockAgentCore::Gateway") {
            let arn = gateway.properties().at(&["PolicyEngineConfiguration", "Arn"]);
            let used = arn.and_then(Node::text).and_then(|arn| view.referred(arn));
            if used.is_some_and(|used| used.id == engine.id) {
                actions.principals.extend(principals(gateway.properties().text_of("AuthorizerType")));
                actions.add(view, gateway);
            }
        }
        actions
    }

    fn add(&mut self, view: &View<'_>, gateway: &Resource) {
        for target in view.targets() {
            if target.gateway(view).is_some_and(|own| own.id == gateway.id) {
                for tool in target.tools() {
                    let name = format!("{}___{}", target.name(), tool.text_of("Name").unwrap_or_default());
                    let input = tool.get("InputSchema").map(Node::to_json).unwrap_or_default();
                    self.tools.insert(name, (target.name().to_owned(), input));
                }
            }
        }
    }

    pub(super) fn knows(&self, action: &str) -> bool {
        let target = || self.tools.values().any(|(target, _)| target == action);
        self.tools.contains_key(action) || ["Mcp", "CallTool"].contains(&action) || target()
    }

    pub(super) fn schema(&self) -> Result<Schema, String> {
        let user = json!({"shape": record([("id".to_owned(), required(text()))]), "tags": text()});
        let arn = json!({"shape": record([("id".to_owned(), required(text()))])});
        let mut actions = Map::from_iter([
            ("Mcp".to_owned(), json!({})),
            ("CallTool".to_owned(), json!({"memberOf": [{"id": "Mcp"}]})),
        ]);
        for (target, _) in self.tools.values() {
            actions.insert(target.clone(), json!({"memberOf": [{"id": "CallTool"}]}));
        }
        for (name, (target, input)) in &self.tools {
            let system = record([("now".to_owned(), required(json!({"type": "Extension", "name": "datetime"})))]);
            let context = [("input".to_owned(), required(kind(input))), ("system".to_owned(), required(system))];
            let applies = json!({
                "principalTypes": self.principals,
                "resourceTypes": ["Gateway"],
                "context": record(context),
            });
            actions.insert(name.clone(), json!({"memberOf": [{"id": target}], "appliesTo": applies}));
        }
        let schema = json!({"AgentCore": {
            "entityTypes": {"OAuthUser": user, "IamEntity": arn, "Gateway": {}},
            "actions": actions,
        }});
        Schema::from_json_value(schema).map_err(|error| error.to_string())
    }
}

/// Who calls a gateway with this authoriser.
fn principals(authorizer: Option<&str>) -> &'static [&'static str] {
    match authorizer {
        Some("CUSTOM_JWT" | "AUTHENTICATE_ONLY") => &["OAuthUser"],
        Some("AWS_IAM") => &["IamEntity"],
        _ => &["OAuthUser", "IamEntity"],
    }
}

fn text() -> Value {
    json!({"type": "String"})
}

fn record(attributes: impl IntoIterator<Item = (String, Value)>) -> Value {
    json!({"type": "Record", "attributes": attributes.into_iter().collect::<Map<_, _>>()})
}

fn required(mut kind: Value) -> Value {
    if let Some(kind) = kind.as_object_mut() {
        kind.insert("required".to_owned(), true.into());
    }
    kind
}

/// The Cedar type of a gateway schema: integer is `Long`, number is `decimal`.
fn kind(schema: &Value) -> Value {
    match schema.get("Type").and_then(Value::as_str) {
        Some("integer") => json!({"type": "Long"}),
        Some("number") => json!({"type": "Extension", "name": "decimal"}),
        Some("boolean") => json!({"type": "Boolean"}),
        Some("array") => json!({"type": "Set", "element": schema.get("Items").map_or_else(text, kind)}),
        Some("object") => {
            let properties = schema.get("Properties").and_then(Value::as_object).into_iter().flatten();
            let needed: Vec<&str> = schema
                .get("Required")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            record(properties.map(|(name, schema)| {
                let mut kind = kind(schema);
                if let Some(kind) = kind.as_object_mut() {
                    kind.insert("required".to_owned(), needed.contains(&name.as_str()).into());
                }
                (name.clone(), kind)
            }))
        }
        _ => text(),
    }
}
