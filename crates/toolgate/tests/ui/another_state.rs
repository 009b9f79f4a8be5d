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

async fn greet(cx: Cx<String>, input: Input) -> Result<Output, ToolError> {
    Ok(Output { text: format!("{}{}", input.name, cx.state()) })
}

fn main() {
    let _ = Router::<()>::builder().tool(Tool::new("greet", greet).expose(["text"]));
}
