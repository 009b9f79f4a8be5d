//! The lifecycle hooks of a harness.

use std::time::Duration;

use crate::{
    evaluate::Evaluator,
    functions::{self, own_function},
    node::{Entry, Node},
    types::{HookMoment, HookSpec, HookTarget},
};

const MOST: usize = 20;
const NAME_LENGTH: usize = 64;
/// The service's default and its limit.
const TIMEOUT_SECONDS: u64 = 60;
const LONGEST_TIMEOUT_SECONDS: u64 = 900;

/// `Hooks` of a harness. Whatever is not understood is a problem, because a hook that is left out decides nothing.
pub(crate) fn hooks(evaluator: &Evaluator<'_>, list: &Node) -> Vec<HookSpec> {
    if !list.is_list() {
        evaluator.problem(&list.position, "`Hooks` must be a list");
    }
    if let Some(first) = list.items().get(MOST) {
        evaluator.problem(&first.position, format!("a harness has at most {MOST} hooks"));
    }
    let mut hooks: Vec<HookSpec> = Vec::new();
    for node in list.items() {
        let Some(hook) = hook(evaluator, node) else { continue };
        if hooks.iter().any(|other| other.name == hook.name) {
            evaluator.problem(&node.position, format!("two hooks are named `{}`", hook.name));
        }
        hooks.push(hook);
    }
    hooks
}

fn hook(evaluator: &Evaluator<'_>, node: &Node) -> Option<HookSpec> {
    let Some(entry) = only(node) else {
        let message = "a hook is one of `BeforeInvocation`, `BeforeToolCall`, `AfterToolCall` and `AfterInvocation`";
        evaluator.problem(&node.position, message);
        return None;
    };
    let moment = match entry.name.as_str() {
        "BeforeInvocation" => HookMoment::BeforeInvocation,
        "BeforeToolCall" => HookMoment::BeforeToolCall,
        "AfterToolCall" => HookMoment::AfterToolCall,
        "AfterInvocation" => HookMoment::AfterInvocation,
        other => {
            evaluator.problem(&node.position, format!("`{other}` is not a moment at which hooks are called"));
            return None;
        }
    };
    known(evaluator, &entry.node, &["Name", "Target"]);
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let name = entry.node.get("Name").and_then(Node::string).unwrap_or_default();
    if !(1..=NAME_LENGTH).contains(&name.len()) || !name.chars().all(fits) {
        let message = format!("a hook needs a `Name` of 1 to {NAME_LENGTH} letters, digits, `_` and `-`");
        evaluator.problem(&entry.node.position_of("Name"), message);
    }
    let target = target(evaluator, &entry.node)?;
    Some(HookSpec { name: name.to_owned(), moment, target })
}

fn target(evaluator: &Evaluator<'_>, hook: &Node) -> Option<HookTarget> {
    let Some(entry) = hook.get("Target").and_then(only) else {
        let message = "a hook needs a `Target`: `Lambda`, `Sns` or `EventBridge`";
        evaluator.problem(&hook.position_of("Target"), message);
        return None;
    };
    let node = &entry.node;
    let other = match entry.name.as_str() {
        "Lambda" => return lambda(evaluator, node),
        "Sns" => HookTarget::Sns,
        "EventBridge" => HookTarget::EventBridge,
        other => {
            evaluator.problem(&node.position, format!("`{other}` is not a target of hooks"));
            return None;
        }
    };
    known(evaluator, node, &["Arn"]);
    if node.get("Arn").and_then(Node::string).is_none() {
        evaluator.problem(&node.position_of("Arn"), format!("the target `{}` needs an `Arn`", entry.name));
    }
    Some(other)
}

fn lambda(evaluator: &Evaluator<'_>, node: &Node) -> Option<HookTarget> {
    known(evaluator, node, &["Arn", "TimeoutSeconds", "FailureMode"]);
    let seconds = node.get("TimeoutSeconds").map_or(Some(TIMEOUT_SECONDS), |written| {
        let seconds = written.string().and_then(|text| text.parse().ok());
        let seconds = seconds.filter(|seconds| (1..=LONGEST_TIMEOUT_SECONDS).contains(seconds));
        if seconds.is_none() {
            let message = format!("`TimeoutSeconds` must be a whole number from 1 to {LONGEST_TIMEOUT_SECONDS}");
            evaluator.problem(&written.position, message);
        }
        seconds
    });
    let allow_on_failure = match node.get("FailureMode").map(Node::string) {
        None | Some(Some("deny")) => false,
        Some(Some("allow")) => true,
        Some(_) => {
            evaluator.problem(&node.position_of("FailureMode"), "`FailureMode` must be `allow` or `deny`");
            false
        }
    };
    let id = own_function(evaluator, node.get("Arn"), &node.position_of("Arn"))?;
    let Some(function) = functions::without_tools(evaluator, &id) else {
        let message = format!("`{id}` is not a cargo-lambda function, so it cannot be a hook on a laptop");
        evaluator.problem(&node.position, message);
        return None;
    };
    Some(HookTarget::Lambda { function, timeout: Duration::from_secs(seconds?), allow_on_failure })
}

/// The only member of a union.
fn only(node: &Node) -> Option<&Entry> {
    match node.entries() {
        [only] => Some(only),
        _ => None,
    }
}

/// Reports members that do not exist.
fn known(evaluator: &Evaluator<'_>, node: &Node, members: &[&str]) {
    for entry in node.entries().iter().filter(|entry| !members.contains(&entry.name.as_str())) {
        evaluator.problem(&entry.node.position, format!("a hook has no `{}` here", entry.name));
    }
}
