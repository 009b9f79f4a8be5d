//! Lambda's InvokeWithResponseStream operation. A prelude is a part of the payload, as on Lambda.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html>

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use serde_json::{Map, Value};

use super::{
    Answer, Event, Functions, Invocation, InvokeError, Next, Streamed,
    invoke_api::{Refusal, Request},
};
use crate::http::event_stream;

pub(crate) fn routes(functions: Functions) -> Router {
    Router::new()
        .route("/2021-11-15/functions/{name}/response-streaming-invocations", post(invoke))
        .with_state(functions)
}

async fn invoke(
    State(functions): State<Functions>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answer(&functions, &name, &headers, body).await.unwrap_or_else(Refusal::into_response)
}

async fn answer(functions: &Functions, name: &str, headers: &HeaderMap, body: Body) -> Result<Response, Refusal> {
    let Request { kind, with_log, event } = Request::read(functions, name, headers, body).await?;
    match kind.as_str() {
        "RequestResponse" => {}
        "DryRun" => return Ok(StatusCode::NO_CONTENT.into_response()),
        other => return Err(Refusal::invocation_type(other, "RequestResponse or DryRun")),
    }
    let frames = match functions.stream(name, Event { with_log, ..event }).await? {
        Answer::Whole(invocation) => {
            let mut bytes = BytesMut::new();
            if invocation.function_error.is_none() {
                event_stream::write_bytes(&mut bytes, "PayloadChunk", invocation.payload.clone());
            }
            write_end(&mut bytes, Ok(invocation), with_log);
            Body::from(bytes.freeze())
        }
        Answer::Streamed(streamed) => frames(streamed, with_log),
    };
    let headers = [(CONTENT_TYPE.as_str(), event_stream::CONTENT_TYPE), ("x-amz-executed-version", "$LATEST")];
    Ok((headers, frames).into_response())
}

fn frames(streamed: Streamed, with_log: bool) -> Body {
    Body::from_stream(stream::unfold(Some(streamed), move |streamed| async move {
        let mut streamed = streamed?;
        let mut bytes = BytesMut::new();
        let rest = match streamed.next().await {
            Next::Data(piece) => {
                event_stream::write_bytes(&mut bytes, "PayloadChunk", piece);
                Some(streamed)
            }
            Next::End(ended) => {
                write_end(&mut bytes, ended, with_log);
                None
            }
        };
        Some((Ok::<Bytes, std::convert::Infallible>(bytes.freeze()), rest))
    }))
}

fn write_end(bytes: &mut BytesMut, ended: Result<Invocation, InvokeError>, with_log: bool) {
    let mut end = Map::new();
    let mut put = |name: &str, value: String| drop(end.insert(name.to_owned(), Value::String(value)));
    match ended {
        Ok(invocation) => {
            if let Some(error) = invocation.function_error {
                put("ErrorCode", error);
                put("ErrorDetails", String::from_utf8_lossy(&invocation.payload).into_owned());
            }
            if with_log {
                put("LogResult", BASE64.encode(invocation.log_tail));
            }
        }
        Err(error) => {
            put("ErrorCode", "ServiceException".to_owned());
            put("ErrorDetails", error.to_string());
        }
    }
    event_stream::write_event(bytes, "InvokeComplete", &Value::Object(end));
}
