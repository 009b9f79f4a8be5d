//! The Lambda Runtime API of one instance over HTTP.
//!
//! Its path contains a secret of the instance, so that no other program on this machine, such as a page in a browser,
//! can take or answer an event.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::{Mutex as AsyncMutex, mpsc},
};
use uuid::Uuid;

use super::{
    PAYLOAD_BYTES,
    log::Current,
    sink::{ReadError, Sink},
    stream::{Part, Parts},
};
use crate::{
    http::{guard, no_delay::no_delay},
    sync::lock,
    task::Task,
};

/// The content type of a streamed response that begins with its status and headers.
const WITH_PRELUDE: &str = "application/vnd.awslambda.http-integration-response";

/// The content type of a response with the trace of its call, as `toolgate` sends it where it is asked.
const TRACED: &str = "application/vnd.toolgate.traced";
/// Maximum size of a trace, with its line break, in bytes.
const TRACE_BYTES: usize = 4 * 1024 * 1024 + 1;

/// An event for a handler.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    pub(super) headers: HeaderMap,
    /// Where a streamed response goes. If `None`, it is collected.
    pub(super) stream: Option<Parts>,
    /// Asks for the trace of the call, with the response.
    pub(super) wants_trace: bool,
}

/// A request of the handler.
#[derive(Debug)]
pub(super) enum RuntimeEvent {
    /// It asked for the next event, so it is initialised and idle.
    Ready,
    /// It took the event.
    Took,
    /// The complete response of a request id. It is empty if it was streamed.
    Response {
        id: String,
        payload: Bytes,
        /// The trace of the call, if it was asked for and the function sends it.
        trace: Option<Bytes>,
    },
    /// The error of a request id.
    Error(String, Bytes),
    /// The response of this request id is larger than this limit, in bytes.
    TooLarge(String, usize),
    /// The streamed response of this request id ended with an error.
    BrokenOff {
        id: String,
        kind: String,
        text: String,
    },
    /// The response of this request id is incomplete, because its connection ended.
    Truncated(String),
    InitError(Bytes),
}

/// The Runtime API of one instance. It stops when this value is dropped.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    /// The value of `AWS_LAMBDA_RUNTIME_API`. The runtime client needs the scheme if there is a path.
    pub(super) address: String,
    pub(super) events: mpsc::UnboundedReceiver<RuntimeEvent>,
    jobs: mpsc::UnboundedSender<Job>,
    /// The request id of the event that the handler processes, or processed last.
    pub(super) current: Current,
    _server: Task,
}

#[derive(Clone)]
struct Side {
    jobs: Arc<AsyncMutex<mpsc::UnboundedReceiver<Job>>>,
    events: mpsc::UnboundedSender<RuntimeEvent>,
    /// The request id of the event that the handler processes.
    current: Current,
    /// Where its streamed response goes.
    stream: Arc<Mutex<Option<Parts>>>,
    /// Whether the trace of the event was asked for.
    wants_trace: Arc<AtomicBool>,
}

impl RuntimeApi {
    pub(super) async fn open() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (jobs, taken) = mpsc::unbounded_channel();
        let (sender, events) = mpsc::unbounded_channel();
        let current = Current::default();
        let side = Side {
            jobs: Arc::new(AsyncMutex::new(taken)),
            events: sender,
            current: Arc::clone(&current),
            stream: Arc::default(),
            wants_trace: Arc::default(),
        };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(side);
        let token = Uuid::new_v4().simple().to_string();
        let router = Router::new().nest(&format!("/{token}"), router);
        let router = guard::protect(router, port);
        let server = Task::spawn(async move { drop(axum::serve(no_delay(listener), router).await) });
        Ok(Self { address: format!("http://127.0.0.1:{port}/{token}"), events, jobs, current, _server: server })
    }

    /// Queues an event for the handler's next request.
    pub(super) fn send(&self, job: Job) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(job.request_id.clone());
        // The receiver lives as long as the server.
        drop(self.jobs.send(job));
    }
}

