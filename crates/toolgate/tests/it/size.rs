//! Gate 12: an output that does not fit is truncated at an item, or refused.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use toolgate::{Router, Tool, ToolError, Wire};
use validator::Validate;

use crate::kit::{State, body, event, send};

/// List many things.
#[derive(Deserialize, JsonSchema, Validate)]
struct Many {
    /// How many.
    count: usize,
    /// How long each is.
    length: usize,
}

#[derive(Serialize, JsonSchema)]
struct Things {
    count: usize,
    things: Vec<String>,
    text: String,
}

async fn many(input: Many) -> Result<Things, ToolError> {
    Ok(Things { count: input.count, things: vec!["x".repeat(input.length); input.count], text: String::new() })
}

async fn long(input: Many) -> Result<Things, ToolError> {
    Ok(Things { count: input.count, things: vec![], text: "x".repeat(input.length) })
}

fn router() -> Router<State> {
    Router::builder()
        .group("size")
        .tool(Tool::new("many", many).expose(["count", "things", "text"]))
        .tool(Tool::new("few", many).expose_all().max_reply(500))
        .tool(Tool::new("long", long).expose_all())
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_long_list_is_cut_at_an_item_on_every_wire() {
    let service = router().with_state(State::default()).wires(Wire::ALL);
    for wire in Wire::ALL {
        let limit = if matches!(wire, Wire::Function | Wire::Api) { 24 * 1024 } else { 256 * 1024 };
        let reply = send(&service, &event(wire, "many", json!({"count": 4_000, "length": 100}))).await;
        let output = body(wire, &reply);
        let kept = output["things"].as_array().unwrap();
        assert!(output.to_string().len() <= limit, "{wire}");
        // no more is omitted than necessary: two more items would not fit
        assert!(output.to_string().len() > limit - 300, "{wire}: {}", output.to_string().len());
        assert_eq!(output["truncated"], true);
        assert_eq!(output["omitted"], 4_000 - kept.len());
        assert_eq!(output["count"], 4_000, "members beside the list stay");
    }
}

#[tokio::test]
async fn a_tool_may_have_a_limit_of_its_own() {
    let service = router().with_state(State::default()).wires(Wire::ALL);
    let reply = send(&service, &event(Wire::Gateway, "few", json!({"count": 100, "length": 10}))).await;
    assert!(reply.to_string().len() <= 500);
    assert_eq!(reply["truncated"], true);
    let reply = send(&service, &event(Wire::Gateway, "few", json!({"count": 3, "length": 10}))).await;
    assert_eq!(reply.get("truncated"), None);
}

#[tokio::test]
async fn what_cannot_be_cut_is_too_large() {
    let service = router().with_state(State::default()).wires(Wire::ALL);
    for wire in Wire::ALL {
        let reply = send(&service, &event(wire, "long", json!({"count": 1, "length": 300_000}))).await;
        let error = body(wire, &reply);
        assert_eq!(error["error"]["kind"], "too large", "{wire}");
        assert_eq!(error["error"]["message"], "the output is too large; narrow your query");
    }
}

#[derive(Serialize, JsonSchema)]
struct Reserved {
    omitted: u32,
}

async fn reserved(_: Many) -> Result<Reserved, ToolError> {
    Ok(Reserved { omitted: 1 })
}

#[test]
fn the_names_of_a_cut_output_are_reserved() {
    for tool in [Tool::new("a", reserved).expose(["omitted"]), Tool::new("b", reserved).expose_all()] {
        let errors = Router::<State>::builder().tool(tool).build().unwrap_err().to_string();
        assert!(errors.contains("`omitted`, which is reserved"), "{errors}");
    }
}
