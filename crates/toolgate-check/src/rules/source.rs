//! The pages that document the limits.

pub(super) const ACTION_GROUP: &str =
    "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_CreateAgentActionGroup.html";
pub(super) const AGENT: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-bedrock-agent.html";
pub(super) const AGENT_ALIAS: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-bedrock-agentalias.html";
pub(super) const AGENT_FUNCTION: &str =
    "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_Function.html";
pub(super) const AGENTS_ACTION_ADD: &str =
    "https://docs.aws.amazon.com/bedrock/latest/userguide/agents-action-add.html";
pub(super) const AGENTS_API_SCHEMA: &str =
    "https://docs.aws.amazon.com/bedrock/latest/userguide/agents-api-schema.html";
pub(super) const AGENTS_CONFIRM: &str =
    "https://docs.aws.amazon.com/bedrock/latest/userguide/agents-userconfirmation.html";
pub(super) const AGENTS_LAMBDA: &str = "https://docs.aws.amazon.com/bedrock/latest/userguide/agents-lambda.html";
pub(super) const AGENTS_METRICS: &str =
    "https://docs.aws.amazon.com/bedrock/latest/userguide/monitoring-agents-cw-metrics.html";
pub(super) const AGENTS_PERMISSIONS: &str =
    "https://docs.aws.amazon.com/bedrock/latest/userguide/agents-permissions.html";
pub(super) const COLLABORATION: &str =
    "https://docs.aws.amazon.com/bedrock/latest/userguide/create-multi-agent-collaboration.html";
pub(super) const DEPLOY_AGENT: &str = "https://docs.aws.amazon.com/bedrock/latest/userguide/deploy-agent.html";
pub(super) const GATEWAY: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-bedrockagentcore-gateway.html";
pub(super) const GATEWAY_LAMBDA: &str =
    "https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-add-target-lambda.html";
pub(super) const GATEWAY_TARGET: &str = concat!(
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/",
    "aws-resource-bedrockagentcore-gatewaytarget.html"
);
pub(super) const GUARDRAIL_PROMPT_ATTACK: &str =
    "https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-prompt-attack.html";
pub(super) const GUARDRAIL_TOPICS: &str =
    "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GuardrailTopicConfig.html";
pub(super) const GUARDRAIL_VERSION: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-bedrock-guardrailversion.html";
pub(super) const HTTP_API_TOKENS: &str =
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html";
pub(super) const INCLUDE: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-include.html";
pub(super) const KNOWLEDGE_ASSOCIATION: &str =
    "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_AssociateAgentKnowledgeBase.html";
pub(super) const KNOWLEDGE_STORE: &str =
    "https://docs.aws.amazon.com/bedrock/latest/userguide/knowledge-base-setup.html";
pub(super) const LAMBDA_PERMISSION: &str =
    "https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html";
pub(super) const POLICY: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-bedrockagentcore-policy.html";
pub(super) const POLICY_TEMPORAL: &str =
    "https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-temporal.html";
pub(super) const POLICY_SCHEMA: &str =
    "https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/policy-schema-constraints.html";
pub(super) const QUOTAS: &str = "https://docs.aws.amazon.com/general/latest/gr/bedrock.html";
pub(super) const CFN_NAMES: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html";
pub(super) const GATEWAY_INBOUND: &str =
    "https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-inbound-auth.html";
pub(super) const GATEWAY_LOGS: &str =
    "https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/observability-configure.html";
pub(super) const HARNESS: &str = "https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/harness-tools.html";
pub(super) const HARNESS_HOOKS: &str =
    "https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/harness-lifecycle-hooks.html";
pub(super) const HARNESS_ROLE: &str =
    "https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/harness-security.html";
pub(super) const LAMBDA_METRICS: &str = "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html";
pub(super) const LEADING_KEYS: &str =
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html";
pub(super) const METRIC_MATH: &str =
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html";
pub(super) const PROFILES: &str =
    "https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html";
pub(super) const PROFILES_IAM: &str =
    "https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html";
pub(super) const SAM_FUNCTION: &str =
    "https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html";
pub(super) const URL_AUTH: &str = "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html";
pub(super) const TABLE: &str =
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html";
