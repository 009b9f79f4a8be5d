//! Fake functions with well-formed replies.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use toolgate_local::agents::{Invoke, InvokeFailure, LambdaReply};

type Handler = dyn Fn(&Value) -> Reply + Send + Sync;

/// The behaviour of a fake function for an event.
pub enum Reply {
    /// Any payload.
    Raw(Value),
    /// A function error.
    Error(&'static str),
    /// The function took the event and was lost, with this type of error.
    Lost(&'static str),
    /// No reply at all.
    Failure { never_taken: bool },
    /// The same after a delay.
    Later(Duration, Box<Reply>),
}

/// Functions that record their events.
pub struct Functions {
    handler: Box<Handler>,
    once: bool,
    pub events: Mutex<Vec<Value>>,
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Functions")
    }
}

impl Functions {
    pub fn new(handler: impl Fn(&Value) -> Reply + Send + Sync + 'static) -> Arc<Self> {
        Self::once(false, handler)
    }

    /// Functions for which every tool's effect happens once, or no tool's does.
    pub fn once(once: bool, handler: impl Fn(&Value) -> Reply + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { handler: Box::new(handler), once, events: Mutex::default() })
    }

    /// Functions that reply to every call with its name and parameters.
    pub fn echo() -> Arc<Self> {
        Self::new(|event| ok(event, &json!({"tool": tool_of(event), "parameters": parameters(event)})))
    }

    pub fn events(&self) -> Vec<Value> {
        self.events.lock().unwrap().clone()
    }

    /// The called tools, in order.
    pub fn called(&self) -> Vec<String> {
        self.events().iter().map(tool_of).collect()
    }
}

impl Invoke for Functions {
    fn invoke<'a>(&'a self, _function: &'a str, payload: Bytes) -> BoxFuture<'a, Result<LambdaReply, InvokeFailure>> {
        Box::pin(async move {
            let event: Value = serde_json::from_slice(&payload).unwrap();
            self.events.lock().unwrap().push(event.clone());
            let mut reply = (self.handler)(&event);
            if let Reply::Later(pause, inner) = reply {
                tokio::time::sleep(pause).await;
                reply = *inner;
            }
            match reply {
                Reply::Raw(value) => Ok(LambdaReply { payload: value.to_string().into(), function_error: None }),
                Reply::Error(kind) => Ok(LambdaReply {
                    payload: json!({"errorType": "Boom", "errorMessage": "it broke"}).to_string().into(),
                    function_error: Some(kind.to_owned()),
                }),
                Reply::Lost(kind) => Ok(LambdaReply {
                    payload: json!({"errorType": kind, "errorMessage": "gone"}).to_string().into(),
                    function_error: Some("Unhandled".to_owned()),
                }),
                Reply::Failure { never_taken } => Err(InvokeFailure { message: "no instance".to_owned(), never_taken }),
                Reply::Later(..) => unreachable!("one pause is enough"),
            }
        })
    }

    fn happens_once(&self, _function: &str, _tool: &str) -> bool {
        self.once
    }
}

pub fn tool_of(event: &Value) -> String {
    let name = event["function"].as_str().or_else(|| event["apiPath"].as_str()).unwrap();
    name.trim_start_matches('/').to_owned()
}

/// All values of an event, from parameters and body, by name.
pub fn parameters(event: &Value) -> BTreeMap<String, String> {
    let body = event["requestBody"]["content"]["application/json"]["properties"].as_array();
    let all = event["parameters"].as_array().into_iter().chain(body).flatten();
    all.map(|p| (p["name"].as_str().unwrap().to_owned(), p["value"].as_str().unwrap().to_owned())).collect()
}

/// A well-formed reply to an event, on the event's wire.
pub fn envelope(event: &Value, status: u16, body: &Value) -> Value {
    let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
    let response = if event["function"].is_string() {
        json!({
            "actionGroup": event["actionGroup"],
            "function": event["function"],
            "functionResponse": {"responseBody": {"TEXT": {"body": text}}},
        })
    } else {
        json!({
            "actionGroup": event["actionGroup"],
            "apiPath": event["apiPath"],
            "httpMethod": event["httpMethod"],
            "httpStatusCode": status,
            "responseBody": {"application/json": {"body": text}},
        })
    };
    json!({
        "messageVersion": "1.0",
        "response": response,
        "sessionAttributes": event["sessionAttributes"],
        "promptSessionAttributes": event["promptSessionAttributes"],
    })
}

pub fn ok(event: &Value, body: &Value) -> Reply {
    Reply::Raw(envelope(event, 200, body))
}
