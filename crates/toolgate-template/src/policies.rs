//! `AWS::BedrockAgentCore::PolicyEngine` with its Cedar policies, which decide the calls on a gateway.

use crate::{
    evaluate::Evaluator,
    node::Node,
    resources::{Resource, resources},
    types::{PolicyEngineSpec, PolicySpec},
};

const ENGINE: &str = "AWS::BedrockAgentCore::PolicyEngine";
const POLICY: &str = "AWS::BedrockAgentCore::Policy";

/// The engine of a gateway, from its evaluated `PolicyEngineConfiguration`. An engine outside of this template has no
/// policies here, and therefore permits no call.
pub(crate) fn policy_engine(evaluator: &Evaluator<'_>, configuration: &Node) -> PolicyEngineSpec {
    let arn = configuration.get("Arn").and_then(Node::string).unwrap_or_default();
    let engines = resources(evaluator, &[ENGINE]);
    let engine = engines
        .iter()
        .find(|engine| engine.id == arn || identifier(evaluator, engine, "PolicyEngineArn").as_deref() == Some(arn));
    let policies = engine.map_or_else(Vec::new, |engine| {
        let all = resources(evaluator, &[POLICY]);
        all.iter().filter_map(|resource| policy(evaluator, engine, resource)).collect()
    });
    PolicyEngineSpec { enforce: configuration.text_of("Mode") != Some("LOG_ONLY"), policies }
}

fn identifier(evaluator: &Evaluator<'_>, engine: &Resource<'_>, name: &str) -> Option<String> {
    evaluator.attribute(engine.id, name, engine.position())?.string().map(str::to_owned)
}

/// A policy, if it belongs to this engine.
fn policy(evaluator: &Evaluator<'_>, engine: &Resource<'_>, resource: &Resource<'_>) -> Option<PolicySpec> {
    let properties = resource.properties.as_ref();
    let text = |name: &str| evaluator.text_member(properties, name);
    let of = text("PolicyEngineId")?;
    if of != engine.id && Some(of) != identifier(evaluator, engine, "PolicyEngineId") {
        return None;
    }
    let statement = properties.at(&["Definition", "Cedar", "Statement"]);
    let Some(statement) = statement.and_then(|statement| evaluator.text(statement)) else {
        let message = "only a policy in Cedar can be evaluated on a laptop";
        evaluator.problem(&properties.position_of("Definition"), message);
        return None;
    };
    let is = |name: &str, value: &str| text(name).as_deref() == Some(value);
    Some(PolicySpec {
        name: text("Name").unwrap_or_else(|| resource.id.to_owned()),
        statement,
        validated: !is("ValidationMode", "IGNORE_ALL_FINDINGS"),
        active: !is("EnforcementMode", "LOG_ONLY"),
    })
}
