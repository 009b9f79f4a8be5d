//! The whole of what a laptop needs of a template, read at once with every problem.

use std::{collections::BTreeMap, path::Path};

use crate::{
    agents::agents,
    approvals::approvals,
    error::TemplateError,
    evaluate::Evaluator,
    functions::{functions, others},
    gateway::gateway,
    local::local,
    seed::seed,
    source::Source,
    tables::tables,
    types::Template,
};

/// Reads a template: functions, tables, agents, the gateway and the seed.
///
/// A parameter gets its value from `parameters`, else from the template's `Metadata: Toolgate: Parameters`, else its
/// default. Values are held to what their declarations allow, and to the template's `Rules`.
///
/// # Errors
/// [`TemplateError`] with every problem found, each with its place in the template.
pub fn read(path: &Path, parameters: &BTreeMap<String, String>) -> Result<Template, TemplateError> {
    evaluate(&Source::open(path)?, parameters)
}

/// Evaluates a template that has been opened, as [`read`] does.
///
/// # Errors
/// [`TemplateError`] with every problem found, each with its place in the template.
pub fn evaluate(source: &Source, parameters: &BTreeMap<String, String>) -> Result<Template, TemplateError> {
    evaluate_parts(source, parameters, |evaluator, template| {
        template.agents = agents(evaluator);
        template.gateway = gateway(evaluator);
    })
}

/// Reads everything except the agents and the gateway, and so needs none of the generated schemas.
///
/// # Errors
/// As [`read`].
pub fn read_without_agents(path: &Path, parameters: &BTreeMap<String, String>) -> Result<Template, TemplateError> {
    evaluate_parts(&Source::open(path)?, parameters, |_, _| {})
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
        other_functions: others(&evaluator),
        approvals: approvals(&evaluator, &tables),
        tables,
        seed: seed(&evaluator),
        ..Template::default()
    };
    read_agents(&evaluator, &mut template);
    match evaluator.into_problems() {
        problems if problems.is_empty() => Ok(template),
        problems => Err(TemplateError::Problems { path: source.path().to_owned(), problems }),
    }
}
