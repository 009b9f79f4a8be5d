//! `Retrieve` of `bedrock-agent-runtime` and `ListKnowledgeBases` of `bedrock-agent`.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};

use super::{Found, KnowledgeBases, KnowledgeError, request::Retrieve, result};
use crate::http::{
    aws_response::{self, stamp},
    body,
    listing::Listing,
};

/// The operations that are served.
pub(crate) const OPERATIONS: [&str; 2] = ["ListKnowledgeBases", "Retrieve"];

/// Limit on a request body, in bytes. A query has at most 20,000 characters.
const BODY_BYTES: usize = 1024 * 1024;
/// The service's maximum number of entries per list.
const PAGE: usize = 1000;

type Answer = Result<Value, KnowledgeError>;

pub(crate) fn routes(bases: Arc<KnowledgeBases>) -> Router {
    Router::new()
        .route("/knowledgebases/{p1}/retrieve", post(retrieve).fallback(aws_response::no_such_method))
        // The other methods of these paths are in the table of operations that are not served.
        .route("/knowledgebases", post(list))
        .route("/knowledgebases/", post(list))
        .with_state(bases)
}

async fn retrieve(
    State(bases): State<Arc<KnowledgeBases>>,
    path: Result<Path<String>, PathRejection>,
    body: Body,
) -> Response {
    answer(retrieved(&bases, path, body).await)
}

async fn retrieved(bases: &KnowledgeBases, path: Result<Path<String>, PathRejection>, body: Body) -> Answer {
    let body = body::read(body, BODY_BYTES).await;
    let Path(id) = path.map_err(|_| KnowledgeError::invalid("the path is not valid percent-encoded UTF-8"))?;
    let base = bases.find(&id).ok_or_else(|| {
        let id: String = id.chars().take(100).collect();
        let message = format!("Knowledge Base with id {id} does not exist; ListKnowledgeBases lists the existing ones");
        KnowledgeError::NotFound(message)
    })?;
    let too_large = || KnowledgeError::invalid(format!("the request body must have at most {BODY_BYTES} bytes"));
    let request = Retrieve::read(&body.map_err(|_| too_large())?, &base.spec.store)?;
    let Found { results, more } = base.search(&request.query, &request.search, request.from);
    let results = results.into_iter().map(|(score, chunk)| {
        let mut result = result(chunk);
        if let Some(result) = result.as_object_mut() {
            result.insert("score".to_owned(), score.into());
        }
        result
    });
    let mut body = json!({"retrievalResults": results.collect::<Vec<_>>()});
    if more && let Some(body) = body.as_object_mut() {
        body.insert("nextToken".to_owned(), request.next_token().into());
    }
    Ok(body)
}

async fn list(State(bases): State<Arc<KnowledgeBases>>, body: Body) -> Response {
    let listed = async {
        let request = Listing::read(body, PAGE).await.map_err(KnowledgeError::Invalid)?;
        let all = bases.bases.iter().map(|base| {
            let mut summary = json!({
                "knowledgeBaseId": base.spec.id,
                "name": base.spec.name,
                "status": "ACTIVE",
                "updatedAt": bases.started.to_string(),
            });
            if let Some((summary, description)) = summary.as_object_mut().zip(base.spec.description.as_ref()) {
                summary.insert("description".to_owned(), description.as_str().into());
            }
            summary
        });
        Ok(request.page("knowledgeBaseSummaries", all.collect()))
    };
    answer(listed.await)
}

fn answer(answer: Answer) -> Response {
    match answer {
        Ok(body) => stamp(Json(body).into_response()),
        Err(error) => {
            let (kind, status) = error.row();
            aws_response::error(status, kind, &json!({"message": error.to_string()}))
        }
    }
}
