//! Inference profiles of models, and AgentCore's managed agent.

use toolgate_template::{Node, Settings, references};

use super::{Rule, permissions, source};
use crate::{
    deployment::{Deployment, Resource},
    reporter::{Reporter, quoted},
};

pub(super) const RULES: &[Rule] = &[
    Rule::error("inference-profile", source::PROFILES, inference_profile)
        .holds("a cross-region profile exists for its model, whatever value its parameters have")
        .fix("use one of the profiles that the message names, and list them in the parameter's `AllowedValues`"),
    Rule::error("model-profile", source::PROFILES_IAM, model_profile)
        .holds("a role that may call a model in every Region may do so through an inference profile only")
        .fix("add `Condition: {StringLike: {bedrock:InferenceProfileArn: PROFILE}}` to the statement"),
    Rule::error("harness-token", source::HARNESS, harness_token)
        .holds("a harness does not reach its gateway by `AUTHORIZATION_CODE`, which a gateway does not accept from it")
        .fix(
            "use `AwsIam` or `CLIENT_CREDENTIALS`; to pass a user's token on, create the harness by the API \
              (`TOKEN_EXCHANGE`), which CloudFormation does not support",
        ),
    Rule::error("harness-role", source::HARNESS_ROLE, harness_role)
        .holds(
            "a harness' role has the permissions that a harness needs to start: `ecr-public:GetAuthorizationToken`, \
                `sts:GetServiceBearerToken` and `bedrock-agentcore:GetWorkloadAccessToken`",
        )
        .fix("allow them, the last one on the harness' workload identity"),
    Rule::error("hook-failure", source::HARNESS_HOOKS, hook_failure)
        .holds("a hook that does not answer denies: with `FailureMode: allow` everything passes that it cannot decide")
        .fix("set `FailureMode: deny`, or remove it, because that is the default"),
];

/// The prefixes of inference profile ids. A model that is not listed is not checked.
const PROFILES: [(&str, &[&str]); 2] = [
    ("anthropic.claude-sonnet-4-5-", &["au", "eu", "global", "jp", "us", "us-gov"]),
    ("anthropic.claude-haiku-4-5-", &["au", "eu", "global", "jp", "us"]),
];

fn inference_profile(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    let agents = deployment.agents().map(|agent| (agent, "FoundationModel"));
    let harnesses = deployment.of_type("AWS::BedrockAgentCore::Harness").map(|harness| (harness, "Model"));
    for (resource, property) in agents.chain(harnesses) {
        let Some(written) = deployment.written(resource, property) else { continue };
        for settings in choices(deployment, written) {
            let Some(resolved) = deployment.resolved_with(&settings, written) else { continue };
            let model = resolved.text().or_else(|| resolved.at(&["BedrockModelConfig", "ModelId"])?.text());
            let Some((profile, id)) = model.and_then(|model| model.split_once('.')) else { continue };
            let Some((_, known)) = PROFILES.iter().find(|(start, _)| id.starts_with(start)) else { continue };
            if !profile.contains("${") && !known.contains(&profile) {
                let known = quoted(known.iter().copied());
                let message = format!("there is no profile `{profile}` of `{id}`: the existing ones are {known}");
                reporter.at(resource.position_of(property), message);
            }
        }
    }
}

/// These settings, with each possible value of a node's parameters.
fn choices(deployment: &Deployment<'_>, node: &Node) -> Vec<Settings> {
    let mut all = vec![deployment.settings.clone()];
    for name in references(node) {
        let allowed = deployment.parameter(&name).map_or(&[] as &[_], |parameter| parameter.list("AllowedValues"));
        let values: Vec<&str> = allowed.iter().filter_map(Node::text).collect();
        if !values.is_empty() {
            let set = |settings: &Settings, value: &str| {
                let mut settings = settings.clone();
                settings.insert(name.clone(), value.to_owned());
                settings
            };
            all = all.iter().flat_map(|settings| values.iter().map(move |value| set(settings, value))).collect();
        }
    }
    all
}

fn model_profile(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for role in deployment.of_type("AWS::IAM::Role") {
        for statement in permissions::statements(deployment, role) {
            let resources = statement.get("Resource").map_or(&[] as &[_], Node::one_or_more);
            let everywhere = resources.iter().filter_map(Node::text).any(|arn| arn.contains(":*::foundation-model/"));
            let calls = permissions::allows(&statement, "bedrock:InvokeModel");
            let condition = statement.get("Condition").map(|it| it.to_json().to_string()).unwrap_or_default();
            if everywhere && calls && !condition.contains("bedrock:InferenceProfileArn") {
                reporter.at(
                    &statement.position,
                    format!("the role `{}` may call a model in every Region by itself", role.id),
                );
            }
        }
    }
}

fn harnesses<'v>(deployment: &'v Deployment<'_>) -> impl Iterator<Item = &'v Resource> {
    deployment.of_type("AWS::BedrockAgentCore::Harness")
}

fn harness_token(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for harness in harnesses(deployment) {
        for tool in harness.properties().list("Tools") {
            let grant = tool.at(&["Config", "AgentCoreGateway", "OutboundAuth", "Oauth", "GrantType"]);
            if let Some(grant) = grant.filter(|grant| grant.text() == Some("AUTHORIZATION_CODE")) {
                let message =
                    format!("the harness `{}` cannot get a user's token for its gateway in this way", harness.id);
                reporter.at(&grant.position, message);
            }
        }
    }
}

fn harness_role(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    const NEEDED: [&str; 3] =
        ["bedrock-agentcore:GetWorkloadAccessToken", "ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"];
    for harness in harnesses(deployment) {
        let Some(role) = deployment.referred_by(harness, "ExecutionRoleArn") else { continue };
        let statements = permissions::statements(deployment, role);
        let missing = NEEDED.into_iter().filter(|action| !statements.iter().any(|it| permissions::allows(it, action)));
        let missing = quoted(missing);
        if !missing.is_empty() {
            reporter.at(
                &role.position,
                format!("the role `{}` of the harness `{}` may not {missing}", role.id, harness.id),
            );
        }
    }
}

/// A deny after an invocation has no effect, so neither has the failure mode there.
fn hook_failure(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for harness in harnesses(deployment) {
        let hooks = harness.properties().list("Hooks").iter().flat_map(Node::entries);
        for hook in hooks.filter(|hook| hook.name != "AfterInvocation") {
            let mode = hook.node.at(&["Target", "Lambda", "FailureMode"]);
            if let Some(mode) = mode.filter(|mode| mode.text() == Some("allow")) {
                let name = hook.node.text_of("Name").unwrap_or(&hook.name);
                let message = format!("the hook `{name}` of the harness `{}` allows what it cannot decide", harness.id);
                reporter.at(&mode.position, message);
            }
        }
    }
}
