//! Readiness. Until the tables are filled and the functions run, only `/health`, DynamoDB and the console's page respond. The seed program
//! needs DynamoDB. A response from half-filled tables would look like a correct one.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use serde_json::json;

use crate::{console, dynamodb, gateway, state::AppState};

const STARTING: &str = "the local agent is starting: its tables are being filled and its functions started; try again \
                        in a second, or wait until `/health` answers 200";

/// Wraps the router in the readiness check.
pub(crate) fn gate(router: Router, state: Arc<AppState>) -> Router {
    router.layer(middleware::from_fn_with_state(state, check))
}

async fn check(State(state): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if state.is_ready() || path == "/health" || dynamodb::is_request(&request) || console::is_early(&request) {
        return next.run(request).await;
    }
    let mut response = match path {
        "/mcp" => gateway::not_ready(STARTING),
        _ if console::is_console(&request) => console::not_ready(STARTING),
        // Lambda and Agents: both spellings of `message`, because the SDKs' services differ in it.
        _ => {
            let body = json!({"Type": "Service", "message": STARTING, "Message": STARTING});
            let kind = [("x-amzn-errortype", "ServiceUnavailableException")];
            (StatusCode::SERVICE_UNAVAILABLE, kind, Json(body)).into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    // The AWS SDKs' own retry hint, in milliseconds.
    headers.insert("x-amz-retry-after", HeaderValue::from_static("1000"));
    response
}
