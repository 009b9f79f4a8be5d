//! Scenario files with errors, and invalid choices.

use std::sync::Arc;

use aws_sdk_bedrockagentruntime::types::StreamingConfigurations;
use toolgate_local::models::{Models, ScriptModel, script::Scenario};

use crate::agents::support::*;

#[test]
fn all_mistakes_of_a_scenario_are_reported_at_once() {
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
    let error = Scenario::parse(text, "x.yaml").unwrap_err().to_string();
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
        assert!(error.contains(part), "{part}\n{error}");
    }
    let error = Scenario::parse("agents: {A: [{name: x, stepz: []}]}", "x.yaml").unwrap_err().to_string();
    assert!(error.contains("stepz"), "{error}");
}

#[tokio::test]
async fn a_scripted_answer_is_streamed_word_by_word_and_without_the_text_before_a_call() {
    let scenario = "
agents:
  Orders:
    - name: all
      steps:
        - why: I look at the order first, as one does, and only then do I say anything.
          call: get
          with: {id: '7'}
        - answer: 'One two three four five.'
";
    let model = ScriptModel::new(Scenario::parse(scenario, "x.yaml").unwrap(), "script:x.yaml");
    let desk = Desk::start(&one_agent(), Functions::echo(), Models::custom(Arc::new(model))).await;
    let streaming = StreamingConfigurations::builder().stream_final_response(true).apply_guardrail_interval(1).build();
    let turn = collect(desk.to("Orders", "s1").input_text("go").streaming_configurations(streaming)).await;
    assert_eq!((turn.text.as_str(), turn.chunks), ("One two three four five.", 5));
}
