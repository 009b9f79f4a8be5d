//! `ApplyGuardrail` of `bedrock-runtime`: a guardrail of the template, applied to texts. `ListGuardrails` of `bedrock`.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    response::Response,
    routing::{get, post},
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, json};
use toolgate_template::{guardrail_arn, guardrail_id};

use super::{
    error::{AgentError, Kind},
    response,
};
use crate::{
    guardrail::{Assessment, Guardrail, Guardrails, Side, Verdict},
    http::{
        aws_response, body,
        service_model::{Problems, ServiceModel as Model, optional, required},
    },
};

pub(super) const OPERATION: &str = "ApplyGuardrail";

/// Limit on a request body, in bytes.
const BODY_BYTES: usize = 32 * 1024 * 1024;

const QUALIFIERS: Model = Model::Choice(&["grounding_source", "query", "guard_content"]);
const TEXT: Model = Model::Fields(&[
    required("text", &Model::Text { least: 0, most: usize::MAX, pattern: None }),
    optional("qualifiers", &Model::List { least: 0, most: usize::MAX, of: &QUALIFIERS }),
]);
const CONTENT: Model = Model::Union(&[optional("text", &TEXT), optional("image", &Model::Object)]);
const REQUEST: Model = Model::Fields(&[
    required("source", &Model::Choice(&["INPUT", "OUTPUT"])),
    required("content", &Model::List { least: 0, most: usize::MAX, of: &CONTENT }),
    optional("outputScope", &Model::Choice(&["INTERVENTIONS", "FULL"])),
]);

#[derive(Debug, Deserialize)]
struct Request {
    source: Source,
    content: Vec<Content>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Source {
    Input,
    Output,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Content {
    Text(Text),
    Image(IgnoredAny),
}

#[derive(Debug, Deserialize)]
struct Text {
    text: String,
}

pub(crate) fn routes(guardrails: Arc<Guardrails>) -> Router {
    let path = "/guardrail/{p1}/version/{p2}/apply";
    Router::new()
        .route(path, post(apply).fallback(aws_response::no_such_method))
        .route("/guardrails", get(list).fallback(aws_response::no_such_method))
        .with_state(guardrails)
}

/// All guardrails on one page, since a template has few.
async fn list(State(guardrails): State<Arc<Guardrails>>) -> Response {
    let started = guardrails.started.to_string();
    let summary = |(id, guardrail): (&str, &Guardrail)| {
        json!({
            "id": id,
            "arn": guardrail_arn(id),
            "name": guardrail.spec.name,
            "status": "READY",
            "version": "DRAFT",
            "createdAt": started,
            "updatedAt": started,
        })
    };
    let summaries: Vec<Value> = guardrails.iter().map(summary).collect();
    response::answer(Ok(Json(json!({"guardrails": summaries}))))
}

async fn apply(
    State(guardrails): State<Arc<Guardrails>>,
    path: Result<Path<(String, String)>, PathRejection>,
    body: Body,
) -> Response {
    response::answer(applied(guardrails, path, body).await.map(Json))
}

async fn applied(
    guardrails: Arc<Guardrails>,
    path: Result<Path<(String, String)>, PathRejection>,
    body: Body,
) -> Result<Value, AgentError> {
    let too_large = || format!("the request body must have at most {BODY_BYTES} bytes");
    let body = body::read(body, BODY_BYTES).await.map_err(|refused| response::bad_body(&refused, too_large()))?;
    let Path((id, version)) = path.map_err(|_| response::bad_path())?;
    let request = Request::read(&body)?;
    let id = guardrail_id(&id);
    if guardrails.get(id).is_none() || !["1", "DRAFT"].contains(&version.as_str()) {
        let known: Vec<&str> = guardrails.iter().map(|(id, _)| id).collect();
        let message = format!(
            "there is no such guardrail or version; the template's guardrails, with the versions `DRAFT` and `1`, are: {}",
            if known.is_empty() { "none".to_owned() } else { known.join(", ") }
        );
        return Err(AgentError::new(Kind::ResourceNotFound, message));
    }
    let id = id.to_owned();
    // A long text takes a while.
    let applied = tokio::task::spawn_blocking(move || guardrails.get(&id).map(|guardrail| request.apply(guardrail)));
    applied.await.ok().flatten().unwrap_or_else(|| {
        Err(AgentError::new(Kind::InternalServer, "the guardrail failed; see the log of the local agent"))
    })
}

impl Request {
    fn read(body: &[u8]) -> Result<Self, AgentError> {
        let invalid = |_| AgentError::invalid("the request body must be JSON in the form of ApplyGuardrail");
        let mut value: Value = serde_json::from_slice(body).map_err(invalid)?;
        let mut problems = Problems::default();
        problems.check("", &value, &REQUEST);
        problems.finish()?;
        REQUEST.keep(&mut value);
        serde_json::from_value(value).map_err(invalid)
    }

    fn apply(&self, guardrail: &Guardrail) -> Result<Value, AgentError> {
        let side = match self.source {
            Source::Input => Side::Input,
            Source::Output => Side::Output,
        };
        let texts: Option<Vec<&str>> = self
            .content
            .iter()
            .map(|content| match content {
                Content::Text(text) => Some(text.text.as_str()),
                Content::Image(_) => None,
            })
            .collect();
        let texts = texts.ok_or_else(|| AgentError::invalid("images are not evaluated by the local agent"))?;
        let assessments: Vec<Assessment> = texts.iter().map(|text| guardrail.assess(text, side)).collect();
        let blocked = assessments.iter().find_map(|assessment| match &assessment.verdict {
            Verdict::Blocked(message) => Some(message.as_str()),
            _ => None,
        });
        let has_intervened = assessments.iter().any(Assessment::has_intervened);
        let (reason, outputs) = match blocked {
            Some(message) => ("Guardrail blocked.", vec![json!({"text": message})]),
            None if has_intervened => {
                let texts = assessments.iter().zip(&texts).map(|(assessment, text)| match &assessment.verdict {
                    Verdict::Masked(masked) => json!({"text": masked}),
                    _ => json!({"text": text}),
                });
                ("Guardrail masked.", texts.collect())
            }
            None => ("No action.", Vec::new()),
        };
        let total: usize = texts.iter().map(|text| text.chars().count()).sum();
        let listed = assessments.iter().filter_map(|assessment| assessment.applied().as_array().cloned());
        Ok(json!({
            "action": if has_intervened { "GUARDRAIL_INTERVENED" } else { "NONE" },
            "actionReason": reason,
            "outputs": outputs,
            "assessments": listed.flatten().collect::<Vec<_>>(),
            "usage": guardrail.usage(total),
            "guardrailCoverage": {"textCharacters": {"guarded": total, "total": total}},
        }))
    }
}
