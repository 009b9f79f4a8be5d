use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toolgate::{Router, Tool, ToolError};
use validator::Validate;

#[derive(Deserialize, JsonSchema, Validate)]
struct Input {
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct Output {
    text: String,
}

async fn greet() -> Result<Output, ToolError> {
    Ok(Output { text: String::new() })
}

fn main() {
    let _ = Router::<()>::builder().tool(Tool::new("greet", greet).expose(["text"]));
}
