//! The reply to a tool call, and the envelope that all replies share.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{
    elicitation,
    era::Era,
    http,
    rpc::{Code, Fault},
    version,
};
use crate::{
    error::{Elicited, ErrorKind, ToolError},
    wire::json::{body_text, object},
};

/// Lambda's limit on a reply: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const LAMBDA: usize = 6 * 1024 * 1024;
/// Below this size of the body, no reply reaches Lambda's limit, however much of it has to be escaped.
const CERTAINLY_FITS: usize = LAMBDA / 6;

/// The parts of a request that its reply repeats.
pub(crate) struct Envelope {
    pub(super) id: Value,
    pub(super) era: Era,
    /// The value of `WWW-Authenticate`, where the caller is unknown.
    pub(super) challenge: Option<String>,
    pub(super) group: Arc<str>,
    pub(super) version: String,
}

impl Envelope {
    /// The reply with a result.
    pub(super) fn result(&self, mut result: Map<String, Value>) -> Value {
        if self.era == Era::Modern {
            result.entry("resultType").or_insert_with(|| "complete".into());
            let server = json!({"name": &*self.group, "version": version(&self.version)});
            result.insert("_meta".to_owned(), object([("io.modelcontextprotocol/serverInfo", server)]));
        }
        let body = object([("jsonrpc", "2.0".into()), ("id", self.id.clone()), ("result", result.into())]);
        http::response(200, &[], &body)
    }

    /// The reply to a caller who is not answered.
    pub(super) fn refused(&self, status: u16, error: &ToolError) -> Value {
        let fault = Fault::new(Code::InvalidRequest, error.message().to_owned()).data(error.body()).status(status);
        match &self.challenge {
            Some(challenge) => fault.response(&self.id, &[("www-authenticate", challenge)]),
            None => fault.response(&self.id, &[]),
        }
    }

    /// A fault with the status of its protocol. Older clients read any other status than 200 as a broken session.
    pub(super) fn status_of(&self, fault: Fault) -> Fault {
        match self.era {
            Era::Modern => fault,
            Era::Legacy => fault.status(200),
        }
    }
}

/// Encodes the outcome of a call. `status` is the status of a refusal before the tool is known.
pub(crate) fn encode(envelope: &Envelope, status: u16, outcome: Result<Value, ToolError>) -> Value {
    let error = match outcome {
        Ok(output) => match succeeded(envelope, output) {
            Some(reply) => return reply,
            None => ToolError::too_large("the output is too large; narrow your query"),
        },
        Err(error) => error,
    };
    match error.elicited() {
        Some(Elicited::Question { state, message }) => return envelope.result(elicitation::ask(state, message)),
        Some(Elicited::UnknownState) => {
            let fault = Fault::new(Code::InvalidParams, error.message().to_owned()).data(error.body());
            return fault.response(&envelope.id, &[]);
        }
        None => {}
    }
    match error.gate() {
        "wire" if error.kind() == ErrorKind::Refused => envelope.refused(status, &error),
        // the call itself is not valid: its arguments are not an object, or its tool does not exist
        "wire" | "tool" => {
            let fault = Fault::new(Code::InvalidParams, error.message().to_owned()).data(error.body());
            fault.response(&envelope.id, &[])
        }
        _ => {
            let mut result = content(body_text(&error.body()));
            result.insert("isError".to_owned(), true.into());
            envelope.result(result)
        }
    }
}

/// The reply with an output. `None` where it is larger than Lambda allows.
fn succeeded(envelope: &Envelope, output: Value) -> Option<Value> {
    let text = match &output {
        Value::String(text) => text.clone(),
        output => body_text(output),
    };
    let is_small = text.len() < CERTAINLY_FITS / 2;
    let mut result = content(text);
    result.insert("isError".to_owned(), false.into());
    // older protocols know only objects here
    if envelope.era == Era::Modern || output.is_object() {
        result.insert("structuredContent".to_owned(), output);
    }
    let reply = envelope.result(result);
    (is_small || body_text(&reply).len() <= LAMBDA).then_some(reply)
}

fn content(text: String) -> Map<String, Value> {
    let mut result = Map::new();
    let item = object([("type", "text".into()), ("text", text.into())]);
    result.insert("content".to_owned(), Value::Array(vec![item]));
    result
}
