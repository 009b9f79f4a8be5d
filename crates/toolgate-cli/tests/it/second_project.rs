//! A project that shares no name with the example: every command finds its parts in its template and its folders.
//!
//! The handler is the example `refund` of toolgate-dynamodb under another name. It fixes the names of its tables; their
//! logical ids are the project's own.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::OnceLock,
};

use aws_sdk_dynamodb::{config::retry::RetryConfig, types::AttributeValue};
use serde_json::{Value, json};

const TEMPLATE: &str = r#"
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Metadata:
  Toolgate:
    Approvals: Waiting
Parameters:
  Landscape: {Type: String, Default: meadow, AllowedValues: [meadow, mountain]}
Globals:
  Function:
    Runtime: provided.al2023
    Handler: bootstrap
Resources:
  Till:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: till}}
    Properties:
      CodeUri: .
      Environment: {Variables: {LANDSCAPE: !Ref Landscape, TOOLGATE_WIRES: "function,gateway"}}
  CashierCallsTill:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !GetAtt Till.Arn
      Action: lambda:InvokeFunction
      Principal: bedrock.amazonaws.com
      SourceAccount: !Ref AWS::AccountId
      SourceArn: !GetAtt Cashier.AgentArn
  Purchases:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: orderId, AttributeType: S}]
      KeySchema: [{AttributeName: orderId, KeyType: HASH}]
  Book:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: ledger
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Waiting:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: approvals
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Cashier:
    Type: AWS::Bedrock::Agent
    Properties:
      AgentName: !Sub ${AWS::StackName}-cashier
      AgentResourceRoleArn: !GetAtt CashierRole.Arn
      FoundationModel: amazon.nova-lite-v1:0
      AutoPrepare: true
      Instruction: You are the cashier of a bicycle shop. You give customers their money back.
      ActionGroups:
        - ActionGroupName: till
          ActionGroupExecutor: {Lambda: !GetAtt Till.Arn}
          FunctionSchema:
            Fn::Transform: {Name: AWS::Include, Parameters: {Location: schemas/till/functions.json}}
  Porch:
    Type: AWS::BedrockAgentCore::Gateway
    Properties:
      Name: !Sub ${AWS::StackName}-porch
      RoleArn: !GetAtt PorchRole.Arn
      AuthorizerType: AWS_IAM
      ProtocolType: MCP
  TillTarget:
    Type: AWS::BedrockAgentCore::GatewayTarget
    Properties:
      GatewayIdentifier: !GetAtt Porch.GatewayIdentifier
      Name: till
      TargetConfiguration:
        Mcp:
          Lambda:
            LambdaArn: !GetAtt Till.Arn
            ToolSchema:
              Fn::Transform: {Name: AWS::Include, Parameters: {Location: schemas/till/gateway.json}}
      CredentialProviderConfigurations: [{CredentialProviderType: GATEWAY_IAM_ROLE}]
"#;

const SCENARIO: &str = "
agents:
  Cashier:
    - name: money back
      user: ['back (?<amount>\\d+) for (?<order>B-\\d+)']
      steps:
        - call: request_refund
          with: {orderId: '{{ order }}', amountCents: '{{ amount }}', reason: asked for}
        - answer: 'Paid back as {{ results.request_refund.refundId }}.'
    - name: anything else
      steps:
        - answer: 'This is the till.'
conversations:
  - name: A visit
    agent: Cashier
    turns:
      - say: hello
        expect: {answer: ['This is the till.']}
";

/// The folder of a project with its handler built.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put("template.yaml", TEMPLATE);
    put("scenarios/bicycles.yaml", SCENARIO);
    put("Cargo.toml", "[workspace]\n");
    let binaries = folder.path().join("target/debug");
    std::fs::create_dir_all(&binaries).unwrap();
    std::fs::copy(handler(), binaries.join(format!("till{}", std::env::consts::EXE_SUFFIX))).unwrap();
    folder
}

/// The example `refund`. Since it has tests, `cargo test` builds only those of it.
fn handler() -> PathBuf {
    static HANDLER: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        // with the whole workspace, so that its dependencies are the ones that are built already
        let arguments = ["build", "--quiet", "--workspace", "--example", "refund"];
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut build = Command::new(env!("CARGO"));
        // build scripts that depend on these variables would run again
        let of_this_crate = |name: &String| name.starts_with("CARGO_MANIFEST_") || name.starts_with("CARGO_PKG_");
        std::env::vars().map(|(name, _)| name).filter(of_this_crate).for_each(|name| {
            build.env_remove(name);
        });
        let built = build.args(arguments).current_dir(folder).status().unwrap();
        assert!(built.success(), "the example `refund` does not build");
        let profile = Path::new(env!("CARGO_BIN_EXE_toolgate")).parent().unwrap();
        profile.join(format!("examples/refund{}", std::env::consts::EXE_SUFFIX))
    };
    HANDLER.get_or_init(build).clone()
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_toolgate"));
    command.current_dir(folder).args(arguments);
    for name in ["CARGO_TARGET_DIR", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "TOOLGATE_MODEL"] {
        command.env_remove(name);
    }
    command
}

