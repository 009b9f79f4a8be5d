//! A function that waits for the requested time. `make bench-local` makes the local agent call it, so that all
//! remaining time is the local agent's own.

#![allow(clippy::print_stdout, reason = "a catalog is printed")]

use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if std::env::args().nth(1).as_deref() == Some("describe") {
        let catalog = json!({"catalog": 1, "group": "waiter", "description": "", "tools": [
            {"name": "wait", "description": "Wait.", "confirm": false, "once": false},
        ]});
        println!("{catalog}");
        return Ok(());
    }
    lambda_runtime::run(service_fn(wait)).await
}

async fn wait(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let event = event.payload;
    let milliseconds = event.pointer("/parameters/0/value").and_then(Value::as_str).and_then(|text| text.parse().ok());
    tokio::time::sleep(Duration::from_millis(milliseconds.unwrap_or(0))).await;
    let body = json!({"TEXT": {"body": json!({"waited": milliseconds}).to_string()}});
    Ok(json!({
        "messageVersion": "1.0",
        "response": {
            "actionGroup": event.get("actionGroup"), "function": event.get("function"),
            "functionResponse": {"responseBody": body},
        },
        "sessionAttributes": event.get("sessionAttributes"),
        "promptSessionAttributes": event.get("promptSessionAttributes"),
    }))
}
