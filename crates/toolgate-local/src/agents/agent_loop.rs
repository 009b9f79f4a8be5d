//! The loop of an agent of InvokeAgent: its steps, with their traces.

use std::{
    ops::ControlFlow,
    sync::{Arc, atomic::Ordering},
};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;
use toolgate_models::{Block, Message, ModelReply, ModelRequest, StopReason, Write};

use super::{
    agent_run::AgentRun,
    error::{AgentError, Ended, Kind},
    prompt,
    sink::Event,
    span::Span,
    streaming,
    turn::Turn,
};
use crate::conversation::{
    self, AskModel, HistoryEnd, Phase, Platform, ToolCall, calls_of, push_user_message, too_long_as_stop,
};
use crate::{
    guardrail::Side,
    turns::{self, OpenTurn, SpanKind, State},
};

impl Turn {
    /// Starts the turn. Its events arrive on the receiver.
    pub(crate) fn start(self: &Arc<Self>, agent: String, alias: String, text: String) -> UnboundedReceiver<Event> {
        let events = self.sink.attach();
        let turn = Arc::clone(self);
        let place = self.record.as_ref().map(OpenTurn::place);
        tokio::spawn(turns::within(place, async move {
            let guard = Guard(&turn);
            let last = match turn.agents.agent(&agent) {
                Some(root) => AgentRun::root(&turn, root, alias, text).run().await,
                None => Err(AgentError::new(Kind::ResourceNotFound, "the agent no longer exists").into()),
            };
            guard.end(last);
        }));
        events
    }
}

impl AgentRun<'_> {
    /// Processes the input until there is an answer.
    pub(crate) fn run(&self) -> BoxFuture<'_, Result<String, Ended>> {
        Box::pin(async move {
            let started = Timestamp::now();
            let open = turns::open(SpanKind::Agent, || self.agent.spec.id.clone());
            open.note("input", || self.input().into());
            let result = turns::within(open.place(), self.iterate(started)).await;
            open.note("sessionAttributes", || json!(self.turn.session.attributes()));
            match &result {
                Ok(text) => {
                    open.note("answer", || text.as_str().into());
                    open.end(State::Ok, None);
                }
                Err(Ended::Failed(error)) => open.end(State::Failed, Some(error.message.clone())),
                Err(Ended::Asked(_)) => open.end(State::Waiting, Some("it asks the user".to_owned())),
                Err(Ended::Dropped) => open.end(State::Stopped, Some("the user sent another message".to_owned())),
            }
            if let Err(Ended::Failed(error)) = &result {
                self.trace_failure(error, Span::since(started));
                tracing::warn!(agent = %self.agent.spec.id, kind = error.kind.name(), "the agent's turn failed");
            }
            result
        })
    }

    async fn iterate(&self, started: Timestamp) -> Result<String, Ended> {
        let guarded = self.guard(self.input(), Side::Input);
        if guarded.is_blocked {
            // The models of later turns do not see what was blocked.
            return Ok(guarded.text);
        }
        // The input is guarded once in a run.
        let _ = self.masked_input.set(guarded.text);
        let history = self.turn.session.history(&self.path);
        let mut history = history.lock().await;
        let before = HistoryEnd::of(&history);
        push_user_message(&mut history, self.input());
        conversation::run(&Steps { run: self, started }, &mut history, Some(before)).await
    }

    /// One model turn. If the conversation is too long for the model, retries with a smaller window.
    async fn ask_model(&self, history: &[Message]) -> Result<ModelReply, AgentError> {
        let mut system = prompt::system(&self.agent.spec, &self.prompt_attributes(), &self.relayed);
        // A collaborator's answer goes to its supervisor as a whole, a routing decision is not an answer, and a guardrail
        // needs the whole answer, so none of them is streamed.
        let may_stream = self.parent.is_none() && !self.is_routing() && !self.withholds_answer();
        let streams = may_stream && self.turn.pieces().is_some();
        if let Some(hint) = self.model().stream_hint().filter(|_| streams && !self.agent.tools.specs.is_empty()) {
            streaming::ask_for_tags(&mut system, hint);
        }
        conversation::ask_in_window(&Question { run: self, system, streams }, self.turn.window, history).await
    }
}

/// A question to the model of an agent.
struct Question<'q, 'a> {
    run: &'q AgentRun<'a>,
    system: String,
    streams: bool,
}

impl AskModel for Question<'_, '_> {
    type Error = AgentError;

    async fn ask(&self, messages: &[Message]) -> Result<ModelReply, AgentError> {
        let Self { run, system, streams } = self;
        run.trace_model_input(system, messages);
        let start = Timestamp::now();
        let request = ModelRequest {
            agent: &run.agent.spec.id,
            foundation_model: &run.agent.spec.foundation_model,
            system,
            messages,
            tools: &run.agent.tools.specs,
            inference: &run.agent.spec.prompt.inference,
        };
        if *streams {
            run.turn.begin_answer();
        }
        let write: Write<'_> = &|words| run.turn.write(words);
        let reply = too_long_as_stop(conversation::converse(run.model(), request, streams.then_some(write)).await)?;
        run.turn.spend(reply.usage);
        let reply = prompt::message_to_answer(reply);
        run.trace_model_output(&reply, Span::since(start));
        Ok(reply)
    }
}

/// The steps of one agent's loop.
struct Steps<'a> {
    run: &'a AgentRun<'a>,
    started: Timestamp,
}

