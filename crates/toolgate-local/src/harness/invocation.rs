//! One invocation: the steps of the loop, and what the caller's stream shows of them.

use std::{
    collections::BTreeSet,
    ops::ControlFlow,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use toolgate_models::{
    Block, Inference, Message, Model, ModelError, ModelReply, ModelRequest, StopReason, Usage, Write,
};
use uuid::Uuid;

use super::{
    error::HarnessError,
    events::{self, INTERVENED, Output},
    hooks::{Denied, Hooks},
    inline::OpenCalls,
    toolset::{Entries, Toolset},
};
use crate::{
    conversation::{
        AskModel, ContextWindow, Outcome, Platform, ToolCall, ask_in_window, calls_of, converse, too_long_as_stop,
    },
    guardrail::Guardrails,
    turns,
};

/// The text in place of a result when the time is over. The call itself runs to its end.
const NO_RESULT: &str = "No result before the time limit of the invocation. The call may still take effect.";
const NOT_RUN: &str = "Not run: the time limit of the invocation was reached.";
/// The text in place of the result of an inline call that is no longer handed over.
pub(super) const STOPPED: &str = "Not run: a hook ended the invocation.";

/// The settings and the limits of an invocation: those of the harness, with the overrides of the request.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) harness: String,
    pub(super) model: String,
    pub(super) inference: Inference,
    /// The id of the model's guardrail.
    pub(super) guardrail: Option<String>,
    pub(super) system: String,
    pub(super) max_iterations: u32,
    pub(super) max_tokens: Option<u32>,
    pub(super) deadline: Instant,
    pub(super) window: ContextWindow,
}

/// One invocation.
pub(super) struct Invocation<'a> {
    pub(super) model: &'a dyn Model,
    pub(super) settings: &'a Settings,
    pub(super) guardrails: &'a Guardrails,
    /// Empty until they are listed.
    tools: OnceLock<Arc<Toolset>>,
    pub(super) output: &'a Output,
    pub(super) hooks: Hooks,
    pub(super) input_tokens: AtomicU64,
    pub(super) output_tokens: AtomicU64,
    /// The text that ends the invocation.
    pub(super) answer: OnceLock<String>,
}

/// The end of an invocation.
#[derive(Debug)]
pub(super) enum End {
    /// The stream has its last `messageStop`.
    Stopped,
    /// The caller runs a call.
    Waiting(OpenCalls),
    /// The invocation failed. The calls, if there are any, go on waiting for the caller.
    Failed(HarnessError, Option<OpenCalls>),
}

/// What became of a call.
struct Called {
    /// `None` if the caller runs it.
    outcome: Option<Outcome>,
    /// The time was over first.
    is_late: bool,
    /// A hook ended the invocation after it.
    is_stopped: bool,
}

impl<'a> Invocation<'a> {
    pub(super) fn new(
        model: &'a dyn Model,
        settings: &'a Settings,
        guardrails: &'a Guardrails,
        output: &'a Output,
        hooks: Hooks,
    ) -> Self {
        let (input_tokens, output_tokens) = (AtomicU64::new(0), AtomicU64::new(0));
        let (tools, answer) = (OnceLock::new(), OnceLock::new());
        Self { model, settings, guardrails, tools, output, hooks, input_tokens, output_tokens, answer }
    }

    /// Lists the tools, within the time of the invocation.
    pub(super) async fn open(&self, entries: &Entries) -> Result<(), End> {
        let Ok(opened) = tokio::time::timeout_at(self.settings.deadline.into(), entries.open()).await else {
            return Err(self.stop("timeout_exceeded"));
        };
        let tools = opened.map_err(|error| End::Failed(error, None))?;
        // They are listed once.
        let _ = self.tools.set(Arc::new(tools));
        Ok(())
    }

    fn tools(&self) -> &Arc<Toolset> {
        self.tools.get_or_init(Arc::default)
    }

