//! `AWS::BedrockAgentCore::PolicyEngine` with its policies, which decide the calls on a gateway.

use crate::{
    evaluate::Evaluator,
    node::Node,
    resources::{Resource, resources},
};

const ENGINE: &str = "AWS::BedrockAgentCore::PolicyEngine";
const POLICY: &str = "AWS::BedrockAgentCore::Policy";
/// The members of `Definition`.
const CEDAR: &str = "Cedar";
const TEMPORAL: &str = "Policy";

/// The policies of a gateway.
#[derive(Debug, Clone)]
pub struct PolicyEngineSpec {
    /// Whether the mode is `ENFORCE`. Otherwise decisions are only logged.
    pub enforce: bool,
    /// The policies in Cedar, in the template's order.
    pub policies: Vec<PolicySpec>,
    /// The temporal policies (`Definition.Policy`), in the template's order.
    pub temporal: Vec<PolicySpec>,
}

/// One policy.
#[derive(Debug, Clone)]
pub struct PolicySpec {
    /// `Name`.
    pub name: String,
    /// The statement with all names evaluated.
    pub statement: String,
    /// `ValidationMode` is not `IGNORE_ALL_FINDINGS`: the policy must validate against the tools.
    pub validated: bool,
    /// `EnforcementMode` is not `LOG_ONLY`: the policy takes effect.
    pub active: bool,
}

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
    let (cedar, temporal): (Vec<_>, Vec<_>) = policies.into_iter().partition(|(language, _)| *language == CEDAR);
    let specs = |policies: Vec<(&str, PolicySpec)>| policies.into_iter().map(|(_, policy)| policy).collect();
    PolicyEngineSpec {
        enforce: configuration.text_of("Mode") != Some("LOG_ONLY"),
        policies: specs(cedar),
        temporal: specs(temporal),
    }
}

fn identifier(evaluator: &Evaluator<'_>, engine: &Resource<'_>, name: &str) -> Option<String> {
    evaluator.attribute(engine.id, name, engine.position())?.string().map(str::to_owned)
}

/// A policy and its language, if it belongs to this engine.
fn policy(
    evaluator: &Evaluator<'_>,
    engine: &Resource<'_>,
    resource: &Resource<'_>,
) -> Option<(&'static str, PolicySpec)> {
    let properties = resource.properties.as_ref();
    let text = |name: &str| evaluator.text_member(properties, name);
    let of = text("PolicyEngineId")?;
    if of != engine.id && Some(of) != identifier(evaluator, engine, "PolicyEngineId") {
        return None;
    }
    let written = [CEDAR, TEMPORAL].into_iter().find_map(|language| {
        let statement = evaluator.text(properties.at(&["Definition", language, "Statement"])?)?;
        Some((language, statement))
    });
    let Some((language, statement)) = written else {
        let message = "a policy needs a statement: `Cedar: Statement`, or `Policy: Statement` for a temporal policy";
        evaluator.problem(&properties.position_of("Definition"), message);
        return None;
    };
    let is = |name: &str, value: &str| text(name).as_deref() == Some(value);
    let policy = PolicySpec {
        name: text("Name").unwrap_or_else(|| resource.id.to_owned()),
        statement,
        validated: !is("ValidationMode", "IGNORE_ALL_FINDINGS"),
        active: !is("EnforcementMode", "LOG_ONLY"),
    };
    Some((language, policy))
}
