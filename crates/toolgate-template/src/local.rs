//! The deployment that `toolgate dev` runs: every name has a value in the format of AWS.

use std::collections::BTreeMap;

use crate::{
    arn::{ACCOUNT, GATEWAY_URL, REGION, function_arn, guardrail_arn, knowledge_base_arn},
    evaluate::{Evaluator, Names},
    functions::FUNCTIONS,
    gateway::GATEWAY,
    guardrail::GUARDRAIL,
    harness::HARNESS,
    identifiers::{
        alias_agent, alias_id, bucket_name, gateway_arn, gateway_id, harness_arn, harness_id, knowledge_base_id,
        table_name,
    },
    knowledge::{DATA_SOURCE, KNOWLEDGE_BASE},
    node::Node,
    parameters::Parameters,
    position::Position,
    rules,
    source::Source,
    tables::TABLES,
};

const BUCKET: &str = "AWS::S3::Bucket";

/// Evaluates a template for a laptop. Its parameters and `Rules` are checked first.
pub(crate) fn local<'a>(source: &'a Source, set: &'a BTreeMap<String, String>) -> Evaluator<'a> {
    let parameters = Parameters::new(source, set);
    let evaluator = Evaluator::new(source, Local { parameters });
    parameters.check(&evaluator.problems);
    rules::check(&evaluator);
    evaluator
}

#[derive(Debug)]
struct Local<'a> {
    parameters: Parameters<'a>,
}

impl Names for Local<'_> {
    fn reference(&self, evaluator: &Evaluator<'_>, name: &str, position: &Position) -> Option<Node> {
        let text = |text: String| Some(Node::scalar(position.clone(), text));
        if let Some(value) = pseudo_parameter(name) {
            return text(value);
        }
        if evaluator.source.parameter(name).is_some() {
            return self.parameters.value(name, position, &evaluator.problems);
        }
        // A SAM template may refer to generated resources: `Orders.Alias`.
        if let Some((resource, attribute)) = name.split_once('.') {
            return self.attribute(evaluator, resource, attribute, position);
        }
        match evaluator.source.resource_type(name) {
            Some(kind) if TABLES.contains(&kind) => text(table_name(evaluator, name)),
            Some("AWS::Bedrock::AgentAlias") => {
                text(format!("{}|{}", alias_agent(evaluator, name, position)?, alias_id(evaluator, name)))
            }
            Some(GATEWAY) => text(gateway_id(evaluator, name)),
            Some(HARNESS) => text(harness_arn(name)),
            Some(KNOWLEDGE_BASE) => text(knowledge_base_id(name)),
            Some(BUCKET) => text(bucket_name(evaluator, name)),
            None if !is_generated(evaluator.source, name) => {
                let message = format!("`{name}` is neither a parameter nor a resource of this template");
                evaluator.problem(position, message);
                None
            }
            _ => text(name.to_owned()),
        }
    }

    fn attribute(&self, evaluator: &Evaluator<'_>, resource: &str, name: &str, position: &Position) -> Option<Node> {
        let text = |text: String| Some(Node::scalar(position.clone(), text));
        let Some(kind) = evaluator.source.resource_type(resource) else {
            if is_generated(evaluator.source, resource) {
                return text(format!("arn:aws:local:{REGION}:{ACCOUNT}:{resource}"));
            }
            evaluator.problem(position, format!("`{resource}` is not a resource of this template"));
            return None;
        };
        let bedrock = format!("arn:aws:bedrock:{REGION}:{ACCOUNT}");
        text(match (kind, name) {
            (kind, "Arn") if FUNCTIONS.contains(&kind) => function_arn(resource),
            (kind, "Alias") if FUNCTIONS.contains(&kind) => format!("{}:live", function_arn(resource)),
            (kind, "Arn") if TABLES.contains(&kind) => {
                format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{}", table_name(evaluator, resource))
            }
            ("AWS::Bedrock::Agent", "AgentId") => resource.to_owned(),
            ("AWS::Bedrock::Agent", "AgentArn") => format!("{bedrock}:agent/{resource}"),
            ("AWS::Bedrock::AgentAlias", "AgentAliasId") => alias_id(evaluator, resource),
            ("AWS::Bedrock::AgentAlias", "AgentAliasArn") => {
                let agent = alias_agent(evaluator, resource, position)?;
                format!("{bedrock}:agent-alias/{agent}/{}", alias_id(evaluator, resource))
            }
            (GUARDRAIL, "GuardrailId") => resource.to_owned(),
            (GUARDRAIL, "GuardrailArn") => guardrail_arn(resource),
            ("AWS::Bedrock::GuardrailVersion", "Version") => "1".to_owned(),
            (GATEWAY, "GatewayIdentifier") => gateway_id(evaluator, resource),
            (GATEWAY, "GatewayUrl") => GATEWAY_URL.to_owned(),
            (GATEWAY, "GatewayArn") => gateway_arn(evaluator, resource),
            (KNOWLEDGE_BASE, "KnowledgeBaseId") => knowledge_base_id(resource),
            (KNOWLEDGE_BASE, "KnowledgeBaseArn") => knowledge_base_arn(&knowledge_base_id(resource)),
            (DATA_SOURCE, "DataSourceId") => resource.to_owned(),
            (BUCKET, "Arn") => format!("arn:aws:s3:::{}", bucket_name(evaluator, resource)),
            (HARNESS, "HarnessId") => harness_id(resource),
            (HARNESS, "Arn") => harness_arn(resource),
            (_, name) if name.ends_with("Arn") => format!("arn:aws:local:{REGION}:{ACCOUNT}:{resource}"),
            (_, name) => format!("{resource}.{name}"),
        })
    }

    fn keep_unknown(&self) -> bool {
        false
    }
}

fn pseudo_parameter(name: &str) -> Option<String> {
    let value = match name {
        "AWS::AccountId" => ACCOUNT,
        "AWS::Region" => REGION,
        "AWS::Partition" => "aws",
        "AWS::URLSuffix" => "amazonaws.com",
        "AWS::StackName" => "local",
        "AWS::StackId" => return Some(format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/local/0")),
        _ => return None,
    };
    Some(value.to_owned())
}

/// SAM adds resources whose names start with a function's name: its role, its version, its aliases.
fn is_generated(source: &Source, name: &str) -> bool {
    let is_part = |rest: &str| {
        matches!(rest, "Role" | "EventInvokeConfig") || rest.starts_with("Alias") || rest.starts_with("Version")
    };
    source.resources().iter().any(|entry| name.strip_prefix(&entry.name).is_some_and(is_part))
}