impl Platform for Steps<'_> {
    type End = Result<String, Ended>;

    fn check(&self, taken: u32, history: &mut Vec<Message>) -> ControlFlow<Self::End> {
        let turn = self.run.turn;
        if let Some(over) = turn.agents.limits.passed(taken, turn.tokens()) {
            return ControlFlow::Break(Ok(self.stopped(&over, history)));
        }
        if turn.is_dropped() {
            return ControlFlow::Break(Err(Ended::Dropped));
        }
        ControlFlow::Continue(())
    }

    async fn ask_model(&self, history: &[Message]) -> Result<ModelReply, Self::End> {
        let reply = self.run.ask_model(history).await.map_err(|error| Err(error.into()))?;
        self.run.choose_route(&calls_of(&reply));
        Ok(reply)
    }

    fn answer(&self, reply: ModelReply, history: &mut Vec<Message>) -> Self::End {
        let text = self.run.guard_answer(&answer(&reply)?);
        let mut content = reply.content;
        content.retain(|block| !matches!(block, Block::ToolUse { .. } | Block::Text(_)));
        content.push(Block::Text(text.clone()));
        history.push(Message::assistant(content));
        self.run.trace_final("FINISH", &text, Span::since(self.started));
        Ok(text)
    }

    async fn perform(&self, calls: Vec<ToolCall>, history: &mut Vec<Message>) -> ControlFlow<Self::End> {
        let (results, ended) = self.run.perform(calls, history).await;
        let routed = self.run.routed_answer(&results);
        history.push(Message::user(results));
        match (ended, routed) {
            (Some(Ended::Asked(question)), _) => {
                let question = self.run.guard_answer(&question);
                self.run.trace_final("ASK_USER", &question, Span::since(self.started));
                return ControlFlow::Break(Ok(question));
            }
            (Some(ended), _) => return ControlFlow::Break(Err(ended)),
            (None, Some(text)) => {
                let text = self.run.guard_answer(&text);
                history.push(Message::assistant(vec![Block::Text(text.clone())]));
                self.run.trace_final("FINISH", &text, Span::since(self.started));
                return ControlFlow::Break(Ok(text));
            }
            (None, None) => {}
        }
        self.run.steps.fetch_add(1, Ordering::Relaxed);
        ControlFlow::Continue(())
    }
}

impl Steps<'_> {
    /// The answer of an agent that has reached a limit.
    fn stopped(&self, over: &str, history: &mut Vec<Message>) -> String {
        let text = format!(
            "The agent reached its limit after {over} without an answer. Completed actions are not undone. Ask again \
             with a narrower request."
        );
        history.push(Message::assistant(vec![Block::Text(text.clone())]));
        let error = AgentError::new(
            Kind::DependencyFailed,
            format!("the agent reached its limit after {over} without an answer"),
        );
        self.run.trace_failure(&error, Span::since(self.started));
        self.run.trace_final("FINISH", &text, Span::since(self.started));
        text
    }
}

/// The text of a reply that ends the turn. It states why an answer was cut off.
fn answer(reply: &ModelReply) -> Result<String, AgentError> {
    let texts: Vec<&str> = reply
        .content
        .iter()
        .filter_map(|block| if let Block::Text(text) = block { Some(text.as_str()) } else { None })
        .collect();
    let text = texts.concat();
    let failed = |message: &str| Err(AgentError::new(Kind::DependencyFailed, message));
    match &reply.stop {
        StopReason::MaxTokens if text.is_empty() => {
            failed("the model reached its length limit before it had an answer: ask for less at once")
        }
        StopReason::MaxTokens => Ok(format!("{text}\n\n(The answer was cut off at the model's length limit.)")),
        StopReason::Guardrail if text.is_empty() => failed("a guardrail or content filter stopped the model's answer"),
        StopReason::ContextFull => failed("the conversation no longer fits the model: start a new session"),
        StopReason::Malformed => failed("the model's output could not be read: ask again"),
        _ if text.is_empty() => failed("the model ended its turn without an answer"),
        _ => Ok(text),
    }
}

/// Ends a turn on every exit path, including a panic, so that the session never stays busy.
struct Guard<'a>(&'a Turn);

impl Guard<'_> {
    fn end(self, result: Result<String, Ended>) {
        let turn = self.0;
        std::mem::forget(self);
        if let Some(record) = &turn.record {
            match &result {
                Ok(text) | Err(Ended::Asked(text)) => record.end(Ok(text)),
                Err(Ended::Failed(error)) => record.end(Err(&error.message)),
                Err(Ended::Dropped) => record.end(Err("the user sent another message instead of an answer")),
            }
        }
        // Release the session before the answer is sent, because the caller may send its next request at once.
        release(turn);
        match result {
            Ok(text) => {
                turn.send_rest(&text);
                turn.sink.finish(None);
            }
            Err(Ended::Failed(error)) => turn.sink.finish(Some(Event::Exception(error))),
            Err(Ended::Dropped | Ended::Asked(_)) => turn.sink.finish(None),
        }
        turn.done.send_replace(true);
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        release(self.0);
        let error = AgentError::new(Kind::InternalServer, "the local agent failed; see its log");
        self.0.sink.finish(Some(Event::Exception(error)));
        self.0.done.send_replace(true);
    }
}

fn release(turn: &Turn) {
    // The session of a dropped turn already belongs to the next turn.
    if !turn.is_dropped() {
        turn.session.set_phase(Phase::Idle);
    }
}
