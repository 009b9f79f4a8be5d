//! `toolgate dev`: what a person sees, and how it ends.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
};

const TEMPLATE: &str = r"
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: nobody-builds-this}}
    Properties: {Environment: {Variables: {ORDERS_TABLE: !Ref Data}}}
  Data:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
";

fn dev(folder: &Path, arguments: &[&str]) -> Child {
    std::fs::write(folder.join("template.yaml"), TEMPLATE).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_toolgate"));
    command.current_dir(folder).env_remove("CARGO_TARGET_DIR").arg("dev").args(arguments);
    command.stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn the_database_alone_prints_what_cargo_lambda_needs_and_ends_on_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = dev(folder.path(), &["--only", "dynamodb", "--port", "0"]);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let first = lines.next().unwrap();
    let url =
        first.strip_prefix("DynamoDB is up at ").and_then(|rest| rest.split(';').next()).unwrap_or(&first).to_owned();
    let screen: Vec<String> = lines.by_ref().take_while(|line| !line.starts_with("export ORDERS_TABLE")).collect();
    assert!(screen.contains(&format!("export AWS_ENDPOINT_URL_DYNAMODB='{url}'")), "{first}\n{screen:?}");
    assert!(screen.iter().any(|line| line.trim() == "tables     Data"), "{screen:?}");
    let status = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(status.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(lines.last().unwrap(), "stopping");
    assert!(folder.path().join(".toolgate/dynamodb.sqlite").exists());
}

#[test]
fn a_mistake_is_one_error_and_a_failed_exit() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = dev(folder.path(), &["--port", "0"]);
    let mut stderr_text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr_text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(
        stderr_text.starts_with("error: `nobody-builds-this` is not built: run `cargo build --bin nobody-builds-this`"),
        "{stderr_text}"
    );
}
