"""The requests of CloudFormation to Bedrock, AgentCore and API Gateway, validated against the services' own models.

botocore checks types, required members and minima. Maxima, patterns and enumerations are in the models too, but
botocore leaves them to the servers. `Strict` checks these as well.
"""

import json
import re

import boto3
import pytest
from botocore.validate import ParamValidator

# The SDK name of a service, and of the operation that creates a resource.
REQUESTS = {
    "AWS::Bedrock::Agent": ("bedrock-agent", "CreateAgent"),
    "AWS::Bedrock::AgentAlias": ("bedrock-agent", "CreateAgentAlias"),
    "AWS::Bedrock::Guardrail": ("bedrock", "CreateGuardrail"),
    "AWS::Bedrock::GuardrailVersion": ("bedrock", "CreateGuardrailVersion"),
    "AWS::Bedrock::KnowledgeBase": ("bedrock-agent", "CreateKnowledgeBase"),
    "AWS::Bedrock::DataSource": ("bedrock-agent", "CreateDataSource"),
    "AWS::S3Vectors::VectorBucket": ("s3vectors", "CreateVectorBucket"),
    "AWS::S3Vectors::Index": ("s3vectors", "CreateIndex"),
    "AWS::BedrockAgentCore::Gateway": ("bedrock-agentcore-control", "CreateGateway"),
    "AWS::BedrockAgentCore::GatewayTarget": ("bedrock-agentcore-control", "CreateGatewayTarget"),
    "AWS::BedrockAgentCore::PolicyEngine": ("bedrock-agentcore-control", "CreatePolicyEngine"),
    "AWS::BedrockAgentCore::Policy": ("bedrock-agentcore-control", "CreatePolicy"),
    "AWS::BedrockAgentCore::Harness": ("bedrock-agentcore-control", "CreateHarness"),
    "AWS::ApiGatewayV2::Api": ("apigatewayv2", "CreateApi"),
    "AWS::ApiGatewayV2::Authorizer": ("apigatewayv2", "CreateAuthorizer"),
    "AWS::ApiGatewayV2::Integration": ("apigatewayv2", "CreateIntegration"),
    "AWS::ApiGatewayV2::Route": ("apigatewayv2", "CreateRoute"),
    "AWS::ApiGatewayV2::Stage": ("apigatewayv2", "CreateStage"),
    "AWS::BedrockAgentCore::HarnessEndpoint": ("bedrock-agentcore-control", "CreateHarnessEndpoint"),
    "AWS::Lambda::EventSourceMapping": ("lambda", "CreateEventSourceMapping"),
    "AWS::Lambda::Permission": ("lambda", "AddPermission"),
    "AWS::Lambda::Url": ("lambda", "CreateFunctionUrlConfig"),
}
# Properties that only CloudFormation has, or that it sets by a separate request.
NOT_IN_REQUEST = {"ActionGroups", "AgentCollaborators", "AutoPrepare"}
LISTS_OF_TAGS = {"CreateHarness", "CreateHarnessEndpoint", "CreatePolicyEngine"}
# Services whose APIs write their members as CloudFormation does.
AS_WRITTEN = {"apigatewayv2", "lambda"}
# Members with another name in the request.
RENAMED = {"CreateFunctionUrlConfig": {"TargetFunctionArn": "FunctionName"}}
# Members that CloudFormation adds.
ADDED = {"AddPermission": {"StatementId": "support-desk-dev-Permission-ABCDEFGHIJKL"}}
# Maps whose names are data, not members.
MAPS = {"properties", "parameters", "tags"}

_clients = {}


def shape(service, operation):
    if service not in _clients:
        _clients[service] = boto3.client(
            service, region_name="us-east-1", aws_access_key_id="offline", aws_secret_access_key="offline"
        )
    return _clients[service].meta.service_model.operation_model(operation).input_shape


def camel(node, is_map=False):
    """Converts CloudFormation's `MemberName` to the API's `memberName`."""
    if isinstance(node, list):
        return [camel(item) for item in node]
    if not isinstance(node, dict):
        return node
    names = {key: key if is_map else key[0].lower() + key[1:] for key in node}
    return {names[key]: camel(value, names[key] in MAPS and not is_map) for key, value in node.items()}


