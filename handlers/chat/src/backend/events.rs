//! The events of InvokeHarness: text, calls and their replies, and the tokens of the model turns.

use std::collections::HashMap;

use aws_sdk_bedrockagentcore::types::{
    HarnessContentBlockDelta as Delta, HarnessContentBlockStart as Start, HarnessConversationRole, HarnessHookDecision,
    HarnessHookEvent, HarnessHookEventType, HarnessStopReason as Stop, HarnessTokenUsage, HarnessToolResultBlockDelta,
    HarnessToolUseStatus, InvokeHarnessStreamOutput as Event,
};
use serde_json::Value;
use toolgate::prices::Tokens;

use super::{Reason, TurnError, reply, trace::new_id};
use crate::{money::End, progress::Progress};

/// Reads the events of one invocation.
#[derive(Debug)]
pub(super) struct Events {
    model: Option<String>,
    /// The open blocks of the message, by their index.
    blocks: HashMap<i32, Block>,
    /// The ids of the calls in the stream of the turn, by their ids at the service. Those are not unique in a session.
    calls: HashMap<String, String>,
    is_user: bool,
    /// The number of the model's messages, and how many of them have reported their tokens.
    messages: usize,
    reported: usize,
    /// Whether tokens were reported after the last message of the model.
    is_reported: bool,
    is_unclear: bool,
    stop: Option<Stop>,
    /// Whether a hook has refused the invocation before it began.
    is_refused: bool,
}

#[derive(Debug)]
enum Block {
    Call { id: String, name: String, input: String },
    Reply { id: String, is_error: bool, text: String },
}

impl Events {
    pub(super) fn new(model: Option<String>) -> Self {
        Self {
            model,
            blocks: HashMap::new(),
            calls: HashMap::new(),
            is_user: false,
            messages: 0,
            reported: 0,
            is_reported: false,
            is_unclear: false,
            stop: None,
            is_refused: false,
        }
    }

    /// What an event means.
    pub(super) fn read(&mut self, event: Event) -> Vec<Progress> {
        match event {
            Event::MessageStart(start) => {
                self.blocks.clear();
                self.is_user = start.role == HarnessConversationRole::User;
                if !self.is_user {
                    self.messages += 1;
                    self.is_reported = false;
                }
            }
            Event::ContentBlockStart(block) => match block.start {
                Some(Start::ToolUse(call)) => {
                    let (id, name) = (call.tool_use_id, call.name);
                    self.blocks.insert(block.content_block_index, Block::Call { id, name, input: String::new() });
                }
                Some(Start::ToolResult(result)) => {
                    let is_error = result.status == Some(HarnessToolUseStatus::Error);
                    let block_of = Block::Reply { id: result.tool_use_id, is_error, text: String::new() };
                    self.blocks.insert(block.content_block_index, block_of);
                }
                _ => {}
            },
            Event::ContentBlockDelta(block) => {
                return block
                    .delta
                    .and_then(|delta| self.delta(block.content_block_index, delta))
                    .into_iter()
                    .collect();
            }
            Event::ContentBlockStop(block) => return self.block_ends(block.content_block_index),
            Event::MessageStop(stop) => self.stop = Some(stop.stop_reason),
            Event::HookEvent(hook) => self.hook(&hook),
            Event::Metadata(metadata) => {
                return metadata.usage.map(|usage| self.usage(&usage)).into_iter().collect();
            }
            _ => {}
        }
        Vec::new()
    }

    fn delta(&mut self, index: i32, delta: Delta) -> Option<Progress> {
        match (delta, self.blocks.get_mut(&index)) {
            // what a message of the user has beside results was not written by the model
            (Delta::Text(text), _) if !self.is_user => return Some(Progress::Text(text)),
            (Delta::ToolUse(delta), Some(Block::Call { input, .. })) => input.push_str(&delta.input),
            (Delta::ToolResult(parts), Some(Block::Reply { text, .. })) => {
                text.extend(parts.into_iter().filter_map(|part| match part {
                    HarnessToolResultBlockDelta::Text(text) => Some(text),
                    _ => None,
                }));
            }
            _ => {}
        }
        None
    }

