//! Reading a SAM template: what runs on a laptop is what gets deployed, so both start from the same file.
//!
//! Only what the local agent needs is resolved; a role or an alarm may hold what nobody here understands.

mod agents;
mod conditions;
mod document;
mod error;
mod functions;
mod gateway;
mod include;
mod intrinsics;
mod parameters;
mod pattern;
mod prompt;
mod references;
mod rules;
mod schema;
mod scope;
mod substitute;
mod tables;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_parameters;
mod types;
mod yaml;

use std::{collections::BTreeMap, path::Path};

pub use error::{Problem, TemplateError};
pub(crate) use references::{ACCOUNT, REGION, function_arn};
pub use types::*;

use document::Document;
use scope::Scope;

/// Reads a template: functions, tables, agents, the gateway and the seed.
///
/// A parameter gets its value from `parameters`, else from the template's `Metadata: Toolgate: Parameters`, else its
/// default; only `AgentPlatform` is `both` and `Environment` is `dev` rather than their defaults, since a laptop wants
/// the agents and the rules of development. Values are held to what their declarations allow, and to the template's
/// `Rules`.
///
/// # Errors
/// [`TemplateError`] with every problem found, each with its place in the template.
pub fn read(path: &Path, parameters: &BTreeMap<String, String>) -> Result<Template, TemplateError> {
    read_parts(path, parameters, true)
}

/// Reads everything but the agents and the gateway, and so needs none of the generated schemas.
///
/// # Errors
/// As [`read`].
pub fn read_without_agents(path: &Path, parameters: &BTreeMap<String, String>) -> Result<Template, TemplateError> {
    read_parts(path, parameters, false)
}

fn read_parts(path: &Path, parameters: &BTreeMap<String, String>, agents: bool) -> Result<Template, TemplateError> {
    let document = Document::open(path)?;
    let scope = Scope::new(&document, parameters);
    let template = Template {
        path: path.to_owned(),
        functions: functions::functions(&scope),
        other_functions: functions::others(&scope),
        tables: tables::tables(&scope),
        agents: if agents { agents::agents(&scope) } else { Vec::new() },
        gateway: if agents { gateway::gateway(&scope) } else { None },
        seed: functions::seed(&scope),
    };
    match scope.into_problems() {
        problems if problems.is_empty() => Ok(template),
        problems => Err(TemplateError::Problems { path: path.to_owned(), problems }),
    }
}
