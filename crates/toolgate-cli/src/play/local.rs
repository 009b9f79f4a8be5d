//! The local agent that `toolgate play` starts, on a free port.

use std::path::Path;

use toolgate_local::{Local, Running};

use crate::failure::Failure;

/// Starts the agents of a template with the scenario as their model. Without `data` the tables are kept in memory.
pub(crate) async fn start(
    template: &Path,
    scenario: &Path,
    data: Option<&Path>,
    hostile: Option<u64>,
    parameters: &[(String, String)],
) -> Result<Running, Failure> {
    let model = format!("script:{}", scenario.display());
    let mut local = Local::from_template(template).port(0).model(model).variable("TOOLGATE_LOG", "warn");
    for (name, value) in parameters {
        local = local.parameter(name, value);
    }
    local = match data {
        Some(folder) => local.data(folder),
        None => local.in_memory(),
    };
    if let Some(seed) = hostile {
        local = local.hostile(seed);
    }
    Ok(local.start().await?)
}
