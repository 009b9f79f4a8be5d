//! A scenario file. It is read once, every pattern and template is compiled, and all problems are reported together.

use std::{collections::BTreeMap, path::Path};

use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::render;
use crate::conversation::Conversation;

/// The rules of some agents, and conversations with them.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub(super) agents: BTreeMap<String, Vec<Rule>>,
    pub(super) failed: Vec<FailureAnswer>,
    /// Conversations to play against a running agent.
    pub conversations: Vec<Conversation>,
}

/// Why a scenario file is not valid.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// It cannot be read.
    #[error("cannot read scenario `{path}`: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// The reason.
        source: std::io::Error,
    },
    /// It is not YAML of the expected shape.
    #[error("scenario `{path}` has a mistake: {source}")]
    Malformed {
        /// The file.
        path: String,
        /// The position and the problem.
        source: toolgate_template::SyntaxError,
    },
    /// Some of its patterns, templates or steps are not valid.
    #[error("scenario `{path}` has mistakes:\n  {}", problems.join("\n  "))]
    Invalid {
        /// The file.
        path: String,
        /// All problems.
        problems: Vec<String>,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) user: Vec<Regex>,
    pub(super) after: Option<Regex>,
    pub(super) earlier: Option<Regex>,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) condition: Option<String>,
    pub(super) why: Option<String>,
    pub(super) action: Action,
}

#[derive(Debug, Clone)]
pub(super) enum Action {
    Calls { calls: Vec<CallFile>, may_fail: bool },
    Ask(BTreeMap<String, String>),
    Read { from: String, find: Regex, otherwise: Option<String> },
    Answer(String),
}

/// The answer after a failed call.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FailureAnswer {
    #[serde(rename = "if")]
    pub(super) condition: Option<String>,
    pub(super) answer: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioFile {
    agents: BTreeMap<String, Vec<RuleFile>>,
    #[serde(default)]
    failed: Vec<FailureAnswer>,
    #[serde(default)]
    conversations: Vec<Conversation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    name: String,
    #[serde(default)]
    user: Vec<String>,
    after: Option<String>,
    earlier: Option<String>,
    steps: Vec<StepFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepFile {
    #[serde(rename = "if")]
    condition: Option<String>,
    why: Option<String>,
    call: Option<String>,
    #[serde(default)]
    with: Map<String, Value>,
    calls: Option<Vec<CallFile>>,
    #[serde(default)]
    may_fail: bool,
    ask: Option<BTreeMap<String, String>>,
    read: Option<String>,
    find: Option<String>,
    otherwise: Option<String>,
    answer: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallFile {
    pub(super) call: String,
    #[serde(default)]
    pub(super) with: Map<String, Value>,
    /// The name of the result in templates.
    #[serde(rename = "as")]
    pub(super) name: Option<String>,
}

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// [`ScenarioError`] with every problem in the file.
    pub fn read(file: &Path) -> Result<Self, ScenarioError> {
        let path = file.display().to_string();
        let text =
            std::fs::read_to_string(file).map_err(|source| ScenarioError::Unreadable { path: path.clone(), source })?;
        Self::parse(&text, &path)
    }

    /// Parses a scenario from text. `path` is only used in errors.
    ///
    /// # Errors
    /// [`ScenarioError`] with every problem in the text.
    pub fn parse(text: &str, path: &str) -> Result<Self, ScenarioError> {
        let path = path.to_owned();
        let file: ScenarioFile = toolgate_template::from_yaml(text)
            .map_err(|source| ScenarioError::Malformed { path: path.clone(), source })?;
        let mut problems = Vec::new();
        let agents = file
            .agents
            .into_iter()
            .map(|(agent, rules)| {
                let rules = rules.into_iter().filter_map(|rule| compile_rule(&agent, rule, &mut problems)).collect();
                (agent, rules)
            })
            .collect();
        for failure in &file.failed {
            check(&mut problems, "failed", failure.condition.as_deref(), [failure.answer.as_str()]);
        }
        for conversation in &file.conversations {
            let at = format!("conversation `{}`", conversation.name);
            for turn in &conversation.turns {
                for condition in &turn.expect.check {
                    check(&mut problems, &at, Some(condition), []);
                }
                check(&mut problems, &at, None, turn.expect.answer.iter().map(String::as_str));
            }
        }
        if !problems.is_empty() {
            return Err(ScenarioError::Invalid { path, problems });
        }
        Ok(Self { agents, failed: file.failed, conversations: file.conversations })
    }
}

fn compile_rule(agent: &str, rule: RuleFile, problems: &mut Vec<String>) -> Option<Rule> {
    let at = format!("{agent}, rule `{}`", rule.name);
    let mut pattern = |text: String| match RegexBuilder::new(&text).case_insensitive(true).build() {
        Ok(regex) => Some(regex),
        Err(error) => {
            problems.push(format!("{at}: {error}"));
            None
        }
    };
    let user = rule.user.into_iter().filter_map(&mut pattern).collect();
    let after = rule.after.and_then(&mut pattern);
    let earlier = rule.earlier.and_then(&mut pattern);
    let mut steps = Vec::new();
    for (index, step) in rule.steps.into_iter().enumerate() {
        match compile_step(step, &format!("{at}, step {}", index + 1), problems) {
            Ok(step) => steps.push(step),
            Err(problem) => problems.push(format!("{at}, step {}: {problem}", index + 1)),
        }
    }
    if !matches!(steps.last(), Some(Step { condition: None, action: Action::Answer(_), .. })) {
        problems.push(format!("{at}: the last step must be an `answer` without `if`"));
        return None;
    }
    Some(Rule { name: rule.name, user, after, earlier, steps })
}

fn compile_step(step: StepFile, at: &str, problems: &mut Vec<String>) -> Result<Step, String> {
    let texts: Vec<&str> = [&step.why, &step.answer, &step.read, &step.otherwise]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .chain(step.ask.iter().flat_map(BTreeMap::values).map(String::as_str))
        .chain(
            step.with
                .values()
                .chain(step.calls.iter().flatten().flat_map(|call| call.with.values()))
                .filter_map(Value::as_str),
        )
        .collect();
    check(problems, at, step.condition.as_deref(), texts);
    let action = match (step.call, step.calls, step.ask, step.read, step.answer, step.find) {
        (Some(call), None, None, None, None, _) => {
            Action::Calls { calls: vec![CallFile { call, with: step.with, name: None }], may_fail: step.may_fail }
        }
        (None, Some(calls), None, None, None, _) if !calls.is_empty() => {
            Action::Calls { calls, may_fail: step.may_fail }
        }
        (None, None, Some(ask), None, None, _) if !ask.is_empty() => Action::Ask(ask),
        (None, None, None, Some(from), None, Some(find)) => {
            let find = RegexBuilder::new(&find).case_insensitive(true).build().map_err(|error| error.to_string())?;
            Action::Read { from, find, otherwise: step.otherwise }
        }
        (None, None, None, None, Some(answer), _) => Action::Answer(answer),
        _ => return Err("a step is exactly one of `call`, `calls`, `ask`, `read` with `find`, or `answer`".to_owned()),
    };
    Ok(Step { condition: step.condition, why: step.why, action })
}

fn check<'a>(problems: &mut Vec<String>, at: &str, condition: Option<&str>, texts: impl IntoIterator<Item = &'a str>) {
    if let Some(problem) = condition.and_then(|condition| render::check_expression(condition).err()) {
        problems.push(format!("{at}: {problem}"));
    }
    for text in texts {
        if let Err(problem) = render::check_template(text) {
            problems.push(format!("{at}: {problem}"));
        }
    }
}
