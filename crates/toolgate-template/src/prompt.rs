//! `PromptOverrideConfiguration`: the prompt of the orchestration step, in which the model reasons and calls tools.
//!
//! The other steps (pre-processing, routing, memory) do not run on a laptop, so their prompts are not read.

use crate::{evaluate::Evaluator, node::Node};

/// The orchestration step: `PromptOverrideConfiguration` of the type `ORCHESTRATION`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PromptSpec {
    /// `BasePromptTemplate`, if it is enabled.
    pub base: Option<String>,
    /// `InferenceConfiguration`.
    pub inference: Inference,
}

/// Inference settings. The model's own default applies to a setting that is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inference {
    /// The temperature, 0 to 1.
    pub temperature: Option<f64>,
    /// The probability mass of the candidate tokens (top P), 0 to 1.
    pub top_p: Option<f64>,
    /// The number of candidate tokens (top K).
    pub top_k: Option<u32>,
    /// The maximum number of tokens of one answer.
    pub max_tokens: Option<u32>,
    /// Stop sequences.
    pub stop_sequences: Vec<String>,
}

/// The override of an agent, from its evaluated property.
pub(crate) fn prompt(evaluator: &Evaluator<'_>, configuration: Option<&Node>) -> PromptSpec {
    let steps = configuration.map_or(&[] as &[_], |given| given.list("PromptConfigurations"));
    let Some(step) = steps.iter().find(|step| step.text_of("PromptType") == Some("ORCHESTRATION")) else {
        return PromptSpec::default();
    };
    // Bedrock ignores the prompt and the settings of a step that keeps its default.
    if step.text_of("PromptCreationMode") != Some("OVERRIDDEN") {
        return PromptSpec::default();
    }
    let base = step.get("BasePromptTemplate").and_then(Node::string).map(str::to_owned);
    let inference = step.get("InferenceConfiguration").map(|given| settings(evaluator, given));
    PromptSpec { base, inference: inference.unwrap_or_default() }
}

fn settings(evaluator: &Evaluator<'_>, given: &Node) -> Inference {
    let number = |name: &str, most: f64| {
        let written = given.get(name)?;
        let text = written.string()?;
        let number = text.parse::<f64>().ok().filter(|number| (0.0..=most).contains(number));
        if number.is_none() {
            evaluator.problem(&written.position, format!("`{text}` is not a number from 0 to {most}"));
        }
        number
    };
    let whole = |name: &str, most: u32| {
        let number = number(name, f64::from(most))?;
        // The value is not negative and at most `most`, so the conversion can only drop a fraction.
        format!("{number:.0}").parse::<u32>().ok()
    };
    let words = given.list("StopSequences").iter().filter_map(Node::string);
    Inference {
        temperature: number("Temperature", 1.0),
        top_p: number("TopP", 1.0),
        top_k: whole("TopK", 500),
        max_tokens: whole("MaximumLength", 131_072).filter(|most| *most > 0),
        stop_sequences: words.map(str::to_owned).collect(),
    }
}
