//! Recorded traces (`toolgate chat --trace=json`) and what is drawn of them, for review.

use std::path::PathBuf;

use serde_json::Value;
use toolgate::prices::Prices;
use unicode_width::UnicodeWidthStr;

use super::{Page, Timeline};
use crate::agent::costs::Costs;

fn golden(name: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/timelines");
    let recorded = std::fs::read_to_string(folder.join(format!("{name}.jsonl"))).unwrap();
    let mut timeline = Timeline::new(Page::default());
    let mut costs = Costs::new(Prices::known());
    let mut out = Vec::new();
    for line in recorded.lines() {
        let part: Value = serde_json::from_str(line).unwrap();
        let cost = costs.add(&part);
        timeline.draw(&part, cost.as_deref(), &mut out).unwrap();
    }
    let mut drawn = String::from_utf8(out).unwrap();
    drawn.push_str(&costs.end_turn().unwrap_or_default());
    drawn.push('\n');
    for line in drawn.lines().filter(|line| !line.contains("model turn")) {
        assert!(line.width() <= 80, "80 columns: {line}");
    }
    let file = folder.join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(&file, &drawn).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(drawn == expected, "{} differs; review it after `UPDATE_GOLDENS=1 cargo test`\n{drawn}", file.display());
}

#[test]
fn a_supervisor_with_collaborators_side_by_side() {
    golden("side_by_side");
}

#[test]
fn calls_of_one_model_turn_a_reprompt_and_a_failure() {
    golden("calls");
}

#[test]
fn a_collaborator_that_asks_the_caller() {
    golden("confirmation");
}
