//! Names that must be unique in an account, or in a Region of an account: two stacks cannot both use them.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::Regex;
use toolgate_template::references;

use super::{Rule, names, source};
use crate::{
    deployment::Deployment,
    reporter::{Reporter, quoted},
};

pub(super) const RULES: &[Rule] = &[
    Rule::error("account-name", source::CFN_NAMES, account_name)
        .holds(
            "a name that must be unique in an account differs between stacks: it contains `AWS::StackName`, or the \
                parameters `Project` and `Environment`; no two resources have the same name",
        )
        .fix(
            "write `!Sub ${Project}-${Environment}-…` (with `!Join [\"_\", !Split [\"-\", !Ref Project]]` where \
              hyphens are not allowed), or omit an optional name, so that CloudFormation generates it",
        ),
    Rule::error("agentcore-name", source::POLICY, agentcore_name)
        .holds(
            "the names of AgentCore policies, policy engines, endpoints of harnesses (48 characters) and harnesses (40) \
                match `[A-Za-z][A-Za-z0-9_]*`",
        )
        .fix("use `_` in place of `-`, and fewer characters"),
];

/// The property with such a name.
const UNIQUE: [(&str, &str); 20] = [
    ("AWS::Bedrock::Agent", "AgentName"),
    ("AWS::Bedrock::Guardrail", "Name"),
    ("AWS::Bedrock::KnowledgeBase", "Name"),
    ("AWS::BedrockAgentCore::Gateway", "Name"),
    ("AWS::BedrockAgentCore::Harness", "HarnessName"),
    ("AWS::BedrockAgentCore::Memory", "Name"),
    ("AWS::BedrockAgentCore::Policy", "Name"),
    ("AWS::BedrockAgentCore::PolicyEngine", "Name"),
    ("AWS::CloudWatch::Alarm", "AlarmName"),
    ("AWS::DynamoDB::Table", "TableName"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::Lambda::Function", "FunctionName"),
    ("AWS::Logs::DeliveryDestination", "Name"),
    ("AWS::Logs::DeliverySource", "Name"),
    ("AWS::Logs::LogGroup", "LogGroupName"),
    ("AWS::S3::Bucket", "BucketName"),
    ("AWS::S3Vectors::VectorBucket", "VectorBucketName"),
    ("AWS::SNS::Topic", "TopicName"),
    ("AWS::Serverless::Function", "FunctionName"),
];

fn account_name(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    let mut seen = BTreeMap::<(&str, &str), &str>::new();
    for (kind, property) in UNIQUE {
        for resource in deployment.of_type(kind) {
            let Some(written) = deployment.written(resource, property) else { continue };
            let parts = references(written);
            let stack = parts.contains("AWS::StackName") || parts.contains("AWS::StackId");
            let missing = ["Project", "Environment"].into_iter().filter(|name| !parts.contains(*name));
            let missing = quoted(missing);
            if !stack && !missing.is_empty() {
                let message = format!(
                    "the name of `{}` can collide with another stack: it does not contain {missing}",
                    resource.id
                );
                reporter.at(resource.position_of(property), message);
            }
            if let Some(name) = resource.properties().text_of(property)
                && let Some(other) = seen.insert((kind, name), &resource.id)
            {
                reporter
                    .at(resource.position_of(property), format!("`{}` has the same name as `{other}`", resource.id));
            }
        }
    }
}

static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("^[A-Za-z][A-Za-z0-9_]*$").ok());

fn agentcore_name(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    let limits = [
        ("Policy", "Name", 48),
        ("PolicyEngine", "Name", 48),
        ("Harness", "HarnessName", 40),
        ("HarnessEndpoint", "EndpointName", 48),
    ];
    for (kind, property, most) in limits {
        for resource in deployment.of_type(&format!("AWS::BedrockAgentCore::{kind}")) {
            let Some(text) = resource.properties().text_of(property) else { continue };
            let shortest = names::shortest(text);
            let matches = NAME.as_ref().is_none_or(|name| name.is_match(&shortest));
            if !matches || shortest.chars().count() > most {
                reporter
                    .at(resource.position_of(property), format!("`{text}` is not a valid name of `{}`", resource.id));
            }
        }
    }
}
