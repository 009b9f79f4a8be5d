//! The imports that a tool handler needs: `use toolgate::prelude::*;`
//!
//! ```
//! use toolgate::prelude::*;
//!
//! /// Greet a person by name.
//! #[derive(Deserialize, JsonSchema, Validate)]
//! struct Greet {
//!     /// Whom to greet.
//!     #[validate(length(min = 1, max = 80))]
//!     name: String,
//! }
//!
//! #[derive(Serialize, JsonSchema)]
//! struct Greeting {
//!     text: String,
//! }
//!
//! async fn greet(input: Greet) -> Result<Greeting, ToolError> {
//!     Ok(Greeting { text: format!("Hello, {}!", input.name) })
//! }
//!
//! let router = Router::<()>::builder().tool(Tool::new("greet", greet).expose(["text"])).build()?;
//! # Ok::<(), toolgate::BuildErrors>(())
//! ```
//!
//! The derive macros refer to their crates by name, so a handler's `Cargo.toml` must list `serde`, `schemars` and
//! `validator` too.

pub use schemars::JsonSchema;
pub use serde::{Deserialize, Serialize};
pub use validator::Validate;

pub use crate::{
    Budget, BuildErrors, Cache, Call, Committed, Confirm, Cx, ErrorKind, Key, Next, Once, Outcome, Router, Tool,
    ToolError, days, hours, key, minutes, seconds,
};
