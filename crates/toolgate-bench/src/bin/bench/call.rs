//! The measured call, on one wire: what Lambda sends for it, and where its reply has the order.

use serde_json::{Value, json};

use crate::subject::failure;

const FUNCTION: &str = include_str!("../../../../../handlers/orders/events/get_order_status-function.json");
const REPLY: &str = include_str!("../../../../../handlers/orders/events/get_order_status-function.reply.json");
const ORDER: &str = "/response/functionResponse/responseBody/TEXT/body";

const TOOL: &str = "get_order_status";
const CUSTOMER: &str = "CUST-12345";
const VERSION: &str = "2026-07-28";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Function,
    Gateway,
    Mcp,
}

/// One event, as the Runtime API sends it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) event: Vec<u8>,
    /// The client context of the invocation, which is one header.
    pub(crate) context: Option<String>,
}

impl Wire {
    /// The same order, asked for by the same customer.
    pub(crate) fn call(self) -> Call {
        let arguments = json!({"orderId": "ORD-123"});
        let (event, context) = match self {
            Self::Function => (FUNCTION.to_owned(), None),
            Self::Gateway => (arguments.to_string(), Some(context().to_string())),
            Self::Mcp => (http(&arguments).to_string(), None),
        };
        Call { event: event.into_bytes(), context }
    }

    /// The order in a reply.
    ///
    /// # Errors
    /// The reply has none.
    pub(crate) fn order(self, reply: &[u8]) -> Result<Value, String> {
        let reply: Value = serde_json::from_slice(reply).map_err(failure)?;
        let text = |pointer: &str| reply.pointer(pointer).and_then(Value::as_str).map(serde_json::from_str::<Value>);
        let order = match self {
            Self::Function => text(ORDER).transpose().map_err(failure)?,
            Self::Gateway => Some(reply.clone()),
            Self::Mcp => text("/body").transpose().map_err(failure)?.and_then(|message| {
                let order = message.pointer("/result/structuredContent");
                order.cloned()
            }),
        };
        order.ok_or_else(|| format!("there is no order in {reply}"))
    }
}

/// The order that every wire returns.
pub(crate) fn expected() -> Result<Value, String> {
    let reply: Value = serde_json::from_str(REPLY).map_err(failure)?;
    // In the file the body is JSON and no text.
    reply.pointer(ORDER).cloned().ok_or_else(|| "the fixture has no order".to_owned())
}

fn context() -> Value {
    json!({"client": null, "env": {}, "custom": {
        "bedrockAgentCoreMessageVersion": "1.0", "bedrockAgentCoreMcpMessageId": "1",
        "bedrockAgentCoreGatewayId": "gateway", "bedrockAgentCoreTargetId": "TARGET0001",
        "bedrockAgentCoreToolName": format!("orders___{TOOL}"),
        "bedrockAgentCorePropagatedHeaders": {"X-Desk-Customer-Id": CUSTOMER},
    }})
}

/// The request of an MCP client whose token a JWT authorizer has verified.
fn http(arguments: &Value) -> Value {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": VERSION, "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({"name": TOOL, "arguments": arguments, "_meta": meta});
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    json!({
        "version": "2.0", "rawPath": "/mcp", "isBase64Encoded": false, "body": message.to_string(),
        "headers": {
            "content-type": "application/json", "accept": "application/json, text/event-stream",
            "mcp-protocol-version": VERSION, "mcp-method": "tools/call", "mcp-name": TOOL,
        },
        "requestContext": {
            "domainName": "tools.example", "http": {"method": "POST", "path": "/mcp"},
            "authorizer": {"jwt": {"claims": {"sub": "user-1", "customer_id": CUSTOMER}, "scopes": []}},
        },
    })
}
