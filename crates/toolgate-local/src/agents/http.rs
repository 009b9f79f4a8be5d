//! `InvokeAgent` over HTTP, in the protocol of the AWS SDKs.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Request, State, rejection::PathRejection},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderMap, header::CONTENT_TYPE};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{
    Agents, control,
    error::{AgentError, Kind},
    guardrail_api, history, memory, operations,
    request::{InvocationResult, InvokeAgent, SessionState},
    response,
    return_control::Questions,
    shapes,
    sink::Event,
    turn::{Turn, Waiting},
};
use crate::{
    conversation::{Session, SessionKey},
    http::{aws_response, body, service_model::Problems},
    turns::{self, TurnKind, Turns},
};

/// Limit on a request body, in bytes. It fits the longest input text, 25,000,000 characters, in most alphabets.
const BODY_BYTES: usize = 64 * 1024 * 1024;

/// The service's exact response when a session is ended.
const ENDED: &str = "Session is terminated as 'endSession' flag is set in request.";

/// The routes of the agents: InvokeAgent, the memory, the read operations of the control plane, and `GET /agents` (a
/// report for developers and consoles). Every other operation that an SDK would send to this endpoint gets an error.
pub fn routes(agents: Arc<Agents>) -> Router {
    let of_alias = |rest: &str| format!("/agents/{{p1}}/agentAliases/{{p2}}/{rest}");
    let served = Router::new()
        .route(&of_alias("sessions/{p3}/text"), post(invoke_agent).fallback(aws_response::no_such_method))
        .route(&of_alias("memories"), get(memory::get).delete(memory::delete).fallback(aws_response::no_such_method))
        // The other methods of this path are in the table of operations that are not served.
        .route("/agents", get(report));
    let guardrails = guardrail_api::routes(Arc::clone(&agents.guardrails));
    served.merge(control::routes()).merge(operations::routes()).with_state(agents).merge(guardrails)
}

async fn report(State(agents): State<Arc<Agents>>) -> Response {
    axum::Json(agents.report()).into_response()
}

/// The stream of a turn, and the id of its record.
type Begun = (UnboundedReceiver<Event>, Option<String>);

type Ids = (String, String, String);

async fn invoke_agent(
    State(agents): State<Arc<Agents>>,
    path: Result<Path<Ids>, PathRejection>,
    request: Request,
) -> Response {
    answer(agents, path, request).await.unwrap_or_else(|error| response::refuse(&error))
}

async fn answer(
    agents: Arc<Agents>,
    path: Result<Path<Ids>, PathRejection>,
    request: Request,
) -> Result<Response, AgentError> {
    let (parts, body) = request.into_parts();
    let too_large = || format!("the request body must have at most {BODY_BYTES} bytes");
    let body = body::read(body, BODY_BYTES).await.map_err(|refused| response::bad_body(&refused, too_large()))?;
    let Path((agent, alias, session)) = path.map_err(|_| response::bad_path())?;
    let mut problems = Problems::default();
    agents.check_ids(&agent, &alias, &mut problems);
    problems.check_text("sessionId", &session, &shapes::SESSION);
    check_headers(&parts.headers, &mut problems)?;
    let request = InvokeAgent::read(&body, problems)?;
    let known = agents.find(&agent, &alias)?;
    let key = SessionKey { agent, alias, session };
    let idle_ttl = known.spec.idle_ttl;
    let memory = request.memory_id.clone();
    let recorder = parts.extensions.get::<Turns>().cloned();
    let (events, recorded) = if request.ends_session() {
        agents.sessions.end(&key)?;
        (single_chunk(ENDED), None)
    } else {
        match request.results() {
            Some((id, results)) => {
                let session = agents.sessions.known(&key)?;
                resume(&session, &request, |waiting| waiting.check(id, results))?
            }
            None => {
                let session = agents.sessions.open(&key, idle_ttl);
                // The turn starts in its own task, so that a caller that disconnects does not leave the session busy.
                let begun = tokio::spawn(turns::called_in(
                    turns::caller(),
                    begin(agents, session, key.clone(), request, recorder),
                ))
                .await;
                begun.map_err(|_| AgentError::new(Kind::InternalServer, "the turn could not begin"))??
            }
        }
    };
    Ok(turns::named(response::stream_of(events, &key.session, memory.as_deref()), recorded.as_deref()))
}

/// Accepts only JSON, by the `Content-Type` header.
fn check_headers(headers: &HeaderMap, problems: &mut Problems) -> Result<(), AgentError> {
    if let Some(arn) = headers.get("x-amz-source-arn") {
        problems.check_text("sourceArn", &String::from_utf8_lossy(arn.as_bytes()), &shapes::SOURCE_ARN);
    }
    let json = |kind: &str| {
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        kind == "application/json" || kind.starts_with("application/x-amz-json")
    };
    match headers.get(CONTENT_TYPE) {
        Some(kind) if !kind.to_str().is_ok_and(json) => {
            Err(AgentError::invalid("the `Content-Type` must be `application/json`"))
        }
        _ => Ok(()),
    }
}

/// The stream for the answer to a question.
fn resume(
    session: &Session<Waiting>,
    request: &InvokeAgent,
    check: impl FnOnce(&Questions) -> Result<Vec<InvocationResult>, AgentError>,
) -> Result<Begun, AgentError> {
    let (waiting, results) = session.resume(|waiting| check(&waiting.questions))?;
    merge_attributes(session, request.session_state.as_ref());
    let events = waiting.turn.resume(request);
    waiting.questions.answer(results);
    Ok((events, waiting.turn.recorded_as()))
}

/// The stream for a new input. An open question is dropped first.
async fn begin(
    agents: Arc<Agents>,
    session: Arc<Session<Waiting>>,
    key: SessionKey,
    request: InvokeAgent,
    turns: Option<Turns>,
) -> Result<Begun, AgentError> {
    let searches = agents.searches(request.session_state.as_ref())?;
    if let Some(waiting) = session.begin()? {
        let turn = Arc::clone(&waiting.turn);
        turn.drop_questions();
        drop(waiting);
        turn.over().await;
    }
    let state = request.session_state.as_ref();
    merge_attributes(&session, state);
    history::seed(&session, &key.agent, state).await;
    let text = request.input_text.as_deref().unwrap_or_default();
    let record = turns.map(|turns| turns.begin(TurnKind::Agent, &key.agent, Some(&key.session), text));
    let turn = Turn::new(agents, session, &request, searches, record);
    let recorded = turn.recorded_as();
    Ok((turn.start(key.agent, key.alias, request.input_text.unwrap_or_default()), recorded))
}

fn merge_attributes(session: &Session<Waiting>, state: Option<&SessionState>) {
    if let Some(attributes) = state.and_then(|state| state.session_attributes.clone()) {
        session.change_attributes(|current| current.extend(attributes));
    }
}

fn single_chunk(text: &str) -> UnboundedReceiver<Event> {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    // The receiver is still in scope.
    let _ = sender.send(Event::Chunk(text.to_owned()));
    receiver
}