    /// Ends the stream at a limit or after a deny, with a message of its own.
    pub(super) fn stop(&self, reason: &str) -> End {
        self.output.stop("assistant", reason);
        End::Stopped
    }

    /// Tells the hooks that the invocation has ended.
    pub(super) async fn ended(&self) {
        let Some(reason) = self.output.reason() else { return };
        let (input_tokens, output_tokens) =
            (self.input_tokens.load(Ordering::Relaxed), self.output_tokens.load(Ordering::Relaxed));
        self.hooks.after_invocation(&reason, Usage { input_tokens, output_tokens }, self.output).await;
    }

    fn is_late(&self) -> bool {
        Instant::now() >= self.settings.deadline
    }

    /// The output tokens that are left of `maxTokens`.
    fn tokens_left(&self) -> Option<u64> {
        let most = u64::from(self.settings.max_tokens?);
        Some(most.saturating_sub(self.output_tokens.load(Ordering::Relaxed)))
    }

    /// The inference settings, with what is left of `maxTokens` as their maximum. The flag says that this is the limit.
    fn inference(&self) -> (Inference, bool) {
        let mut inference = self.settings.inference.clone();
        let left = self.tokens_left().and_then(|left| u32::try_from(left).ok());
        let is_limit = left.is_some_and(|left| inference.max_tokens.is_none_or(|most| left <= most));
        if is_limit {
            inference.max_tokens = left;
        }
        (inference, is_limit)
    }

    /// Asks the model about a window of the history. `None` if the time is over first.
    async fn converse(&self, history: &[Message], inference: &Inference) -> Option<Result<ModelReply, HarnessError>> {
        let asked = ask_in_window(&Question { invocation: self, inference }, self.settings.window, history).await;
        match asked {
            Ok(reply) => Some(Ok(reply)),
            Err(Some(error)) => Some(Err(error.into())),
            Err(None) => None,
        }
    }

    /// Shows a reply as one message of the stream.
    fn show(&self, reply: &ModelReply, reason: &str, latency_ms: u64) {
        let text: String = reply.content.iter().filter_map(text_of).collect();
        let is_streamed =
            self.output.end_streamed(|streamed| text.strip_prefix(streamed).unwrap_or_default().to_owned());
        for block in &reply.content {
            match block {
                Block::Text(text) if !is_streamed && !text.is_empty() => {
                    self.output.block("assistant", None, vec![json!({"text": text})]);
                }
                Block::Reasoning { text, signature } => {
                    let signature = signature.iter().map(|signature| json!({"signature": signature}));
                    let parts = std::iter::once(json!({"text": text})).chain(signature);
                    let deltas = parts.map(|part| json!({"reasoningContent": part}));
                    self.output.block("assistant", None, deltas.collect());
                }
                Block::RedactedReasoning(data) => {
                    let delta = json!({"reasoningContent": {"redactedContent": data}});
                    self.output.block("assistant", None, vec![delta]);
                }
                Block::ToolUse { id, name, input } if reply.stop != StopReason::MaxTokens => {
                    self.show_call(id, name, input);
                }
                _ => {}
            }
        }
        self.output.stop("assistant", reason);
        self.output.metadata(reply.usage, latency_ms);
    }

    fn show_call(&self, id: &str, name: &str, input: &Value) {
        let start = events::tool_use(id, name, self.tools().server(name));
        self.output.block("assistant", Some(start), vec![json!({"toolUse": {"input": input.to_string()}})]);
    }

    /// Hands an inline call to the caller again, in a message of its own.
    pub(super) fn hand_over(&self, call: &ToolCall) {
        self.show_call(&call.id, &call.name, &call.input);
        self.output.stop("assistant", "tool_use");
    }

