//! `toolgate check` as a command: exit codes, formats, and the list of rules in the documentation.

use std::path::Path;

use super::support::{Done, toolgate};

const AGENT: &str = "Resources:
  Desk:
    Type: AWS::Bedrock::Agent
    Properties:
      AgentName: !Sub ${AWS::StackName}-desk
      Instruction: You are the desk of a shop. Answer what customers ask.
";

/// Checks a template of its own, in a folder without schemas.
async fn check(template: &str, arguments: &[&str]) -> Done {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, template).unwrap();
    let (path, schemas) = (path.to_str().unwrap(), folder.path().join("schemas"));
    let fixed = ["check", "--template", path, "--schemas", schemas.to_str().unwrap()];
    toolgate(&[&fixed[..], arguments].concat(), "").await
}

#[tokio::test]
async fn nothing_found_is_0() {
    let done = check(&format!("{AGENT}      AutoPrepare: true\n"), &[]).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.out.starts_with("nothing found by "), "{done:?}");
}

#[tokio::test]
async fn something_found_is_1_with_its_line_its_source_and_its_fix() {
    let done = check(AGENT, &[]).await;
    assert_eq!(done.code, 1, "{done:?}");
    let lines: Vec<&str> = done.out.lines().collect();
    assert!(
        lines[0].ends_with("template.yaml:2: the agent `Desk` is not prepared after a change [auto-prepare]"),
        "{done:?}"
    );
    assert_eq!(lines[1], "  fix: add `AutoPrepare: true`");
    assert!(lines[2].starts_with("  see: https://docs.aws.amazon.com/"), "{done:?}");
    assert!(lines.last().unwrap().starts_with("1 finding by "), "{done:?}");
}

#[tokio::test]
async fn programs_read_json() {
    let done = check(AGENT, &["--format", "json"]).await;
    assert_eq!(done.code, 1, "{done:?}");
    let report: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    let finding = &report["findings"][0];
    assert_eq!((finding["line"].as_u64(), finding["rule"].as_str()), (Some(2), Some("auto-prepare")));
    assert!(finding["file"].as_str().unwrap().ends_with("template.yaml"));
    assert!(finding["source"].is_string() && finding["fix"].is_string() && finding["message"].is_string());
}

#[tokio::test]
async fn what_cannot_be_checked_is_2_and_says_what_to_do() {
    let done = check("Parameters: {}\n", &[]).await;
    assert_eq!((done.code, done.out.as_str()), (2, ""), "{done:?}");
    assert!(done.err.contains("name a SAM template with `--template`"), "{done:?}");
    let unbuilt = "Resources: {F: {Type: X::Function, Metadata: {BuildProperties: {Binary: nobody-built}}}}";
    let done = check(unbuilt, &[]).await;
    assert_eq!(done.code, 2, "{done:?}");
    assert!(done.err.contains("cargo build --bin nobody-built"), "{done:?}");
}

#[tokio::test]
async fn the_documentation_lists_the_rules() {
    let done = toolgate(&["check", "--list-rules"], "").await;
    let docs = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/check.md")).unwrap();
    let (_, listed) = docs.split_once("<!-- toolgate check --list-rules -->\n\n").unwrap();
    assert!(listed == done.out, "docs/check.md differs: put the output of `toolgate check --list-rules` into it");
}

#[tokio::test]
async fn a_warning_is_shown_and_is_0() {
    let gateway = "Resources:
  Gateway:
    Type: AWS::BedrockAgentCore::Gateway
    Properties:
      Name: !Sub ${AWS::StackName}-desk
      PolicyEngineConfiguration: {Arn: !Sub \"${AWS::StackName}\", Mode: ENFORCE}
";
    let done = check(gateway, &[]).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert!(
        done.out.contains("template.yaml:2: warning: the gateway `Gateway` delivers no log [gateway-log]"),
        "{done:?}"
    );
    let done = check(gateway, &["--format", "json"]).await;
    let report: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!((done.code, report["findings"][0]["severity"].as_str()), (0, Some("warning")));
}
