use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toolgate::{Once, Router, Tool, ToolError, key};
use validator::Validate;

#[derive(Deserialize, JsonSchema, Validate)]
struct Input {
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct Output {
    text: String,
}

async fn greet(input: Input) -> Result<Output, ToolError> {
    Ok(Output { text: input.name })
}

fn main() {
    let once = Once::by(|input: &Input| key(&input.name));
    let _ = Router::<()>::builder().tool(Tool::new("greet", greet).once(once).expose(["text"]));
}