    /// Shows results as one message of the stream.
    pub(super) fn show_results<'r>(&self, results: impl IntoIterator<Item = (&'r str, &'r str, bool)>) {
        for (id, text, error) in results {
            let (start, deltas) = events::tool_result(id, text, error);
            self.output.block("user", Some(start), deltas);
        }
        self.output.stop("user", "tool_result");
    }

    /// Makes a call between its hooks. A tool that does not exist has no hooks, because nothing runs.
    async fn make(&self, call: &ToolCall) -> Called {
        let Some(kind) = self.tools().kind(&call.name) else {
            return Called { outcome: Some(self.tools().call(call).await), is_late: false, is_stopped: false };
        };
        let (outcome, is_late) = match self.hooks.before_tool_call(call, kind, self.output).await {
            Err(Denied(reason)) => (Outcome::error(format!("This call was denied: {reason}")), false),
            Ok(()) if self.tools().is_inline(&call.name) && call.input.is_object() => {
                return Called { outcome: None, is_late: false, is_stopped: false };
            }
            // The hooks have taken the time.
            Ok(()) if self.is_late() => {
                return Called { outcome: Some(Outcome::error(NOT_RUN)), is_late: true, is_stopped: false };
            }
            Ok(()) => self.run(call).await,
        };
        let is_stopped = self.hooks.after_tool_call(call, kind, &outcome, self.output).await.is_err();
        Called { outcome: Some(outcome), is_late, is_stopped }
    }

    /// Runs a call as a task of its own: a call that has begun runs to its end. The flag says that the time was over
    /// first.
    async fn run(&self, call: &ToolCall) -> (Outcome, bool) {
        let (tools, call) = (Arc::clone(self.tools()), call.clone());
        let task = tokio::spawn(turns::within(turns::here(), async move { tools.call(&call).await }));
        match tokio::time::timeout_at(self.settings.deadline.into(), task).await {
            Ok(Ok(outcome)) => (outcome, false),
            Ok(Err(_)) => (Outcome::error("the call failed; see the log of the local agent"), false),
            Err(_) => (Outcome::error(NO_RESULT), true),
        }
    }
}

/// A question to the model, with the inference settings for it.
struct Question<'q, 'i> {
    invocation: &'q Invocation<'i>,
    inference: &'q Inference,
}

impl AskModel for Question<'_, '_> {
    /// `None` if the time is over first.
    type Error = Option<ModelError>;

    async fn ask(&self, messages: &[Message]) -> Result<ModelReply, Self::Error> {
        let Self { invocation, inference } = self;
        let settings = invocation.settings;
        let request = ModelRequest {
            agent: &settings.harness,
            foundation_model: &settings.model,
            system: &settings.system,
            messages,
            tools: &invocation.tools().specs,
            inference,
        };
        let write = |text: &str| invocation.output.write(text);
        let write: Option<Write<'_>> = if invocation.withholds_reply() { None } else { Some(&write) };
        let asked = converse(invocation.model, request, write);
        let answered = tokio::time::timeout_at(settings.deadline.into(), asked).await.map_err(|_| None)?;
        too_long_as_stop(answered).map_err(Some)
    }
}