/// Runs a command in the project's folder; its standard output, once it has succeeded.
fn run(folder: &Path, arguments: &[&str], input: &str) -> String {
    let mut command = command(folder, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // a command that reads nothing may be gone already
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert_eq!(status.code(), Some(0), "{arguments:?}\n{out}\n{err}");
    for of_the_example in ["desk", "Supervis", "CUST-"] {
        assert!(!out.contains(of_the_example) && !err.contains(of_the_example), "{arguments:?}\n{out}\n{err}");
    }
    out
}

/// A running `toolgate dev`.
struct Dev {
    child: Child,
    url: String,
}

impl Dev {
    fn start(folder: &Path) -> Self {
        let mut command = command(folder, &["dev", "--port", "0", "--parameter", "Landscape=mountain"]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let mut seen = Vec::new();
        let url = loop {
            let line = lines.next();
            assert!(line.is_some(), "it did not start\n{}", seen.join("\n"));
            let line = line.unwrap();
            if let Some(rest) = line.strip_prefix("toolgate is up at ") {
                break rest.split(';').next().unwrap().to_owned();
            }
            seen.push(line);
        };
        assert!(seen.iter().any(|line| line.contains("Cashier: request_refund")), "{}", seen.join("\n"));
        // what it writes later has to be read, or it waits
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url }
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // a signal that lets it end its functions
        drop(Command::new("kill").arg(self.child.id().to_string()).status());
        drop(self.child.wait());
    }
}

async fn put_order(url: &str, id: &str) {
    let client = toolgate_testkit::database::client(url, RetryConfig::disabled());
    let put = client.put_item().table_name("orders").item("orderId", AttributeValue::S(id.to_owned()));
    put.item("leftCents", AttributeValue::N("5000".to_owned())).send().await.unwrap();
}

#[tokio::test]
async fn every_command_works_for_a_project_with_other_names() {
    let project = project();
    let folder = project.path();
    assert!(run(folder, &["schemas"], "").ends_with("wrote 4 schemas\n"));
    let found: Value = serde_json::from_str(&findings(folder)).unwrap();
    let found: Vec<_> = found["findings"].as_array().unwrap().iter().map(|it| it["rule"].as_str().unwrap()).collect();
    // the handler fixes the names of its three tables
    assert_eq!(found, ["account-name"; 3]);
    assert!(run(folder, &["play"], "").contains("1 conversation went as expected."));

    let dev = Dev::start(folder);
    put_order(&dev.url, "B-1").await;
    put_order(&dev.url, "B-2").await;
    let at = ["--endpoint-url", &dev.url];

    // a call where nobody can be asked waits for a person
    let event = json!({"orderId": "B-1", "amountCents": 700, "reason": "late"}).to_string();
    std::fs::write(folder.join("context.json"), r#"{"custom": {"bedrockAgentCoreToolName": "till___request_refund"}}"#)
        .unwrap();
    let invoke = || {
        run(
            folder,
            &[&["invoke", "till", "--event", "-", "--client-context", "context.json"], &at[..]].concat(),
            &event,
        )
    };
    let parked = invoke();
    assert!(parked.contains("APR-"), "{parked}");
    let list = || -> Value {
        serde_json::from_str(&run(folder, &[&["approvals", "list", "--json"], &at[..]].concat(), "")).unwrap()
    };
    let id = list()[0]["id"].as_str().unwrap().to_owned();
    assert!(parked.contains(&id), "{parked} {id}");
    run(folder, &[&["approvals", "approve", &id, "--by", "dana"], &at[..]].concat(), "");
    let paid = invoke();
    assert!(paid.contains("REF-"), "{paid}");
    assert_eq!(list(), json!([]));

    // with an agent, the platform asks
    let answer = run(folder, &[&["chat", "I want back 300 for B-2"], &at[..]].concat(), "y\n");
    assert!(answer.starts_with("Paid back as REF-"), "{answer}");
    assert!(run(folder, &[&["play"], &at[..]].concat(), "").contains("1 conversation went as expected."));

    let opened = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
    }});
    let tools = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"});
    let answers = run(folder, &[&["mcp"], &at[..]].concat(), &format!("{opened}\n{tools}\n"));
    assert!(answers.contains("\"till___request_refund\""), "{answers}");
}

/// The report of `toolgate check`, which may have findings.
fn findings(folder: &Path) -> String {
    let output = command(folder, &["check", "--format", "json"]).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn with_two_scenarios_one_has_to_be_chosen() {
    let project = project();
    run(project.path(), &["schemas"], "");
    std::fs::copy(project.path().join("scenarios/bicycles.yaml"), project.path().join("scenarios/other.yaml")).unwrap();
    for (arguments, message) in [
        (&["dev", "--port", "0"][..], "does not hold exactly one scenario, so choose with `--model script:FILE`"),
        (
            &["play"],
            "there are several scenarios: choose one with --scenario (`scenarios/bicycles.yaml`, `scenarios/other.yaml`)",
        ),
    ] {
        let output = command(project.path(), arguments).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && err.contains(message), "{err}");
    }
}
