//! One agent at work on one input: model turn, tool calls, results, and again, until there is an answer.

use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::{
    Agent, alias_arn,
    error::{AgentError, Ended, Kind},
    lock, prompt,
    session::Attributes,
    trace::Span,
    turn::Turn,
};
use toolgate_models::{Block, Message, Model, ModelErrorKind, ModelReply, ModelRequest, Role, StopReason, Usage};

/// An agent's place in a turn.
#[derive(Debug)]
pub(crate) struct Seat<'a> {
    pub(crate) turn: &'a Arc<Turn>,
    pub(crate) agent: &'a Agent,
    pub(crate) alias: String,
    /// The agents that lead here; the key of its history.
    pub(crate) path: String,
    /// The same as alias ARNs.
    pub(crate) chain: Vec<String>,
    /// The name that the supervisor knows it by.
    pub(crate) name: Option<String>,
    pub(crate) parent: Option<&'a Seat<'a>>,
    /// What it was asked.
    pub(crate) input: String,
    /// What its supervisor's conversation was about, where that is relayed.
    pub(crate) relayed: String,
    /// Of this turn only. The agent that was invoked has the turn's; a collaborator has its own.
    own_prompt_attributes: Mutex<Attributes>,
    /// A router's first model turn decides who answers.
    pub(crate) routing: AtomicBool,
    run: Uuid,
    steps: AtomicU32,
}

/// A call that the model asks for.
#[derive(Debug, Clone)]
pub(crate) struct ToolCall {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) input: Value,
}

impl<'a> Seat<'a> {
    /// The agent that the caller invoked.
    pub(crate) fn root(turn: &'a Arc<Turn>, agent: &'a Agent, alias: String, input: String) -> Self {
        let chain = vec![alias_arn(&agent.spec.id, &alias)];
        let path = agent.spec.id.clone();
        Self {
            turn,
            agent,
            alias,
            path,
            chain,
            name: None,
            parent: None,
            input,
            relayed: String::new(),
            own_prompt_attributes: Mutex::default(),
            routing: AtomicBool::new(agent.spec.routes),
            run: Uuid::new_v4(),
            steps: AtomicU32::new(0),
        }
    }

    /// A collaborator, asked by this agent.
    pub(crate) fn collaborator<'b>(&'b self, agent: &'b Agent, name: &str, input: String, relayed: String) -> Seat<'b> {
        let alias = agent.own_alias().to_owned();
        let mut chain = self.chain.clone();
        chain.push(alias_arn(&agent.spec.id, &alias));
        Seat {
            turn: self.turn,
            agent,
            alias,
            path: format!("{}/{name}", self.path),
            chain,
            name: Some(name.to_owned()),
            parent: Some(self),
            input,
            relayed,
            // They are for the agent that was invoked, and not handed on.
            own_prompt_attributes: Mutex::default(),
            routing: AtomicBool::new(agent.spec.routes),
            run: Uuid::new_v4(),
            steps: AtomicU32::new(0),
        }
    }

    pub(crate) fn model(&self) -> &dyn Model {
        self.turn.agents.models.of(&self.agent.spec.id)
    }

