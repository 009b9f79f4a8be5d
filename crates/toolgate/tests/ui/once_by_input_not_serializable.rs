use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toolgate::{Committed, Once, Router, Tool, ToolError};
use validator::Validate;

#[derive(Deserialize, JsonSchema, Validate)]
struct Input {
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct Output {
    text: String,
}

async fn greet(input: Input) -> Result<Committed<Output>, ToolError> {
    Err(ToolError::refused(input.name))
}

fn main() {
    let _ = Router::<()>::builder().tool(Tool::new("greet", greet).once(Once::input()).expose(["text"]));
}
