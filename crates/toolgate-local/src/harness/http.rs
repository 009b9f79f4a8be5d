//! `InvokeHarness` over HTTP, in the protocol of the AWS SDKs.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    response::Response,
    routing::{get, post},
};
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Uri, header::CONTENT_TYPE};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;
use toolgate_models::{Block, Message};
use toolgate_template::HarnessSpec;

use super::{
    Harnesses, OpenCalls, control,
    error::{HarnessError, Kind},
    events::{Event, Output},
    hooks::Hooks,
    invocation::{End, Invocation, STOPPED, Settings},
    recorded,
    request::{InlineResult, Input, InvokeHarness},
    response::refuse,
    shapes,
    toolset::{Entries, INLINE_FUNCTION},
};
use crate::{
    conversation::{self, ContextWindow, HistoryEnd, Outcome, Phase, Session, SessionKey, push_user_message},
    http::{
        aws_response::stamp,
        body::{self, Refused},
        event_stream,
        service_model::Problems,
    },
    turns::{self, OpenTurn},
};

/// Limit on a request body, in bytes.
const BODY_BYTES: usize = 64 * 1024 * 1024;
/// A session of AgentCore Runtime ends after this time without a request.
const IDLE: Duration = Duration::from_secs(900);
const DEFAULT_ENDPOINT: &str = "DEFAULT";
const SESSION_ID: &str = "x-amzn-bedrock-agentcore-runtime-session-id";
/// The result of an inline call whose caller sent something else.
const DROPPED: &str = "Not run: the user sent another message instead of the result.";

/// The routes of the harnesses: InvokeHarness, and the read operations of the control plane.
pub(crate) fn routes(harnesses: Arc<Harnesses>) -> Router {
    Router::new()
        .route("/harnesses/invoke", post(invoke).fallback(no_such_method))
        .route("/harnesses", get(control::list).fallback(no_such_method))
        .route("/harnesses/{id}", get(control::get).fallback(no_such_method))
        .with_state(harnesses)
}

async fn no_such_method() -> Response {
    refuse(&HarnessError::field("method", "no operation that is served here has this method and path"))
}

async fn invoke(State(harnesses): State<Arc<Harnesses>>, request: Request) -> Response {
    answer(harnesses, request).await.unwrap_or_else(|error| refuse(&error))
}

async fn answer(harnesses: Arc<Harnesses>, request: Request) -> Result<Response, HarnessError> {
    let (parts, body) = request.into_parts();
    let body = body::read(body, BODY_BYTES).await.map_err(|refused| {
        HarnessError::new(
            Kind::CannotParse,
            match refused {
                Refused::TooLarge => format!("the request body must have at most {BODY_BYTES} bytes"),
                Refused::Broken => "the request body could not be read".to_owned(),
            },
        )
    })?;
    let mut problems = Problems::default();
    let spec = check_target(&harnesses, &parts.uri, &mut problems);
    let session = check_headers(&parts.headers, &mut problems);
    let request = InvokeHarness::read(&body, problems)?;
    let spec = spec?.clone();
    let guardrail = request.model.as_ref().and_then(|model| model.guardrail.as_ref());
    if let Some(id) = guardrail.filter(|id| harnesses.guardrails.get(id).is_none()) {
        return Err(HarnessError::field(
            "model",
            format!(
                "the guardrail `{id}` is not in the template: name one of its guardrails by logical id or ARN, or leave `guardrailConfig` out"
            ),
        ));
    }
    let entries = Entries::new(
        request.tools.as_deref().unwrap_or(&spec.tools),
        request.allowed_tools.as_deref().or(spec.allowed_tools.as_deref()),
        &spec.role,
        harnesses.gateway.as_ref(),
    )?;
    let key = SessionKey { agent: spec.id.clone(), alias: String::new(), session };
    let settings = settings(&harnesses, &spec, &request);
    // The invocation is its own task, so that a caller that disconnects does not leave the session busy.
    let hooks = Hooks {
        specs: spec.hooks.clone(),
        functions: harnesses.hooks.clone(),
        harness_arn: spec.arn.clone(),
        session: key.session.clone(),
    };
    let asked = Asked { input: request.input, messages: request.messages, settings, entries, hooks };
    let record = recorded::begin(parts.extensions.get(), &spec.name, &key.session, &asked.messages);
    let turn = record.as_ref().map(|record| record.place().turn_id());
    let begun = tokio::spawn(begin(harnesses, key, asked, record)).await;
    let mut events = begun.map_err(|_| HarnessError::new(Kind::InternalServer, "the invocation could not begin"))??;
    // A failure before any event is an HTTP error, which has more kinds than a stream.
    match events.recv().await {
        Some(Event::Failed(error)) => Err(error),
        first => Ok(turns::named(stream_of(first, events), turn.as_deref())),
    }
}

