//! Reads small templates, one rule each.

use std::{collections::BTreeMap, path::Path};

use serde_json::json;
use toolgate_template::{GroupSchema, Template, TemplateError, read, read_without_agents};

fn write(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn read_text(text: &str) -> Result<Template, TemplateError> {
    let folder = write(&[("template.yaml", text)]);
    read(&folder.path().join("template.yaml"), &BTreeMap::new())
}

fn problems(text: &str) -> String {
    read_text(text).unwrap_err().to_string()
}

const FULL: &str = r#"
Transform: AWS::Serverless-2016-10-31
Parameters:
  AgentPlatform: {Type: String, AllowedValues: [classic, agentcore, both]}
  Environment: {Type: String, AllowedValues: [dev, prod]}
  Release: {Type: String}
  Model: {Type: String, Default: anthropic.claude}
Conditions:
  IsDev: !Equals [!Ref Environment, dev]
  IsProd: !Not [{Condition: IsDev}]
  HasClassic: !Or [!Equals [!Ref AgentPlatform, classic], !Equals [!Ref AgentPlatform, both]]
Mappings:
  Limits: {dev: {rows: 5}}
Metadata:
  Toolgate:
    Parameters: {AgentPlatform: both, Environment: dev, Release: local}
    Seed: {Binary: fill, Environment: {TABLE: !Ref Data}}
    Approvals: Data
Globals:
  Function:
    Timeout: 20
    MemorySize: 256
    Environment: {Variables: {SHARED: yes-it-is, LEVEL: info}}
Resources:
  Zeta:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: zeta}}
    Properties:
      Role: !GetAtt SomeRole.Arn
      Timeout: 7
      Environment:
        Variables:
          LEVEL: debug
          DATA: !Ref Data
          DATA_ARN: !GetAtt Data.Arn
          OPEN: !If [IsDev, allow, deny]
          GONE: !If [IsProd, x, !Ref AWS::NoValue]
          RELEASE: !Ref Release
          ROWS: !FindInMap [Limits, !Ref Environment, rows]
          WHERE: !Sub "${AWS::Region}/${Data}/${!Literal}/${Zeta.Arn}"
          LONG: {"Fn::Sub": ["${a}-${b}", {a: 1, b: {Ref: Environment}}]}
          JOINED: !Join ["-", [a, !Select [1, !Split [",", "b,c"]]]]
  Python: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.13}}
  Interceptor:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: interceptor}, Toolgate: {Tools: false}}
  Door: {Type: AWS::BedrockAgentCore::Gateway, Properties: {RoleArn: !ImportValue unknown-here}}
  OnlyProd:
    Type: AWS::DynamoDB::Table
    Condition: IsProd
    Properties: {}
  Data:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub data-${Environment}
      BillingMode: PAY_PER_REQUEST
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      TimeToLiveSpecification: {AttributeName: expires, Enabled: true}
  Plain: {Type: AWS::Serverless::SimpleTable}
  Boss:
    Type: AWS::Bedrock::Agent
    Condition: HasClassic
    Properties:
      AgentName: boss
      FoundationModel: !Ref Model
      Instruction: Ask the others and answer with care, please.
      AgentCollaboration: SUPERVISOR
      AgentCollaborators:
        - AgentDescriptor: {AliasArn: !GetAtt HelperAlias.AgentAliasArn}
          CollaboratorName: helper
          CollaborationInstruction: ask for help
          RelayConversationHistory: TO_COLLABORATOR
  Helper:
    Type: AWS::Bedrock::Agent
    Condition: HasClassic
    Properties:
      AgentName: helper
      FoundationModel: !Sub "arn:${AWS::Partition}:bedrock:${AWS::Region}::foundation-model/${Model}"
      Instruction: Help.
      IdleSessionTTLInSeconds: 120
      ActionGroups:
        - ActionGroupName: zeta
          Description: the tools
          ActionGroupExecutor: {Lambda: !GetAtt Zeta.Arn}
          FunctionSchema: {"Fn::Transform": {Name: AWS::Include, Parameters: {Location: functions.json}}}
        - ActionGroupName: zeta-api
          ActionGroupExecutor: {Lambda: !Ref Zeta.Alias}
          ApiSchema: {"Fn::Transform": {Name: AWS::Include, Parameters: {Location: api.json}}}
        - {ActionGroupName: Off, ActionGroupState: DISABLED}
        - {ActionGroupName: UserInputAction, ParentActionGroupSignature: AMAZON.UserInput}
  HelperAlias:
    Type: AWS::Bedrock::AgentAlias
    Condition: HasClassic
    Properties: {AgentId: !Ref Helper, AgentAliasName: !Ref Environment}
