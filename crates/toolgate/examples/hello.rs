//! A handler with one tool.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toolgate::{Error, Router, Tool, ToolError};
use validator::Validate;

/// Greet a person by name.
#[derive(Deserialize, JsonSchema, Validate)]
struct Greet {
    #[validate(length(min = 1, max = 80))]
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct Greeting {
    text: String,
}

async fn greet(input: Greet) -> Result<Greeting, ToolError> {
    Ok(Greeting { text: format!("Hello, {}!", input.name) })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let router = Router::builder().tool(Tool::new("greet", greet).expose(["text"])).build()?;
    toolgate::run(router, async || Ok::<_, Error>(())).await
}
