//! A small router with one tool for each feature under test, and events for it on every wire.

#[path = "mcp_kit.rs"]
mod mcp_kit;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use toolgate::{Committed, Confirm, Cx, Once, Replay, Router, Service, Tool, ToolError, Wire, key, testing};
use validator::Validate;

#[allow(unused_imports, reason = "not all of it is used by every program with this kit")]
pub(crate) use mcp_kit::{VERSION, http, in_body, message, rpc};

/// Counts the tool runs.
#[derive(Clone, Default)]
pub(crate) struct State(Arc<AtomicUsize>);

impl State {
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn ran(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Take an order.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Order {
    /// The order's number.
    #[validate(length(min = 1, max = 40))]
    order_id: String,
    /// How many.
    #[validate(range(min = 1, max = 5))]
    quantity: Option<i64>,
    /// A large whole number.
    big: Option<i64>,
    /// A weight.
    weight: Option<f64>,
    /// In a hurry.
    express: Option<bool>,
    /// Short labels.
    tags: Option<Vec<String>>,
    /// Whole numbers.
    counts: Option<Vec<i64>>,
    /// What is in it.
    #[validate(nested)]
    lines: Option<Vec<Line>>,
    /// Where to.
    #[validate(nested)]
    address: Option<Address>,
    /// How urgent.
    priority: Option<Priority>,
    /// Where to write.
    #[validate(email)]
    email: Option<String>,
    /// A secret word.
    password: Option<Pin>,
}

/// Exactly four digits.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(transparent)]
pub(crate) struct Pin(String);

impl<'de> Deserialize<'de> for Pin {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.len() {
            4 => Ok(Self(text)),
            _ => Err(serde::de::Error::custom(format!("`{text}` has not four digits"))),
        }
    }
}

#[derive(Deserialize, Serialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Line {
    item_name: String,
    #[validate(range(min = 1))]
    quantity: i64,
}

#[derive(Deserialize, Serialize, JsonSchema, Validate)]
pub(crate) struct Address {
    city: String,
    street: Option<String>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Priority {
    Low,
    High,
}

/// What came in, as it was understood.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Taken {
    order_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    big: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    express: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<Vec<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<Line>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<Priority>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    internal_note: &'static str,
    secrets: Vec<Secret>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Secret {
    shown: &'static str,
    hidden: &'static str,
}

async fn take_order(cx: Cx<State>, input: Order) -> Result<Taken, ToolError> {
    cx.state().count();
    drop(input.password);
    let Order { order_id, quantity, big, weight, express, tags, counts, lines, address, priority, email, .. } = input;
    let secrets = vec![Secret { shown: "a", hidden: "SECRET-1" }, Secret { shown: "b", hidden: "SECRET-2" }];
    let internal_note = "SECRET-0";
    Ok(Taken {
        order_id,
        quantity,
        big,
        weight,
        express,
        tags,
        counts,
        lines,
        address,
        priority,
        email,
        internal_note,
        secrets,
    })
}

/// Do what the text says.
#[derive(Deserialize, JsonSchema, Validate)]
pub(crate) struct Act {
    /// What to do.
    pub(crate) what: String,
}

/// The same tool with a committed effect. It uses no ledger.
pub(crate) async fn act_once(cx: Cx<State>, input: Act) -> Result<Committed<Acted>, ToolError> {
    let output = act(cx.clone(), input).await?;
    cx.once_key().map(|key| key.committed(output)).ok_or_else(|| ToolError::internal("no key"))
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Acted {
    text: String,
}

#[derive(Debug)]
struct Private;

impl std::fmt::Display for Private {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SECRET-SOURCE")
    }
}

impl std::error::Error for Private {}

#[allow(clippy::print_stdout, reason = "a leak is planted")]
pub(crate) async fn act(cx: Cx<State>, input: Act) -> Result<Acted, ToolError> {
    cx.state().count();
    let session = cx.session();
    match input.what.as_str() {
        "panic" => panic!("SECRET-PANIC"),
        "sleep" => tokio::time::sleep(std::time::Duration::from_secs(60)).await,
        "invalid" => return Err(ToolError::invalid("that is wrong")),
        "a large refusal" => return Err(ToolError::refused("x".repeat(5 << 20))),
        "refused" => return Err(ToolError::refused("that is refused")),
        "not found" => return Err(ToolError::not_found("that is not there")),
        "conflict" => return Err(ToolError::conflict("that has changed")),
        "in progress" => return Err(ToolError::in_progress("already in progress")),
        "waiting for approval" => return Err(ToolError::waiting_for_approval("asked")),
        "too large" => return Err(ToolError::too_large("narrow your query")),
        "timed out" => return Err(ToolError::timed_out("too slow")),
        "internal" => return Err(ToolError::internal(Private)),
        "replay" => return Err(ToolError::replay(Replay::of(json!({"text": "the first reply"})))),
        "fatal" => return Err(ToolError::conflict("stop").fatal()),
        "set" => session.set("last", "7")?,
        "clear" => session.clear("last")?,
        "set identity" => session.set("customerId", "CUST-2")?,
        "clear identity" => session.clear("customerId")?,
        "prompt identity" => cx.prompt_session().set("customerId", "CUST-2")?,
        "debug" => return Ok(Acted { text: format!("{cx:?} {session:?} {:?}", cx.caller()) }),
        "prompt" => cx.prompt_session().set("turn", "1")?,
        "set and fail" => {
            session.set("last", "8")?;
            return Err(ToolError::conflict("after setting"));
        }
        "who" => {
            let bound = cx.caller().identity("customerId").unwrap_or("nobody").to_owned();
            let hint = cx.caller().hint("x-hint").unwrap_or("none").to_owned();
            assert_eq!(session.get("customerId").as_deref().unwrap_or("nobody"), bound);
            return Ok(Acted { text: format!("{bound} {hint}") });
        }
        // planted leaks, which the test of personal data must find
        what if what.starts_with("log ") => tracing::trace!(target: "probe", what, "planted"),
        what if what.starts_with("print ") => println!("planted {what}"),
        "invisible" => return Ok(Acted { text: "a\u{202e}b\u{200b}c\u{7}d\u{e0041}\u{feff}\né".into() }),
        _ => {}
    }
    Ok(Acted { text: input.what })
}

/// Change an account.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    /// The customer.
    customer_id: String,
    /// A new e-mail address.
    email: Option<String>,
}

