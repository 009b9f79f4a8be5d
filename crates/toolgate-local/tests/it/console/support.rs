//! A project with an agent, a gateway, a ledger and an approvals table, and a client of its console.

use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Agent, folder, local};

pub(super) const TEMPLATE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Metadata: {Toolgate: {Approvals: Waiting, SessionUsd: "10.00"}}
Resources:
  Echo:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: echo_function}}
    Properties:
      Timeout: 5
      Environment: {Variables: {TABLE: !Ref Items, TOOLGATE_WIRES: "function,gateway,direct,api,mcp"}}
  Helper:
    Type: AWS::Bedrock::Agent
    Properties:
      AgentName: helper
      FoundationModel: m
      Instruction: i
      ActionGroups:
        - ActionGroupName: echoes
          ActionGroupExecutor: {Lambda: !GetAtt Echo.Arn}
          FunctionSchema:
            Functions:
              - Name: echo
                Description: says it again
                Parameters:
                  text: {Type: string, Required: true}
                  times: {Type: integer}
  HelperAlias: {Type: AWS::Bedrock::AgentAlias, Properties: {AgentAliasName: live, AgentId: !GetAtt Helper.AgentId}}
  Boss:
    Type: AWS::Bedrock::Agent
    Properties:
      AgentName: boss
      FoundationModel: m
      Instruction: i
      AgentCollaboration: SUPERVISOR
      AgentCollaborators:
        - CollaboratorName: Helps
          CollaborationInstruction: Ask it.
          AgentDescriptor: {AliasArn: !GetAtt HelperAlias.AgentAliasArn}
  Gateway:
    Type: AWS::BedrockAgentCore::Gateway
    Properties: {Name: desk, AuthorizerType: AWS_IAM}
  Target:
    Type: AWS::BedrockAgentCore::GatewayTarget
    Properties:
      GatewayIdentifier: !GetAtt Gateway.GatewayIdentifier
      Name: desk
      TargetConfiguration:
        Mcp:
          Lambda:
            LambdaArn: !GetAtt Echo.Arn
            ToolSchema: {InlinePayload: [{Name: echo, Description: says it again, InputSchema: {Type: object}}]}
      MetadataConfiguration: {AllowedRequestHeaders: [X-User-Id]}
  Items:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions:
        - {AttributeName: id, AttributeType: S}
        - {AttributeName: at, AttributeType: N}
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      GlobalSecondaryIndexes:
        - IndexName: byTime
          KeySchema: [{AttributeName: id, KeyType: HASH}, {AttributeName: at, KeyType: RANGE}]
          Projection: {ProjectionType: ALL}
  Ledger:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      TimeToLiveSpecification: {AttributeName: expiresAt, Enabled: true}
  Waiting:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      TimeToLiveSpecification: {AttributeName: expiresAt, Enabled: true}
"#;

const SCENARIO: &str = r#"
agents:
  Helper: [{name: any, user: [.], steps: [{answer: done}]}]
  Boss: [{name: any, user: [.], steps: [{answer: done}]}]
conversations:
  - {name: one, agent: Helper, attributes: {userId: u-1}, turns: [{say: say hello}, {say: again}]}
  - {name: two, agent: Boss, turns: [{say: say hello}]}
  - {name: three, agent: Boss, turns: [{say: who are you}]}
"#;

/// The project in its folder, and its console.
pub(super) struct Desk {
    pub(super) agent: Agent,
    pub(super) folder: TempDir,
}

impl Desk {
    pub(super) async fn start() -> Self {
        Self::of(TEMPLATE).await
    }

    pub(super) async fn of(template: &str) -> Self {
        let folder = folder(template);
        let file = folder.path().join("scenario.yaml");
        std::fs::write(&file, SCENARIO).unwrap();
        let local = local(&folder).model(format!("script:{}", file.display()));
        Self { agent: Agent::of(local.start().await.unwrap()), folder }
    }

    /// A project without agents, whose tables are in this folder.
    pub(super) async fn with_tables_in(data: &std::path::Path) -> Self {
        let folder = folder(TEMPLATE);
        let local = local(&folder).without_agents(true).data(data);
        Self { agent: Agent::of(local.start().await.unwrap()), folder }
    }

    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.agent.http.get(self.agent.url(path))
    }

    pub(super) async fn read(&self, path: &str) -> Value {
        let answer = self.get(&format!("/console/api/{path}")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    pub(super) fn posting(&self, path: &str, body: &Value) -> RequestBuilder {
        self.agent.http.post(self.agent.url(&format!("/console/api/{path}"))).json(body)
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Response {
        self.posting(path, &body).send().await.unwrap()
    }

    /// An answer without an error.
    pub(super) async fn ok(&self, path: &str, body: Value) -> Value {
        let answer = self.post(path, body).await;
        let (status, body) = (answer.status(), answer.json::<Value>().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }

    /// The status and the message of an error.
    pub(super) async fn refused(&self, path: &str, body: Value) -> (u16, String) {
        let answer = self.post(path, body).await;
        let (status, body) = (answer.status().as_u16(), answer.json::<Value>().await.unwrap());
        (status, body["error"]["message"].as_str().unwrap().to_owned())
    }

    /// The name of a table by its logical id.
    pub(super) fn table(&self, logical_id: &str) -> String {
        let tables = &self.agent.running.template().tables;
        tables.iter().find(|table| table.logical_id == logical_id).unwrap().name.clone()
    }

    pub(super) async fn dynamodb(&self, operation: &str, body: Value) -> Value {
        let target = format!("DynamoDB_20120810.{operation}");
        let credential = "Credential=console/20260101/us-east-1/dynamodb/aws4_request";
        let request = self.agent.http.post(self.agent.url("/")).header("x-amz-target", target);
        let request =
            request.header("content-type", "application/x-amz-json-1.0").header("x-amz-date", "20260101T000000Z");
        let request =
            request.header("authorization", format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0"));
        let request = request.body(body.to_string());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{operation}");
        answer.json().await.unwrap()
    }
}
