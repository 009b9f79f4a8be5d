//! A tool call in the form of AgentCore Gateway: the event is the bare arguments, and the rest is in the client
//! context.
//!
//! <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-add-target-lambda.html>

use http::HeaderMap;
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, MetaObject};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    Gateway,
    invoke::ToolEvent,
    tools::{BORDER, TargetTool, mismatch},
};

/// The error text for a client, unless the gateway has `ExceptionLevel: DEBUG`.
pub(super) const GENERIC: &str = "An internal error occurred. Please retry later.";
/// Lambda's limit on a client context, in bytes of Base64.
const CONTEXT_BYTES: usize = 3583;

/// Headers that AgentCore never passes on, whether they are listed or not.
/// <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-headers.html>
const RESTRICTED: [&str; 20] = [
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "keep-alive",
    "origin",
    "proxy-authorization",
    "referer",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "www-authenticate",
];

/// The data of a call besides its arguments.
#[derive(Debug, Clone, Default)]
pub(super) struct Carried {
    /// The JSON-RPC id.
    pub(super) message_id: String,
    /// The headers after the interceptors.
    pub(super) headers: HeaderMap,
    /// The query string of the gateway's URL.
    pub(super) query: String,
}

impl Gateway {
    /// Calls the function behind a tool. A failure of the call is also a tool result.
    pub(super) async fn call(
        &self,
        name: &str,
        entry: &TargetTool,
        arguments: JsonObject,
        carried: &Carried,
    ) -> CallToolResult {
        let context = self.client_context(name, entry, carried).to_string();
        if context.len().div_ceil(3) * 4 > CONTEXT_BYTES {
            let detail =
                format!("the client context is larger than {CONTEXT_BYTES} bytes; pass fewer or smaller headers on");
            return self.failure(&detail);
        }
        let event = ToolEvent {
            function: &entry.target.function,
            definition: &entry.definition,
            arguments,
            client_context: context,
            is_checked: self.authorizer.enforces(),
        };
        match self.functions.call(event).await {
            Err(error) => self.failure(&error.to_string()),
            Ok(invocation) if invocation.function_error.is_some() => {
                let reason = String::from_utf8_lossy(&invocation.payload);
                let detail = format!("the function `{}` failed: {reason}", entry.target.function);
                // The `Functions` type has already logged the loss of a function.
                if invocation.lost { self.error(GENERIC, &detail) } else { self.failure(&detail) }
            }
            Ok(invocation) => match serde_json::from_slice::<Value>(&invocation.payload) {
                Ok(reply) => self.result(entry, &invocation.payload, reply),
                Err(error) => self.failure(&format!("the function's reply is not valid JSON: {error}")),
            },
        }
    }

    /// The client context of a call that a person composes, with the headers of an interceptor. `None` if no target has
    /// the tool. `is_own` is whether a target's function is the one that is meant.
    pub(crate) fn composed(&self, tool: &str, is_own: impl Fn(&str) -> bool, headers: HeaderMap) -> Option<Value> {
        let named = |(name, entry): &(&str, &TargetTool)| {
            let target = name.strip_suffix(tool).and_then(|name| name.strip_suffix(BORDER));
            target == Some(entry.target.name.as_str()) && is_own(&entry.target.function)
        };
        let (name, entry) = self.tools.iter().find(named)?;
        let carried = Carried { message_id: "1".to_owned(), headers, query: String::new() };
        Some(self.client_context(name, entry, &carried))
    }

    /// The client context: six fixed keys, and what the target's `MetadataConfiguration` passes on.
    fn client_context(&self, name: &str, entry: &TargetTool, carried: &Carried) -> Value {
        let mut custom = json!({
            "bedrockAgentCoreMessageVersion": "1.0",
            "bedrockAgentCoreAwsRequestId": Uuid::new_v4().to_string(),
            "bedrockAgentCoreMcpMessageId": carried.message_id,
            "bedrockAgentCoreGatewayId": self.spec.id,
            "bedrockAgentCoreTargetId": entry.target_id,
            "bedrockAgentCoreToolName": name,
        });
        let headers = allowed_headers(&entry.target.headers, &carried.headers);
        let query = allowed_query(&entry.target.query, &carried.query);
        let propagated =
            [("bedrockAgentCorePropagatedHeaders", headers), ("bedrockAgentCorePropagatedQueryParameters", query)];
        for (key, values) in propagated {
            if let (Some(custom), false) = (custom.as_object_mut(), values.is_empty()) {
                custom.insert(key.to_owned(), Value::Object(values));
            }
        }
        json!({"custom": custom})
    }

    /// Converts the reply to content. If the tool has an output schema, the reply is also the structured content.
    fn result(&self, entry: &TargetTool, payload: &[u8], reply: Value) -> CallToolResult {
        let content = vec![ContentBlock::text(String::from_utf8_lossy(payload).into_owned())];
        let Some(schema) = &entry.tool.output_schema else { return CallToolResult::success(content) };
        // A Toolgate error is a normal reply of the function and does not fit an output schema. With a schema, MCP has
        // `isError` for it.
        if is_error(&reply) {
            return CallToolResult::error(content);
        }
        if let Some(problem) = mismatch(&Value::Object(schema.as_ref().clone()), &reply, "reply") {
            return self.failure(&format!("the reply does not match the tool's `OutputSchema`: {problem}"));
        }
        let mut result = CallToolResult::success(content);
        result.structured_content = Some(reply);
        result
    }

