//! The model settings of a template's agent reach the model.

use std::path::Path;

use serde_json::json;
use toolgate_local::template::{self, Inference, PromptSpec};

use super::stand_in::{StandIn, json_answer};
use crate::agents::support::*;

const TEMPLATE: &str = r#"
Resources:
  Boss:
    Type: AWS::Bedrock::Agent
    Properties:
      AgentName: boss
      FoundationModel: !Sub us.${Model}
      Instruction: You answer questions, kindly and well, and you ask for what is missing.
      PromptOverrideConfiguration:
        PromptConfigurations:
          - {PromptType: PRE_PROCESSING, PromptCreationMode: DEFAULT, PromptState: DISABLED}
          - PromptType: ORCHESTRATION
            PromptCreationMode: OVERRIDDEN
            PromptState: ENABLED
            InferenceConfiguration: {MaximumLength: 4000, Temperature: 0.25, TopP: 0.5, TopK: 40, StopSequences: [END]}
            BasePromptTemplate: |
              {
                "anthropic_version": "bedrock-2023-05-31",
                "system": "
                  $instruction$

                  Give the final answer in <answer></answer> tags.
                  $memory_content$
                ",
                "messages": [{"role": "user", "content": [{"type": "text", "text": "$question$"}]}]
              }
Parameters:
  Model: {Type: String, Default: anthropic.some-model-v1:0}
"#;

fn read(text: &str) -> Result<template::Template, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("template.yaml");
    std::fs::write(&file, text).unwrap();
    template::read(Path::new(&file), &std::collections::BTreeMap::new()).map_err(|error| error.to_string())
}

#[tokio::test]
async fn settings_and_prompt_of_the_template_are_sent_to_the_model() {
    let template = read(TEMPLATE).unwrap();
    let content = json!([{"text": "<thinking>Easy.</thinking>\n<answer>\nYes.\n</answer>"}]);
    let output = json!({
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "metrics": {"latencyMs": 1},
    });
    let stand_in = StandIn::start(vec![json_answer(200, output.clone()), json_answer(200, output)]).await;
    let desk = Desk::start(&template, Functions::echo(), stand_in.bedrock("")).await;
    let turn = desk.say("Boss", "s1", "Is it?").await;
    assert_eq!(turn.text, "Yes.", "the tags that the prompt asks for are no part of the answer");
    desk.say("Boss", "s1", "Really?").await;

    let seen = stand_in.seen();
    assert_eq!(seen[0].path, "/model/us.anthropic.some-model-v1%3A0/converse");
    assert_eq!(
        seen[0].body["inferenceConfig"],
        json!({"maxTokens": 4000, "temperature": 0.25, "topP": 0.5, "stopSequences": ["END"]})
    );
    assert_eq!(seen[0].body["additionalModelRequestFields"], json!({"top_k": 40}));
    let system = seen[0].body["system"][0]["text"].as_str().unwrap();
    assert_eq!(
        system,
        "You answer questions, kindly and well, and you ask for what is missing.\n\nGive the final answer in <answer></answer> tags."
    );
    assert_eq!(
        seen[1].body["messages"][1]["content"],
        json!([{"text": "Yes."}]),
        "thoughts without a signature stay here"
    );

    use aws_sdk_bedrockagentruntime::types::{CreationMode, OrchestrationTrace as O, Trace};
    let Some(Trace::OrchestrationTrace(O::ModelInvocationInput(input))) = turn.traces[0].trace() else { panic!() };
    assert_eq!(input.prompt_creation_mode(), Some(&CreationMode::Overridden));
    let settings = input.inference_configuration().unwrap();
    assert_eq!((settings.maximum_length(), settings.temperature()), (Some(4000), Some(0.25)));
    assert_eq!(turn.trail()[2], "Boss rationale");
}

#[test]
fn invalid_settings_are_reported_with_their_place() {
    let error = read(&TEMPLATE.replace("Temperature: 0.25", "Temperature: 2")).unwrap_err();
    assert!(error.contains("InferenceConfiguration.Temperature") && error.contains("`2`"), "{error}");
    let error = read(&TEMPLATE.replace("MaximumLength: 4000", "MaximumLength: many")).unwrap_err();
    assert!(error.contains("MaximumLength") && error.contains("`many`"), "{error}");
}

#[test]
fn a_step_that_keeps_its_default_overrides_nothing() {
    let template = read(&TEMPLATE.replace("PromptCreationMode: OVERRIDDEN", "PromptCreationMode: DEFAULT")).unwrap();
    assert_eq!(template.agents[0].prompt, PromptSpec { base: None, inference: Inference::default() });
}

#[tokio::test]
async fn a_message_to_the_user_is_the_answer_of_a_supervisor() {
    let template = toolgate_local::template::Template {
        agents: vec![agent("Boss", vec![], &["Orders"]), agent("Orders", vec![], &[])],
        ..Default::default()
    };
    let play = model(|seen| match (seen.agent.as_str(), seen.results.len()) {
        ("Boss", 0) => Say::Calls(vec![
            ("AgentCommunication__sendMessage", json!({"recipient": "Orders", "content": "Is it?"})),
            ("AgentCommunication__sendMessage", json!({"recipient": "User", "content": "Wait."})),
        ]),
        ("Boss", _) => {
            assert!(seen.results[0][1].1, "with another call beside it, the answer is early");
            Say::Calls(vec![("AgentCommunication__sendMessage", json!({"recipient": "User", "content": "It is."}))])
        }
        _ => answer("Yes."),
    });
    let desk = Desk::start(&template, Functions::echo(), play).await;
    let turn = desk.say("Boss", "s1", "Is it?").await;
    assert_eq!((turn.text.as_str(), turn.exception), ("It is.", None));
}
