//! Scenario files with mistakes, and choices that name no model.

use toolgate_local::models::script::Scenario;

#[test]
fn all_mistakes_of_a_scenario_are_told_at_once() {
    let text = "
agents:
  A:
    - name: one
      user: ['(']
      steps:
        - answer: '{{ unclosed'
    - name: two
      steps:
        - call: x
          answer: y
        - if: 'a b'
          answer: z
";
    let told = Scenario::parse(text, "x.yaml").unwrap_err().to_string();
    for part in [
        "x.yaml",
        "A, rule `one`",
        "unclosed group",
        "unclosed`",
        "A, rule `two`, step 1",
        "exactly one of",
        "`a b`",
        "the last step must be",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    let told = Scenario::parse("agents: {A: [{name: x, stepz: []}]}", "x.yaml").unwrap_err().to_string();
    assert!(told.contains("stepz"), "{told}");
}
