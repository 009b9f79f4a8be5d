//! The shapes of a caller's requests, from the service's model (`bedrock-agent-runtime`, 2023-07-26).

use crate::{
    http::service_model::{
        Member, Pattern,
        ServiceModel::{self, Blob, Choice, Fields, Flag, List, Map, Text, Union, Whole},
        optional, required,
    },
    knowledge::RETRIEVAL_CONFIGURATION,
};

const ANY: ServiceModel = Text { least: 0, most: usize::MAX, pattern: None };
const NO_LIMIT: usize = usize::MAX;

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric())
}

fn is_session(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-'))
}

/// `arn:aws:bedrock:<region>:<account>:agent/<agent>`.
fn is_agent_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let [arn, partition, service, region, account, resource] = parts.as_slice() else { return false };
    let name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    *arn == "arn"
        && (*partition == "aws" || partition.strip_prefix("aws-").is_some_and(|rest| !rest.is_empty()))
        && *service == "bedrock"
        && (1..=20).contains(&region.len())
        && region.chars().all(name)
        && account.len() == 12
        && account.chars().all(|c| c.is_ascii_digit())
        && resource.strip_prefix("agent/").is_some_and(|agent| agent.len() == 10 && is_id(agent))
}

fn is_s3_uri(text: &str) -> bool {
    let Some((bucket, key)) = text.strip_prefix("s3://").and_then(|rest| rest.split_once('/')) else { return false };
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
    (3..=63).contains(&bucket.len())
        && edge(bucket.chars().next())
        && edge(bucket.chars().next_back())
        && bucket.chars().all(inner)
        && !key.is_empty()
}

const ID_PATTERN: Pattern = Pattern { text: "^[0-9a-zA-Z]+$", holds: is_id };

/// Ids of agents and aliases in a path.
pub(crate) const ID: ServiceModel = Text { least: 0, most: 10, pattern: Some(ID_PATTERN) };

/// Ids of sessions and memories.
pub(crate) const SESSION: ServiceModel =
    Text { least: 2, most: 100, pattern: Some(Pattern { text: "^[0-9a-zA-Z._:-]+$", holds: is_session }) };

/// The `x-amz-source-arn` header.
pub(crate) const SOURCE_ARN: ServiceModel = Text {
    least: 0,
    most: 2048,
    pattern: Some(Pattern {
        text: "^arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:agent/[0-9a-zA-Z]{10}$",
        holds: is_agent_arn,
    }),
};

/// The body of InvokeAgent.
pub(crate) const INVOKE_AGENT: ServiceModel = Fields(&[
    optional("inputText", &Text { least: 0, most: 25_000_000, pattern: None }),
    optional("enableTrace", &Flag),
    optional("endSession", &Flag),
    optional("memoryId", &SESSION),
    optional("sessionState", &SESSION_STATE),
    optional(
        "streamingConfigurations",
        &Fields(&[optional("streamFinalResponse", &Flag), optional("applyGuardrailInterval", &Whole(1))]),
    ),
    optional(
        "bedrockModelConfigurations",
        &Fields(&[optional("performanceConfig", &Fields(&[optional("latency", &Choice(&["standard", "optimized"]))]))]),
    ),
    optional(
        "promptCreationConfigurations",
        &Fields(&[
            optional("previousConversationTurnsToInclude", &Whole(0)),
            optional("excludePreviousThinkingSteps", &Flag),
        ]),
    ),
]);

const SESSION_STATE: ServiceModel = Fields(&[
    optional("sessionAttributes", &Map(&ANY)),
    optional("promptSessionAttributes", &Map(&ANY)),
    optional("invocationId", &ANY),
    optional("returnControlInvocationResults", &List { least: 1, most: 5, of: &RESULT }),
    optional("files", &List { least: 0, most: NO_LIMIT, of: &FILE }),
    optional("knowledgeBaseConfigurations", &List { least: 1, most: NO_LIMIT, of: &KNOWLEDGE_BASE }),
    optional("conversationHistory", &Fields(&[optional("messages", &List { least: 0, most: NO_LIMIT, of: &MESSAGE })])),
]);