class Strict:
    """Validates a value against all constraints of a model. Returns a list of problems."""

    def __init__(self):
        self.problems = []

    def check(self, value, shape, path):
        kind, rules = shape.type_name, shape.metadata
        if kind == "structure" and not shape.is_document_type:
            for name, member in value.items():
                if name not in shape.members:
                    self.problems.append(f"{path}: no member `{name}`")
                else:
                    self.check(member, shape.members[name], f"{path}.{name}")
            if shape.is_tagged_union and len(value) != 1:
                self.problems.append(f"{path}: a union with {len(value)} members")
        elif kind == "list":
            self.length(len(value), rules, path)
            for index, item in enumerate(value):
                self.check(item, shape.member, f"{path}[{index}]")
        elif kind == "map":
            self.length(len(value), rules, path)
            for key, item in value.items():
                self.check(key, shape.key, f"{path} key")
                self.check(item, shape.value, f"{path}.{key}")
        elif kind == "string":
            self.length(len(value), rules, path)
            pattern = rules.get("pattern")
            if pattern and not re.fullmatch(pattern, value):
                self.problems.append(f"{path}: `{value}` does not match `{pattern}`")
            if value not in rules.get("enum", [value]):
                self.problems.append(f"{path}: `{value}` is none of {rules['enum']}")
        elif kind in ("integer", "long", "float", "double"):
            self.length(value, rules, path)

    def length(self, size, rules, path):
        if not rules.get("min", size) <= size <= rules.get("max", size):
            self.problems.append(f"{path}: {size} is not within {rules.get('min')} and {rules.get('max')}")


def problems(service, operation, parameters):
    wanted = shape(service, operation)
    report = ParamValidator().validate(parameters, wanted).generate_report()
    strict = Strict()
    if not report:
        strict.check(parameters, wanted, operation)
    return ([report] if report else []) + strict.problems


def numbers(node, shape):
    """What CloudFormation makes of a value: a text where the service wants a whole number, such as that of a parameter,
    becomes one."""
    match shape.type_name, node:
        case "structure", dict() if not shape.is_document_type:
            return {name: numbers(value, shape.members[name]) if name in shape.members else value for name, value in node.items()}
        case "list", list():
            return [numbers(item, shape.member) for item in node]
        case "map", dict():
            return {key: numbers(value, shape.value) for key, value in node.items()}
        case ("integer" | "long"), str() if node.isdigit():
            return int(node)
    return node


def requests(deployed):
    """Every request of a variant: its origin, service, operation and parameters."""
    for kind, (service, operation) in REQUESTS.items():
        for name, properties in deployed.of(kind).items():
            if kind == "AWS::Bedrock::Agent":
                yield from parts_of_agent(name, properties)
            renamed = RENAMED.get(operation, {})
            properties = {renamed.get(key, key): value for key, value in properties.items() if key not in NOT_IN_REQUEST}
            properties |= ADDED.get(operation, {})
            tags = properties.get("Tags")
            parameters = properties if service in AS_WRITTEN else camel(properties)
            if operation in LISTS_OF_TAGS and tags:
                parameters["tags"] = {tag["Key"]: tag["Value"] for tag in tags}
            yield name, service, operation, numbers(parameters, shape(service, operation))


def parts_of_agent(name, properties):
    draft = {"agentId": "AAAAAAAAAA", "agentVersion": "DRAFT"}
    for group in properties.get("ActionGroups", []):
        yield name, "bedrock-agent", "CreateAgentActionGroup", {**draft, **camel(group)}
    for other in properties.get("AgentCollaborators", []):
        yield name, "bedrock-agent", "AssociateAgentCollaborator", {**draft, **camel(other)}


def test_every_request_fits_its_model(deployed):
    found = {}
    seen = set()
    for name, service, operation, parameters in requests(deployed):
        seen.add(operation)
        if wrong := problems(service, operation, parameters):
            found[f"{name}: {operation}"] = wrong
    assert not found, json.dumps(found, indent=1)
    assert {"CreateGuardrail", "CreateGuardrailVersion"} <= seen
    classic = {"CreateAgent", "CreateAgentAlias", "CreateAgentActionGroup", "AssociateAgentCollaborator"}
    agentcore = {"CreateGateway", "CreateGatewayTarget", "CreatePolicyEngine", "CreatePolicy"}
    platform, environment = deployed.name.split("-")
    assert (classic <= seen) == (platform != "agentcore")
    assert (agentcore <= seen) == (platform != "classic")
    assert bool(seen & classic) == (platform != "agentcore"), "one platform does not touch the other"
    assert bool(seen & agentcore) == (platform != "classic")
    api = {"CreateApi", "CreateAuthorizer", "CreateIntegration", "CreateRoute", "CreateStage"}
    assert seen & api == (set() if environment == "dev" else api)
    # A template cannot give a harness its user's token. The front door can, and on `both` it calls the agent.
    harness = {"CreateHarness", "CreateHarnessEndpoint"}
    has_harness = platform != "classic" and environment == "dev" or deployed.name == "agentcore-staging"
    assert seen & harness == (harness if has_harness else set())
    assert ("CreateFunctionUrlConfig" in seen) == (environment != "prod")


def test_a_front_door_streams_to_the_pages_of_one_origin(deployed):
    urls = [dict(url) for url in deployed.of("AWS::Lambda::Url").values()]
    origin = {"AllowOrigins": ["https://desk.example.com"], "AllowMethods": ["POST"],
              "AllowHeaders": ["authorization", "content-type"], "MaxAge": 3600}
    alias = "arn:aws:lambda:us-east-1:123456789012:function:ChatFunctionAliaslive:live"
    live = {"TargetFunctionArn": alias, "InvokeMode": "RESPONSE_STREAM"}
    assert urls == {
        "dev": [{**live, "AuthType": "AWS_IAM"}],
        "staging": [{**live, "AuthType": "NONE", "Cors": origin}],
        "prod": [],
    }[deployed.name.split("-")[1]]