/// The harness of the query, and its endpoint.
fn check_target<'h>(
    harnesses: &'h Harnesses,
    uri: &Uri,
    problems: &mut Problems,
) -> Result<&'h HarnessSpec, HarnessError> {
    let query: Vec<(String, String)> =
        form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let value = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let arn = value("harnessArn");
    let spec = arn.and_then(|arn| harnesses.find(arn));
    match arn {
        None => problems.add("harnessArn", "Member must not be null"),
        // The ids of the template may be longer than real ones.
        Some(arn) if spec.is_none() => problems.check_text("harnessArn", arn, &shapes::ARN),
        Some(_) => {}
    }
    let qualifier = value("qualifier").unwrap_or(DEFAULT_ENDPOINT);
    problems.check_text("qualifier", qualifier, &shapes::ENDPOINT);
    let unknown = |what: &str| {
        HarnessError::new(
            Kind::ResourceNotFound,
            format!("there is no such {what}; ListHarnesses lists the existing harnesses"),
        )
    };
    let spec = spec.ok_or_else(|| unknown("harness"))?;
    if qualifier != DEFAULT_ENDPOINT && !spec.endpoints.iter().any(|endpoint| endpoint == qualifier) {
        return Err(unknown("endpoint of this harness"));
    }
    Ok(spec)
}

/// Checks the headers. Returns the session's id.
fn check_headers(headers: &HeaderMap, problems: &mut Problems) -> String {
    let text = |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let session = text(SESSION_ID);
    match &session {
        None => problems.add("runtimeSessionId", "Member must not be null"),
        Some(session) => problems.check_text("runtimeSessionId", session, &shapes::SESSION),
    }
    for (header, name, shape) in [
        ("traceparent", "traceParent", &shapes::TRACE_PARENT),
        ("tracestate", "traceState", &shapes::TRACE_STATE),
        ("x-amzn-trace-id", "traceId", &shapes::TRACE_PARENT),
        ("baggage", "baggage", &shapes::BAGGAGE),
    ] {
        if let Some(value) = text(header) {
            problems.check_text(name, &value, shape);
        }
    }
    session.unwrap_or_default()
}

fn settings(harnesses: &Harnesses, spec: &HarnessSpec, request: &InvokeHarness) -> Settings {
    let model = request.model.as_ref();
    let timeout = request.timeout_seconds.map_or(spec.timeout, |seconds| Duration::from_secs(seconds.into()));
    Settings {
        harness: spec.id.clone(),
        model: model.map_or_else(|| spec.model.clone(), |model| model.id.clone()),
        inference: model.map_or_else(|| spec.inference.clone(), |model| model.inference.clone()),
        // Another model configuration replaces the whole one of the harness.
        guardrail: model.map_or_else(|| spec.guardrail.clone(), |model| model.guardrail.clone()),
        system: request.system.clone().unwrap_or_else(|| spec.system.join("\n\n")),
        max_iterations: request.max_iterations.unwrap_or(spec.max_iterations),
        max_tokens: request.max_tokens.or(spec.max_tokens),
        deadline: Instant::now() + timeout,
        window: ContextWindow { characters: harnesses.context_characters, turns: None, without_thinking: false },
    }
}

/// What an invocation begins with.
enum Beginning {
    /// New input, and calls that waited for the caller until now.
    Messages(Vec<Message>, Option<OpenCalls>),
    Resumed(OpenCalls, InlineResult),
}

/// What a request asks for.
struct Asked {
    input: Input,
    /// The messages as they arrived.
    messages: Vec<Value>,
    settings: Settings,
    entries: Entries,
    hooks: Hooks,
}

/// Takes the session and starts the invocation.
async fn begin(
    harnesses: Arc<Harnesses>,
    key: SessionKey,
    asked: Asked,
    record: Option<OpenTurn>,
) -> Result<UnboundedReceiver<Event>, HarnessError> {
    let Asked { input, messages, settings, entries, hooks } = asked;
    let (session, beginning) = match input {
        Input::Messages(messages) => {
            let session = harnesses.sessions.open(&key, IDLE);
            let dropped = session.begin()?;
            (session, Beginning::Messages(messages, dropped))
        }
        Input::Result(result) => {
            let session = harnesses.sessions.known(&key)?;
            let (open, ()) = session.resume(|open: &OpenCalls| open.check(&result))?;
            (session, Beginning::Resumed(open, result))
        }
    };
    let (output, events) = Output::new();
    let place = record.as_ref().map(OpenTurn::place);
    tokio::spawn(turns::within(place, async move {
        let guard = Guard(&session, Some(output));
        let end = match guard.output() {
            Some(output) => {
                let model = harnesses.models.of(&settings.harness);
                let invocation = Invocation::new(model, &settings, &harnesses.guardrails, output, hooks);
                let run = run(&session, beginning, &messages, &entries, &invocation);
                let end = recorded::run(&invocation, &messages, run).await;
                if !matches!(end, End::Failed(..)) {
                    invocation.ended().await;
                }
                recorded::end(record.as_ref(), invocation.answer.get(), &end);
                end
            }
            None => End::Stopped,
        };
        guard.end(end);
    }));
    Ok(events)
}

