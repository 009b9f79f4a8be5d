//! Cedar policies as AgentCore's policy engine evaluates them.
//!
//! A gateway queries its policy engine before each call of a tool: may this caller call this tool with these arguments?
//! This crate derives the engine's Cedar schema from the gateway's tools ([`Actions`]), which is sufficient to validate
//! policies before they are deployed. It also decides calls with the schema on a laptop ([`Policies`]). The behaviour
//! of the engine is documented in
//! <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-schema-constraints.html> and in Cedar's own
//! generator of such schemas, <https://github.com/cedar-policy/cedar-for-agents>. Where neither defines the behaviour,
//! a call is denied.
//!
//! ```
//! use serde_json::json;
//! use toolgate_policy::{Actions, Caller, Mode, Policies, Tool};
//!
//! let schema = json!({"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]});
//! let actions = Actions::new(Caller::ALL, [Tool { name: "billing___request_refund", input_schema: &schema }]);
//! let statement = r#"permit (principal is AgentCore::OAuthUser, action, resource)
//!     when { principal.hasTag("role") && context.input.amount.lessThan(decimal("500.0")) };"#;
//! let policies = Policies::new("arn:gateway", &actions, [("small_refunds", statement)], Mode::Enforce)?;
//!
//! let agent = "oauth:agent-7,role=desk".parse()?;
//! let arguments = |amount: f64| json!({"amount": amount}).as_object().cloned().unwrap_or_default();
//! assert!(policies.decide(&agent, "billing___request_refund", &arguments(129.95)).allowed());
//! let decision = policies.decide(&agent, "billing___request_refund", &arguments(500.0));
//! assert!(!decision.allowed());
//! assert_eq!(decision.to_string(), "denied: no policy permits it");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod actions;
mod decision;
mod entities;
mod error;
mod evaluation;
mod input;
mod kind;
mod policies;
mod principal;
mod source;
mod statement;
mod temporal;

pub use actions::{Actions, Schema, Tool};
pub use decision::{Decision, Mode, Reason};
pub use error::{Mistake, PolicyError, PrincipalError, SchemaError, StatementError};
pub use policies::Policies;
pub use principal::{Caller, Principal};
pub use source::PolicySource;
pub use statement::Statement;
pub use temporal::TemporalPolicy;

/// The examples of README.md, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