impl Platform for Invocation<'_> {
    type End = End;

    fn check(&self, taken: u32, _history: &mut Vec<Message>) -> ControlFlow<End> {
        if self.is_late() {
            return ControlFlow::Break(self.stop("timeout_exceeded"));
        }
        if self.tokens_left() == Some(0) {
            return ControlFlow::Break(self.stop("max_output_tokens_exceeded"));
        }
        if taken >= self.settings.max_iterations {
            return ControlFlow::Break(self.stop("max_iterations_exceeded"));
        }
        ControlFlow::Continue(())
    }

    async fn ask_model(&self, history: &[Message]) -> Result<ModelReply, End> {
        let started = Instant::now();
        let (inference, is_limit) = self.inference();
        let Some(reply) = self.converse(history, &inference).await else {
            return Err(self.stop("timeout_exceeded"));
        };
        let mut reply = reply.map_err(|error| {
            tracing::warn!(harness = self.settings.harness, kind = error.kind.name(), "the model failed");
            End::Failed(error, None)
        })?;
        self.input_tokens.fetch_add(reply.usage.input_tokens, Ordering::Relaxed);
        self.output_tokens.fetch_add(reply.usage.output_tokens, Ordering::Relaxed);
        self.guard_reply(&mut reply);
        name_calls(&mut reply, history);
        let reason = match (&reply.stop, calls_of(&reply).is_empty()) {
            (StopReason::MaxTokens, _) if is_limit => "max_output_tokens_exceeded",
            (StopReason::MaxTokens, _) => "max_tokens",
            (_, false) => "tool_use",
            (stop, true) => stop_reason(stop),
        };
        self.show(&reply, reason, started.elapsed().as_millis().try_into().unwrap_or(u64::MAX));
        Ok(reply)
    }

    fn answer(&self, reply: ModelReply, history: &mut Vec<Message>) -> End {
        let mut content = reply.content;
        content.retain(|block| !matches!(block, Block::ToolUse { .. }));
        let _ = self.answer.set(content.iter().filter_map(text_of).collect());
        if !content.is_empty() {
            history.push(Message::assistant(content));
        }
        End::Stopped
    }

    async fn perform(&self, calls: Vec<ToolCall>, history: &mut Vec<Message>) -> ControlFlow<End> {
        let called = join_all(calls.iter().map(|call| self.make(call))).await;
        let (is_late, is_stopped) = (called.iter().any(|it| it.is_late), called.iter().any(|it| it.is_stopped));
        let open = OpenCalls::new(calls.into_iter().zip(called.into_iter().map(|it| it.outcome)).collect());
        if open.oldest().is_some() && !is_late && !is_stopped {
            return ControlFlow::Break(End::Waiting(open));
        }
        let results = open.results(if is_stopped { STOPPED } else { NOT_RUN });
        self.show_results(results.iter().filter_map(result_of));
        history.push(Message::user(results));
        if is_stopped {
            return ControlFlow::Break(self.stop("hook_stopped"));
        }
        ControlFlow::Continue(())
    }
}

fn text_of(block: &Block) -> Option<&str> {
    if let Block::Text(text) = block { Some(text) } else { None }
}

fn result_of(block: &Block) -> Option<(&str, &str, bool)> {
    match block {
        Block::ToolResult { id, text, error } => Some((id, text, *error)),
        _ => None,
    }
}

/// The service's name for a model's stop reason, for a reply without calls.
fn stop_reason(stop: &StopReason) -> &'static str {
    match stop {
        StopReason::MaxTokens => "max_tokens",
        StopReason::Guardrail => "content_filtered",
        StopReason::ContextFull => "model_context_window_exceeded",
        StopReason::Malformed => "malformed_model_output",
        StopReason::ToolUse => "malformed_tool_use",
        StopReason::Other(other) if other == "stop_sequence" => "stop_sequence",
        StopReason::Other(other) if other == INTERVENED => INTERVENED,
        StopReason::EndTurn | StopReason::Other(_) => "end_turn",
    }
}

/// Gives a call whose id does not fit the service's pattern, or is not new in this session, another id. Otherwise a
/// result could be for two calls.
fn name_calls(reply: &mut ModelReply, history: &[Message]) {
    let used = history.iter().flat_map(|message| &message.content).filter_map(|block| match block {
        Block::ToolUse { id, .. } => Some(id.clone()),
        _ => None,
    });
    let mut used: BTreeSet<String> = used.collect();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    for block in &mut reply.content {
        if let Block::ToolUse { id, .. } = block {
            let is_valid = (1..=64).contains(&id.len()) && id.chars().all(fits);
            if !is_valid || used.contains(id) {
                *id = format!("tooluse_{}", Uuid::new_v4().simple());
            }
            used.insert(id.clone());
        }
    }
}