async fn run(
    session: &Session<OpenCalls>,
    beginning: Beginning,
    messages: &[Value],
    entries: &Entries,
    invocation: &Invocation<'_>,
) -> End {
    let opened = match invocation.hooks.before_invocation(messages, invocation.output).await {
        Err(_) => Err(invocation.stop("hook_stopped")),
        // No server is contacted for an invocation that was denied.
        Ok(()) => invocation.open(entries).await,
    };
    if let Err(end) = opened {
        // What waits for the caller goes on waiting, as if there had been no request.
        let waiting = match beginning {
            Beginning::Messages(_, open) => open,
            Beginning::Resumed(open, _) => Some(open),
        };
        return match (end, waiting) {
            (End::Failed(error, _), waiting) => End::Failed(error, waiting),
            (_, Some(open)) => End::Waiting(open),
            (end, None) => end,
        };
    }
    let history = session.history("");
    let mut history = history.lock().await;
    let before = match beginning {
        Beginning::Messages(mut messages, dropped) => {
            if let Some(open) = dropped {
                history.push(Message::user(open.results(DROPPED)));
            }
            if let Err(blocked) = invocation.guard_input(&mut messages) {
                return blocked;
            }
            let before = HistoryEnd::of(&history);
            add(&mut history, messages);
            Some(before)
        }
        Beginning::Resumed(mut open, result) => {
            let is_stopped = match open.oldest() {
                Some(call) => {
                    let outcome = Outcome { text: result.text.clone(), error: result.error, reprompt: false };
                    let hooks = &invocation.hooks;
                    hooks.after_tool_call(call, INLINE_FUNCTION, &outcome, invocation.output).await.is_err()
                }
                None => false,
            };
            let shown = open.answer(result);
            invocation
                .show_results(shown.iter().map(|(id, outcome)| (id.as_str(), outcome.text.as_str(), outcome.error)));
            if is_stopped {
                history.push(Message::user(open.results(STOPPED)));
                return invocation.stop("hook_stopped");
            }
            if let Some(next) = open.oldest() {
                invocation.hand_over(next);
                return End::Waiting(open);
            }
            history.push(Message::user(open.results(DROPPED)));
            None
        }
    };
    conversation::run(invocation, &mut history, before).await
}

/// Adds messages so that roles alternate and the user begins.
fn add(history: &mut Vec<Message>, messages: Vec<Message>) {
    for message in messages {
        match history.last_mut() {
            Some(last) if last.role == message.role => {
                for block in message.content {
                    match block {
                        Block::Text(text) if message.role == toolgate_models::Role::User => {
                            push_user_message(history, &text);
                        }
                        block => {
                            if let Some(last) = history.last_mut() {
                                last.content.push(block);
                            }
                        }
                    }
                }
            }
            None if message.role == toolgate_models::Role::Assistant => {}
            _ => history.push(message),
        }
    }
}

/// Ends an invocation on every exit path, including a panic, so that the session never stays busy.
struct Guard<'a>(&'a Session<OpenCalls>, Option<Output>);

impl Guard<'_> {
    fn output(&self) -> Option<&Output> {
        self.1.as_ref()
    }

    /// Releases the session before the last events are sent, because the caller may send its next request at once.
    fn end(mut self, end: End) {
        let (phase, failed) = match end {
            End::Stopped => (Phase::Idle, None),
            End::Waiting(open) => (Phase::Waiting(open), None),
            End::Failed(error, None) => (Phase::Idle, Some(error)),
            End::Failed(error, Some(open)) => (Phase::Waiting(open), Some(error)),
        };
        self.0.set_phase(phase);
        if let Some(output) = self.1.take() {
            output.finish(failed);
        }
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if let Some(output) = self.1.take() {
            self.0.set_phase(Phase::Idle);
            output.finish(Some(HarnessError::new(Kind::InternalServer, "the local agent failed; see its log")));
        }
    }
}

fn stream_of(first: Option<Event>, events: UnboundedReceiver<Event>) -> Response {
    let frames = stream::unfold((first, events), |(first, mut events)| async move {
        let event = match first {
            Some(event) => event,
            None => events.recv().await?,
        };
        Some((Ok::<Bytes, Infallible>(event.encode()), (None, events)))
    });
    let mut response = Response::new(Body::from_stream(frames));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(event_stream::CONTENT_TYPE));
    stamp(response)
}
