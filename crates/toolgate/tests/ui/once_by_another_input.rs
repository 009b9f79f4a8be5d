use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toolgate::{Committed, Once, Router, Tool, ToolError, key};
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
    let once = Once::by(|other: &Output| key(&other.text));
    let _ = Router::<()>::builder().tool(Tool::new("greet", greet).once(once).expose(["text"]));
}
