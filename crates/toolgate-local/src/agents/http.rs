//! `InvokeAgent` over HTTP, as the AWS SDKs speak it.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, Request, State, rejection::PathRejection},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::stream;
use http::{HeaderValue, header::CONTENT_TYPE};
use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;
use uuid::Uuid;

use super::{
    Agents,
    error::{AgentError, Kind},
    frames,
    request::{self, HistoryRole, InvokeAgent, SessionState},
    session::{Session, SessionKey},
    sink::Event,
    turn::Turn,
};
use crate::models::{Block, Message};

/// Room for the longest input text that a laptop can expect, and for its JSON.
const BODY_BYTES: usize = 64 * 1024 * 1024;

/// What the service answers when a session is ended, word for word.
const ENDED: &str = "Session is terminated as 'endSession' flag is set in request.";

/// The routes of the agents: InvokeAgent, and `GET /agents`, a report for people and consoles.
pub fn routes(agents: Arc<Agents>) -> Router {
    Router::new()
        .route("/agents/{agentId}/agentAliases/{aliasId}/sessions/{sessionId}/text", post(invoke_agent))
        .route("/agents", get(report))
        .with_state(agents)
}

async fn report(State(agents): State<Arc<Agents>>) -> Response {
    axum::Json(agents.report()).into_response()
}

type Ids = (String, String, String);

async fn invoke_agent(
    State(agents): State<Arc<Agents>>,
    path: Result<Path<Ids>, PathRejection>,
    request: Request,
) -> Response {
    match answer(agents, path, request).await {
        Ok(response) => response,
        Err(error) => refuse(&error),
    }
}

async fn answer(
    agents: Arc<Agents>,
    path: Result<Path<Ids>, PathRejection>,
    request: Request,
) -> Result<Response, AgentError> {
    let Path((agent, alias, session)) =
        path.map_err(|_| AgentError::invalid("the path is not valid percent-encoded UTF-8"))?;
    let body = axum::body::to_bytes(request.into_body(), BODY_BYTES).await.map_err(|_| {
        AgentError::invalid(format!("the request body could not be read, or has more than {BODY_BYTES} bytes"))
    })?;
    let key = SessionKey { agent, alias, session };
    request::check_id("sessionId", &key.session)?;
    let known = agents.agent(&key.agent).ok_or_else(|| unknown("agentId", &key.agent))?;
    if !known.spec.aliases.contains(&key.alias) && key.alias != super::TEST_ALIAS {
        return Err(unknown("agentAliasId", &key.alias));
    }
    let request = InvokeAgent::read(&body)?;
    let idle_ttl = known.spec.idle_ttl;
    let memory = request.memory_id.clone();
    let events = if request.ends_session() {
        agents.sessions.end(&key)?;
        said(ENDED)
    } else {
        let session = agents.sessions.open(&key, idle_ttl);
        match request.results() {
            Some((id, results)) => resume(&session, &request, |waiting| waiting.check(id, results))?,
            None => {
                // A task of its own: a caller who hangs up meanwhile must not leave the session busy for ever.
                let begun = tokio::spawn(begin(agents, session, key.clone(), request)).await;
                begun.map_err(|_| AgentError::new(Kind::InternalServer, "the turn could not begin"))??
            }
        }
    };
    Ok(stream_of(events, &key.session, memory.as_deref()))
}

/// The stream for the answer to a question.
fn resume(
    session: &Session,
    request: &InvokeAgent,
    check: impl FnOnce(&super::confirm::Waiting) -> Result<Vec<request::ResultFields>, AgentError>,
) -> Result<UnboundedReceiver<Event>, AgentError> {
    let (waiting, results) = session.resume(check)?;
    merge_attributes(session, request.session_state.as_ref());
    let events = waiting.turn.resume(request);
    waiting.answer(results);
    Ok(events)
}

/// The stream for a new input. A question that was still open is dropped first.
async fn begin(
    agents: Arc<Agents>,
    session: Arc<Session>,
    key: SessionKey,
    mut request: InvokeAgent,
) -> Result<UnboundedReceiver<Event>, AgentError> {
    if let Some(waiting) = session.begin()? {
        let turn = Arc::clone(&waiting.turn);
        turn.drop_questions();
        drop(waiting);
        turn.over().await;
    }
    let state = request.session_state.take();
    merge_attributes(&session, state.as_ref());
    seed_history(&session, &key.agent, state.as_ref()).await;
    let turn = Turn::new(agents, session, &request);
    let prompt = state.and_then(|state| state.prompt_session_attributes).unwrap_or_default();
    Ok(turn.start(key.agent, key.alias, request.input_text.unwrap_or_default(), prompt))
}

fn merge_attributes(session: &Session, state: Option<&SessionState>) {
    if let Some(attributes) = state.and_then(|state| state.session_attributes.clone()) {
        session.change_attributes(|current| current.extend(attributes));
    }
}

/// `conversationHistory` is where a new session begins; a session with a history of its own keeps that.
async fn seed_history(session: &Session, agent: &str, state: Option<&SessionState>) {
    let Some(given) = state.and_then(|state| state.conversation_history.as_ref()) else {
        return;
    };
    let history = session.history(agent);
    let mut history = history.lock().await;
    if !history.is_empty() {
        return;
    }
    for message in &given.messages {
        let content = message.content.iter().map(|part| Block::Text(part.text.clone())).collect();
        history.push(match message.role {
            HistoryRole::User => Message::user(content),
            HistoryRole::Assistant => Message::assistant(content),
        });
    }
}

fn said(text: &str) -> UnboundedReceiver<Event> {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    // The receiver is right here.
    let _ = sender.send(Event::Chunk(text.to_owned()));
    receiver
}

fn stream_of(events: UnboundedReceiver<Event>, session: &str, memory: Option<&str>) -> Response {
    let frames = stream::unfold(events, |mut events| async move {
        let event = events.recv().await?;
        Some((Ok::<Bytes, std::convert::Infallible>(frames::encode(&event)), events))
    });
    let mut response = Response::new(Body::from_stream(frames));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/vnd.amazon.eventstream"));
    headers.insert("x-amzn-bedrock-agent-content-type", HeaderValue::from_static("application/json"));
    for (name, value) in [("x-amz-bedrock-agent-session-id", Some(session)), ("x-amz-bedrock-agent-memory-id", memory)]
    {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    }
    stamp(response)
}

fn refuse(error: &AgentError) -> Response {
    let mut response = (error.kind.status(), axum::Json(json!({"message": error.message}))).into_response();
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(error.kind.name()));
    stamp(response)
}

fn stamp(mut response: Response) -> Response {
    if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}

/// An id that cannot exist is invalid; one that merely does not is not found.
fn unknown(field: &str, id: &str) -> AgentError {
    if !(1..=10).contains(&id.len()) || !id.chars().all(|c| c.is_ascii_alphanumeric()) {
        return AgentError::invalid(format!("`{field}` must have 1 to 10 letters or digits"));
    }
    AgentError::new(
        Kind::ResourceNotFound,
        format!("there is no such {field}: `{id}`; `GET /agents` lists what there is"),
    )
}
