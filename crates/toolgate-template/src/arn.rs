//! The account and Region of the local platform, and the ARNs in them.

/// The account in local ARNs. The AWS documentation uses the same one.
pub const ACCOUNT: &str = "123456789012";
/// The Region of the local platform.
pub const REGION: &str = "us-east-1";

/// The `GatewayUrl` of a gateway. Its address is known only when the local platform has a port, and that replaces this one;
/// it cannot exist.
pub const GATEWAY_URL: &str = "http://gateway.invalid/mcp";

/// The ARN of a function.
pub fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

/// The ARN of a knowledge base.
pub(crate) fn knowledge_base_arn(id: &str) -> String {
    format!("arn:aws:bedrock:{REGION}:{ACCOUNT}:knowledge-base/{id}")
}

/// The ARN of a guardrail.
pub fn guardrail_arn(id: &str) -> String {
    format!("arn:aws:bedrock:{REGION}:{ACCOUNT}:guardrail/{id}")
}

/// The id in a reference to a guardrail: the id itself, or the end of its ARN.
pub fn guardrail_id(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

/// The logical id in `arn:aws:lambda:…:function:<id>` or `…:function:<id>:<qualifier>`.
pub(crate) fn function_id(arn: &str) -> String {
    let name = arn.split_once(":function:").map_or(arn, |(_, name)| name);
    name.split(':').next().unwrap_or(name).to_owned()
}
