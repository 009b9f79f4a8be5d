//! The shapes of an InvokeHarness request, from the service's model (`bedrock-agentcore`, 2024-02-28).

use crate::http::service_model::{
    Pattern,
    ServiceModel::{self, Choice, Fields, List, Map, Number, Object, Text, Union, Whole},
    optional, required,
};

const ANY: ServiceModel = Text { least: 0, most: usize::MAX, pattern: None };
const SOME: ServiceModel = Text { least: 1, most: usize::MAX, pattern: None };
const LONG: ServiceModel = Text { least: 1, most: 16_383, pattern: None };

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

fn is_session(text: &str) -> bool {
    is_word(text) && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn is_name(text: &str) -> bool {
    let rest = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(rest)
}

fn is_endpoint(text: &str) -> bool {
    is_name(text) && text.len() <= 48
}

/// `arn:aws:bedrock-agentcore:<region>:<account>:harness/<name>-<ten characters>`.
fn is_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let ["arn", _, "bedrock-agentcore", region, account, resource] = parts.as_slice() else { return false };
    let in_region = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let id = resource.strip_prefix("harness/").and_then(|id| id.rsplit_once('-'));
    !region.is_empty()
        && region.chars().all(in_region)
        && account.len() == 12
        && account.chars().all(|c| c.is_ascii_digit())
        && id.is_some_and(|(name, end)| {
            is_name(name) && name.len() <= 40 && end.len() == 10 && end.chars().all(|c| c.is_ascii_alphanumeric())
        })
}

/// `*`, or `a` or `a/b` where neither part has a slash; `@` may precede.
fn is_allowed_tool(text: &str) -> bool {
    let rest = text.strip_prefix('@').filter(|rest| !rest.is_empty()).unwrap_or(text);
    let parts: Vec<&str> = rest.split('/').collect();
    parts.len() <= 2 && parts.iter().all(|part| !part.is_empty())
}

pub(crate) const ARN: ServiceModel = Text {
    least: 0,
    most: usize::MAX,
    pattern: Some(Pattern {
        text: "arn:([^:]+)?:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:harness/[a-zA-Z][a-zA-Z0-9_]{0,39}-[a-zA-Z0-9]{10}",
        holds: is_arn,
    }),
};

pub(crate) const ENDPOINT: ServiceModel = Text {
    least: 0,
    most: usize::MAX,
    pattern: Some(Pattern { text: "[a-zA-Z][a-zA-Z0-9_]{0,47}", holds: is_endpoint }),
};

pub(crate) const SESSION: ServiceModel =
    Text { least: 33, most: 100, pattern: Some(Pattern { text: "[a-zA-Z0-9][a-zA-Z0-9-_]*", holds: is_session }) };

pub(crate) const TRACE_PARENT: ServiceModel = Text { least: 0, most: 1024, pattern: None };
pub(crate) const TRACE_STATE: ServiceModel = Text { least: 0, most: 512, pattern: None };
pub(crate) const BAGGAGE: ServiceModel = Text { least: 0, most: 8192, pattern: None };

const WORD: ServiceModel =
    Text { least: 1, most: 64, pattern: Some(Pattern { text: "[a-zA-Z0-9_-]+", holds: is_word }) };
const USE_TYPE: ServiceModel = Choice(&["tool_use", "server_tool_use", "mcp_tool_use"]);
const NO_LIMIT: usize = usize::MAX;

/// The body of InvokeHarness.
pub(crate) const INVOKE_HARNESS: ServiceModel = Fields(&[
    required("messages", &List { least: 0, most: NO_LIMIT, of: &MESSAGE }),
    optional("model", &MODEL),
    optional("systemPrompt", &List { least: 0, most: NO_LIMIT, of: &Union(&[optional("text", &SOME)]) }),
    optional("tools", &List { least: 0, most: NO_LIMIT, of: &TOOL }),
    optional("skills", &List { least: 0, most: NO_LIMIT, of: &Object }),
    optional("allowedTools", &List { least: 0, most: NO_LIMIT, of: &ALLOWED_TOOL }),
    optional("maxIterations", &Whole(i64::MIN)),
    optional("maxTokens", &Whole(i64::MIN)),
    optional("timeoutSeconds", &Whole(i64::MIN)),
    optional("actorId", &ANY),
]);