"#;

const FUNCTIONS: &str = r#"{"Functions": [{"Name": "do_it", "Description": "does it", "RequireConfirmation": "ENABLED",
  "Parameters": {"amount": {"Type": "number", "Description": "how much", "Required": true}, "note": {"Type": "string"}}}]}"#;
const API: &str = r#"{"Payload": "{\"openapi\": \"3.0.0\", \"paths\": {\"/do_it\": {}}}"}"#;

fn full() -> Template {
    let folder = write(&[("template.yaml", FULL), ("functions.json", FUNCTIONS), ("api.json", API)]);
    read(&folder.path().join("template.yaml"), &BTreeMap::new()).unwrap()
}

#[test]
fn functions_without_tools_and_resources_of_other_kinds_are_passed_over() {
    let template = full();
    let binaries: Vec<&str> = template.functions.iter().map(|function| function.binary.as_str()).collect();
    assert_eq!(binaries, ["zeta"]);
    assert_eq!(template.other_functions, ["Python"], "to be named, since nothing of it is run");
}

#[test]
fn a_function_gets_its_globals_and_every_intrinsic_in_its_environment() {
    let template = full();
    let [zeta] = template.functions.as_slice() else { panic!("one function has a binary: {:?}", template.functions) };
    assert_eq!((zeta.logical_id.as_str(), zeta.binary.as_str(), zeta.memory_mb), ("Zeta", "zeta", 256));
    assert_eq!(zeta.timeout.as_secs(), 7);
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:Zeta";
    let expected = [
        ("DATA", "data-dev"),
        ("DATA_ARN", "arn:aws:dynamodb:us-east-1:123456789012:table/data-dev"),
        ("JOINED", "a-c"),
        ("LEVEL", "debug"),
        ("LONG", "1-dev"),
        ("OPEN", "allow"),
        ("RELEASE", "local"),
        ("ROWS", "5"),
        ("SHARED", "yes-it-is"),
        ("WHERE", &format!("us-east-1/data-dev/${{Literal}}/{arn}")),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(zeta.environment, BTreeMap::from(expected));
}

#[test]
fn a_table_becomes_a_create_request_and_one_whose_condition_fails_is_left_out() {
    let template = full();
    let names: Vec<&str> = template.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["data-dev", "Plain"]);
    let expected = json!({"TableName": "data-dev", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]});
    assert_eq!(template.tables[0].create, expected);
    assert_eq!(template.tables[0].ttl_attribute.as_deref(), Some("expires"));
    assert_eq!(template.tables[1].create["KeySchema"][0]["AttributeName"], "id");
}

