//! `PromptOverrideConfiguration`: how the step in which the model thinks and calls is prompted.
//!
//! The other steps (pre-processing, routing, memory) do not run on a laptop, so their prompts are not read.

use serde_json::Value;

use super::{
    Inference, PromptSpec,
    scope::{Scope, text},
};

/// The override of an agent, from its resolved property.
pub(super) fn read(scope: &Scope<'_>, configuration: Option<&Value>, at: &str) -> PromptSpec {
    let steps = configuration.and_then(|given| given.get("PromptConfigurations")).and_then(Value::as_array);
    let orchestration =
        |step: &&Value| step.get("PromptType").and_then(Value::as_str).is_some_and(|kind| kind == "ORCHESTRATION");
    let Some(step) = steps.into_iter().flatten().find(orchestration) else {
        return PromptSpec::default();
    };
    let at = format!("{at}.PromptOverrideConfiguration");
    // Bedrock takes neither the prompt nor the settings of a step that keeps its default.
    if step.get("PromptCreationMode").and_then(Value::as_str) != Some("OVERRIDDEN") {
        return PromptSpec::default();
    }
    let base = step.get("BasePromptTemplate").and_then(text);
    let inference = step.get("InferenceConfiguration").unwrap_or(&Value::Null);
    PromptSpec { base, inference: settings(scope, inference, &format!("{at}.InferenceConfiguration")) }
}

fn settings(scope: &Scope<'_>, given: &Value, at: &str) -> Inference {
    let number = |key: &str, most: f64| {
        let written = given.get(key).and_then(text)?;
        let number = written.parse::<f64>().ok().filter(|number| (0.0..=most).contains(number));
        if number.is_none() {
            scope.problem(&format!("{at}.{key}"), format!("`{written}` is no number from 0 to {most}"));
        }
        number
    };
    let whole = |key: &str, most: u32| {
        let number = number(key, f64::from(most))?;
        // No sign and no more than `most`, so only a fraction could be lost.
        format!("{number:.0}").parse::<u32>().ok()
    };
    let words = given.get("StopSequences").and_then(Value::as_array);
    Inference {
        temperature: number("Temperature", 1.0),
        top_p: number("TopP", 1.0),
        top_k: whole("TopK", 500),
        max_tokens: whole("MaximumLength", 131_072).filter(|most| *most > 0),
        stop_sequences: words.into_iter().flatten().filter_map(text).collect(),
    }
}
