"""The order in which a stack creates its resources, from the graph of the transformed template."""

import pytest
import release
from variants import VARIANTS

TARGETS = {"BillingTarget", "CustomersTarget", "OrdersTarget", "SupportTarget"}
# The variants with a harness. With tokens there is one behind the front door only, and on `both` the front door calls the
# agent.
HARNESSES = {"agentcore-dev", "both-dev", "agentcore-staging"}
# Those that the gateway calls. The harness calls the hooks.
FUNCTIONS = {"BillingFunction", "CustomersFunction", "InterceptorFunction", "OrdersFunction", "SupportFunction"}


@pytest.fixture(params=[name for name in VARIANTS if not name.startswith("classic")])
def gateway(request):
    return VARIANTS[request.param]


def before(deployed, name):
    """All resources that exist before the creation of this one starts."""
    resource = deployed.resources[name]
    direct = resource.get("DependsOn", [])
    direct = {direct} if isinstance(direct, str) else set(direct)
    direct |= release.references(resource.get("Properties", {})) & deployed.resources.keys()
    return direct.union(*(before(deployed, one) for one in direct))


def test_the_gateways_role_waits_for_no_function(gateway):
    # CreateGateway tries the role, and IAM needs some seconds to propagate a new one.
    assert before(gateway, "GatewayRole") == {"PolicyEngine"}
    (policy,) = gateway.of("AWS::IAM::Role")["GatewayRole"]["Policies"]
    actions = {action for one in policy["PolicyDocument"]["Statement"] for action in
               ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])}
    assert actions == {"bedrock-agentcore:GetPolicyEngine", "bedrock-agentcore:AuthorizeAction",
                       "bedrock-agentcore:PartiallyAuthorizeActions"}


def test_the_gateway_waits_for_functions_in_between(gateway):
    assert {f"{name}Aliaslive" for name in FUNCTIONS} <= before(gateway, "Gateway") - before(gateway, "GatewayRole")


def test_a_target_is_created_when_its_gateway_may_call_it(gateway):
    for name in TARGETS:
        assert {"CallTools", "Gateway", "GatewayRole"} <= before(gateway, name)
    (statement,) = gateway.of("AWS::IAM::RolePolicy")["CallTools"]["PolicyDocument"]["Statement"]
    called = {target["TargetConfiguration"]["Mcp"]["Lambda"]["LambdaArn"]
              for target in gateway.of("AWS::BedrockAgentCore::GatewayTarget").values()}
    interceptor = gateway.of("AWS::BedrockAgentCore::Gateway")["Gateway"]["InterceptorConfigurations"][0]
    assert {*statement["Resource"]} == called | {interceptor["Interceptor"]["Lambda"]["Arn"]}


def test_policies_are_checked_against_tools_that_are_there(gateway):
    for name in ("LookUpPolicy", "ChangePolicy"):
        assert TARGETS <= before(gateway, name)


def test_a_harness_begins_when_it_may_call(gateway):
    assert ("Harness" in gateway.resources) == (gateway.name in HARNESSES)
    harness = {name for name, body in gateway.resources.items() if "Harness" in name or body["Type"].endswith("Harness")}
    if gateway.name in HARNESSES:
        calls = {"HarnessCalls", "HooksFunctionAliaslive"}
        assert {*calls, "LookUpPolicy", "ChangePolicy", *TARGETS} <= before(gateway, "Harness")
        # The gateway does not call the hooks.
        assert "HooksFunctionAliaslive" not in before(gateway, "Gateway")
    else:
        assert not harness and "HooksFunction" not in gateway.resources


def test_a_harness_has_the_gateway_as_its_tool_only_where_it_signs(gateway):
    for harness in gateway.of("AWS::BedrockAgentCore::Harness").values():
        statements = gateway.of("AWS::IAM::RolePolicy")["HarnessCalls"]["PolicyDocument"]["Statement"]
        actions = [statement["Action"] for statement in statements]
        # Also the name of the tool that the front door gives to an invocation.
        assert harness["AllowedTools"] == ["@desk"]
        if gateway.name.endswith("-dev"):
            (tool,) = harness["Tools"]
            assert (tool["Name"], tool["Type"]) == ("desk", "agentcore_gateway")
            assert tool["Config"]["AgentCoreGateway"]["OutboundAuth"] == {"AwsIam": {}}
            assert actions == ["lambda:InvokeFunction", "bedrock-agentcore:InvokeGateway"]
            assert statements[1]["Resource"] == tool["Config"]["AgentCoreGateway"]["GatewayArn"]
        else:
            # A gateway that takes tokens refuses a harness that signs.
            assert "Tools" not in harness and actions == ["lambda:InvokeFunction"]