#[test]
fn agents_lead_to_their_functions_schemas_aliases_and_collaborators() {
    let template = full();
    let [boss, helper] = template.agents.as_slice() else { panic!("two agents: {:?}", template.agents) };
    assert!(boss.supervisor && !helper.supervisor);
    assert_eq!(boss.aliases, ["TSTALIASID"]);
    assert_eq!((boss.collaborators[0].name.as_str(), boss.collaborators[0].agent_id.as_str()), ("helper", "Helper"));
    assert!(boss.collaborators[0].relay_history);
    assert_eq!(helper.aliases, ["dev", "HelperAlias", "TSTALIASID"]);
    assert_eq!(helper.foundation_model, "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude");
    assert_eq!(helper.idle_ttl.as_secs(), 120);
    let groups: Vec<(&str, Option<&str>)> =
        helper.action_groups.iter().map(|group| (group.name.as_str(), group.function.as_deref())).collect();
    assert_eq!(groups, [("zeta", Some("Zeta")), ("zeta-api", Some("Zeta")), ("UserInputAction", None)]);
    let GroupSchema::Functions(functions) = &helper.action_groups[0].schema else { panic!("functions") };
    assert!(functions[0].require_confirmation);
    assert_eq!(
        (functions[0].parameters["amount"].kind.as_str(), functions[0].parameters["amount"].required),
        ("number", true)
    );
    let GroupSchema::Api(api) = &helper.action_groups[1].schema else { panic!("api") };
    assert_eq!(api["paths"], json!({"/do_it": {}}));
    assert_eq!(helper.action_groups[2].signature.as_deref(), Some("AMAZON.UserInput"));
}

#[test]
fn the_seed_program_is_read_with_its_environment() {
    let seed = full().seed.unwrap();
    assert_eq!(seed.binary, "fill");
    assert_eq!(seed.environment["TABLE"], "data-dev");
}

#[test]
fn the_table_of_parked_calls_is_the_one_that_the_template_names() {
    assert_eq!(full().approvals.as_deref(), Some("Data"));
    let read_with = |approvals: &str| {
        let text = FULL.replace("Approvals: Data", approvals);
        let folder = write(&[("template.yaml", &text), ("functions.json", FUNCTIONS), ("api.json", API)]);
        read(&folder.path().join("template.yaml"), &BTreeMap::new())
    };
    assert_eq!(read_with("Other: 1").unwrap().approvals, None);
    let problem = read_with("Approvals: Zeta").unwrap_err().to_string();
    assert!(
        problem.contains("`Approvals` needs the logical id of a table of this template; `Zeta` is not one"),
        "{problem}"
    );
}

#[test]
fn parameters_can_be_set_and_decide_what_exists() {
    let folder = write(&[("template.yaml", FULL), ("functions.json", FUNCTIONS), ("api.json", API)]);
    let set = |values: &[(&str, &str)]| values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let path = folder.path().join("template.yaml");
    assert!(read(&path, &set(&[("AgentPlatform", "agentcore")])).unwrap().agents.is_empty());
    let unknown = read(&path, &set(&[("Nope", "1")])).unwrap_err().to_string();
    assert!(unknown.contains("there is no parameter `Nope` to set"), "{unknown}");
}

#[test]
fn a_missing_schema_file_says_what_writes_it_and_only_matters_to_the_agents() {
    let folder = write(&[("template.yaml", FULL)]);
    let path = folder.path().join("template.yaml");
    let error = read(&path, &BTreeMap::new()).unwrap_err().to_string();
    assert!(error.contains("Resources.Helper.Properties.ActionGroups[0].FunctionSchema"), "{error}");
    assert!(error.contains("`functions.json` does not exist"), "{error}");
    assert!(error.contains("`api.json`"), "all at once: {error}");
    assert_eq!(read_without_agents(&path, &BTreeMap::new()).unwrap().functions.len(), 1);
}

#[test]
fn every_problem_is_reported_with_its_place() {
    let error = problems(
        r#"
Parameters: {Size: {Type: Number}, Unused: {Type: String}}
Conditions: {Loop: !Not [{Condition: Loop}]}
Resources:
  A:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda}
  B:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: b}}
    Properties:
      Timeout: soon
      MemorySize: !Ref Size
      Environment: {Variables: {X: !Ref Nowhere, Y: !ImportValue z}}
  C: {Type: AWS::DynamoDB::Table, Condition: Loop, Properties: {}}
  D: {Type: AWS::DynamoDB::Table, Properties: {AttributeDefinitions: []}}