def test_what_is_wrong_is_found():
    base = {"agentId": "AAAAAAAAAA", "agentVersion": "DRAFT", "actionGroupName": "orders"}

    def wrong(**more):
        return problems("bedrock-agent", "CreateAgentActionGroup", {**base, **more})

    assert not wrong()
    assert "does not match" in wrong(actionGroupName="a__b")[0]
    assert "is not within" in wrong(description="x" * 201)[0]
    assert "is none of" in wrong(actionGroupState="ON")[0]
    assert "Unknown parameter" in wrong(functions=[])[0]
    assert "Missing required" in wrong(functionSchema={"functions": [{"description": "x"}]})[0]


# Limits that are in documents, not in models.
# https://docs.aws.amazon.com/bedrock/latest/userguide/agents-action-add.html
# https://docs.aws.amazon.com/general/latest/gr/bedrock.html


def test_agents_keep_within_the_documented_quotas(deployed):
    for name, agent in deployed.of("AWS::Bedrock::Agent").items():
        assert len(agent["Instruction"]) <= 4000
        assert agent["AutoPrepare"] is True
        assert len(agent.get("AgentCollaborators", [])) <= 10
        groups = agent["ActionGroups"]
        assert len(groups) <= 15
        apis = 0
        for group in groups:
            functions = group.get("FunctionSchema", {}).get("Functions", [])
            assert len(functions) <= 11
            for function in functions:
                assert len(function.get("Parameters", {})) <= 5, f"{name}: {function['Name']}"
                assert len(f"POST__{group['ActionGroupName']}__{function['Name']}") <= 64
            if "ApiSchema" in group:
                apis += len(operations(group["ApiSchema"]["Payload"]))
            if "ParentActionGroupSignature" in group:
                assert not group.keys() & {"Description", "ApiSchema", "FunctionSchema", "ActionGroupExecutor"}
        assert apis <= 11


def operations(payload):
    document = json.loads(payload)
    assert document["openapi"] == "3.0.0"
    assert '"enum"' not in payload, "the service's dialect has none"
    found = [operation for path in document["paths"].values() for operation in path.values()]
    for operation in found:
        assert operation["operationId"] and operation["description"] and operation["responses"]
    return found


def test_gateway_tools_have_names_that_a_model_can_be_given(deployed):
    for target in deployed.of("AWS::BedrockAgentCore::GatewayTarget").values():
        for tool in target["TargetConfiguration"]["Mcp"]["Lambda"]["ToolSchema"]["InlinePayload"]:
            assert re.fullmatch("[a-zA-Z0-9_-]{1,64}", f"{target['Name']}___{tool['Name']}")


def test_the_guardrail_says_what_the_desk_asked_for(deployed):
    (guardrail,) = deployed.of("AWS::Bedrock::Guardrail").values()
    filters = {one["Type"] for one in guardrail["ContentPolicyConfig"]["FiltersConfig"]}
    assert filters == {"VIOLENCE", "SEXUAL", "HATE", "INSULTS", "PROMPT_ATTACK"}
    masked = {one["Type"] for one in guardrail["SensitiveInformationPolicyConfig"]["PiiEntitiesConfig"]}
    assert masked == {"EMAIL", "PHONE", "CREDIT_DEBIT_CARD_NUMBER", "US_SOCIAL_SECURITY_NUMBER"}
    topics = guardrail["TopicPolicyConfig"]["TopicsConfig"]
    assert len(topics) == 3
    for topic in topics:
        assert len(topic["Definition"]) <= 200, "the API's limit; CloudFormation's schema says 1,000"


@pytest.mark.parametrize("prompt", ["supervisor", "specialist"])
def test_a_prompt_is_the_json_that_bedrock_takes(deployed, prompt):
    agents = deployed.of("AWS::Bedrock::Agent")
    chosen = [agent for name, agent in agents.items() if (name == "Supervisor") == (prompt == "supervisor")]
    for agent in chosen:
        (orchestration,) = agent["PromptOverrideConfiguration"]["PromptConfigurations"]
        assert orchestration["InferenceConfiguration"]["MaximumLength"] == "4000"
        # Line breaks within text, as in the service's own templates.
        text = json.loads(orchestration["BasePromptTemplate"], strict=False)
        for placeholder in ("$instruction$", "$prompt_session_attributes$"):
            assert placeholder in text["system"]
        assert ("$agent_collaborators$" in text["system"]) == (prompt == "supervisor")
        assert [message["role"] for message in text["messages"]] == ["user", "assistant"]
