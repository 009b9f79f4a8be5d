//! An mcp call against a gateway call of the same tool, from the event's bytes to the reply's bytes. Alternating rounds,
//! so that other load on the machine affects both sides.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that cannot run may panic, and it prints")]

use std::{hint::black_box, time::Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use toolgate::{Router, Service, Tool, ToolError, Wire, testing};
use validator::Validate;

const ROUNDS: usize = 5_000;
const TURNS: u32 = 10;

/// Ask for a refund.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Refund {
    /// The order's number.
    order_id: String,
    /// How much.
    amount: f64,
    /// Why.
    reason: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Refunded {
    order_id: String,
    amount: f64,
    reason: String,
}

async fn refund(input: Refund) -> Result<Refunded, ToolError> {
    Ok(Refunded { order_id: input.order_id, amount: input.amount, reason: input.reason })
}

/// Microseconds of one call.
fn time(runtime: &Runtime, service: &Service<()>, event: &str, context: Option<&Value>) -> f64 {
    let context = testing::context(context);
    runtime.block_on(async {
        let started = Instant::now();
        for _ in 0..TURNS {
            let event: Value = serde_json::from_str(black_box(event)).unwrap();
            black_box(serde_json::to_vec(&service.handle(event, &context).await.unwrap()).unwrap());
        }
        started.elapsed().as_secs_f64() * 1e6 / f64::from(TURNS)
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap()
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let router = Router::<()>::builder().group("bench").identity(["customerId"]).identity_claim("sub", "customerId");
    let router = router.tool(Tool::new("refund", refund).expose_all()).build().unwrap();
    let service = router.with_state(()).wires([Wire::Gateway, Wire::Mcp]);
    let arguments = json!({"orderId": "ORD-12345", "amount": 129.95, "reason": "the card was charged twice"});
    let context = json!({"custom": {"bedrockAgentCoreToolName": "bench___refund"}});
    let gateway = arguments.to_string();
    let (meta, version) = ("io.modelcontextprotocol", "2026-07-28");
    let message = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {
        "name": "refund", "arguments": arguments,
        "_meta": {format!("{meta}/protocolVersion"): version, format!("{meta}/clientCapabilities"): {}},
    }});
    let mcp = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/mcp", "rawQueryString": "",
        "headers": {
            "content-type": "application/json", "accept": "application/json, text/event-stream",
            "mcp-protocol-version": version, "mcp-method": "tools/call", "mcp-name": "refund",
            "host": "tools.example", "user-agent": "bench", "x-forwarded-proto": "https", "x-forwarded-port": "443",
        },
        "requestContext": {
            "accountId": "123456789012", "apiId": "abc", "domainName": "tools.example", "stage": "$default",
            "http": {"method": "POST", "path": "/mcp", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "authorizer": {"jwt": {"claims": {"sub": "CUST-1", "iss": "https://login.example"}, "scopes": null}},
        },
        "body": message.to_string(), "isBase64Encoded": false,
    })
    .to_string();
    let (mut gateways, mut mcps) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        gateways.push(time(&runtime, &service, &gateway, Some(&context)));
        mcps.push(time(&runtime, &service, &mcp, None));
    }
    let (gateway, mcp) = (median(gateways), median(mcps));
    println!("gateway {gateway:.2} µs, mcp {mcp:.2} µs, {:.2} µs more", mcp - gateway);
}