def test_a_front_door_begins_when_it_may_call(deployed):
    if deployed.name.endswith("-prod"):
        assert not {name for name in deployed.resources if name.startswith("Chat")}
        return
    on_harness = deployed.name.startswith("agentcore")
    called = {"Harness", "HarnessEndpoint", "Gateway", *TARGETS} if on_harness else {"Supervisor", "SupervisorAlias"}
    assert {*called, "ChatFunctionRole", "LedgerTable"} <= before(deployed, "ChatFunction")
    assert not ({"Harness", "SupervisorAlias"} - called) & before(deployed, "ChatFunction")


def test_a_harness_may_call_its_hooks_and_a_hook_that_does_not_answer_denies(gateway):
    harnesses = gateway.of("AWS::BedrockAgentCore::Harness")
    assert len(harnesses) == (gateway.name in HARNESSES)
    for harness in harnesses.values():
        hooks = [(moment, hook) for one in harness["Hooks"] for moment, hook in one.items()]
        # One holds the budget, and the other books what was used.
        assert [moment for moment, _ in hooks] == ["BeforeInvocation", "AfterInvocation"]
        targets = [hook["Target"]["Lambda"] for _, hook in hooks]
        (function,) = {target["Arn"] for target in targets}
        statement, *_ = gateway.of("AWS::IAM::RolePolicy")["HarnessCalls"]["PolicyDocument"]["Statement"]
        assert (statement["Action"], statement["Resource"]) == ("lambda:InvokeFunction", function)
        assert function.endswith(":HooksFunctionAliaslive:live")
        timeout = gateway.of("AWS::Lambda::Function")["HooksFunction"]["Timeout"]
        for target in targets:
            assert target["FailureMode"] == "deny" and target["TimeoutSeconds"] >= timeout
        # They bound an invocation that has begun.
        assert {"MaxIterations", "TimeoutSeconds"} <= harness.keys()
        assert harness["Model"]["BedrockModelConfig"]["MaxTokens"]


def test_a_delivery_waits_for_both_of_its_ends(gateway):
    kinds = {"APPLICATION_LOGS": "GatewayLog"}
    if gateway.name.endswith("-prod"):
        kinds["TRACES"] = "GatewayTrace"
    sources = gateway.of("AWS::Logs::DeliverySource")
    assert {source["LogType"] for source in sources.values()} == kinds.keys()
    for prefix in kinds.values():
        assert {f"{prefix}Source", f"{prefix}Destination", "Gateway"} <= before(gateway, f"{prefix}Delivery")
        delivery = gateway.of("AWS::Logs::Delivery")[f"{prefix}Delivery"]
        assert delivery["DeliverySourceName"] == sources[f"{prefix}Source"]["Name"]
        assert sources[f"{prefix}Source"]["ResourceArn"].split(":")[2] == "bedrock-agentcore"


def test_a_gateway_by_token_says_whose(gateway):
    properties = gateway.of("AWS::BedrockAgentCore::Gateway")["Gateway"]
    environment = gateway.name.split("-")[1]
    allowed = {
        "dev": None,
        "staging": {"AllowedAudience": ["support-desk"]},
        "prod": {"AllowedClients": ["desk-app"]},  # Cognito's access tokens have no audience.
    }[environment]
    if allowed is None:
        assert properties["AuthorizerType"] == "AWS_IAM" and "AuthorizerConfiguration" not in properties
    else:
        authorizer = dict(properties["AuthorizerConfiguration"]["CustomJWTAuthorizer"])
        assert authorizer.pop("DiscoveryUrl").startswith("https://")
        assert authorizer == allowed


def test_a_stack_that_cannot_be_created_can_be_removed():
    # The first deployment of each environment: its parameters have their defaults.
    for deployed in VARIANTS.values():
        if not deployed.name.endswith("-prod"):
            for name, table in deployed.of("AWS::DynamoDB::Table").items():
                assert table["DeletionProtectionEnabled"] is False, name