    pub(crate) fn prompt_attributes(&self) -> MutexGuard<'_, Attributes> {
        lock(if self.parent.is_none() { &self.turn.prompt_attributes } else { &self.own_prompt_attributes })
    }

    /// One id for all that belongs to one model turn.
    pub(crate) fn trace_id(&self) -> String {
        format!("{}-{}", self.run, self.steps.load(Ordering::Relaxed))
    }

    /// Works on the input until there is an answer.
    pub(crate) fn converse(&self) -> BoxFuture<'_, Result<String, Ended>> {
        Box::pin(async move {
            let started = Timestamp::now();
            let result = self.iterate(started).await;
            if let Err(Ended::Failed(error)) = &result {
                self.trace_failure(error, Span::since(started));
                tracing::warn!(agent = %self.agent.spec.id, kind = error.kind.name(), "the agent's turn failed");
            }
            result
        })
    }

    async fn iterate(&self, started: Timestamp) -> Result<String, Ended> {
        let history = self.turn.session.history(&self.path);
        let mut history = history.lock().await;
        let before = history.len();
        say(&mut history, &self.input);
        let limits = self.turn.agents.limits;
        let mut taken = 0;
        let over = loop {
            if let Some(over) = limits.passed(taken, self.turn.tokens()) {
                break over;
            }
            if self.turn.is_dropped() {
                return Err(Ended::Dropped);
            }
            taken += 1;
            let reply = match self.ask_model(&history).await {
                Ok(reply) => reply,
                Err(error) => {
                    // Nothing has come of the input yet: asking again is as if for the first time.
                    if taken == 1 {
                        unsay(&mut history, before);
                    }
                    return Err(error.into());
                }
            };
            let calls = calls_of(&reply);
            self.choose_route(&calls);
            if calls.is_empty() || reply.stop == StopReason::MaxTokens {
                let text = answer(&reply)?;
                let mut content = reply.content;
                content.retain(|block| !matches!(block, Block::ToolUse { .. } | Block::Text(_)));
                content.push(Block::Text(text.clone()));
                history.push(Message::assistant(content));
                self.trace_final(&text, Span::since(started));
                return Ok(text);
            }
            history.push(Message::assistant(reply.content));
            let (results, ended) = self.perform(calls, &history).await;
            let routed = self.routed_answer(&results);
            history.push(Message::user(results));
            match (ended, routed) {
                (Some(Ended::Asked(question)), _) => {
                    self.trace_asked(&question, Span::since(started));
                    return Ok(question);
                }
                (Some(ended), _) => return Err(ended),
                (None, Some(text)) => {
                    history.push(Message::assistant(vec![Block::Text(text.clone())]));
                    self.trace_final(&text, Span::since(started));
                    return Ok(text);
                }
                (None, None) => {}
            }
            self.steps.fetch_add(1, Ordering::Relaxed);
        };
        let text = format!(
            "I stopped here: after {over} there was still no answer. What was done so far stays done; please ask again, more narrowly."
        );
        history.push(Message::assistant(vec![Block::Text(text.clone())]));
        let error = AgentError::new(
            Kind::DependencyFailed,
            format!("the agent reached its limit after {over} without an answer"),
        );
        self.trace_failure(&error, Span::since(started));
        self.trace_final(&text, Span::since(started));
        Ok(text)
    }

    /// One model turn. A conversation that turns out too long for the model is shown to it with less of its past.
    async fn ask_model(&self, history: &[Message]) -> Result<ModelReply, AgentError> {
        let mut system = prompt::system(&self.agent.spec, &self.prompt_attributes(), &self.relayed);
        // Collaborators answer their supervisor, who wants a whole answer, and a choice of route is none.
        let streams = self.parent.is_none() && self.turn.pieces().is_some() && !self.is_routing();
        if let Some(hint) = self.model().stream_hint().filter(|_| streams && !self.agent.tools.specs.is_empty()) {
            super::streaming::ask_for_tags(&mut system, hint);
        }
        let mut window = self.turn.window;
        loop {
            let shown = window.view(history);
            let reply = self.ask_about(&system, &shown, streams).await?;
            match window.narrower(&shown) {
                Some(narrower) if reply.stop == StopReason::ContextFull => window = narrower,
                _ => return Ok(reply),
            }
        }
    }

    async fn ask_about(&self, system: &str, messages: &[Message], streams: bool) -> Result<ModelReply, AgentError> {
        self.trace_model_input(system, messages);
        let start = Timestamp::now();
        let request = ModelRequest {
            agent: &self.agent.spec.id,
            foundation_model: &self.agent.spec.foundation_model,
            system,
            messages,
            tools: &self.agent.tools.specs,
            inference: &self.agent.spec.prompt.inference,
        };
        let reply = if streams {
            self.turn.begin_answer();
            self.model().converse_stream(request, &|words| self.turn.write(words)).await
        } else {
            self.model().converse(request).await
        };
        let reply = match reply {
            // some refuse what others answer with this reason
            Err(error) if error.kind == ModelErrorKind::TooLong => {
                ModelReply { content: Vec::new(), stop: StopReason::ContextFull, usage: Usage::default() }
            }
            reply => reply?,
        };
        self.turn.spend(reply.usage);
        let reply = prompt::said_to_user(reply);
        self.trace_model_output(&reply, Span::since(start));
        Ok(reply)
    }
}

/// Adds the user's words. After a turn that ended among its tool results they join these,
/// since a model wants the roles to alternate.
fn say(history: &mut Vec<Message>, text: &str) {
    let block = Block::Text(text.to_owned());
    match history.last_mut() {
        Some(Message { role: Role::User, content }) => content.push(block),
        _ => history.push(Message::user(vec![block])),
    }
}

/// Takes the user's words back.
fn unsay(history: &mut Vec<Message>, before: usize) {
    if history.len() > before {
        history.truncate(before);
    } else if let Some(last) = history.last_mut() {
        last.content.pop();
    }
}

fn calls_of(reply: &ModelReply) -> Vec<ToolCall> {
    let call = |block: &Block| match block {
        Block::ToolUse { id, name, input } => {
            Some(ToolCall { id: id.clone(), name: name.clone(), input: input.clone() })
        }
        _ => None,
    };
    reply.content.iter().filter_map(call).collect()
}

/// The text of a reply that ends the turn, honest about what cut it short.
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
