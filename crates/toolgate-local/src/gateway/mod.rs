//! AgentCore Gateway on a laptop: the template's targets as one MCP server at `/mcp`.
//!
//! A request takes the same path as on AWS. Each step is one module:
//!
//! ```text
//! HTTP ──server──▶ JSON-RPC ──intercept──▶ MCP (mcp, by rmcp) ──policy──▶ call ──▶ function ──▶ result ──intercept──▶ HTTP
//! ```
//!
//! The interceptors are ordinary functions. They get the request as the client sent it, and the policies evaluate the
//! request that they return. `toolgate dev` serves Agents and the gateway from one process. It therefore serves the
//! gateway whatever the value of `AgentPlatform` is, if the template has one ([`template`](crate::template) reads the
//! gateway as if its condition were true).
//!
//! The gateway keeps no sessions, as one without `SessionConfiguration`. Every request is independent, session ids are
//! ignored, and responses are JSON, never a stream.

mod authorizer;
mod call;
mod in_process;
mod intercept;
mod invoke;
mod mcp;
mod rpc;
mod server;
mod tools;

use std::sync::Arc;

pub(crate) use authorizer::{CallerChoice, not_evaluated};
pub(crate) use in_process::InProcess;
pub(crate) use invoke::{CallTool, ToolEvent};
pub(crate) use rpc::not_ready;
pub(crate) use server::routes;

use serde_json::{Value, json};

use crate::lambda::{Functions, StartError};
use authorizer::Authorizer;
use toolgate_template::GatewaySpec;
use tools::Tools;

/// Why the gateway cannot be served: the template's definition or the chosen callers are not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the gateway `{gateway}` cannot be served: {problem}")]
pub struct GatewayError {
    /// The logical id of the gateway.
    pub gateway: String,
    /// The problem.
    pub problem: String,
}

/// The gateway of a template.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) spec: GatewaySpec,
    pub(crate) tools: Tools,
    authorizer: Authorizer,
    /// The functions behind the targets.
    functions: Arc<dyn CallTool>,
    /// The functions of the interceptors. They have no tools.
    interceptors: Functions,
}

impl Gateway {
    /// Creates the gateway over these functions.
    ///
    /// # Errors
    /// [`GatewayError`] if the tools of the targets are not valid.
    /// [`GatewayError`]: what the targets offer cannot be.
    pub(crate) fn new(
        spec: GatewaySpec,
        callers: CallerChoice,
        functions: Arc<dyn CallTool>,
        interceptors: Functions,
    ) -> Result<Arc<Self>, GatewayError> {
        let tools = Tools::new(&spec)?;
        let authorizer = Authorizer::new(&spec, &tools, callers)?;
        Ok(Arc::new(Self { spec, tools, authorizer, functions, interceptors }))
    }

    /// Starts one instance of each interceptor.
    ///
    /// # Errors
    /// [`StartError`] of the first interceptor that does not start.
    pub(crate) async fn warm_up(&self) -> Result<(), StartError> {
        self.interceptors.warm_up().await
    }

    /// Stops the interceptors.
    pub(crate) async fn stop(&self) {
        self.interceptors.stop().await;
    }

    /// The gateway's part of the `/health` response.
    pub(crate) fn report(&self, endpoint: &str) -> Value {
        let tools: Vec<&str> = self.tools.iter().map(|(name, _)| name).collect();
        let interceptors = self.spec.interceptors.iter().map(|interceptor| interceptor.function.binary.as_str());
        json!({
            "endpoint": endpoint,
            "id": self.spec.id,
            "name": self.spec.name,
            "versions": self.versions().iter().map(|version| version.as_str()).collect::<Vec<_>>(),
            "auth": self.authorizer.report(),
            "interceptors": interceptors.collect::<Vec<_>>(),
            "tools": tools,
        })
    }
}

#[cfg(test)]
mod tests {
    //! A gateway with one target, whose function does not run.

    use std::collections::BTreeMap;

    use toolgate_template::{TargetSpec, TokenSpec};

    use super::*;
    use crate::lambda::{Environment, Log, Settings};

    pub(super) fn spec() -> GatewaySpec {
        GatewaySpec {
            logical_id: "Desk".to_owned(),
            name: "desk".to_owned(),
            id: "desk-local00000".to_owned(),
            arn: "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/desk-local00000".to_owned(),
            instructions: None,
            versions: Vec::new(),
            paged: true,
            debug: false,
            authorizer: None,
            tokens: TokenSpec::default(),
            targets: Vec::new(),
            interceptors: Vec::new(),
            engine: None,
        }
    }

    pub(super) fn gateway() -> Arc<Gateway> {
        of(spec())
    }

    pub(super) fn debugging() -> Arc<Gateway> {
        of(GatewaySpec { debug: true, ..spec() })
    }

    fn of(mut spec: GatewaySpec) -> Arc<Gateway> {
        let typed = json!({"Type": "object", "Properties": {"state": {"Type": "string"}}, "Required": ["state"]});
        spec.targets.push(TargetSpec {
            name: "orders".to_owned(),
            function: "OrdersFunction".to_owned(),
            tools: vec![json!({"Name": "look_up"}), json!({"Name": "typed", "OutputSchema": typed})],
            headers: vec!["X-Desk".to_owned(), "Authorization".to_owned()],
            query: vec!["tenant".to_owned()],
        });
        let settings = || Settings {
            environment: Environment::new("http://127.0.0.1:1", BTreeMap::new()),
            log: Log::stderr(),
            instances: 1,
            init_timeout: std::time::Duration::from_secs(1),
            idle: std::time::Duration::from_secs(1),
            turns: None,
            role: crate::turns::SpanKind::Call,
        };
        Gateway::new(
            spec,
            CallerChoice::Default,
            Arc::new(Functions::new(Vec::new(), settings())),
            Functions::new(Vec::new(), settings()),
        )
        .unwrap()
    }
}
