//! Reads everything that a laptop needs of a template, and reports all problems together.

use std::{collections::BTreeMap, path::Path};

use crate::{
    agents::agents,
    approvals::approvals,
    error::TemplateError,
    evaluate::Evaluator,
    functions::{fronts, functions, others},
    gateway::gateway,
    guardrail::guardrails,
    harness::harnesses,
    knowledge::knowledge_bases,
    local::local,
    seed::seed,
    source::Source,
    tables::tables,
    types::Template,
};

/// Reads a template: functions, tables, agents, harnesses, the gateway, the knowledge bases and the seed.
///
/// The value of a parameter comes from `parameters`, then from the template's `Metadata: Toolgate: Parameters`, then
/// from its default. Values are checked against their declarations and the template's `Rules`.
///
/// # Errors
/// [`TemplateError`] with every problem and its position.
pub fn read(path: &Path, parameters: &BTreeMap<String, String>) -> Result<Template, TemplateError> {
    evaluate(&Source::open(path)?, parameters)
}

/// Evaluates an opened template, as [`read`] does.
///
/// # Errors
/// [`TemplateError`] with every problem and its position.
pub fn evaluate(source: &Source, parameters: &BTreeMap<String, String>) -> Result<Template, TemplateError> {
    evaluate_parts(source, parameters, |evaluator, template| {
        template.guardrails = guardrails(evaluator);
        template.agents = agents(evaluator);
        template.gateway = gateway(evaluator);
        template.harnesses = harnesses(evaluator);
    })
}

/// Reads everything except the agents, the harnesses and the gateway. It does not need the generated schemas.
///
/// # Errors
/// As [`read`].
pub fn read_without_agents(path: &Path, parameters: &BTreeMap<String, String>) -> Result<Template, TemplateError> {
    evaluate_without_agents(&Source::open(path)?, parameters)
}

/// Evaluates an opened template, as [`read_without_agents`] does.
///
/// # Errors
/// As [`read`].
pub fn evaluate_without_agents(
    source: &Source,
    parameters: &BTreeMap<String, String>,
) -> Result<Template, TemplateError> {
    evaluate_parts(source, parameters, |_, _| {})
}

fn evaluate_parts(
    source: &Source,
    parameters: &BTreeMap<String, String>,
    read_agents: impl FnOnce(&Evaluator<'_>, &mut Template),
) -> Result<Template, TemplateError> {
    let evaluator = local(source, parameters);
    let tables = tables(&evaluator);
    let mut template = Template {
        path: source.path().to_owned(),
        functions: functions(&evaluator),
        fronts: fronts(&evaluator),
        other_functions: others(&evaluator),
        approvals: approvals(&evaluator, &tables),
        tables,
        session_usd: source
            .at(&["Metadata", "Toolgate"])
            .filter(|own| own.get("SessionUsd").is_some())
            .and_then(|own| evaluator.text_member(own, "SessionUsd")),
        knowledge_bases: knowledge_bases(&evaluator),
        seed: seed(&evaluator),
        ..Template::default()
    };
    read_agents(&evaluator, &mut template);
    match evaluator.into_problems() {
        problems if problems.is_empty() => Ok(template),
        problems => Err(TemplateError::Problems { path: source.path().to_owned(), problems }),
    }
}
