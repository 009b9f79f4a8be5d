//! Traces as an indented timeline: each agent, its calls with their duration and cost, and which of them run in parallel.
//!
//! ```text
//!   0.000 s  Dispatcher
//!   0.812 s    model 812 ms, 1,204 + 88 tokens, $0.0049
//!                “Two specialists can look at this at once.”
//!              → 1 Orders: Where is order 1001?
//!              ∥ 2 Billing: What is owed?
//!   0.813 s    Orders
//!   …
//!   2.101 s    ← 2 Billing 1,287 ms: Nothing is owed.
//! ```
//!
//! It is drawn from the parts' JSON, as `--trace=json` prints them, so a recorded trace can be drawn as well.

mod page;
mod part;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use serde_json::Value;

use super::costs::{step_of, trace_id};
pub(crate) use page::Page;
use part::Line;

/// A timeline that is being drawn.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    page: Page,
    start: Option<f64>,
    /// The agent whose lines are being drawn, as the chain of its callers.
    current: Option<String>,
    /// Calls without a result so far, in the order in which they were made.
    open: Vec<Call>,
    made: usize,
}

/// A call that was announced.
#[derive(Debug)]
struct Call {
    number: usize,
    chain: String,
    step: String,
    name: String,
}

impl Timeline {
    pub(crate) fn new(page: Page) -> Self {
        Self { page, ..Self::default() }
    }

    /// Begins another turn on the same page.
    pub(crate) fn restart(&mut self) {
        *self = Self::new(self.page);
    }

    /// Draws one trace part, with the cost of its model turn.
    pub(crate) fn draw(&mut self, part: &Value, cost: Option<&str>, out: &mut impl Write) -> io::Result<()> {
        let at = part.get("eventTime").and_then(part::seconds);
        // A part that is not drawn counts as well: a turn begins with the input of its first model turn.
        let elapsed = at.map(|at| (at - *self.start.get_or_insert(at)).max(0.0));
        let Some(line) = self.line(part, cost) else {
            return Ok(());
        };
        let chain = chain_of(part);
        let depth = chain.matches('\n').count();
        if self.current.as_ref() != Some(&chain) {
            self.page.agent(elapsed, depth, part::agent(part), out)?;
            self.current = Some(chain);
        }
        self.page.line(elapsed, depth, &line, out)?;
        out.flush()
    }

    fn line(&mut self, part: &Value, cost: Option<&str>) -> Option<Line> {
        let trace = part.get("trace")?;
        if let Some(failure) = trace.get("failureTrace") {
            return Some(Line::failure(failure));
        }
        if let Some(guardrail) = trace.get("guardrailTrace") {
            return Line::guardrail(guardrail);
        }
        let step = step_of(part)?;
        if let Some(output) = step.get("modelInvocationOutput") {
            return Some(Line::model(output, cost));
        }
        if let Some(rationale) = step.get("rationale") {
            return Some(Line::rationale(rationale));
        }
        if let Some(input) = step.get("invocationInput") {
            return Some(self.call(part, input));
        }
        let seen = step.get("observation")?;
        if seen.get("finalResponse").is_some() {
            return Some(Line::answer(seen));
        }
        let (chain, step) = (chain_of(part), trace_id(seen));
        // Results come in the order of the calls.
        let of_step = |call: &Call| call.chain == chain && call.step == step && part::fits(seen, &call.name);
        let at = self.open.iter().position(of_step);
        let call = at.and_then(|at| self.open.get(at)).map(|call| (call.number, call.name.clone()));
        if let Some(at) = at.filter(|_| !part::waits_for_caller(seen)) {
            self.open.remove(at);
        }
        Some(Line::result(seen, call))
    }

    fn call(&mut self, part: &Value, input: &Value) -> Line {
        let (chain, step, name) = (chain_of(part), trace_id(input), part::name(input));
        let same_step = |call: &&Call| call.chain == chain && call.step == step;
        // An agent that asked the caller a question goes on with the same call.
        let resumed = part::is_resumed(input);
        if let Some(call) = self.open.iter().filter(same_step).find(|call| resumed && call.name == name) {
            return Line::call(input, call.number, false);
        }
        let beside = self.open.iter().any(|call| same_step(&call));
        self.made += 1;
        self.open.push(Call { number: self.made, chain, step, name });
        Line::call(input, self.made, beside)
    }
}

/// The agent of a part, as the chain of its callers, one per line.
fn chain_of(part: &Value) -> String {
    let chain = part.get("callerChain").and_then(Value::as_array).into_iter().flatten();
    let arns: Vec<&str> = chain.filter_map(|caller| caller.get("agentAliasArn")?.as_str()).collect();
    arns.join("\n")
}
