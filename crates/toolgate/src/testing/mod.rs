//! Unit tests of a handler: one-line calls on any wire, fixture events from files, and a DynamoDB on this machine.
//!
//! This module needs the feature `testing`.
//!
//! ```
//! # use schemars::JsonSchema;
//! # use serde::{Deserialize, Serialize};
//! # use serde_json::json;
//! # use toolgate::{Router, Tool, ToolError, Wire, testing};
//! # use validator::Validate;
//! # /// Greet a person.
//! # #[derive(Deserialize, JsonSchema, Validate)]
//! # struct Greet { name: String }
//! # #[derive(Serialize, JsonSchema)]
//! # struct Greeting { text: String }
//! # async fn greet(input: Greet) -> Result<Greeting, ToolError> { Ok(Greeting { text: format!("Hello, {}!", input.name) }) }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let service = Router::builder().tool(Tool::new("greet", greet).expose(["text"])).build().unwrap().with_state(());
//! let reply = testing::call(&service, "greet", json!({"name": "Ada"})).on(Wire::Gateway).await;
//! reply.assert_ok(json!({"text": "Hello, Ada!"}));
//! # }
//! ```

mod call;
mod dynamodb;
mod replay;
mod reply;

use lambda_runtime::Context;
use serde_json::Value;

use crate::runtime::client_context;

pub use call::{TestCall, call};
pub use dynamodb::LocalDynamoDb;
pub use replay::replay;
pub use reply::Reply;

/// Builds a context as Lambda does, with this client context (`{"custom": {..}}`). It accepts the same client contexts
/// as [`run`](crate::run). The context has no deadline.
///
/// # Panics
/// `lambda_runtime` cannot represent the client context. [`run`](crate::run) would answer such a call with an
/// error.
#[expect(clippy::expect_used, reason = "a test must fail loudly")]
pub fn context(client_context: Option<&Value>) -> Context {
    let mut context = Context::default();
    context.request_id = "test".to_owned();
    if let Some(raw) = client_context {
        let readable = client_context::normalise(raw.to_string().as_bytes()).expect("JSON is readable");
        context.client_context = Some(serde_json::from_value(readable).expect("a normalised client context"));
    }
    context
}