    fn block_ends(&mut self, index: i32) -> Vec<Progress> {
        match self.blocks.remove(&index) {
            Some(Block::Call { id, name, input }) => {
                let call = new_id();
                self.calls.insert(id, call.clone());
                // the model sees a tool of a gateway as `target___tool`
                let tool = name.rsplit_once("___").map_or(name.as_str(), |(_, tool)| tool).to_owned();
                let input = match input.is_empty() {
                    true => Value::Object(serde_json::Map::new()),
                    false => serde_json::from_str(&input).unwrap_or(Value::String(input)),
                };
                vec![Progress::Call { id: call, tool, input }]
            }
            Some(Block::Reply { id, is_error, text }) => match self.calls.remove(&id) {
                Some(call) => reply::progress(&call, &text, is_error),
                None => Vec::new(),
            },
            None => Vec::new(),
        }
    }

    /// A denied call is an ordinary reply, and a deny after the invocation has no effect.
    fn hook(&mut self, hook: &HarnessHookEvent) {
        let is_denied = hook.decision == Some(HarnessHookDecision::Deny);
        self.is_refused |= is_denied && hook.r#type == HarnessHookEventType::BeforeInvocation;
    }

    fn usage(&mut self, usage: &HarnessTokenUsage) -> Progress {
        let mut count = |tokens: i32| {
            self.is_unclear |= tokens < 0;
            u64::try_from(tokens).unwrap_or_default()
        };
        let tokens = Tokens {
            input: count(usage.input_tokens),
            output: count(usage.output_tokens),
            cache_read: count(usage.cache_read_input_tokens.unwrap_or_default()),
            cache_write: count(usage.cache_write_input_tokens.unwrap_or_default()),
        };
        self.reported += 1;
        self.is_reported = true;
        Progress::Tokens { model: self.model.clone(), tokens }
    }

    /// What is known of the costs. The service reports tokens after each message of the model, or once at the end: its
    /// documentation says both.
    fn costs(&self) -> End {
        if self.messages == 0 && self.reported == 0 && self.is_refused {
            return End::NotBegun;
        }
        let is_whole = self.is_reported && (self.reported >= self.messages || self.reported == 1);
        if is_whole && !self.is_unclear { End::Complete } else { End::Unknown }
    }

    /// Ends the stream. Only the last stop reason decides.
    pub(super) fn end(self) -> Result<End, TurnError> {
        let end = self.costs();
        let (reason, end) = match &self.stop {
            Some(Stop::EndTurn | Stop::StopSequence) => return Ok(end),
            // The service's model does not have this reason. The answer is the guardrail's message.
            Some(stop) if stop.as_str() == "guardrail_intervened" => return Ok(end),
            Some(Stop::MaxTokens | Stop::MaxOutputTokensExceeded) => (Reason::TooLong, end),
            Some(Stop::ModelContextWindowExceeded) => (Reason::ConversationTooLong, end),
            Some(Stop::MaxIterationsExceeded) => (Reason::TooManySteps, end),
            Some(Stop::HookStopped) => (Reason::HookStopped, end),
            Some(Stop::ContentFiltered) => (Reason::Filtered, end),
            Some(Stop::MalformedModelOutput | Stop::MalformedToolUse) => (Reason::Malformed, end),
            // an inline function, which nobody runs
            Some(Stop::ToolUse) => (Reason::Unanswerable, end),
            // a model may have been at work
            Some(Stop::TimeoutExceeded) => (Reason::TimedOut, End::Unknown),
            None => (Reason::HalfWay, End::Unknown),
            Some(_) => (Reason::Stopped, End::Unknown),
        };
        let stop = self.stop.as_ref().map(Stop::as_str).unwrap_or_default();
        tracing::warn!(stop, reason = reason.name(), "the turn stopped");
        Err(TurnError::new(reason, end))
    }
}