async fn update(cx: Cx<State>, input: Account) -> Result<Acted, ToolError> {
    cx.state().count();
    Ok(Acted { text: format!("{} {}", input.customer_id, input.email.unwrap_or_default()) })
}

pub(crate) fn router() -> Router<State> {
    let taken = [
        "orderId",
        "quantity",
        "big",
        "weight",
        "express",
        "tags",
        "counts",
        "lines",
        "address",
        "priority",
        "email",
        "secrets[].shown",
    ];
    Router::<State>::builder()
        .group("kit")
        .description("Tools for tests.")
        .identity(["customerId"])
        .identity_header("X-Customer", "customerId")
        .identity_claim("sub", "customerId")
        .tool(Tool::new("take_order", take_order).expose(taken))
        .tool(Tool::new("act", act).expose(["text"]))
        .tool(
            Tool::new("act_once", act_once)
                .once(Once::by(|input: &Act| key(&input.what)))
                .intent_class("effects")
                .expose(["text"]),
        )
        .tool(Tool::new("act_confirmed", act).confirm(Confirm::default()).expose(["text"]))
        .tool(
            Tool::new("update", update)
                .refuse(["accountStatus", "creditLimit", "role"])
                .require("not everybody", |_, input: &Account| match input.customer_id.as_str() {
                    "CUST-0" => Err("nobody may change `CUST-0`".to_owned()),
                    _ => Ok(()),
                })
                .expose(["text"]),
        )
        .build()
        .unwrap()
}

pub(crate) fn service() -> Service<State> {
    counted().0
}

/// A service, and the counter of its tool runs.
pub(crate) fn counted() -> (Service<State>, State) {
    let state = State::default();
    (router().with_state(state.clone()).wires(Wire::ALL), state)
}

/// A call on any wire.
#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) wire: Wire,
    pub(crate) event: Value,
    pub(crate) client_context: Option<Value>,
}

/// The call `tool(arguments)` in the format of `wire`. On the Agents wires every value is text, as Bedrock sends it.
pub(crate) fn event(wire: Wire, tool: &str, arguments: Value) -> Event {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let parameters: Vec<Value> = arguments
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| json!({"name": name, "type": "string", "value": text(value)}))
        .collect();
    let agents = json!({
        "messageVersion": "1.0", "agent": {"name": "n", "id": "A", "alias": "L", "version": "1"}, "inputText": "hi",
        "sessionId": "s-1", "actionGroup": "kit", "sessionAttributes": {"customerId": "CUST-1"},
        "promptSessionAttributes": {"p": "1"},
    });
    let mut event = agents.clone();
    let mut client_context = None;
    match wire {
        Wire::Function => {
            event["function"] = tool.into();
            event["parameters"] = parameters.into();
        }
        Wire::Api => {
            event["apiPath"] = format!("/{tool}").into();
            event["httpMethod"] = "POST".into();
            event["requestBody"] = json!({"content": {"application/json": {"properties": parameters}}});
        }
        Wire::Gateway => {
            event = arguments;
            client_context = Some(json!({"custom": {"bedrockAgentCoreToolName": format!("kit___{tool}")}}));
        }
        Wire::Mcp => event = http(&rpc("tools/call", json!({"name": tool, "arguments": arguments}))),
        _ => event = json!({"toolName": tool, "toolInput": arguments}),
    }
    Event { wire, event, client_context }
}

pub(crate) async fn send(service: &Service<State>, event: &Event) -> Value {
    service.handle(event.event.clone(), &testing::context(event.client_context.as_ref())).await.unwrap()
}

/// The body of a reply, on any wire, as JSON.
pub(crate) fn body(wire: Wire, reply: &Value) -> Value {
    let text = match wire {
        Wire::Function => &reply["response"]["functionResponse"]["responseBody"]["TEXT"]["body"],
        Wire::Api => &reply["response"]["responseBody"]["application/json"]["body"],
        Wire::Gateway => return reply.clone(),
        Wire::Mcp => {
            let message = message(reply);
            let text = message["result"]["content"][0]["text"].as_str();
            return match text {
                Some(text) => serde_json::from_str(text).unwrap(),
                None => message["error"]["data"].clone(),
            };
        }
        _ => &reply["body"],
    };
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}

/// Calls a tool and reads the body.
pub(crate) async fn call(wire: Wire, tool: &str, arguments: Value) -> Value {
    body(wire, &send(&service(), &event(wire, tool, arguments)).await)
}

/// The error of a body. Panics where there is none.
pub(crate) fn error(body: &Value) -> &Value {
    assert!(body["error"].is_object(), "expected an error, got {body}");
    &body["error"]
}

/// The problems of an `invalid` reply, as `path: expected, got`.
pub(crate) fn problems(body: &Value) -> Vec<String> {
    assert_eq!(error(body)["kind"], "invalid", "{body}");
    let problem = |problem: &Value| {
        let text = |name: &str| problem[name].as_str().unwrap().to_owned();
        format!("{}: {}, got {}", text("path"), text("expected"), text("got"))
    };
    body["error"]["problems"].as_array().unwrap().iter().map(problem).collect()
}
