//! `GetHarness` and `ListHarnesses`, read-only, in the shapes of `bedrock-agentcore-control`.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use http::Uri;
use serde_json::{Map, Value, json};
use toolgate_template::{ACCOUNT, HarnessSpec, HarnessToolKind, HarnessToolSpec, OutboundAuth, REGION};

use super::{
    Harnesses,
    error::{HarnessError, Kind},
    response::refuse,
};
use crate::http::aws_response::stamp;

/// Maximum size of a page.
const PAGE: usize = 100;

pub(super) async fn list(State(harnesses): State<Arc<Harnesses>>, uri: Uri) -> Response {
    answer(page(&harnesses, uri.query().unwrap_or_default()))
}

pub(super) async fn get(
    State(harnesses): State<Arc<Harnesses>>,
    path: Result<Path<String>, PathRejection>,
) -> Response {
    let found = path.ok().and_then(|Path(id)| harnesses.find(&id));
    let unknown =
        || HarnessError::new(Kind::ResourceNotFound, "there is no such harness; ListHarnesses lists the existing ones");
    answer(found.map(|spec| json!({"harness": whole(&harnesses, spec)})).ok_or_else(unknown))
}

fn answer(answer: Result<Value, HarnessError>) -> Response {
    match answer {
        Ok(body) => stamp(Json(body).into_response()),
        Err(error) => refuse(&error),
    }
}

/// One page. The token is the index at which a page starts.
fn page(harnesses: &Harnesses, query: &str) -> Result<Value, HarnessError> {
    let query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let number = |name: &str| {
        let text = query.iter().find(|(key, _)| key == name).map(|(_, value)| value.parse::<usize>());
        text.transpose().map_err(|_| HarnessError::field(name, format!("`{name}` is not valid")))
    };
    let most = number("maxResults")?.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&most) {
        return Err(HarnessError::field("maxResults", format!("`maxResults` must be from 1 to {PAGE}")));
    }
    let from = number("nextToken")?.unwrap_or_default();
    let shown = harnesses.specs.iter().skip(from).take(most).map(|spec| summary(harnesses, spec));
    let mut body = json!({"harnesses": shown.collect::<Vec<_>>()});
    let next = from.saturating_add(most);
    if next < harnesses.specs.len()
        && let Some(body) = body.as_object_mut()
    {
        body.insert("nextToken".to_owned(), json!(next.to_string()));
    }
    Ok(body)
}

fn summary(harnesses: &Harnesses, spec: &HarnessSpec) -> Value {
    let since = harnesses.started.to_string();
    json!({
        "harnessId": spec.harness_id,
        "harnessName": spec.name,
        "arn": spec.arn,
        "status": "READY",
        "harnessVersion": "1",
        "createdAt": since,
        "updatedAt": since,
    })
}

fn whole(harnesses: &Harnesses, spec: &HarnessSpec) -> Value {
    let mut body = summary(harnesses, spec);
    let mut model = Map::from_iter([("modelId".to_owned(), json!(spec.model))]);
    let settings = &spec.inference;
    for (name, value) in [
        ("maxTokens", json!(settings.max_tokens)),
        ("temperature", json!(settings.temperature)),
        ("topP", json!(settings.top_p)),
    ] {
        if !value.is_null() {
            model.insert(name.to_owned(), value);
        }
    }
    let texts: Vec<Value> = spec.system.iter().map(|text| json!({"text": text})).collect();
    let runtime = format!("arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}:runtime/{}", spec.harness_id);
    let environment = json!({"agentCoreRuntimeEnvironment": {
        "agentRuntimeArn": runtime,
        "agentRuntimeName": spec.name,
        "agentRuntimeId": spec.harness_id,
        "lifecycleConfiguration": {},
        "networkConfiguration": {"networkMode": "PUBLIC"},
    }});
    let members = [
        ("executionRoleArn", json!(format!("arn:aws:iam::{ACCOUNT}:role/{}", spec.role))),
        ("model", json!({"bedrockModelConfig": model})),
        ("systemPrompt", Value::Array(texts)),
        ("tools", spec.tools.iter().map(tool).collect()),
        ("skills", json!([])),
        ("allowedTools", json!(spec.allowed_tools.clone().unwrap_or_else(|| vec!["*".to_owned()]))),
        ("truncation", json!({"strategy": "sliding_window"})),
        ("environment", environment),
        ("maxIterations", json!(spec.max_iterations)),
        ("timeoutSeconds", json!(spec.timeout.as_secs())),
    ];
    if let Some(body) = body.as_object_mut() {
        body.extend(members.map(|(name, value)| (name.to_owned(), value)));
        body.extend(spec.max_tokens.map(|most| ("maxTokens".to_owned(), json!(most))));
    }
    body
}

/// A tool. The values of headers may be secrets and are left out.
fn tool(tool: &HarnessToolSpec) -> Value {
    let (kind, config) = match &tool.kind {
        HarnessToolKind::Gateway { arn, auth } => {
            let auth = match auth {
                OutboundAuth::AwsIam => json!({"awsIam": {}}),
                OutboundAuth::None => json!({"none": {}}),
                OutboundAuth::OAuth { provider_arn, scopes } => {
                    json!({"oauth": {"providerArn": provider_arn, "scopes": scopes}})
                }
            };
            ("agentcore_gateway", json!({"agentCoreGateway": {"gatewayArn": arn, "outboundAuth": auth}}))
        }
        HarnessToolKind::RemoteMcp { url, .. } => ("remote_mcp", json!({"remoteMcp": {"url": url}})),
        HarnessToolKind::Inline { description, input_schema } => {
            ("inline_function", json!({"inlineFunction": {"description": description, "inputSchema": input_schema}}))
        }
        HarnessToolKind::Other(kind) => (kind.as_str(), Value::Null),
    };
    match config {
        Value::Null => json!({"type": kind, "name": tool.name}),
        config => json!({"type": kind, "name": tool.name, "config": config}),
    }
}