const ALLOWED_TOOL: ServiceModel =
    Text { least: 1, most: 64, pattern: Some(Pattern { text: "(\\*|@?[^/]+(/[^/]+)?)", holds: is_allowed_tool }) };

const MESSAGE: ServiceModel = Fields(&[
    required("role", &Choice(&["user", "assistant"])),
    required("content", &List { least: 0, most: NO_LIMIT, of: &BLOCK }),
]);

const BLOCK: ServiceModel = Union(&[
    optional("text", &SOME),
    optional(
        "toolUse",
        &Fields(&[
            required("name", &WORD),
            required("toolUseId", &WORD),
            required("input", &Object),
            optional("type", &USE_TYPE),
            optional("serverName", &ANY),
        ]),
    ),
    optional(
        "toolResult",
        &Fields(&[
            required("toolUseId", &WORD),
            required("content", &List { least: 0, most: NO_LIMIT, of: &RESULT_CONTENT }),
            optional("status", &Choice(&["success", "error"])),
            optional("type", &USE_TYPE),
        ]),
    ),
    optional("reasoningContent", &Object),
]);

const RESULT_CONTENT: ServiceModel = Union(&[optional("text", &SOME), optional("json", &Object)]);

const MODEL: ServiceModel = Union(&[
    optional(
        "bedrockModelConfig",
        &Fields(&[
            required("modelId", &ANY),
            optional("maxTokens", &Whole(1)),
            optional("temperature", &Number(2.0)),
            optional("topP", &Number(1.0)),
            optional("apiFormat", &Choice(&["converse_stream", "responses", "chat_completions"])),
            optional("additionalParams", &Object),
        ]),
    ),
    optional("openAiModelConfig", &Object),
    optional("geminiModelConfig", &Object),
    optional("liteLlmModelConfig", &Object),
]);

const TOOL: ServiceModel = Fields(&[
    required(
        "type",
        &Choice(&[
            "remote_mcp",
            "agentcore_browser",
            "agentcore_gateway",
            "inline_function",
            "agentcore_code_interpreter",
        ]),
    ),
    optional("name", &WORD),
    optional(
        "config",
        &Union(&[
            optional(
                "remoteMcp",
                &Fields(&[required("url", &LONG), optional("headers", &Map(&LONG)), optional("outboundAuth", &Object)]),
            ),
            optional("agentCoreBrowser", &Object),
            optional("agentCoreGateway", &Fields(&[required("gatewayArn", &ANY), optional("outboundAuth", &Object)])),
            optional(
                "inlineFunction",
                &Fields(&[
                    required("description", &Text { least: 1, most: 4096, pattern: None }),
                    required("inputSchema", &Object),
                ]),
            ),
            optional("agentCoreCodeInterpreter", &Object),
        ]),
    ),
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_are_the_services() {
        assert!(is_arn("arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/Desk_1-local00000"));
        for bad in [
            "arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/Desk-local0000",
            "arn:aws:bedrock-agentcore:us-east-1:12345:harness/Desk-local00000",
            "arn:aws:bedrock:us-east-1:123456789012:harness/Desk-local00000",
            "arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/1Desk-local00000",
        ] {
            assert!(!is_arn(bad), "{bad}");
        }
        for good in ["*", "shell", "file_*", "@builtin/shell", "@desk", "@desk/orders___*", "@*/x", "@"] {
            assert!(is_allowed_tool(good), "{good}");
        }
        for bad in ["", "@a/", "/a", "@a/b/c", "a//b"] {
            assert!(!is_allowed_tool(bad), "{bad}");
        }
    }
}
