//! The stream that the customer's browser reads: the UI message stream of the AI SDK, version 1, as server-sent events
//! (<https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol>).
//!
//! A client adds the next turn to the same message if the customer has answered a question. Therefore the reply of a
//! confirmed call has the id under which an earlier stream has shown the call.
//!
//! Beside the parts that every client of the AI SDK knows, there are four of this application:
//!
//! | part | data |
//! | --- | --- |
//! | `data-session` | `sessionId`: send it with the next turn |
//! | `data-approval` | a call waits for a person of the desk: `approvalId`, `toolCallId`, `tool`, `input` |
//! | `data-waiting` | the service is busy and is tried again: `seconds` |
//! | `data-budget` | `limit` is `session` or `day`; `leftUsd`, `limitUsd` |

use std::collections::HashMap;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{money::Dollars, progress::Progress};

/// The header by which a client knows the stream: its name and its value.
pub const HEADER: (&str, &str) = ("x-vercel-ai-ui-message-stream", "v1");
/// The content type.
pub const CONTENT_TYPE: &str = "text/event-stream";

/// How a turn has finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// The agent has answered.
    Stop,
    /// The agent waits for the customer's answers.
    Questions,
    /// The turn has failed.
    Error,
}

/// A budget, and what it has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Whether it is the budget of the day, and not that of the session.
    pub is_day: bool,
    /// What it has left.
    pub left: Dollars,
    /// Its limit.
    pub limit: Dollars,
}

/// Writes the stream of one turn.
#[derive(Debug, Default)]
pub struct UiStream {
    /// The number of texts so far.
    texts: usize,
    is_text_open: bool,
    /// The calls that this stream has shown: their tools and inputs.
    calls: HashMap<String, (String, Value)>,
    has_question: bool,
}

impl UiStream {
    /// The begin of the stream.
    pub fn start(&self, session: &str) -> Bytes {
        events([json!({"type": "start"}), json!({"type": "data-session", "data": {"sessionId": session}})])
    }

    /// Something that has happened. It may be nothing for the customer.
    pub fn progress(&mut self, happened: Progress) -> Bytes {
        let parts = match happened {
            Progress::Text(text) if text.is_empty() => Vec::new(),
            Progress::Text(text) => return self.text(&text),
            Progress::Tokens { .. } => Vec::new(),
            Progress::Call { id, tool, input } => vec![self.call(id, tool, input)],
            Progress::Output { id, output, is_error: false } => vec![json!({
                "type": "tool-output-available",
                "toolCallId": id,
                "output": output,
                "providerExecuted": true,
                "dynamic": true,
            })],
            Progress::Output { id, output, is_error: true } => vec![json!({
                "type": "tool-output-error",
                "toolCallId": id,
                "errorText": error_text(&output),
                "providerExecuted": true,
                "dynamic": true,
            })],
            Progress::Question { id, call, tool, input } => {
                self.has_question = true;
                let asked = json!({"type": "tool-approval-request", "approvalId": id, "toolCallId": call});
                // with the input that the service has stored, whatever was shown before
                vec![self.call(call, tool, input), asked]
            }
            Progress::Denied { id } => vec![json!({"type": "tool-output-denied", "toolCallId": id})],
            Progress::Parked { approval, id } => {
                let (tool, input) = self.calls.get(&id).cloned().unzip();
                vec![json!({
                    "type": "data-approval",
                    "id": approval,
                    "data": {"approvalId": approval, "toolCallId": id, "tool": tool, "input": input},
                })]
            }
            Progress::Waiting { wait } => {
                let seconds = wait.as_millis().div_ceil(1_000);
                vec![json!({"type": "data-waiting", "data": {"seconds": seconds}, "transient": true})]
            }
        };
        if parts.is_empty() { Bytes::new() } else { events(self.end_text().into_iter().chain(parts)) }
    }

    fn text(&mut self, text: &str) -> Bytes {
        let begin = (!std::mem::replace(&mut self.is_text_open, true)).then(|| {
            self.texts += 1;
            json!({"type": "text-start", "id": self.text_id()})
        });
        let delta = json!({"type": "text-delta", "id": self.text_id(), "delta": text});
        events(begin.into_iter().chain([delta]))
    }

    fn text_id(&self) -> String {
        format!("text-{}", self.texts)
    }

    fn end_text(&mut self) -> Option<Value> {
        std::mem::take(&mut self.is_text_open).then(|| json!({"type": "text-end", "id": self.text_id()}))
    }

    fn call(&mut self, id: String, tool: String, input: Value) -> Value {
        self.calls.insert(id.clone(), (tool.clone(), input.clone()));
        json!({
            "type": "tool-input-available",
            "toolCallId": id,
            "toolName": tool,
            "input": input,
            "providerExecuted": true,
            "dynamic": true,
        })
    }

    /// What a budget has left.
    pub fn budget(&mut self, Left { is_day, left, limit }: Left) -> Bytes {
        let name = if is_day { "day" } else { "session" };
        let data = json!({"limit": name, "leftUsd": left.to_string(), "limitUsd": limit.to_string()});
        events(self.end_text().into_iter().chain([json!({"type": "data-budget", "data": data})]))
    }

    /// The turn has failed.
    pub fn error(&mut self, text: &str) -> Bytes {
        events(self.end_text().into_iter().chain([json!({"type": "error", "errorText": text})]))
    }

    /// The turn is cut.
    pub fn abort(&mut self, reason: &str) -> Bytes {
        events(self.end_text().into_iter().chain([json!({"type": "abort", "reason": reason})]))
    }

    /// How the turn has finished, if it has not failed.
    pub fn finish(&self) -> Finish {
        if self.has_question { Finish::Questions } else { Finish::Stop }
    }

    /// The end of the stream. `None` if the turn was cut.
    pub fn end(mut self, finish: Option<Finish>) -> Bytes {
        let reason = finish.map(|finish| match finish {
            Finish::Stop => "stop",
            Finish::Questions => "tool-calls",
            Finish::Error => "error",
        });
        let finish = reason.map(|reason| json!({"type": "finish", "finishReason": reason}));
        let mut bytes = events(self.end_text().into_iter().chain(finish)).to_vec();
        bytes.extend_from_slice(b"data: [DONE]\n\n");
        bytes.into()
    }
}

/// The message of a tool's error; the whole reply if it has none.
fn error_text(output: &Value) -> String {
    let message = output.pointer("/error/message").and_then(Value::as_str).or(output.as_str());
    message.map_or_else(|| output.to_string(), str::to_owned)
}

/// Server-sent events. JSON has no line feed of its own, so each part is one line.
fn events(parts: impl IntoIterator<Item = Value>) -> Bytes {
    parts.into_iter().map(|part| format!("data: {part}\n\n")).collect::<String>().into()
}
