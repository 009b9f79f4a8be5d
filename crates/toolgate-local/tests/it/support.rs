//! A template with one function, `examples/echo_function/main.rs`, and helpers to start it.

use std::path::PathBuf;

use serde_json::Value;
use toolgate_local::{Local, Running};

pub(crate) const TEMPLATE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Resources:
  Echo:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: echo_function}}
    Properties:
      Timeout: 5
      MemorySize: 256
      Environment: {Variables: {TABLE: !Ref Data}}
  Quick:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: echo_function}}
    Properties: {Timeout: 1}
  Data:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      TimeToLiveSpecification: {AttributeName: expiresAt, Enabled: true}
"#;

/// A seed program for [`TEMPLATE`], with this role.
pub(crate) fn seeded(role: &str) -> String {
    let seed = format!("Seed: {{Binary: echo_function, Environment: {{TABLE: !Ref Data, ECHO_ROLE: {role}}}}}");
    format!("Metadata: {{Toolgate: {{{seed}}}}}\n{TEMPLATE}")
}

/// A local agent with its folder.
pub(crate) struct Agent {
    pub(crate) running: Running,
    pub(crate) http: reqwest::Client,
    _folder: Option<tempfile::TempDir>,
}

pub(crate) fn folder(template: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("template.yaml"), template).unwrap();
    folder
}

pub(crate) fn local(folder: &tempfile::TempDir) -> Local {
    Local::from_template(folder.path().join("template.yaml")).port(0).in_memory().binaries(examples())
}

pub(crate) async fn start(template: &str) -> Agent {
    let folder = folder(template);
    let running = local(&folder).start().await.unwrap();
    Agent { _folder: Some(folder), ..Agent::of(running) }
}

impl Agent {
    pub(crate) fn of(running: Running) -> Self {
        Self { running, http: reqwest::Client::builder().no_proxy().build().unwrap(), _folder: None }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.url())
    }

    pub(crate) fn invoking(&self, name: &str) -> reqwest::RequestBuilder {
        self.http.post(self.url(&format!("/2015-03-31/functions/{name}/invocations")))
    }

    pub(crate) async fn invoke(&self, name: &str, event: Value) -> reqwest::Response {
        self.invoking(name).json(&event).send().await.unwrap()
    }
}

/// The folder in which `cargo test` puts the examples. Builds them if only the tests were built.
pub(crate) fn examples() -> PathBuf {
    static EXAMPLES: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    let build = || {
        let test = std::env::current_exe().unwrap();
        let folder = test.parent().unwrap().parent().unwrap().join("examples");
        if !folder.join(format!("echo_function{}", std::env::consts::EXE_SUFFIX)).exists() {
            let arguments = ["build", "--quiet", "--workspace", "--example", "echo_function"];
            let built = std::process::Command::new(env!("CARGO")).args(arguments).status().unwrap();
            assert!(built.success(), "the example `echo_function` does not build");
        }
        folder
    };
    EXAMPLES.get_or_init(build).clone()
}

pub(crate) fn header<'r>(response: &'r reqwest::Response, name: &str) -> Option<&'r str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}
