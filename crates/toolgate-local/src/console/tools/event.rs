//! `POST /console/api/tools/event`: the event of a call, as it arrives on a wire. Nothing is sent.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, extract::State};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use toolgate::{Catalog, Wire};

use crate::{
    agents::Composed,
    console::{error::ApiError, posted::Posted, state::wires},
    state::AppState,
};

#[derive(Deserialize)]
pub(crate) struct Call {
    function: String,
    tool: String,
    wire: String,
    #[serde(default)]
    input: Map<String, Value>,
    session: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    /// Identity by the name of its session attribute.
    #[serde(default)]
    identity: BTreeMap<String, String>,
}

pub(crate) async fn event(
    State(state): State<Arc<AppState>>,
    Posted(call): Posted<Call>,
) -> Result<Json<Value>, ApiError> {
    let catalog = super::catalog(&state, &call.function)?;
    let tool = super::tool(&catalog, &call.tool)?;
    let name = state.functions.resolve(&call.function).unwrap_or(&call.function);
    let answered = wires(&state, name);
    if !answered.contains(&call.wire.as_str()) {
        let message = format!("`{name}` does not answer the wire `{}`; it answers {}", call.wire, answered.join(", "));
        return Err(ApiError::invalid(message));
    }
    let is_own = |function: &str| state.functions.resolve(function) == Ok(name);
    let (event, client_context) = match wire(&call.wire)? {
        wire @ (Wire::Function | Wire::Api) => {
            let mut attributes = call.attributes.clone();
            attributes.extend(call.identity.clone());
            let composed = Composed {
                tool: &tool.name,
                input: &call.input,
                session: call.session.as_deref().unwrap_or("console"),
                attributes: &attributes,
                is_api: wire == Wire::Api,
            };
            let event = composed.event(&state.template.agents, is_own, &catalog);
            (event.ok_or_else(|| ApiError::failed("the tool has no schema for this wire"))?, Value::Null)
        }
        Wire::Gateway => {
            let headers = headers(&catalog, &call.identity)?;
            let own = || json!({"custom": own_context(&catalog, &tool.name, &headers)});
            let gateway = state.gateway.as_ref();
            let context = gateway.and_then(|gateway| gateway.composed(&tool.name, is_own, headers.clone()));
            (Value::Object(call.input), context.unwrap_or_else(own))
        }
        Wire::Mcp => (super::mcp::event(name, &tool.name, &catalog, &call.input, &call.identity), Value::Null),
        _ => (json!({"toolName": tool.name, "toolInput": call.input}), Value::Null),
    };
    Ok(Json(json!({"event": event, "clientContext": client_context})))
}

/// A wire by its name.
pub(super) fn wire(name: &str) -> Result<Wire, ApiError> {
    let named = Wire::ALL.into_iter().find(|wire| wire.name() == name);
    let names: Vec<&str> = Wire::ALL.iter().map(|wire| wire.name()).collect();
    named.ok_or_else(|| ApiError::invalid(format!("`{name}` is not a wire; the wires are {}", names.join(", "))))
}

/// The headers that a request interceptor would set for these identities.
fn headers(catalog: &Catalog, identity: &BTreeMap<String, String>) -> Result<HeaderMap, ApiError> {
    let mut headers = HeaderMap::new();
    for source in &catalog.identity {
        let (Some(value), Some(header)) = (identity.get(&source.attribute), source.headers.first()) else { continue };
        let (Ok(name), Ok(value)) = (HeaderName::try_from(header), HeaderValue::try_from(value)) else {
            let message = format!("the header `{header}` cannot hold this value of `{}`", source.attribute);
            return Err(ApiError::invalid(message));
        };
        headers.insert(name, value);
    }
    Ok(headers)
}

/// The client context of a gateway that this template does not have.
fn own_context(catalog: &Catalog, tool: &str, headers: &HeaderMap) -> Value {
    let mut custom = json!({
        "bedrockAgentCoreMessageVersion": "1.0",
        "bedrockAgentCoreToolName": format!("{}___{tool}", catalog.group),
    });
    let headers: BTreeMap<&str, &str> =
        headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    if let (Some(custom), false) = (custom.as_object_mut(), headers.is_empty()) {
        custom.insert("bedrockAgentCorePropagatedHeaders".to_owned(), json!(headers));
    }
    custom
}
