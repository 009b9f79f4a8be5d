//! Compares a turn with what the scenario expects.

use toolgate_local::models::script::{Expectation, holds, render};

use super::record::Record;

const COLLABORATORS: &str = "collaborators asked";

/// The differences, as text.
///
/// A harness has no collaborators, so what an agent would ask them is not expected of it.
pub(crate) fn check(expected: &Expectation, record: &Record, is_harness: bool) -> Vec<String> {
    let mut problems = Vec::new();
    let wanted: Vec<Vec<&str>> = expected.calls.iter().map(|group| group.names()).collect();
    let made = record.groups();
    if wanted != made {
        problems.push(format!("expected the calls {wanted:?}, saw {made:?}"));
    }
    for (what, wanted, seen) in [
        (COLLABORATORS, &expected.asks, &record.collaborators),
        ("confirmations", &expected.confirmed, &record.confirmed),
    ] {
        if wanted != seen && !(is_harness && what == COLLABORATORS) {
            problems.push(format!("expected the {what} {wanted:?}, saw {seen:?}"));
        }
    }
    problems.extend(record.failures.iter().map(|failure| format!("a failure: {failure}")));
    for call in &record.calls {
        match &call.output {
            None => problems.push(format!("`{}` has no result", call.tool)),
            Some(output) if output.get("error").is_some() => problems.push(format!("`{}` failed: {output}", call.tool)),
            Some(_) => {}
        }
    }
    if record.answer.trim().is_empty() {
        problems.push("there is no answer".to_owned());
    }
    let values = record.values();
    for condition in &expected.check {
        match holds(condition, &values) {
            Ok(true) => {}
            Ok(false) => problems.push(format!("`{condition}` does not hold")),
            Err(problem) => problems.push(problem),
        }
    }
    for template in &expected.answer {
        match render(template, &values) {
            Ok(part) if !part.is_empty() && record.answer.contains(&part) => {}
            Ok(part) => problems.push(format!("the answer lacks `{part}`, which is `{template}`")),
            Err(problem) => problems.push(problem),
        }
    }
    problems
}
