//! Guardrails, and the agents that use them.

use std::collections::BTreeMap;

use GuardrailEffect::{Block, Detect, Mask, Off};
use toolgate_template::{GuardrailEffect, GuardrailSpec, Template, TemplateError, read};

fn read_text(text: &str) -> Result<Template, TemplateError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, text).unwrap();
    read(&path, &BTreeMap::new())
}

const FULL: &str = r#"
Resources:
  Guard:
    Type: AWS::Bedrock::Guardrail
    Properties:
      Name: desk
      BlockedInputMessaging: no input
      BlockedOutputsMessaging: no output
      WordPolicyConfig:
        WordsConfig: [{Text: gizmo}, {Text: widget, InputAction: NONE, OutputEnabled: false}]
        ManagedWordListsConfig: [{Type: PROFANITY}]
      SensitiveInformationPolicyConfig:
        PiiEntitiesConfig:
          - {Type: EMAIL, Action: ANONYMIZE, InputEnabled: false, InputAction: NONE, OutputAction: ANONYMIZE}
          - {Type: PHONE, Action: ANONYMIZE}
          - {Type: NAME, Action: BLOCK, InputEnabled: true}
        RegexesConfig: [{Name: ticket, Pattern: 'T-\d+', Action: BLOCK, InputAction: ANONYMIZE}]
      TopicPolicyConfig: {TopicsConfig: [{Name: Medicine, Type: DENY, Definition: x}]}
      ContentPolicyConfig: {FiltersConfig: [{Type: HATE, InputStrength: HIGH, OutputStrength: HIGH}]}
      ContextualGroundingPolicyConfig: {FiltersConfig: [{Type: GROUNDING, Threshold: 0.5}]}
  Version: {Type: AWS::Bedrock::GuardrailVersion, Properties: {GuardrailIdentifier: !GetAtt Guard.GuardrailId}}
  ById: {Type: AWS::Bedrock::Agent, Properties: &agent {Instruction: x, FoundationModel: m, GuardrailConfiguration:
    {GuardrailIdentifier: !GetAtt Guard.GuardrailId, GuardrailVersion: !GetAtt Version.Version}}}
  ByArn: {Type: AWS::Bedrock::Agent, Properties: {<<: *agent, GuardrailConfiguration:
    {GuardrailIdentifier: !GetAtt Guard.GuardrailArn, GuardrailVersion: DRAFT}}}
  Elsewhere: {Type: AWS::Bedrock::Agent, Properties: {<<: *agent, GuardrailConfiguration:
    {GuardrailIdentifier: abc123, GuardrailVersion: '1'}}}
  Without: {Type: AWS::Bedrock::Agent, Properties: {Instruction: x, FoundationModel: m}}
"#;

#[test]
fn a_guardrail_is_read_with_the_effects_of_each_side() {
    let template = read_text(FULL).unwrap();
    let [guardrail] = template.guardrails.as_slice() else { panic!() };
    let GuardrailSpec { id, name, blocked_input, blocked_output, .. } = guardrail;
    assert_eq!([id, name, blocked_input, blocked_output], ["Guard", "desk", "no input", "no output"]);
    let regexes = guardrail.regexes.iter().map(|regex| &regex.guarded);
    let all = guardrail.words.iter().chain(&guardrail.personal_data).chain(regexes);
    let effects: Vec<_> = all.map(|entry| (entry.name.as_str(), entry.input, entry.output)).collect();
    let expected = [
        ("gizmo", Block, Block),
        ("widget", Detect, Off),
        ("EMAIL", Off, Mask),
        // `Action` alone does not evaluate the input.
        ("PHONE", Off, Mask),
        ("NAME", Block, Block),
        ("ticket", Mask, Block),
    ];
    assert_eq!(effects, expected);
    assert_eq!(guardrail.regexes[0].pattern, r"T-\d+");
    let rest = [&guardrail.word_lists, &guardrail.topics, &guardrail.content_filters, &guardrail.grounding];
    assert_eq!(rest.map(|list| list.join(",")), ["PROFANITY", "Medicine", "HATE", "GROUNDING"]);
}

#[test]
fn an_agent_names_its_guardrail() {
    let agents = read_text(FULL).unwrap().agents;
    let named: Vec<_> = agents.iter().map(|agent| agent.guardrail.as_deref()).collect();
    assert_eq!(named, [Some("Guard"), Some("Guard"), Some("abc123"), None]);
}

#[test]
fn mistakes_are_named_with_their_place() {
    let text =
        FULL.replace("      Name: desk\n", "").replace("Action: BLOCK, InputEnabled", "Action: DENY, InputEnabled");
    let problems = read_text(&text).unwrap_err().to_string();
    assert!(problems.contains("a guardrail needs `Name`"), "{problems}");
    assert!(problems.contains("this must be one of BLOCK, ANONYMIZE, NONE"), "{problems}");
}
