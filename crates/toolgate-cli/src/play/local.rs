//! A local agent of its own for a play: a free port, and tables that are gone afterwards.

use std::path::Path;

use toolgate_local::{Local, Running};

use crate::chat::Failure;

/// Starts the agents of a template with the scenario's model.
pub(crate) async fn start(template: &Path, scenario: &Path) -> Result<Running, Failure> {
    let model = format!("script:{}", scenario.display());
    Ok(Local::from_template(template).port(0).in_memory().model(model).variable("TOOLGATE_LOG", "warn").start().await?)
}
