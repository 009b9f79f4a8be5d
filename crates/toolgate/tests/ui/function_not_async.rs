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

fn greet(input: Input) -> Result<Output, ToolError> {
    Ok(Output { text: input.name })
}

fn main() {
    let _ = Router::<()>::builder().tool(Tool::new("greet", greet).expose(["text"]));
}
