//! The costs of a conversation: the tokens in the traces, and their price if the table has one.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

use serde_json::Value;
use toolgate::{
    Usd,
    prices::{Prices, Tokens},
};

/// Tokens and costs so far.
#[derive(Debug)]
pub(crate) struct Costs {
    prices: Prices,
    /// The model of each step; only the input of a model turn has it.
    models: HashMap<String, String>,
    turn: Sum,
    session: Sum,
    /// What a session may cost.
    limit: Option<Usd>,
}

#[derive(Debug, Clone, Default)]
struct Sum {
    model_turns: u64,
    tokens: Tokens,
    cost: Option<Usd>,
    unpriced: BTreeSet<String>,
}

impl Costs {
    pub(crate) fn new(prices: Prices) -> Self {
        Self { prices, models: HashMap::new(), turn: Sum::default(), session: Sum::default(), limit: None }
    }

    /// Shows after each turn what the session has left of `limit`.
    pub(crate) fn with_limit(self, limit: Option<Usd>) -> Self {
        Self { limit, ..self }
    }

    /// Adds a trace part. Returns its cost as text, if it is known.
    pub(crate) fn add(&mut self, part: &Value) -> Option<String> {
        let step = step_of(part)?;
        if let Some(input) = step.get("modelInvocationInput") {
            let model = input.get("foundationModel").and_then(Value::as_str).unwrap_or_default();
            self.models.insert(trace_id(input), model.to_owned());
        }
        let output = step.get("modelInvocationOutput")?;
        let usage = output.pointer("/metadata/usage")?;
        let count = |name: &str| usage.get(name).and_then(Value::as_u64).unwrap_or_default();
        let tokens = Tokens { input: count("inputTokens"), output: count("outputTokens"), ..Tokens::default() };
        let model = self.models.remove(&trace_id(output)).unwrap_or_default();
        let cost = self.prices.cost(&model, tokens);
        for sum in [&mut self.turn, &mut self.session] {
            sum.add(&model, tokens, cost);
        }
        cost.map(|cost| self.prices.amount(cost))
    }

    /// Begins a new session, without costs.
    pub(crate) fn begin_session(&mut self) {
        self.session = Sum::default();
    }

    /// Ends the turn. Returns its costs in one line, or `None` if it had no model turn.
    pub(crate) fn end_turn(&mut self) -> Option<String> {
        let turn = std::mem::take(&mut self.turn);
        if turn.model_turns == 0 {
            return None;
        }
        let mut line = turn.to_string();
        if let Some(cost) = turn.cost {
            let whole = if turn.unpriced.is_empty() { "" } else { "at least " };
            line.push_str(&format!(", {whole}{}", self.prices.amount(cost)));
        }
        if self.session.model_turns > turn.model_turns {
            line.push_str(&format!("; session: {}", self.session));
            if let Some(cost) = self.session.cost {
                line.push_str(&format!(", {}", self.prices.amount(cost)));
            }
        }
        if let Some(limit) = self.limit {
            let spent = self.session.cost.map_or(0, Usd::to_micros);
            let left = Usd::micros(limit.to_micros().saturating_sub(spent));
            let whole = if self.session.unpriced.is_empty() { "" } else { "at most " };
            line.push_str(&format!("; {whole}{} of {} left", self.prices.amount(left), self.prices.amount(limit)));
        }
        if !turn.unpriced.is_empty() {
            let names: Vec<&str> = turn.unpriced.iter().map(String::as_str).collect();
            line.push_str(&format!("; no price is known for {}", names.join(", ")));
        }
        Some(line)
    }
}

impl Sum {
    fn add(&mut self, model: &str, tokens: Tokens, cost: Option<Usd>) {
        self.model_turns += 1;
        self.tokens.input += tokens.input;
        self.tokens.output += tokens.output;
        match cost {
            Some(cost) => {
                let sum = self.cost.map_or(0, Usd::to_micros).saturating_add(cost.to_micros());
                self.cost = Some(Usd::micros(sum));
            }
            // A scripted model costs nothing, and its token counts are made up.
            None if model.starts_with("script:") => {}
            None if model.is_empty() => self.unpriced.extend(["an unnamed model".to_owned()]),
            None => self.unpriced.extend([format!("`{model}`")]),
        }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let turns = if self.model_turns == 1 { "model turn" } else { "model turns" };
        let (read, written) = (grouped(self.tokens.input), grouped(self.tokens.output));
        write!(f, "{} {turns}, {read} + {written} tokens", self.model_turns)
    }
}

