//! The gateway as an rmcp server. It implements two MCP methods: listing tools and calling a tool.

use std::{borrow::Cow, sync::Arc};

use http::request::Parts;
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CustomRequest, CustomResult, ErrorCode, Implementation,
        ListToolsResult, PaginatedRequestParams, ProtocolVersion, RequestId, ServerCapabilities, ServerConfig, Tool,
    },
    service::RequestContext,
};
use toolgate_policy::Principal;

use super::{Gateway, call::Carried};
use crate::turns::{self, Place};

/// The protocol versions of AgentCore Gateway, oldest first. A template's `SupportedVersions` selects from these.
const VERSIONS: [ProtocolVersion; 4] = [
    ProtocolVersion::V_2025_03_26,
    ProtocolVersion::V_2025_06_18,
    ProtocolVersion::V_2025_11_25,
    ProtocolVersion::V_2026_07_28,
];

const METHODS: [&str; 5] = ["initialize", "ping", "server/discover", "tools/call", "tools/list"];

/// The handler of one request.
#[derive(Debug, Clone)]
pub(super) struct Server(pub(super) Arc<Gateway>);

impl Gateway {
    /// The protocol versions that this gateway serves, oldest first.
    pub(super) fn versions(&self) -> Vec<ProtocolVersion> {
        let chosen = |version: &ProtocolVersion| {
            self.spec.versions.is_empty() || self.spec.versions.iter().any(|name| name == version.as_str())
        };
        VERSIONS.into_iter().filter(chosen).collect()
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let spec = &self.0.spec;
        let info = Implementation::new(&spec.name, env!("CARGO_PKG_VERSION"));
        let config = ServerConfig::new(ServerCapabilities::builder().enable_tools().build()).with_server_info(info);
        match &spec.instructions {
            Some(instructions) => config.with_instructions(instructions),
            None => config,
        }
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Owned(self.0.versions())
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let (_, principal) = request_of(&context)?;
        let cursor = request.and_then(|request| request.cursor);
        let visible = |tool: &str| self.0.authorizer.lists(principal, tool);
        let page = self.0.tools.page(cursor.as_deref(), self.0.spec.paged, visible);
        let (tools, next_cursor) = page.map_err(|message| ErrorData::invalid_params(message, None))?;
        let mut result = ListToolsResult::with_all_items(tools);
        result.next_cursor = next_cursor;
        Ok(result)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let gateway = &self.0;
        let Some(entry) = gateway.tools.get(&request.name) else {
            tracing::warn!(gateway = gateway.spec.logical_id, "a call of a tool that no target has");
            return Err(ErrorData::invalid_params(format!("Unknown tool: {}", request.name), None));
        };
        let (parts, principal) = request_of(&context)?;
        let arguments = request.arguments.unwrap_or_default();
        let place = parts.extensions.get::<Place>().cloned();
        let judge = async { gateway.judge(principal, &request.name, &arguments) };
        let (denied, policy) = turns::within(place.clone(), judge).await;
        if let Some(denied) = denied {
            return Ok(denied.into());
        }
        let place = place.map(|place| place.with_note("policy", policy.unwrap_or_default()));
        let carried = Carried {
            message_id: message_id(&context.id),
            headers: parts.headers.clone(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
        };
        let call = gateway.call(&request.name, entry, arguments, &carried);
        Ok(turns::within(place, call).await.into())
    }

    /// A request that rmcp cannot parse as an MCP request. If the method is known, its parameters are invalid.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let method = request.method;
        if METHODS.contains(&method.as_str()) {
            let message = format!("the parameters of `{method}` do not match the MCP schema");
            return Err(ErrorData::invalid_params(message, None));
        }
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, format!("this gateway has no method `{method}`"), None))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.0.tools.get(name).map(|entry| entry.tool.clone())
    }
}

/// The HTTP request around a message, and its caller. Without them no request is served.
fn request_of(context: &RequestContext<RoleServer>) -> Result<(&Parts, &Principal), ErrorData> {
    let parts = context.extensions.get::<Parts>();
    let both = parts.and_then(|parts| Some((parts, parts.extensions.get::<Principal>()?)));
    both.ok_or_else(|| ErrorData::internal_error("the request has no HTTP context", None))
}

fn message_id(id: &RequestId) -> String {
    match id {
        RequestId::Number(number) => number.to_string(),
        RequestId::String(text) => text.to_string(),
    }
}
