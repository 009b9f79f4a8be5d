use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toolgate::{Committed, Cx, ToolError};
use validator::Validate;

#[derive(Deserialize, JsonSchema, Validate)]
struct Input {
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct Output {
    text: String,
}

async fn greet(cx: Cx<()>, input: Input) -> Result<(Committed<Output>, Committed<Output>), ToolError> {
    let key = cx.once_key().ok_or_else(|| ToolError::internal("no key"))?;
    let output = key.committed(Output { text: input.name });
    Ok((output.clone(), output))
}

fn main() {
    let _ = greet;
}
