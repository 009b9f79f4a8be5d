//! Typed, gated tools for AI agents on AWS Lambda.
//!
//! A *tool* is a typed async function that a model may call. A [`Router`] combines several tools into one Lambda
//! handler. The handler accepts five *wires* without changes: Bedrock Agents with function details, Bedrock Agents with
//! OpenAPI, AgentCore Gateway, MCP over HTTP (feature `mcp`), and a plain `{"toolName", "toolInput"}`. Every call passes the same *gates* in the same
//! order. The gates reject input fields that are not listed, and drop output fields that are not listed.
//!
//! ```
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//! use toolgate::{Router, Tool, ToolError};
//! use validator::Validate;
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
//! # async fn lambda() -> Result<(), toolgate::Error> {
//! let router = Router::<()>::builder().tool(Tool::new("greet", greet).expose(["text"])).build()?;
//! toolgate::run(router, async || Ok::<_, toolgate::Error>(())).await
//! # }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod budget;
mod build;
mod call;
mod call_context;
mod caller;
mod catalog;
mod channel;
mod coerce;
mod config;
mod cx;
mod declare;
mod digest;
mod effect;
mod error;
mod gate;
mod handler;
#[cfg(feature = "hooks")]
pub mod hooks;
#[cfg(feature = "interceptor")]
pub mod interceptor;
mod key;
mod ledger;
mod middleware;
mod nearest;
mod observe;
mod output_cache;
mod pipeline;
pub mod prelude;
pub mod prices;
mod projection;
mod redact;
mod registered;
mod registry;
mod requests;
mod router;
mod runtime;
pub mod sanitize;
pub mod schema;
mod service;
mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
mod tool;
#[cfg(feature = "otel")]
mod traces;
mod trail;
mod understand;
mod validation;
mod values;
mod wire;

// crates in public signatures, re-exported at their exact versions
pub use lambda_runtime;
pub use schemars;
pub use serde;
pub use serde_json;
#[cfg(feature = "otel")]
#[cfg_attr(docsrs, doc(cfg(feature = "otel")))]
pub use toolgate_otlp as otlp;
pub use tower;
pub use validator;

pub use budget::{Budget, BudgetCharge, Usd, UsdError};
pub use build::BuildErrors;
pub use call::Agent;
pub use caller::Caller;
pub use catalog::{Catalog, CatalogIdentity, CatalogTool};
pub use cx::{Cx, Session};
pub use declare::{
    cache::Cache,
    confirm::{Confirm, DEFAULT_APPROVAL_TTL},
    days, hours, minutes,
    once::{Commits, DEFAULT_ONCE_TTL, Leases, Once, OnceKeeper},
    seconds,
};
pub use effect::{Committed, OnceKey, Replay, UsedApproval};
pub use error::{Error, ErrorKind, Problem, ToolError};
pub use handler::{
    ToolDeserialize, ToolFailure, ToolFn, ToolFuture, ToolJsonSchema, ToolReply, ToolSerialize, ToolValidate,
};
pub use key::{Key, key};
pub use ledger::{Answered, Approval, ApprovalRequest, Lease, Ledger, LedgerFuture, Question};
pub use middleware::{Call, Next, Outcome};
pub use observe::{Gate, MadeRequest, Step, Verdict};
pub use requests::{BegunRequest, begin_request};
pub use router::{Router, RouterBuilder};
pub use runtime::{hide_panic_payloads, init, run, run_function, serve};
pub use service::{Service, UnknownEvent};
pub use telemetry::{
    observer::{ObservedCall, Observer},
    own::{Metrics, Unit},
};
pub use tool::Tool;
pub use wire::kind::Wire;
#[cfg(feature = "mcp")]
#[cfg_attr(docsrs, doc(cfg(feature = "mcp")))]
pub use wire::mcp::settings::McpSettings;

/// The examples of README.md, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
