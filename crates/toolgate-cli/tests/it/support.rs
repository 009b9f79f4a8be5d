//! A local agent with one tool behind a confirmation, and the built command to talk to it.

use std::{
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, process::Command};
use toolgate_local::{
    agents::{Agents, Invoke, InvokeFailure, LambdaReply, routes},
    models::Models,
    template::{ActionGroupSpec, AgentSpec, FunctionSchema, GroupSchema, ParameterSchema, PromptSpec, Template},
};

const SCENARIO: &str = "
agents:
  Desk:
    - name: cancel
      user: ['cancel (?<id>\\d+)']
      steps:
        - why: It is asked for.
          call: cancel
          with: {id: '{{ id }}'}
        - answer: 'Cancelled {{ results.cancel.id }}.'
    - name: fail
      user: ['fail']
      steps:
        - call: fail
        - answer: never
    - name: else
      steps:
        - answer: 'You said {{ text }}.'
failed:
  - if: error.declined
    answer: Left as it is.
";

/// Answers calls with their arguments; `fail` fails.
#[derive(Debug, Default)]
struct Tools(Mutex<Vec<String>>);

impl Invoke for Tools {
    fn invoke<'a>(&'a self, _function: &'a str, payload: Bytes) -> BoxFuture<'a, Result<LambdaReply, InvokeFailure>> {
        let event: Value = serde_json::from_slice(&payload).unwrap();
        let tool = event["function"].as_str().unwrap().to_owned();
        self.0.lock().unwrap().push(tool.clone());
        let body = json!({"id": event["parameters"][0]["value"]}).to_string();
        let reply = json!({
            "messageVersion": "1.0",
            "response": {
                "actionGroup": event["actionGroup"],
                "function": tool,
                "functionResponse": {"responseBody": {"TEXT": {"body": body}}},
            },
        });
        let function_error = (tool == "fail").then(|| "Unhandled".to_owned());
        Box::pin(async move { Ok(LambdaReply { payload: reply.to_string().into(), function_error }) })
    }
}

/// A running local agent.
pub(crate) struct Desk {
    pub(crate) url: String,
    tools: Arc<Tools>,
    folder: tempfile::TempDir,
}

impl Desk {
    pub(crate) async fn start() -> Self {
        Self::with(SCENARIO).await
    }

    /// The same, with conversations to play.
    pub(crate) async fn with_conversations(conversations: &str) -> Self {
        Self::with(&format!("{SCENARIO}conversations:\n{conversations}")).await
    }

    async fn with(scenario: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("scenario.yaml");
        std::fs::write(&file, scenario).unwrap();
        let tools = Arc::new(Tools::default());
        let agents =
            Agents::new(&template(), Arc::clone(&tools) as Arc<dyn Invoke>, Models::script(&file).unwrap()).unwrap();
        let url = serve(routes(agents)).await;
        Self { url, tools, folder }
    }

    pub(crate) fn scenario(&self) -> PathBuf {
        self.folder.path().join("scenario.yaml")
    }

    pub(crate) fn called(&self) -> Vec<String> {
        self.tools.0.lock().unwrap().clone()
    }

    /// `toolgate chat --agent Desk` against this agent.
    pub(crate) async fn chat(&self, arguments: &[&str], input: &str) -> Done {
        let url = self.url.clone();
        let fixed = ["chat", "--agent", "Desk", "--endpoint-url", &url];
        toolgate(&[&fixed[..], arguments].concat(), input).await
    }
}

/// Serves some routes on a free port.
pub(crate) async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn template() -> Template {
    let function = |name: &str, confirm| FunctionSchema {
        name: name.to_owned(),
        description: String::new(),
        parameters: [(
            "id".to_owned(),
            ParameterSchema { kind: "string".to_owned(), description: String::new(), required: true },
        )]
        .into(),
        require_confirmation: confirm,
    };
    let group = ActionGroupSpec {
        name: "desk".to_owned(),
        description: String::new(),
        function: Some("DeskFunction".to_owned()),
        signature: None,
        schema: GroupSchema::Functions(vec![function("cancel", true), function("fail", false)]),
    };
    let agent = AgentSpec {
        id: "Desk".to_owned(),
        name: "desk".to_owned(),
        aliases: vec!["TSTALIASID".to_owned()],
        instruction: "You are a desk.".to_owned(),
        foundation_model: "some.model".to_owned(),
        supervisor: false,
        routes: false,
        collaborators: Vec::new(),
        action_groups: vec![group],
        idle_ttl: Duration::from_secs(600),
        prompt: PromptSpec::default(),
        guardrail: None,
        knowledge_bases: Vec::new(),
    };
    Template { agents: vec![agent], ..Template::default() }
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the built command.
pub(crate) async fn toolgate(arguments: &[&str], input: &str) -> Done {
    let mut child = Command::new(env!("CARGO_BIN_EXE_toolgate"))
        .args(arguments)
        .env_remove("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that reads nothing may be gone already.
    drop(stdin.write_all(input.as_bytes()).await);
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}
