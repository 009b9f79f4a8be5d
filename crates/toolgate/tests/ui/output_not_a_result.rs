use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toolgate::{Router, Tool};
use validator::Validate;

#[derive(Deserialize, JsonSchema, Validate)]
struct Input {
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct Output {
    text: String,
}

async fn greet(input: Input) -> Output {
    Output { text: input.name }
}

fn main() {
    let _ = Router::<()>::builder().tool(Tool::new("greet", greet).expose(["text"]));
}
