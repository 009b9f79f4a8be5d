//! A server that returns prepared responses, well-formed or not, and records the requests.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_bedrockruntime::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region},
};
use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use http::HeaderMap;
use serde_json::Value;
use toolgate_local::models::{BedrockModel, Models, OpenAiModel, RetryPolicy};

/// A prepared response.
pub(super) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    parts: Vec<Bytes>,
    end: End,
}

/// How a response ends.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum End {
    Whole,
    /// The connection is closed early.
    Cut,
    /// No more data is sent.
    Silence,
}

/// A recorded request.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

#[derive(Clone)]
pub(super) struct StandIn {
    pub(super) url: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    answers: Mutex<VecDeque<Answer>>,
    seen: Mutex<Vec<Seen>>,
}

pub(super) fn json_answer(status: u16, body: Value) -> Answer {
    let mut headers = vec![("content-type", "application/json".to_owned())];
    if let Some(kind) = body["__type"].as_str() {
        headers.push(("x-amzn-errortype", kind.to_owned()));
    }
    Answer { status, headers, parts: vec![body.to_string().into()], end: End::Whole }
}

pub(super) fn raw(content_type: &str, parts: impl IntoIterator<Item = impl Into<Bytes>>) -> Answer {
    let headers = vec![("content-type", content_type.to_owned())];
    Answer { status: 200, headers, parts: parts.into_iter().map(Into::into).collect(), end: End::Whole }
}

impl Answer {
    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(super) fn end(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    fn into_response(self) -> Response {
        let end = stream::once(async move {
            match self.end {
                End::Whole => None,
                End::Cut => {
                    // The previous data must be sent before the end.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    Some(Err(std::io::Error::other("cut")))
                }
                End::Silence => {
                    tokio::time::sleep(Duration::from_secs(3600)).await;
                    None
                }
            }
        });
        let parts = stream::iter(self.parts.into_iter().map(Ok));
        let mut response = (
            http::StatusCode::from_u16(self.status).unwrap(),
            Body::from_stream(parts.chain(end.filter_map(async |end| end))),
        )
            .into_response();
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        response
    }
}

impl StandIn {
    pub(super) async fn start(answers: Vec<Answer>) -> Self {
        let shared = Arc::new(Shared { answers: Mutex::new(answers.into()), ..Shared::default() });
        let router = axum::Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, shared }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    pub(super) fn left(&self) -> usize {
        self.shared.answers.lock().unwrap().len()
    }

    pub(super) fn bedrock(&self, id: &str) -> Models {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::for_tests())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(&self.url)
            .build();
        let model = BedrockModel::new(Client::from_conf(config), id).retry_policy(retry_policy());
        Models::custom(Arc::new(model))
    }

    pub(super) fn openai(&self, key: Option<&str>) -> Models {
        let model = OpenAiModel::new(&format!("{}/v1#local-model", self.url)).unwrap().retry_policy(retry_policy());
        Models::custom(Arc::new(match key {
            Some(key) => model.key(key),
            None => model,
        }))
    }
}

/// Three quick attempts with an idle timeout of half a second.
fn retry_policy() -> RetryPolicy {
    let waits = (Duration::from_millis(1), Duration::from_millis(1500));
    RetryPolicy::default().attempts(3).waits(waits.0, waits.1).idle_timeout(Duration::from_millis(500))
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    shared.seen.lock().unwrap().push(Seen {
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        body: serde_json::from_slice(&body).unwrap(),
    });
    let answer = shared.answers.lock().unwrap().pop_front();
    answer.map_or_else(|| http::StatusCode::GONE.into_response(), Answer::into_response)
}

/// One event of a ConverseStream. An exception's name ends in `Exception`.
pub(super) fn frame(name: &str, payload: &Value) -> Bytes {
    let text = |text: &str| HeaderValue::String(text.to_owned().into());
    let (kind, message) =
        if name.ends_with("Exception") { (":exception-type", "exception") } else { (":event-type", "event") };
    let message = Message::new(payload.to_string())
        .add_header(Header::new(kind, text(name)))
        .add_header(Header::new(":message-type", text(message)))
        .add_header(Header::new(":content-type", text("application/json")));
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes.into()
}