"#,
    );
    for expected in [
        "Resources.A.Metadata.BuildProperties: name the handler's binary as `Binary`",
        "Resources.B.Properties.Timeout: `soon` is not a whole number",
        "Resources.B.Properties.MemorySize: the parameter `Size` has no default: set it with `--parameter Size=…`",
        "Resources.B.Properties.Environment.Variables.X: `Nowhere` is neither a parameter nor a resource",
        "Resources.B.Properties.Environment.Variables.Y: the local agent cannot resolve `Fn::ImportValue`",
        "the condition `Loop` depends on itself",
        "Resources.D.Properties: a table needs `KeySchema`",
    ] {
        assert!(error.contains(expected), "`{expected}` is missing in {error}");
    }
    assert!(!error.contains("Unused"), "what nobody reads needs no value: {error}");
}

#[test]
fn what_is_no_template_is_refused_with_its_place() {
    assert!(problems("a: [1").contains("is not YAML: "));
    assert!(problems("Transform: x").contains("it has no `Resources`"));
    let error = read(Path::new("does/not/exist.yaml"), &BTreeMap::new()).unwrap_err().to_string();
    assert!(error.contains("cannot read the template `does/not/exist.yaml`"), "{error}");
}

#[test]
fn a_path_in_a_payload_is_refused_since_aws_would_take_it_for_the_schema() {
    let error = problems(
        r#"
Resources:
  A:
    Type: AWS::Bedrock::Agent
    Properties:
      FoundationModel: m
      Instruction: i
      ActionGroups:
        - {ActionGroupName: g, ApiSchema: {Payload: schemas/g/openapi.json}, ActionGroupExecutor: {Lambda: !Ref A}}
      AgentCollaborators: [{CollaboratorName: x, AgentDescriptor: {AliasArn: "arn:aws:bedrock:r:1:agent-alias/X/Y"}}]
"#,
    );
    assert!(error.contains("not an OpenAPI document"), "{error}");
    assert!(error.contains("`A` is not a function of this template"), "{error}");
    assert!(error.contains("the collaborator `x` does not refer to an agent"), "{error}");
}

#[test]
fn what_cloudformation_would_not_take_of_an_agent_is_a_problem() {
    let agent = |more: &str| {
        let template = format!(
            "Resources:\n  A:\n    Type: AWS::Bedrock::Agent\n    Properties: {{FoundationModel: m, Instruction: i, {more}}}\n"
        );
        let folder = write(&[("template.yaml", &template)]);
        read(&folder.path().join("template.yaml"), &BTreeMap::new())
    };
    assert_eq!(agent("").unwrap().agents[0].idle_ttl.as_secs(), 600);
    assert_eq!(agent("IdleSessionTTLInSeconds: 5400").unwrap().agents[0].idle_ttl.as_secs(), 5400);
    for seconds in ["59", "5401", "soon", "60.5"] {
        let problem = agent(&format!("IdleSessionTTLInSeconds: {seconds}")).unwrap_err().to_string();
        assert!(problem.contains("IdleSessionTTLInSeconds") && problem.contains("60 to 5400"), "{problem}");
    }
    let router = agent("AgentCollaboration: SUPERVISOR_ROUTER").unwrap().agents.remove(0);
    assert!(router.supervisor && router.routes);
    let problem = agent("AgentCollaboration: BOSS").unwrap_err().to_string();
    assert!(problem.contains("DISABLED, SUPERVISOR, SUPERVISOR_ROUTER"), "{problem}");
    let itself = "AgentCollaborators: [{CollaboratorName: me, AgentDescriptor: {AliasArn: 'arn:aws:bedrock:us-east-1:1:agent-alias/A/x'}}]";
    let problem = agent(itself).unwrap_err().to_string();
    assert!(problem.contains("leads back to this agent"), "{problem}");
}

#[test]
fn a_problem_in_an_included_file_has_its_place_there() {
    let functions = "{\"Functions\": [\n  {\"Description\": \"nameless\"}\n]}";
    let folder = write(&[("template.yaml", FULL), ("functions.json", functions), ("api.json", API)]);
    let error = read(&folder.path().join("template.yaml"), &BTreeMap::new()).unwrap_err().to_string();
    assert!(error.contains("functions.json:2:3: Functions[0]: a function needs a `Name`"), "{error}");
}
