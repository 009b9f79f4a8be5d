//! The reply to a test call, with assertions that print the reply when they fail.

use std::ops::Index;

use serde_json::Value;

use super::replay::fits;
use crate::{service::UnknownEvent, wire::kind::Wire};

/// The reply to a [`call`](super::call).
///
/// `reply["status"]` is a field of the body. A missing field is `null`.
#[derive(Debug, Clone)]
pub struct Reply {
    raw: Value,
    body: Value,
}

#[track_caller]
#[expect(clippy::panic, reason = "a test must fail loudly")]
fn fail(message: &str, body: &Value) -> ! {
    panic!("{message}; the reply is\n{body:#}")
}

/// The output or the error body in an MCP reply, whichever part of it has it.
fn mcp_body(raw: &Value) -> Value {
    let json = |text: &Value| text.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let body = raw.get("body").and_then(json).unwrap_or_default();
    let output = || body.pointer("/result/structuredContent").cloned();
    let text = || body.pointer("/result/content/0/text").and_then(json);
    let refused = || body.pointer("/error/data").cloned();
    output().or_else(text).or_else(refused).unwrap_or_else(|| fail("the reply has no JSON body", raw))
}

impl Reply {
    #[expect(clippy::panic, reason = "a test must fail loudly")]
    pub(super) fn new(wire: Wire, raw: Result<Value, UnknownEvent>) -> Self {
        let raw = raw.unwrap_or_else(|error| panic!("{error}"));
        let place = match wire {
            Wire::Function => "/response/functionResponse/responseBody/TEXT/body",
            Wire::Api => "/response/responseBody/application~1json/body",
            Wire::Direct => "/body",
            Wire::Gateway => return Self { body: raw.clone(), raw },
            Wire::Mcp => return Self { body: mcp_body(&raw), raw },
        };
        let text = raw.pointer(place).and_then(Value::as_str).unwrap_or_default();
        let body = serde_json::from_str(text).unwrap_or_else(|_| fail("the reply has no JSON body", &raw));
        Self { raw, body }
    }

    /// The whole reply, in its wire's envelope.
    pub fn raw(&self) -> &Value {
        &self.raw
    }

    /// The body: the output, or `{"error": {..}}`.
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// The kind of the error. `None` if the reply is not an error.
    pub fn kind(&self) -> Option<&str> {
        self.body.pointer("/error/kind").and_then(Value::as_str)
    }

    /// The public message of the error. Empty if the reply is not an error.
    pub fn message(&self) -> &str {
        self.body.pointer("/error/message").and_then(Value::as_str).unwrap_or_default()
    }

    /// A session attribute in the reply, on the Agents wires.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.raw.get("sessionAttributes")?.get(name)?.as_str()
    }

    /// The output.
    ///
    /// # Panics
    /// The reply is an error.
    #[track_caller]
    pub fn ok(&self) -> &Value {
        match self.kind() {
            None => &self.body,
            Some(kind) => fail(&format!("expected an output, got the error `{kind}`"), &self.body),
        }
    }

    /// Asserts that the output equals `expected`. `<any>` in a text matches any text.
    ///
    /// # Panics
    /// The output is different.
    #[track_caller]
    pub fn assert_ok(&self, expected: Value) -> &Self {
        if !fits(&expected, self.ok()) {
            fail(&format!("expected the output\n{expected:#}"), &self.body);
        }
        self
    }

    /// Asserts that the reply is an error of this kind: `"refused"`, `"not found"`, …
    ///
    /// # Panics
    /// The reply is different.
    #[track_caller]
    pub fn assert_error(&self, kind: &str) -> &Self {
        if self.kind() != Some(kind) {
            fail(&format!("expected an error `{kind}`"), &self.body);
        }
        self
    }

    /// Asserts that the message of the reply's error contains `part`.
    ///
    /// # Panics
    /// The message does not contain it.
    #[track_caller]
    pub fn assert_message_contains(&self, part: &str) -> &Self {
        if !self.message().contains(part) {
            fail(&format!("expected an error with the text `{part}`"), &self.body);
        }
        self
    }

    /// Asserts that the problems of the input are at exactly these paths, in this order.
    ///
    /// # Panics
    /// The paths are different.
    #[track_caller]
    pub fn assert_problems(&self, paths: &[&str]) -> &Self {
        self.assert_error("invalid");
        let problems = self.body.pointer("/error/problems").and_then(Value::as_array).into_iter().flatten();
        let found: Vec<&str> = problems.filter_map(|problem| problem.get("path")?.as_str()).collect();
        if found != paths {
            fail(&format!("expected problems at {paths:?}, got {found:?}"), &self.body);
        }
        self
    }
}

impl Index<&str> for Reply {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        self.body.get(name).unwrap_or(&Value::Null)
    }
}
