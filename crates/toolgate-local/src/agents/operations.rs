//! The operations that an SDK can send to this endpoint and that are not served. Each one returns an error of its own.
//!
//! A bare 404 would look like a wrong URL, and a client could not parse its body.

use std::collections::BTreeMap;

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::Response,
    routing::{MethodFilter, MethodRouter, on},
};
use http::Method;

use super::{control, error::AgentError, guardrail_api::OPERATION, response};
use crate::http::body;

/// Maximum number of bytes to read of a body that is not used, so that the client receives its response.
const DRAINED: usize = 1024 * 1024;

/// A route for every operation that is not served.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let mut paths: BTreeMap<String, BTreeMap<&str, &str>> = BTreeMap::new();
    let table: Vec<_> = operations().filter(|(operation, ..)| !control::OPERATIONS.contains(operation)).collect();
    for (operation, method, path) in &table {
        paths.entry(pattern(path)).or_default().entry(method).or_insert(operation);
    }
    // some SDKs leave out the slash at the end
    for (operation, method, path) in &table {
        let other = path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
        paths.entry(pattern(&other)).or_default().entry(method).or_insert(operation);
    }
    paths.into_iter().fold(Router::new(), |router, (path, methods)| {
        let methods = methods.into_iter().filter_map(|(method, operation)| {
            let method = MethodFilter::try_from(method.parse::<Method>().ok()?).ok()?;
            Some((method, operation))
        });
        let methods = methods.fold(MethodRouter::new(), |router, (method, operation)| {
            router.merge(on(method, move |request: Request| not_served(operation, request.into_body())))
        });
        router.route(&path, methods.fallback(response::no_such_method))
    })
}

/// Operation, method and path of every operation in the services' own models (bedrock-agent-runtime 2023-07-26,
/// bedrock-agent 2023-06-05, bedrock-runtime 2023-09-30), apart from those that are served. `{}` is one segment.
fn operations() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let columns = |line: &'static str| {
        let mut columns = line.split('\t');
        Some((columns.next()?, columns.next()?, columns.next()?))
    };
    include_str!("operations.tsv").lines().filter_map(columns)
}

/// `/agents/{}/` as the router writes it.
fn pattern(path: &str) -> String {
    let mut numbered = String::new();
    for (index, part) in path.split("{}").enumerate() {
        if index > 0 {
            numbered.push_str(&format!("{{p{index}}}"));
        }
        numbered.push_str(part);
    }
    numbered
}

async fn not_served(operation: &'static str, body: Body) -> Response {
    // The content does not matter. The client must be able to send all of it.
    let _ = body::read(body, DRAINED).await;
    response::refuse(&AgentError::invalid(format!(
        "{operation} is not served by the local agent, which serves InvokeAgent, GetAgentMemory, DeleteAgentMemory, \
         {OPERATION}, {}: \
         give this client no local endpoint, or stub the call",
        control::OPERATIONS.join(", ")
    )))
}
