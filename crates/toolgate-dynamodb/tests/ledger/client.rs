//! An MCP client that can put a question to its person, and a deployment that trusts it to.

use serde_json::{Value, json};
use toolgate::{McpSettings, Service, Wire, testing};

use crate::kit::{Bank, State};

/// A tool that commits, and one with an effect outside of the ledger.
pub(crate) const TOOLS: [&str; 2] = ["pay_confirmed", "wire_confirmed"];

pub(crate) fn rent() -> Value {
    json!({"account": "jane", "amount": 100, "note": "rent"})
}

pub(crate) fn yes() -> Value {
    json!({"action": "accept", "content": {"ok": true}})
}

/// The bank as a deployment that trusts its clients to ask.
pub(crate) fn trusting(bank: &Bank) -> Service<State> {
    bank.service.clone().wires([Wire::Mcp, Wire::Gateway]).mcp(McpSettings::default().trust_clients_to_ask(true))
}

pub(crate) struct Request {
    pub(crate) tool: String,
    pub(crate) input: Value,
    pub(crate) caller: String,
    pub(crate) capabilities: Value,
    pub(crate) answer: Option<(String, Value)>,
}

pub(crate) fn request(tool: &str) -> Request {
    Request {
        tool: tool.to_owned(),
        input: rent(),
        caller: "CUST-1".to_owned(),
        capabilities: json!({"elicitation": {}}),
        answer: None,
    }
}

impl Request {
    pub(crate) fn answered(mut self, state: &str, response: Value) -> Self {
        self.answer = Some((state.to_owned(), response));
        self
    }

    /// The JSON-RPC message that answers the request.
    pub(crate) async fn send(self, service: &Service<State>) -> Value {
        let (meta, version) = ("io.modelcontextprotocol", "2026-07-28");
        let mut params = json!({"name": self.tool, "arguments": self.input, "_meta": {
            format!("{meta}/protocolVersion"): version, format!("{meta}/clientCapabilities"): self.capabilities,
        }});
        if let Some((state, response)) = self.answer {
            params["requestState"] = state.into();
            params["inputResponses"] = json!({"confirm": response, "other": 7});
        }
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let event = json!({
            "version": "2.0", "rawPath": "/mcp", "body": body.to_string(),
            "headers": {
                "content-type": "application/json", "mcp-protocol-version": version, "mcp-method": "tools/call",
                "mcp-name": self.tool,
            },
            "requestContext": {
                "http": {"method": "POST"}, "authorizer": {"jwt": {"claims": {"sub": self.caller}}},
            },
        });
        let reply = service.handle(event, &testing::context(None)).await.unwrap();
        serde_json::from_str(reply["body"].as_str().unwrap()).unwrap()
    }
}

/// Asks, and returns the state.
pub(crate) async fn asked(service: &Service<State>, tool: &str) -> String {
    let message = request(tool).send(service).await;
    assert_eq!(message["result"]["resultType"], "input_required", "{message}");
    message["result"]["requestState"].as_str().unwrap().to_owned()
}

pub(crate) async fn effects(bank: &Bank) -> usize {
    let wired = bank.wired.lock().unwrap().len();
    wired + usize::try_from(bank.balance().await.1).unwrap()
}

pub(crate) fn is_refused(message: &Value) -> bool {
    message["error"]["code"] == -32602 && message["error"]["data"]["error"]["kind"] == "refused"
}

pub(crate) fn error_kind(message: &Value) -> String {
    assert_eq!(message["result"]["isError"], true, "{message}");
    let text = message["result"]["content"][0]["text"].as_str().unwrap();
    serde_json::from_str::<Value>(text).unwrap()["error"]["kind"].as_str().unwrap().to_owned()
}
