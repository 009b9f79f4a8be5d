//! Traces as an indented timeline: one line per event, collaborators further to the right.

use std::io::{self, Write};

use aws_sdk_bedrockagentruntime::{
    primitives::DateTime,
    types::{
        InvocationInput, Metadata, Observation, OrchestrationModelInvocationOutput, OrchestrationTrace as O, Parameter,
        Trace, TracePart,
    },
};

/// Longer texts are cut.
const WIDTH: usize = 140;

/// A timeline that is being drawn.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    start: Option<DateTime>,
    /// The calls announced since the last result, and whose they are.
    announced: (String, usize),
}

impl Timeline {
    /// Draws one trace part.
    pub(crate) fn draw(&mut self, part: &TracePart, out: &mut impl Write) -> io::Result<()> {
        let at = self.elapsed(part.event_time());
        let depth = part.caller_chain().len().saturating_sub(1);
        let agent = part.collaborator_name().or(part.agent_id()).unwrap_or("agent");
        let Some(text) = self.describe(agent, part.trace()) else {
            return Ok(());
        };
        for (index, line) in text.lines().enumerate() {
            let margin = if index == 0 { at.as_str() } else { "" };
            writeln!(out, "{margin:>9}  {}{}", "    ".repeat(depth), cut(line))?;
        }
        out.flush()
    }

    fn elapsed(&mut self, time: Option<&DateTime>) -> String {
        let Some(time) = time else {
            return String::new();
        };
        let start = *self.start.get_or_insert(*time);
        format!("{:.3} s", (time.as_secs_f64() - start.as_secs_f64()).max(0.0))
    }

    fn describe(&mut self, agent: &str, trace: Option<&Trace>) -> Option<String> {
        match trace? {
            Trace::OrchestrationTrace(O::ModelInvocationOutput(output)) => Some(model_turn(agent, output)),
            Trace::OrchestrationTrace(O::Rationale(rationale)) => {
                rationale.text().map(|text| format!("  \u{201c}{text}\u{201d}"))
            }
            Trace::OrchestrationTrace(O::InvocationInput(input)) => {
                let id = input.trace_id().unwrap_or_default();
                let count = if self.announced.0 == id { self.announced.1 + 1 } else { 1 };
                self.announced = (id.to_owned(), count);
                Some(format!("  \u{2192} {}", call(input)))
            }
            Trace::OrchestrationTrace(O::Observation(seen)) => {
                let together = std::mem::take(&mut self.announced).1;
                let note = if together > 1 { format!("  ({together} at once)\n") } else { String::new() };
                Some(format!("{note}{}", result(seen)))
            }
            Trace::FailureTrace(failure) => {
                Some(format!("  \u{2717} {}", failure.failure_reason().unwrap_or("failed")))
            }
            Trace::GuardrailTrace(guardrail) => {
                Some(format!("  guardrail: {}", guardrail.action().map_or("", |action| action.as_str())))
            }
            _ => None,
        }
    }
}

fn model_turn(agent: &str, output: &OrchestrationModelInvocationOutput) -> String {
    let usage = output.metadata().and_then(Metadata::usage);
    let tokens = usage.map(|usage| {
        format!(", {} + {} tokens", usage.input_tokens().unwrap_or(0), usage.output_tokens().unwrap_or(0))
    });
    format!("{agent}: model{}{}", took(output.metadata()), tokens.unwrap_or_default())
}

fn call(input: &InvocationInput) -> String {
    if let Some(action) = input.action_group_invocation_input() {
        let path = action.api_path().map(|path| path.trim_start_matches('/'));
        let body = action
            .request_body()
            .and_then(|body| body.content())
            .into_iter()
            .flat_map(|content| content.values())
            .flatten();
        let arguments: Vec<String> = action.parameters().iter().chain(body).map(argument).collect();
        return format!("{}({})", action.function().or(path).unwrap_or_default(), arguments.join(", "));
    }
    if let Some(asked) = input.agent_collaborator_invocation_input() {
        let name = asked.agent_collaborator_name().unwrap_or_default();
        let text = asked.input().and_then(|input| input.text());
        return text.map_or_else(|| format!("{name}, with the caller's answer"), |text| format!("{name}: {text}"));
    }
    input.invocation_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default()
}

fn argument(parameter: &Parameter) -> String {
    format!("{}={}", parameter.name().unwrap_or_default(), parameter.value().unwrap_or_default())
}

fn result(seen: &Observation) -> String {
    if let Some(output) = seen.action_group_invocation_output() {
        return format!("  \u{2190}{} {}", took(output.metadata()), output.text().unwrap_or_default());
    }
    if let Some(output) = seen.agent_collaborator_invocation_output() {
        let name = output.agent_collaborator_name().unwrap_or_default();
        let text = output.output().and_then(|output| output.text());
        return text
            .map_or_else(|| format!("  \u{2190} {name} asks the caller"), |text| format!("  \u{2190} {name}: {text}"));
    }
    if let Some(output) = seen.final_response() {
        return format!("  = {}", output.text().unwrap_or_default());
    }
    if let Some(output) = seen.reprompt_response() {
        return format!("  \u{21ba} {}", output.text().unwrap_or_default());
    }
    seen.r#type().map(|kind| format!("  {}", kind.as_str())).unwrap_or_default()
}

fn took(metadata: Option<&Metadata>) -> String {
    metadata.and_then(Metadata::total_time_ms).map(|ms| format!(" {ms} ms")).unwrap_or_default()
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}\u{2026}", line.get(..end).unwrap_or(line)),
        None => line.to_owned(),
    }
}
