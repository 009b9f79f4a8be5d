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

async fn greet(input: Input) -> Result<Output, ToolError> {
    let shared = std::rc::Rc::new(input.name);
    std::future::ready(()).await;
    Ok(Output { text: shared.to_string() })
}

fn main() {
    let _ = Router::<()>::builder().tool(Tool::new("greet", greet).expose(["text"]));
}
