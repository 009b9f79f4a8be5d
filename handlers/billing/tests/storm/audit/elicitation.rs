//! Questions of MCP clients: an effect over a client's wire needs a yes of its caller or of an approver, each answer
//! counts once, and a changed answer never does.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, string};
use crate::{
    call::REASONS,
    client::{Answered, Change, Heard},
};

/// The attributes of a question. None of them has data of the call.
const STORED: [&str; 6] = ["id", "state", "digest", "expiresAt", "answer", "answeredBy"];
/// The prefix of a question.
const QUESTION: &str = "elicit#request_refund#";
/// Maximum number of questions of one caller.
const MOST: usize = 20;

/// The reasons to which the person of a call's client may have agreed.
pub(super) fn agreed(case: &Case<'_>, call: usize) -> Vec<&'static str> {
    let own = case.books.answered.iter().filter(|answered| answered.answer.call == call && is_yes(answered));
    own.map(|answered| REASONS[answered.answer.reason]).collect()
}

fn is_yes(answered: &Answered) -> bool {
    answered.answer.yes && answered.answer.change == Change::Nothing
}

pub(super) fn check(case: &mut Case<'_>) {
    let mut wrong = Vec::new();
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for Answered { answer, heard } in &case.books.answered {
        let Some(heard) = heard else { continue };
        let state = answer.state.as_str();
        if matches!(heard, Heard::Question(_)) {
            wrong.push(format!("an answer to `{state}` was answered with a question"));
        }
        if !heard.counts() {
            continue;
        }
        *counted.entry(state).or_default() += 1;
        if answer.change != Change::Nothing {
            wrong.push(format!("a changed answer to `{state}` counted: {answer:?}, {heard:?}"));
        }
        let is_declined = matches!(heard, Heard::Body(body) if body.contains("the person has declined"));
        if is_declined == answer.yes {
            wrong.push(format!("the answer to `{state}` was understood as another: {answer:?}, {heard:?}"));
        }
    }
    for (state, count) in counted.into_iter().filter(|(_, count)| *count > 1) {
        wrong.push(format!("{count} answers to `{state}` counted"));
    }
    rows(case, &mut wrong);
    wrong.into_iter().for_each(|wrong| case.wrong(wrong));
}

/// Checks the stored questions.
fn rows(case: &Case<'_>, wrong: &mut Vec<String>) {
    let yes: BTreeSet<_> =
        case.books.answered.iter().filter(|answered| is_yes(answered)).map(|answered| &answered.answer.state).collect();
    let mut scopes: BTreeMap<String, usize> = BTreeMap::new();
    for item in &case.books.approvals {
        let id = string(item, "id").unwrap_or_default();
        let Some(place) = id.strip_prefix(QUESTION) else { continue };
        let (scope, _) = place.split_once('#').unwrap_or_default();
        *scopes.entry(scope.to_owned()).or_default() += 1;
        if let Some(name) = item.keys().find(|name| !STORED.contains(&name.as_str())) {
            wrong.push(format!("`{id}` stores `{name}`"));
        }
        let answer = string(item, "answer");
        let state = string(item, "state").unwrap_or_default();
        if matches!(answer.as_deref(), Some("accepted" | "decided")) && !yes.contains(&state) {
            wrong.push(format!("`{id}` was accepted, and no person has agreed"));
        }
    }
    for (scope, count) in scopes.into_iter().filter(|(_, count)| *count > MOST) {
        wrong.push(format!("{count} questions of `{scope}`"));
    }
}