const KNOWLEDGE_BASE: ServiceModel =
    Fields(&[required("knowledgeBaseId", &ID), required("retrievalConfiguration", &RETRIEVAL_CONFIGURATION)]);

const MESSAGE: ServiceModel = Fields(&[
    required("role", &Choice(&["user", "assistant"])),
    required("content", &List { least: 0, most: NO_LIMIT, of: &Union(&[optional("text", &ANY)]) }),
]);

const FILE: ServiceModel = Fields(&[
    required("name", &ANY),
    required("useCase", &Choice(&["CODE_INTERPRETER", "CHAT"])),
    required(
        "source",
        &Fields(&[
            required("sourceType", &Choice(&["S3", "BYTE_CONTENT"])),
            optional("byteContent", &Fields(&[required("mediaType", &ANY), required("data", &Blob(10_485_760))])),
            optional("s3Location", &Fields(&[required("uri", &S3_URI)])),
        ]),
    ),
]);

const S3_URI: ServiceModel = Text {
    least: 1,
    most: 1024,
    pattern: Some(Pattern { text: "^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.{1,1024}$", holds: is_s3_uri }),
};

const RESULT: ServiceModel =
    Union(&[optional("functionResult", &Fields(&FUNCTION_RESULT)), optional("apiResult", &Fields(&API_RESULT))]);

const FUNCTION_RESULT: [Member; 6] = [
    required("actionGroup", &ANY),
    optional("function", &ANY),
    optional("agentId", &ANY),
    optional("confirmationState", &CONFIRMATION),
    optional("responseState", &RESPONSE_STATE),
    optional("responseBody", &Map(&CONTENT_BODY)),
];

const API_RESULT: [Member; 8] = [
    required("actionGroup", &ANY),
    optional("apiPath", &ANY),
    optional("httpMethod", &ANY),
    optional("httpStatusCode", &Whole(i64::MIN)),
    optional("agentId", &ANY),
    optional("confirmationState", &CONFIRMATION),
    optional("responseState", &RESPONSE_STATE),
    optional("responseBody", &Map(&CONTENT_BODY)),
];

const CONFIRMATION: ServiceModel = Choice(&["CONFIRM", "DENY"]);
const RESPONSE_STATE: ServiceModel = Choice(&["FAILURE", "REPROMPT"]);

const CONTENT_BODY: ServiceModel =
    Fields(&[optional("body", &ANY), optional("images", &List { least: 0, most: NO_LIMIT, of: &IMAGE })]);

const IMAGE: ServiceModel = Fields(&[
    required("format", &Choice(&["png", "jpeg", "gif", "webp"])),
    required("source", &Union(&[optional("bytes", &Blob(NO_LIMIT))])),
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_are_the_services() {
        for good in [
            "arn:aws:bedrock:us-east-1:123456789012:agent/AGENT12345",
            "arn:aws-cn:bedrock:cn-north-1:000000000000:agent/abcdefghi0",
        ] {
            assert!(is_agent_arn(good), "{good}");
        }
        for bad in [
            "",
            "arn:aws:bedrock:us-east-1:123456789012:agent/AGENT1234",
            "arn:aws:lambda:us-east-1:123456789012:agent/AGENT12345",
            "arn:aws:bedrock:us-east-1:12345678901:agent/AGENT12345",
            "arn:aws:bedrock::123456789012:agent/AGENT12345",
            "arn:aws:bedrock:us-east-1:123456789012:agent/AGENT12345:x",
        ] {
            assert!(!is_agent_arn(bad), "{bad}");
        }
        assert!(is_s3_uri("s3://my-bucket/a b"));
        for bad in ["s3://my-bucket", "s3://my-bucket/", "s3://My/x", "s3://-ab/x", "https://x/y"] {
            assert!(!is_s3_uri(bad), "{bad}");
        }
    }
}
