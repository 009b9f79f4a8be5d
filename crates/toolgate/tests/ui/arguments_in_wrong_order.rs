use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toolgate::{Cx, Router, Tool, ToolError};
use validator::Validate;

#[derive(Deserialize, JsonSchema, Validate)]
struct Input {
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct Output {
    text: String,
}

async fn greet(input: Input, cx: Cx<()>) -> Result<Output, ToolError> {
    Ok(Output { text: format!("{}{cx:?}", input.name) })
}

fn main() {
    let _ = Router::<()>::builder().tool(Tool::new("greet", greet).expose(["text"]));
}