async fn next(State(side): State<Side>) -> Response {
    drop(side.events.send(RuntimeEvent::Ready));
    let Some(job) = side.jobs.lock().await.recv().await else {
        return refuse(StatusCode::GONE, "Runtime.Stopping", "the instance is ending");
    };
    *lock(&side.stream) = job.stream;
    side.wants_trace.store(job.wants_trace, Ordering::Relaxed);
    drop(side.events.send(RuntimeEvent::Took));
    let mut response = Response::new(Body::from(job.payload));
    *response.headers_mut() = job.headers;
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if job.wants_trace {
        response.headers_mut().insert(HeaderName::from_static("toolgate-trace"), HeaderValue::from_static("1"));
    }
    let name = HeaderName::from_static("lambda-runtime-aws-request-id");
    if let Ok(id) = HeaderValue::from_str(&job.request_id) {
        response.headers_mut().insert(name, id);
    }
    response
}

async fn response(State(side): State<Side>, Path(id): Path<String>, headers: HeaderMap, body: Body) -> Response {
    if !side.works_on(&id) {
        return refuse(StatusCode::BAD_REQUEST, "InvalidRequestID", "no such invocation is running");
    }
    let streamed = headers.get("lambda-runtime-function-response-mode").is_some_and(|mode| mode == "streaming");
    let stream = lock(&side.stream).take().filter(|_| streamed);
    let kind = headers.get(http::header::CONTENT_TYPE);
    let is_traced = kind.is_some_and(|kind| kind == TRACED) && side.wants_trace.load(Ordering::Relaxed);
    let mut sink = Sink::new(stream, if is_traced { TRACE_BYTES } else { 0 });
    if let Sink::Passed { parts, .. } = &sink {
        let prelude = kind.is_some_and(|kind| kind == WITH_PRELUDE);
        // A client that left is no reason to stop the function.
        drop(parts.send(Part::Begin { prelude }).await);
    }
    match sink.read(body).await {
        Ok(None) => {
            let (payload, trace) = split(sink.into_payload(), is_traced);
            if payload.len() > PAYLOAD_BYTES {
                return side.too_large(id, PAYLOAD_BYTES);
            }
            side.accept(RuntimeEvent::Response { id, payload, trace })
        }
        Ok(Some(failure)) => side.accept(RuntimeEvent::BrokenOff { id, kind: failure.kind, text: failure.text }),
        Err(ReadError::TooLarge(limit)) => side.too_large(id, limit),
        Err(ReadError::Truncated) => {
            side.accept(RuntimeEvent::Truncated(id));
            refuse(StatusCode::BAD_REQUEST, "TruncatedResponse", "the response is incomplete")
        }
    }
}

/// A response, and the trace on the line after it.
fn split(body: Bytes, is_traced: bool) -> (Bytes, Option<Bytes>) {
    match body.iter().position(|byte| *byte == b'\n').filter(|_| is_traced) {
        Some(end) => (body.slice(..end), Some(body.slice(end + 1..))),
        None => (body, None),
    }
}

async fn error(State(side): State<Side>, Path(id): Path<String>, body: Body) -> Response {
    if !side.works_on(&id) {
        return refuse(StatusCode::BAD_REQUEST, "InvalidRequestID", "no such invocation is running");
    }
    side.accept(RuntimeEvent::Error(id, report(body).await))
}

async fn init_error(State(side): State<Side>, body: Body) -> Response {
    side.accept(RuntimeEvent::InitError(report(body).await))
}

async fn report(body: Body) -> Bytes {
    let report = axum::body::to_bytes(body, PAYLOAD_BYTES).await.unwrap_or_default();
    // A caller always gets JSON, whatever the runtime sent.
    if serde_json::from_slice::<serde::de::IgnoredAny>(&report).is_ok() {
        return report;
    }
    let text = json!({"errorType": "Unknown", "errorMessage": String::from_utf8_lossy(&report)});
    Bytes::from(text.to_string())
}

fn refuse(status: StatusCode, kind: &str, message: &str) -> Response {
    (status, Json(json!({"errorType": kind, "errorMessage": message}))).into_response()
}

impl Side {
    fn works_on(&self, id: &str) -> bool {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).as_deref() == Some(id)
    }

    fn too_large(&self, id: String, limit: usize) -> Response {
        self.accept(RuntimeEvent::TooLarge(id, limit));
        refuse(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", "the response is too large")
    }

    fn accept(&self, event: RuntimeEvent) -> Response {
        drop(self.events.send(event));
        (StatusCode::ACCEPTED, Json(json!({"status": "OK"}))).into_response()
    }
}
