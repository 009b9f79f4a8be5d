//! The tools that the MCP conformance suite calls by name, as far as a tool that returns JSON can be one of them, and a
//! payment that a person must confirm. `scripts/e2e/test_mcp_conformance.py` runs it behind a local function URL.

use std::sync::atomic::{AtomicUsize, Ordering};

use toolgate::prelude::*;
use toolgate_dynamodb::DynamoLedger;

struct Bank {
    ledger: DynamoLedger,
    payments: AtomicUsize,
}

#[derive(Deserialize, JsonSchema, Validate)]
struct Nothing {}

async fn simple_text(_: Nothing) -> Result<String, ToolError> {
    Ok("This is a simple text response for testing.".to_owned())
}

async fn error_handling(_: Nothing) -> Result<String, ToolError> {
    Err(ToolError::conflict("This tool intentionally returns an error for testing"))
}

async fn confirmed(_: Nothing) -> Result<String, ToolError> {
    Ok("state-ok".to_owned())
}

/// Pay somebody.
#[derive(Deserialize, JsonSchema, Validate)]
struct Payment {
    /// Whom to pay.
    to: String,
    /// How much, in cents.
    #[validate(range(min = 1))]
    cents: i64,
}

#[derive(Serialize, JsonSchema)]
struct Paid {
    to: String,
    cents: i64,
    /// How many payments this instance has made.
    payments: usize,
}

async fn pay(cx: Cx<Bank>, input: Payment) -> Result<Paid, ToolError> {
    let payments = cx.state().payments.fetch_add(1, Ordering::SeqCst) + 1;
    Ok(Paid { to: input.to, cents: input.cents, payments })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), toolgate::Error> {
    let asking = |name: &str| {
        let tool = Tool::new(format!("test_input_required_result_{name}"), confirmed).describe("Asks a person first.");
        tool.confirm(Confirm::default()).expose_all()
    };
    let router = Router::builder()
        .description("Tools of the MCP conformance suite.")
        .ledger(|bank: &Bank| &bank.ledger)
        .allow_anonymous_mcp()
        .tool(Tool::new("test_simple_text", simple_text).describe("Returns a text.").read_only().expose_all())
        .tool(Tool::new("test_error_handling", error_handling).describe("Fails.").read_only().expose_all())
        .tool(asking("elicitation"))
        .tool(asking("request_state"))
        .tool(asking("tampered_state"))
        .tool(asking("capabilities"))
        .tool(Tool::new("pay", pay).title("Pay").confirm(Confirm::default()).expose_all())
        .build()?;
    toolgate::run(router, async || {
        let variable = |name: &str| std::env::var(name).map_err(|_| format!("`{name}` is not set"));
        let ledger = DynamoLedger::new(toolgate_dynamodb::client().await, variable("LEDGER")?);
        let ledger = ledger.with_approvals(variable("APPROVALS")?);
        Ok::<_, toolgate::Error>(Bank { ledger, payments: AtomicUsize::new(0) })
    })
    .await
}
