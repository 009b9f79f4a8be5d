//! The scenarios of the guide are valid: their members, patterns, templates and expressions.

use toolgate_models::script::Scenario;

#[test]
fn every_scenario_of_the_guide_is_valid() {
    let page = include_str!("../../../docs/guide/scenarios.md");
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let scenarios: Vec<&str> = blocks.filter(|block| block.starts_with("agents:")).collect();
    assert!(scenarios.len() >= 2, "the page has scenarios");
    for text in scenarios {
        Scenario::parse(text, "docs/guide/scenarios.md").unwrap_or_else(|error| panic!("{error}\n{text}"));
    }
}