/// A number with commas: `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The step in which an agent thinks, or one that only some agents have.
pub(crate) fn step_of(part: &Value) -> Option<&Value> {
    let kinds = ["orchestrationTrace", "routingClassifierTrace", "preProcessingTrace", "postProcessingTrace"];
    let trace = part.get("trace")?;
    kinds.iter().find_map(|kind| trace.get(kind))
}

pub(crate) fn trace_id(fields: &Value) -> String {
    fields.get("traceId").and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn turn(costs: &mut Costs, model: &str, input: u64, output: u64) -> Option<String> {
        let part = |member: &str, fields: Value| json!({"trace": {"orchestrationTrace": {member: fields}}});
        costs.add(&part("modelInvocationInput", json!({"traceId": "a-0", "foundationModel": model})));
        let usage = json!({"inputTokens": input, "outputTokens": output});
        costs.add(&part("modelInvocationOutput", json!({"traceId": "a-0", "metadata": {"usage": usage}})))
    }

    #[test]
    fn turns_and_the_session_are_added_up() {
        let mut costs = Costs::new(Prices::known());
        let haiku = "bedrock:global.anthropic.claude-haiku-4-5-20251001-v1:0";
        assert_eq!(turn(&mut costs, haiku, 1_000, 200).as_deref(), Some("$0.0020"));
        assert_eq!(turn(&mut costs, haiku, 2_000_000, 0).as_deref(), Some("$2.0000"));
        assert_eq!(costs.end_turn().as_deref(), Some("2 model turns, 2,001,000 + 200 tokens, $2.0020"));
        turn(&mut costs, haiku, 0, 1_000);
        assert_eq!(
            costs.end_turn().as_deref(),
            Some("1 model turn, 0 + 1,000 tokens, $0.0050; session: 3 model turns, 2,001,000 + 1,200 tokens, $2.0070")
        );
        assert_eq!(costs.end_turn(), None);
    }

    #[test]
    fn a_session_with_a_limit_shows_what_is_left() {
        let mut costs = Costs::new(Prices::known()).with_limit(Some(Usd::micros(10_000_000)));
        let haiku = "bedrock:anthropic.claude-haiku-4-5";
        turn(&mut costs, haiku, 1_000_000, 0);
        assert_eq!(
            costs.end_turn().as_deref(),
            Some("1 model turn, 1,000,000 + 0 tokens, $1.0000; $9.0000 of $10.0000 left")
        );
        turn(&mut costs, haiku, 20_000_000, 0);
        assert!(costs.end_turn().unwrap().ends_with("; $0.0000 of $10.0000 left"));
        costs.begin_session();
        turn(&mut costs, "bedrock:my.model", 10, 5);
        assert!(costs.end_turn().unwrap().contains("; at most $10.0000 of $10.0000 left; no price"));
    }

    #[test]
    fn a_model_without_a_price_makes_the_sum_a_lower_bound() {
        let mut costs = Costs::new(Prices::known());
        assert_eq!(turn(&mut costs, "bedrock:my.model", 10, 5), None);
        turn(&mut costs, "bedrock:anthropic.claude-haiku-4-5", 1_000, 0);
        assert_eq!(
            costs.end_turn().as_deref(),
            Some("2 model turns, 1,010 + 5 tokens, at least $0.0010; no price is known for `bedrock:my.model`")
        );
        turn(&mut costs, "script:x.yaml", 10, 5);
        let usage = costs.end_turn().unwrap();
        assert!(usage.starts_with("1 model turn, 10 + 5 tokens; session: ") && !usage.contains("no price"), "{usage}");
    }
}
