//! A call of a function: its event, what the function sent with its reply, its requests, rows and log lines.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::detail::{cut, json_of, start};

/// Maximum length of a log line, in bytes.
const LINE_BYTES: usize = 4096;

/// The gates in the order of `docs/gates.md`, by their names in the function's trace and in the console.
const GATES: [(&str, &str); 15] = [
    ("wire", "wire"),
    ("tool", "tool"),
    ("fields in", "fields in"),
    ("types", "types"),
    ("rules", "rules"),
    ("middleware", "middleware"),
    ("cache", "cache"),
    ("replay", "replay"),
    ("budget", "budget"),
    ("confirm", "confirm"),
    ("once", "once"),
    ("deadline", "deadline"),
    ("run", "tool runs"),
    ("fields out", "fields out"),
    ("size", "size"),
];

/// A call that begins.
#[derive(Debug)]
pub(crate) struct Invoked {
    pub(crate) function: String,
    pub(crate) request_id: String,
    pub(crate) is_cold: bool,
    pub(crate) event: bytes::Bytes,
    /// JSON text.
    pub(crate) client_context: Option<String>,
}

impl Invoked {
    pub(super) fn into_members(self) -> [(&'static str, String); 5] {
        let context = self.client_context.map_or_else(|| "null".to_owned(), |context| json_of(context.as_bytes()));
        [
            ("function", Value::from(self.function).to_string()),
            ("requestId", Value::from(self.request_id).to_string()),
            ("instance", Value::from(if self.is_cold { "cold" } else { "warm" }).to_string()),
            ("event", json_of(&self.event)),
            ("clientContext", context),
        ]
    }
}

/// A request to DynamoDB.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) operation: String,
    pub(crate) table: Option<String>,
    pub(crate) began: Instant,
    pub(crate) took: Duration,
    /// `ok`, or the type of the error.
    pub(crate) outcome: String,
}

impl Request {
    pub(super) fn bytes(&self) -> usize {
        let table = self.table.as_ref().map_or(0, String::len);
        64 + self.operation.len() + self.outcome.len() + table
    }
}

/// An item before and after a call.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) table: String,
    /// Plain JSON values.
    pub(crate) key: Value,
    pub(crate) before: Value,
    pub(crate) after: Value,
    bytes: usize,
}

impl Row {
    pub(crate) fn new(table: String, key: Value, mut before: Value, mut after: Value) -> Self {
        cut(&mut before);
        cut(&mut after);
        let bytes = key.to_string().len() + before.to_string().len() + after.to_string().len();
        Self { table, key, before, after, bytes }
    }

    /// Takes the later state of the same item.
    pub(super) fn update(&mut self, later: Self) {
        *self = Self::new(later.table, later.key, std::mem::take(&mut self.before), later.after);
    }

    pub(super) fn is_of(&self, other: &Self) -> bool {
        (&self.table, &self.key) == (&other.table, &other.key)
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn shown(&self) -> Value {
        json!({"table": self.table, "key": self.key, "before": self.before, "after": self.after})
    }
}

/// A line of a function's log.
#[derive(Debug)]
pub(crate) struct LogLine {
    /// RFC 3339.
    pub(crate) at: String,
    pub(crate) level: String,
    pub(crate) text: String,
}

impl LogLine {
    pub(crate) fn new(at: String, level: String, text: &str) -> Self {
        Self { at, level, text: start(text, LINE_BYTES).to_owned() }
    }

    pub(super) fn bytes(&self) -> usize {
        64 + self.text.len()
    }

    pub(super) fn shown(&self) -> Value {
        json!({"at": self.at, "level": self.level, "text": self.text})
    }
}

/// The members of a call's detail that come from its function: the trace, and the reply.
pub(crate) fn of_trace(trace: &[u8]) -> Option<Map<String, Value>> {
    let Ok(Value::Object(mut trace)) = serde_json::from_slice(trace) else { return None };
    let why = trace.get("error").and_then(|error| error.get("message")).cloned().unwrap_or_default();
    let known = trace.remove("gates").and_then(|gates| match gates {
        Value::Array(gates) => Some(gates),
        _ => None,
    });
    let known = known.unwrap_or_default();
    let gate = |(name, shown): (&str, &str)| {
        let step = known.iter().find(|step| step.get("gate").and_then(Value::as_str) == Some(name));
        let verdict = step.and_then(|step| step.get("verdict")).cloned();
        let is_stopped = verdict.as_ref().and_then(Value::as_str) == Some("stopped");
        json!({
            "gate": shown,
            "startUs": step.and_then(|step| step.get("startUs")),
            "durationUs": step.and_then(|step| step.get("durationUs")),
            "verdict": verdict.unwrap_or_else(|| "not reached".into()),
            "why": if is_stopped { why.clone() } else { Value::Null },
        })
    };
    let gates: Vec<Value> = GATES.into_iter().map(gate).collect();
    trace.insert("gates".to_owned(), gates.into());
    Some(trace)
}

/// The tool of an event, as far as the event names one, and its wire.
pub(crate) fn tool_of(event: &[u8], client_context: Option<&str>) -> Option<(String, &'static str)> {
    let context: Option<Value> = client_context.and_then(|context| serde_json::from_str(context).ok());
    let named = context.as_ref().and_then(|context| context.pointer("/custom/bedrockAgentCoreToolName")?.as_str());
    if let Some(name) = named {
        return Some((name.rsplit_once("___").map_or(name, |(_, tool)| tool).to_owned(), "gateway"));
    }
    let event: Value = serde_json::from_slice(event).ok()?;
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    if event.get("messageVersion").is_some() {
        let api = || text("/apiPath").map(|path| (path.trim_start_matches('/').to_owned(), "api"));
        return text("/function").map(|tool| (tool.to_owned(), "function")).or_else(api);
    }
    if event.pointer("/requestContext/http").is_some() {
        let body: Option<Value> = text("/body").and_then(|body| serde_json::from_str(body).ok());
        let name = body.as_ref().and_then(|body| body.pointer("/params/name").or_else(|| body.get("method"))?.as_str());
        let request = || Some(format!("{} {}", text("/requestContext/http/method")?, text("/rawPath")?));
        return Some((name.map(str::to_owned).or_else(request)?, "mcp"));
    }
    text("/toolName").map(|tool| (tool.to_owned(), "direct"))
}
