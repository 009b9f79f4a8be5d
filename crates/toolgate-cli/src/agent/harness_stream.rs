//! The stream of InvokeHarness, as text for the person and as trace parts.
//!
//! The parts have the form of InvokeAgent's traces, so that the timeline, the costs and a recorded turn are the same for
//! agents and harnesses.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_bedrockagentruntime::primitives::{DateTime, DateTimeFormat};
use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_types::event_stream::Message;
use bytes::BytesMut;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{harness_error::explained, turn::TurnObserver};
use crate::failure::Failure;

/// The kind of the error with which a tool parks a call.
const WAITING: &str = "waiting for approval";

/// A call that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parked {
    pub(super) approval: String,
    /// The tool's own name.
    pub(super) tool: String,
}

/// Reads the frames of one response.
#[derive(Debug)]
pub(super) struct Reader {
    id: String,
    arn: String,
    model: String,
    /// Distinguishes the steps of this response from those of others.
    response: Uuid,
    decoder: MessageFrameDecoder,
    buffer: BytesMut,
    /// The number of messages so far. Calls of one message have it as their step.
    messages: usize,
    open: Open,
    calls: Vec<Call>,
    parked: Vec<Parked>,
    stop: String,
    /// Why a hook has ended the invocation.
    denied: String,
    answer: String,
}

/// The message that is being received.
#[derive(Debug, Default)]
struct Open {
    text: String,
    calls: Vec<Call>,
    results: Vec<(String, String)>,
    /// Whether the trace of the message is complete.
    is_traced: bool,
}

#[derive(Debug, Default, Clone)]
struct Call {
    id: String,
    name: String,
    input: String,
    step: usize,
}

impl Reader {
    pub(super) fn new(id: &str, arn: &str, model: &str) -> Self {
        let [id, arn, model] = [id, arn, model].map(str::to_owned);
        Self {
            id,
            arn,
            model,
            response: Uuid::new_v4(),
            decoder: MessageFrameDecoder::new(),
            buffer: BytesMut::new(),
            messages: 0,
            open: Open { is_traced: true, ..Open::default() },
            calls: Vec::new(),
            parked: Vec::new(),
            stop: String::new(),
            denied: String::new(),
            answer: String::new(),
        }
    }

    pub(super) fn read<O: TurnObserver>(&mut self, bytes: &[u8], observer: &mut O) -> Result<(), Failure> {
        self.buffer.extend_from_slice(bytes);
        while let DecodedFrame::Complete(message) = self.decoder.decode_frame(&mut self.buffer)? {
            let payload: Value = serde_json::from_slice(message.payload()).unwrap_or_default();
            if let Some(kind) = header(&message, ":exception-type").or_else(|| header(&message, ":error-code")) {
                let text = payload.get("message").and_then(Value::as_str).map(str::to_owned);
                let text = text.or_else(|| header(&message, ":error-message"));
                return Err(explained(&kind, text.as_deref().unwrap_or("the harness failed")).into());
            }
            self.event(&header(&message, ":event-type").unwrap_or_default(), &payload, observer)?;
        }
        Ok(())
    }

    fn event<O: TurnObserver>(&mut self, kind: &str, members: &Value, observer: &mut O) -> Result<(), Failure> {
        let text = |path: &str| members.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        match kind {
            "messageStart" => {
                self.trace(None, observer)?;
                self.messages += 1;
                self.open = Open::default();
            }
            "contentBlockStart" if members.pointer("/start/toolUse").is_some() => {
                let (id, name) = (text("/start/toolUse/toolUseId"), text("/start/toolUse/name"));
                self.open.calls.push(Call { id, name, step: self.messages, ..Call::default() });
            }
            "contentBlockStart" => self.open.results.push((text("/start/toolResult/toolUseId"), String::new())),
            "contentBlockDelta" => self.delta(members, observer)?,
            "messageStop" => {
                self.stop = text("/stopReason");
                if self.stop == "tool_use" && observer.wants_stream() && !self.open.text.is_empty() {
                    observer.text("\n")?;
                }
                if !matches!(self.stop.as_str(), "tool_use" | "tool_result") {
                    self.answer = self.open.text.clone();
                }
            }
            // A denied call is an ordinary result, and a deny after the invocation has no effect.
            "hookEvent"
                if text("/decision") == "deny"
                    && matches!(text("/type").as_str(), "before_invocation" | "after_tool_call") =>
            {
                self.denied = text("/reason");
            }
            "metadata" => self.trace(Some(members), observer)?,
            _ => {}
        }
        Ok(())
    }

    fn delta<O: TurnObserver>(&mut self, members: &Value, observer: &mut O) -> Result<(), Failure> {
        let Some(delta) = members.get("delta") else { return Ok(()) };
        if let Some(text) = delta.get("text").and_then(Value::as_str) {
            self.open.text.push_str(text);
            if observer.wants_stream() {
                observer.text(text)?;
            }
        }
        if let (Some(input), Some(call)) =
            (delta.pointer("/toolUse/input").and_then(Value::as_str), self.open.calls.last_mut())
        {
            call.input.push_str(input);
        }
        if let (Some(blocks), Some((_, text))) =
            (delta.get("toolResult").and_then(Value::as_array), self.open.results.last_mut())
        {
            text.extend(blocks.iter().filter_map(|block| block.get("text").and_then(Value::as_str)));
        }
        Ok(())
    }

