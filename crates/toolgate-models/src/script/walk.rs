//! Selects the rule that applies, and the next of its steps.

use regex::Regex;
use serde_json::{Map, Value, json};

use super::{
    file::{Action, CallFile, Rule, Scenario, Step},
    render,
    view::{Called, View},
};

/// The model's next action.
#[derive(Debug)]
pub(super) enum Next {
    Answer { text: String, why: Option<String> },
    Calls { calls: Vec<Call>, why: Option<String> },
}

/// A call under the tool's own name.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) tool: String,
    pub(super) input: Value,
}

pub(super) fn next(scenario: &Scenario, agent: &str, view: &View) -> Result<Next, String> {
    let rules = scenario.agents.get(agent).ok_or_else(|| format!("has no rules for agent `{agent}`"))?;
    let mut values = Map::new();
    let Some(rule) = rules.iter().find(|rule| applies(rule, view, &mut values)) else {
        let text = "The scripted model has no rule for that. Ask in other words, or use a `bedrock:` model.".to_owned();
        return Ok(Next::Answer { text, why: None });
    };
    walk(scenario, rule, view, values).map_err(|problem| format!("agent `{agent}`, rule `{}`: {problem}", rule.name))
}

/// Whether a rule applies. Its named groups become values; those of the user's last message take precedence.
fn applies(rule: &Rule, view: &View, values: &mut Map<String, Value>) -> bool {
    let mut found = Map::new();
    if let Some(earlier) = &rule.earlier
        && !view.earlier.iter().any(|text| capture(earlier, text, &mut found))
    {
        return false;
    }
    if rule.after.as_ref().is_some_and(|after| !capture(after, &view.answer, &mut found)) {
        return false;
    }
    if !rule.user.is_empty() && !rule.user.iter().any(|user| capture(user, &view.text, &mut found)) {
        return false;
    }
    *values = found;
    true
}

fn capture(pattern: &Regex, text: &str, into: &mut Map<String, Value>) -> bool {
    let Some(captures) = pattern.captures(text) else { return false };
    for name in pattern.capture_names().flatten() {
        if let Some(group) = captures.name(name) {
            into.insert(name.to_owned(), json!(group.as_str()));
        }
    }
    true
}

fn walk(scenario: &Scenario, rule: &Rule, view: &View, mut values: Map<String, Value>) -> Result<Next, String> {
    values.insert("text".to_owned(), json!(view.text));
    for name in ["results", "replies"] {
        values.insert(name.to_owned(), json!({}));
    }
    values.insert("calls".to_owned(), json!([]));
    let mut done = view.done.iter();
    for step in &rule.steps {
        let now = Value::Object(values.clone());
        if let Some(condition) = &step.condition
            && !render::holds(condition, &now)?
        {
            continue;
        }
        match &step.action {
            Action::Answer(template) => return answer(template, step, &now),
            Action::Read { from, find, otherwise } => {
                let text = render::render(from, &now)?;
                if capture(find, &text, &mut values) {
                    continue;
                }
                if let Some(template) = otherwise {
                    return answer(template, step, &now);
                }
            }
            Action::Calls { .. } | Action::Ask(_) => {
                let Some(group) = done.next() else { return make_calls(step, &now) };
                for called in group {
                    remember(&mut values, called, None);
                }
                let mut may_fail = false;
                if let Action::Calls { calls, may_fail: allowed } = &step.action {
                    may_fail = *allowed;
                    for (call, called) in calls.iter().zip(group) {
                        remember(&mut values, called, call.name.as_deref());
                    }
                }
                if let Some(failed) = group.iter().find(|called| called.failed && !may_fail) {
                    return failure(scenario, failed, values);
                }
            }
        }
    }
    Err("no step answers".to_owned())
}

fn answer(template: &str, step: &Step, now: &Value) -> Result<Next, String> {
    Ok(Next::Answer { text: spaced(&render::render(template, now)?), why: why(step, now)? })
}

/// Collapses repeated spaces: a sentence over several lines of a file may contain them.
fn spaced(text: &str) -> String {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("\n")
}

fn why(step: &Step, now: &Value) -> Result<Option<String>, String> {
    step.why.as_deref().map(|template| render::render(template, now)).transpose()
}

fn make_calls(step: &Step, now: &Value) -> Result<Next, String> {
    let call = |call: &CallFile| Ok(Call { tool: call.call.clone(), input: arguments(&call.with, now)? });
    let message = |(recipient, template): (&String, &String)| {
        let content = render::render(template, now)?;
        Ok(Call { tool: "sendMessage".to_owned(), input: json!({"recipient": recipient, "content": content}) })
    };
    let calls: Result<Vec<Call>, String> = match &step.action {
        Action::Calls { calls, .. } => calls.iter().map(call).collect(),
        Action::Ask(messages) => messages.iter().map(message).collect(),
        Action::Read { .. } | Action::Answer(_) => Ok(Vec::new()),
    };
    Ok(Next::Calls { calls: calls?, why: why(step, now)? })
}

fn arguments(with: &Map<String, Value>, now: &Value) -> Result<Value, String> {
    let mut input = Map::new();
    for (name, given) in with {
        if let Some(value) = render::argument(given, now)? {
            input.insert(name.clone(), value);
        }
    }
    Ok(Value::Object(input))
}

fn remember(values: &mut Map<String, Value>, called: &Called, name: Option<&str>) {
    if let Some(name) = name {
        values.insert(name.to_owned(), called.output.clone());
        return;
    }
    let under = |values: &mut Map<String, Value>, group: &str, key: &str| {
        if let Some(Value::Object(group)) = values.get_mut(group) {
            group.insert(key.to_owned(), called.output.clone());
        }
    };
    match called.recipient() {
        Some(recipient) => under(values, "replies", recipient),
        None => under(values, "results", &called.tool),
    }
    if let Some(Value::Array(calls)) = values.get_mut("calls") {
        calls.push(json!({"tool": called.tool, "input": called.input, "output": called.output}));
    }
}

fn failure(scenario: &Scenario, failed: &Called, mut values: Map<String, Value>) -> Result<Next, String> {
    values.insert("error".to_owned(), failed.failure());
    let now = Value::Object(values);
    for case in &scenario.failed {
        if case.condition.as_deref().map_or(Ok(true), |condition| render::holds(condition, &now))? {
            return Ok(Next::Answer { text: render::render(&case.answer, &now)?, why: None });
        }
    }
    let text = render::render("I could not do that: {{ error.message }}", &now)?;
    Ok(Next::Answer { text, why: None })
}
