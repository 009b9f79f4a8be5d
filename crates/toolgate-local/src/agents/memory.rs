//! `GetAgentMemory` and `DeleteAgentMemory`, over a memory that is always empty.
//!
//! The service writes a summary of each ended session, with its own prompt and model. The local agent writes no
//! summaries, so there is nothing to list and nothing to delete. Requests are still validated against the service's
//! limits.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};
use http::{StatusCode, Uri};
use serde_json::json;

use super::{Agents, error::AgentError, response, shapes};
use crate::http::service_model::Problems;

type Ids = (String, String);
type Pairs = Vec<(String, String)>;

/// The only memory type.
const SUMMARY: &str = "SESSION_SUMMARY";

pub(crate) async fn get(
    State(agents): State<Arc<Agents>>,
    path: Result<Path<Ids>, PathRejection>,
    uri: Uri,
) -> Response {
    let query = pairs(&uri);
    let checked = check(&agents, path, |problems| {
        match value(&query, "memoryType") {
            None => problems.add("memoryType", "Member must not be null"),
            Some(SUMMARY) => {}
            Some(_) => problems.add("memoryType", &format!("Member must satisfy enum value set: [{SUMMARY}]")),
        }
        match value(&query, "memoryId") {
            None => problems.add("memoryId", "Member must not be null"),
            Some(id) => problems.check_text("memoryId", id, &shapes::SESSION),
        }
        if value(&query, "maxItems")
            .is_some_and(|items| !items.parse().is_ok_and(|items: u32| (1..=1000).contains(&items)))
        {
            problems.add("maxItems", "Member must have value between 1 and 1000, inclusive");
        }
        if value(&query, "nextToken")
            .is_some_and(|token| !(1..=2048).contains(&token.len()) || token.contains(char::is_whitespace))
        {
            problems.add("nextToken", "Member must satisfy regular expression pattern: ^\\S*$");
        }
    });
    response::answer(checked.map(|()| Json(json!({"memoryContents": []}))))
}

pub(crate) async fn delete(
    State(agents): State<Arc<Agents>>,
    path: Result<Path<Ids>, PathRejection>,
    uri: Uri,
) -> Response {
    let query = pairs(&uri);
    let checked = check(&agents, path, |problems| {
        for name in ["memoryId", "sessionId"] {
            if let Some(id) = value(&query, name) {
                problems.check_text(name, id, &shapes::SESSION);
            }
        }
    });
    response::answer(checked.map(|()| (StatusCode::ACCEPTED, Json(json!({})))))
}

fn check(
    agents: &Agents,
    path: Result<Path<Ids>, PathRejection>,
    query: impl FnOnce(&mut Problems),
) -> Result<(), AgentError> {
    let Path((agent, alias)) = path.map_err(|_| response::bad_path())?;
    let mut problems = Problems::default();
    agents.check_ids(&agent, &alias, &mut problems);
    query(&mut problems);
    problems.finish()?;
    agents.find(&agent, &alias).map(drop)
}

/// Parses the query. A query that is not UTF-8 matches no pattern, so it fails the validation.
fn pairs(uri: &Uri) -> Pairs {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect()
}

fn value<'q>(query: &'q Pairs, name: &str) -> Option<&'q str> {
    query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}