    /// Traces the message that has been received.
    fn trace<O: TurnObserver>(&mut self, metadata: Option<&Value>, observer: &mut O) -> Result<(), Failure> {
        if std::mem::replace(&mut self.open.is_traced, true) {
            return Ok(());
        }
        let step = self.messages;
        if let Some(metadata) = metadata {
            let took = metadata.pointer("/metrics/latencyMs").cloned().unwrap_or_default();
            self.part(observer, step, "modelInvocationInput", json!({"foundationModel": self.model}))?;
            let metadata = json!({"usage": metadata.get("usage"), "totalTimeMs": took});
            self.part(observer, step, "modelInvocationOutput", json!({"metadata": metadata}))?;
        }
        let calls = std::mem::take(&mut self.open.calls);
        if !calls.is_empty() && !self.open.text.is_empty() {
            self.part(observer, step, "rationale", json!({"text": self.open.text}))?;
        }
        for call in &calls {
            let (group, tool) = call.name.rsplit_once("___").unwrap_or(("", &call.name));
            let action = json!({"actionGroupName": group, "function": tool, "parameters": parameters(&call.input)});
            let input = json!({"invocationType": "ACTION_GROUP", "actionGroupInvocationInput": action});
            self.part(observer, step, "invocationInput", input)?;
        }
        self.calls.extend(calls);
        for (id, text) in std::mem::take(&mut self.open.results) {
            let Some(call) = self.calls.iter().find(|call| call.id == id).cloned() else { continue };
            let tool = call.name.rsplit_once("___").map_or(call.name.as_str(), |(_, tool)| tool);
            if let Some(approval) = approval(&text) {
                self.parked.push(Parked { approval, tool: tool.to_owned() });
            }
            let output = json!({"type": "ACTION_GROUP", "actionGroupInvocationOutput": {"text": text}});
            self.part(observer, call.step, "observation", output)?;
        }
        Ok(())
    }

    fn part<O: TurnObserver>(
        &self,
        observer: &mut O,
        step: usize,
        member: &str,
        mut fields: Value,
    ) -> Result<(), Failure> {
        if let Some(fields) = fields.as_object_mut() {
            fields.insert("traceId".to_owned(), json!(format!("{}-{step}", self.response)));
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = DateTime::from_secs_f64(now.as_secs_f64()).fmt(DateTimeFormat::DateTime).unwrap_or_default();
        observer.trace(&json!({
            "agentId": self.id,
            "eventTime": now,
            "callerChain": [{"agentAliasArn": self.arn}],
            "trace": {"orchestrationTrace": {member: fields}},
        }))
    }

    /// Ends the response. Returns the calls that wait for a person.
    pub(super) fn end<O: TurnObserver>(mut self, observer: &mut O) -> Result<Vec<Parked>, Failure> {
        self.trace(None, observer)?;
        let answer = std::mem::take(&mut self.answer);
        if !answer.is_empty() {
            let last = json!({"type": "FINISH", "finalResponse": {"text": answer}});
            self.part(observer, self.messages, "observation", last)?;
            if !observer.wants_stream() {
                observer.text(&answer)?;
            }
        }
        match self.stop.as_str() {
            // The answer is then the guardrail's message.
            "end_turn" | "stop_sequence" | "guardrail_intervened" => Ok(self.parked),
            "tool_use" => {
                let tool = self.calls.last().map(|call| call.name.as_str()).unwrap_or_default();
                Err(format!("`{tool}` is an inline function, which only a program that calls the harness can run")
                    .into())
            }
            "hook_stopped" => Err(format!("a hook of the harness ended the invocation: {}", self.denied).into()),
            "" => Err("the stream of the harness ended early".into()),
            reason => Err(format!("the harness stopped: {reason}").into()),
        }
    }
}

fn header(message: &Message, name: &str) -> Option<String> {
    let header = message.headers().iter().find(|header| header.name().as_str() == name)?;
    Some(header.value().as_string().ok()?.as_str().to_owned())
}

/// Arguments in the form of a trace: names and texts.
fn parameters(input: &str) -> Vec<Value> {
    let input: Value = serde_json::from_str(input).unwrap_or_default();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let input = input.as_object().into_iter().flatten();
    input.map(|(name, value)| json!({"name": name, "value": text(value)})).collect()
}

/// The id of the approval, if a result says that its call was parked.
fn approval(result: &str) -> Option<String> {
    let body: Value = serde_json::from_str(result).ok()?;
    let error = body.get("error")?;
    if error.get("kind")?.as_str()? != WAITING {
        return None;
    }
    let message = error.get("message")?.as_str()?;
    let (_, rest) = message.split_once("APR-")?;
    let end: String = rest.chars().take_while(|c| matches!(c, 'A'..='Z' | '2'..='7')).take(10).collect();
    (end.len() == 10).then(|| format!("APR-{end}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_error_of_a_parked_call_names_an_approval() {
        let of =
            |kind: &str, message: &str| approval(&json!({"error": {"kind": kind, "message": message}}).to_string());
        assert_eq!(of(WAITING, "it is parked as `APR-7M2KQ4XWZA`; repeat").as_deref(), Some("APR-7M2KQ4XWZA"));
        assert_eq!(of("refused", "`APR-7M2KQ4XWZA`"), None);
        assert_eq!(of(WAITING, "`APR-7M2KQ4`"), None);
        assert_eq!(approval("APR-7M2KQ4XWZA"), None);
    }
}