    /// An error result. The detail goes to the log, and to the client only with `ExceptionLevel: DEBUG`.
    pub(super) fn failure(&self, detail: &str) -> CallToolResult {
        tracing::warn!(gateway = self.spec.logical_id, "{detail}");
        self.error(GENERIC, detail)
    }

    pub(super) fn error(&self, message: &str, detail: &str) -> CallToolResult {
        if !self.spec.debug {
            return CallToolResult::error(vec![ContentBlock::text(message)]);
        }
        let debug = json!({"type": "text", "text": detail});
        let meta: Map<String, Value> = Map::from_iter([("debug".to_owned(), debug)]);
        CallToolResult::error(vec![ContentBlock::text(detail)]).with_meta(Some(MetaObject(meta)))
    }
}

/// Matches exactly `{"error": {"kind", "message", ..}}`.
fn is_error(reply: &Value) -> bool {
    let only = reply.as_object().is_some_and(|reply| reply.len() == 1);
    only && reply.pointer("/error/kind").is_some_and(Value::is_string)
}

fn allowed_headers(allowed: &[String], headers: &HeaderMap) -> Map<String, Value> {
    let allowed = allowed.iter().filter(|name| !RESTRICTED.contains(&name.to_ascii_lowercase().as_str()));
    let present = allowed.filter(|name| headers.contains_key(name.as_str()));
    present.map(|name| (name.clone(), joined(headers, name))).collect()
}

/// Joins the values of a header that occurs more than once, as HTTP defines it.
pub(super) fn joined(headers: &HeaderMap, name: &str) -> Value {
    let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    Value::String(values.collect::<Vec<_>>().join(", "))
}

fn allowed_query(allowed: &[String], query: &str) -> Map<String, Value> {
    let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
    pairs.filter(|(name, _)| allowed.contains(name)).map(|(name, value)| (name, Value::String(value))).collect()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;
    use crate::gateway::tests;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair =
            |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap());
        let mut map = HeaderMap::new();
        pairs.iter().map(pair).for_each(|(name, value)| {
            map.append(name, value);
        });
        map
    }

    #[test]
    fn the_client_context_has_the_documented_keys_and_only_what_is_allowed() {
        let gateway = tests::gateway();
        let (name, entry) = gateway.tools.iter().next().unwrap();
        let carried = Carried {
            message_id: "7".to_owned(),
            headers: headers(&[("x-desk", "a"), ("X-Desk", "b"), ("x-other", "c"), ("authorization", "Bearer x")]),
            query: "tenant=a%20b&other=c".to_owned(),
        };
        let mut context = gateway.client_context(name, entry, &carried);
        let request = context["custom"]["bedrockAgentCoreAwsRequestId"].take();
        assert!(Uuid::parse_str(request.as_str().unwrap()).is_ok());
        assert_eq!(
            context,
            json!({"custom": {
                "bedrockAgentCoreMessageVersion": "1.0",
                "bedrockAgentCoreAwsRequestId": null,
                "bedrockAgentCoreMcpMessageId": "7",
                "bedrockAgentCoreGatewayId": "desk-local00000",
                "bedrockAgentCoreTargetId": "LOCAL00001",
                "bedrockAgentCoreToolName": "orders___look_up",
                "bedrockAgentCorePropagatedHeaders": {"X-Desk": "a, b"},
                "bedrockAgentCorePropagatedQueryParameters": {"tenant": "a b"},
            }})
        );
        let bare = gateway.client_context(name, entry, &Carried::default());
        assert_eq!(bare["custom"].as_object().unwrap().len(), 6);
    }

    #[test]
    fn a_reply_is_structured_only_where_a_schema_says_how() {
        let gateway = tests::gateway();
        let entry = |name: &str| gateway.tools.get(name).unwrap();
        let result =
            |name: &str, reply: Value| gateway.result(entry(name), reply.to_string().as_bytes(), reply.clone());

        let plain = result("orders___look_up", json!({"error": {"kind": "refused", "message": "no"}}));
        assert_eq!((plain.is_error, plain.structured_content), (Some(false), None));

        let output = result("orders___typed", json!({"state": "sent"}));
        assert_eq!((output.is_error, output.structured_content), (Some(false), Some(json!({"state": "sent"}))));
        let error = result("orders___typed", json!({"error": {"kind": "refused", "message": "no"}}));
        assert_eq!((error.is_error, error.structured_content), (Some(true), None));
        let wrong = result("orders___typed", json!({"state": 7}));
        assert_eq!((wrong.is_error, wrong.structured_content), (Some(true), None));
        assert_eq!(wrong.content[0].as_text().unwrap().text, GENERIC);
    }

    #[test]
    fn detail_is_disclosed_only_at_debug() {
        let quiet = tests::gateway().failure("the function `F` failed: secret");
        assert!(!serde_json::to_string(&quiet).unwrap().contains("secret"));
        let debug = serde_json::to_value(tests::debugging().failure("the function `F` failed: why")).unwrap();
        assert_eq!(debug["isError"], true);
        assert_eq!(debug["content"][0]["text"], "the function `F` failed: why");
        assert_eq!(debug["_meta"]["debug"], json!({"type": "text", "text": "the function `F` failed: why"}));
    }
}
