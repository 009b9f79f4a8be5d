//! The models of agents and harnesses, from the choices of the user.

use crate::{
    error::LocalError,
    harness,
    lambda::Log,
    scenarios::{scenario_folder, scenarios},
};
use toolgate_models::{Models, is_for_one_agent};
use toolgate_template::Template;

/// Completes the chosen models so that every agent has one. Without agents and harnesses no model is needed.
///
/// A harness for which no model can be found is removed from the template, with a line in the log: its gateway and its
/// functions are served without it.
pub(crate) fn choices(template: &mut Template, given: &[String], log: &Log) -> Result<Vec<String>, LocalError> {
    let mut chosen = given.to_vec();
    let has_own = |id: &str| given.iter().any(|choice| choice.split('=').next().map(str::trim) == Some(id));
    let has_common = given.iter().any(|choice| !is_for_one_agent(choice));
    let agents_lack = !has_common && !template.agents.iter().all(|agent| has_own(&agent.id));
    let harnesses_lack = !has_common && !template.harnesses.iter().all(|harness| has_own(&harness.id));
    match default_model(template) {
        Ok(model) if agents_lack || harnesses_lack => chosen.insert(0, model),
        Err(error) if agents_lack => return Err(error),
        Err(_) if harnesses_lack => {
            let (kept, left_out): (Vec<_>, Vec<_>) =
                std::mem::take(&mut template.harnesses).into_iter().partition(|harness| has_own(&harness.id));
            template.harnesses = kept;
            for harness in left_out {
                let message = format!(
                    "the harness `{}` is not served: it needs a model, and `{}` does not hold exactly one scenario; \
                     choose one with `--model`",
                    harness.id,
                    scenario_folder(&template.path).display()
                );
                log.line("toolgate", &message);
            }
        }
        _ => {}
    }
    if template.agents.is_empty() && template.harnesses.is_empty() {
        return Ok(Vec::new());
    }
    for spec in &template.harnesses {
        for line in harness::not_served(spec) {
            log.line("toolgate", &format!("harness `{}`: {line}", spec.id));
        }
    }
    Ok(chosen)
}

/// Opens the models; `None` if there are no choices.
pub(crate) async fn open(template: &Template, choices: &[String]) -> Result<Option<Models>, LocalError> {
    if choices.is_empty() {
        return Ok(None);
    }
    let agents = template.agents.iter().map(|agent| agent.id.as_str());
    let ids: Vec<&str> = agents.chain(template.harnesses.iter().map(|harness| harness.id.as_str())).collect();
    let models = Models::open_all(choices, &ids).await?;
    models.check().await?;
    Ok(Some(models))
}

/// The scenario beside the template, if there is exactly one. A scripted model needs no further configuration.
fn default_model(template: &Template) -> Result<String, LocalError> {
    match scenarios(&template.path).as_slice() {
        [only] => Ok(format!("script:{}", only.display())),
        _ => Err(LocalError::NoModel { folder: scenario_folder(&template.path) }),
    }
}
