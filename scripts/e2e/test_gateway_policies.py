"""The template's policies, and additional ones, as the gateway applies them to an MCP client."""

import subprocess

import pytest
from conftest import ROOT, TOOLGATE, local_agent
from gateways import changed
from mcp_client import body, calling, listing, over_http

DENIED = "AuthorizeActionException - Tool Execution Denied: Tool call not allowed due to policy enforcement"
ROLES = "arn:aws:sts::123456789012:assumed-role"
LOOK_UP = calling("orders___get_order_status", orderId="ORD-12345")
OTHER_ORDER = calling("orders___get_order_status", orderId="ORD-123")
# Added to the template's own policies, and validated against the current tools.
FORBID = """
  ForbidPolicy:
    Type: AWS::BedrockAgentCore::Policy
    Condition: OnAgentCore
    Properties:
      PolicyEngineId: !GetAtt PolicyEngine.PolicyEngineId
      Name: not_this_order
      Definition:
        Cedar:
          Statement: !Sub |
            forbid (principal, action == AgentCore::Action::"orders___get_order_status",
                    resource == AgentCore::Gateway::"${Gateway.GatewayArn}")
              when { context.input.orderId == "ORD-123" };

  Harness:
"""
DEBUG = ("      ProtocolType: MCP\n", "      ProtocolType: MCP\n      ExceptionLevel: DEBUG\n")


# Not Cedar. What it says is not read, except for its scope.
TEMPORAL = """
  CapPolicy:
    Type: AWS::BedrockAgentCore::Policy
    Condition: OnAgentCore
    Properties:
      PolicyEngineId: !GetAtt PolicyEngine.PolicyEngineId
      Name: a_cap
      Definition:
        Policy:
          Statement: !Sub |
            forbid (principal, action == AgentCore::Action::"orders___get_order_status",
                    resource == AgentCore::Gateway::"${Gateway.GatewayArn}")
              when temporal { exists (n: Long). (n > 3) };

  Harness:
"""


def denied(result):
    [content] = result.content
    return result.is_error and content.text.startswith(DENIED) and result.structured_content is None


def principal(name):
    return f"--principal=iam:{name}"


@pytest.fixture(scope="module")
def forbidding(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forbidding")
    template = changed(folder, ("\n  Harness:\n", FORBID), DEBUG)
    with local_agent(folder, template=template) as desk:
        yield desk


def test_the_default_caller_is_one_that_the_policies_name(desk):
    auth = desk.health["gateway"]["auth"]
    assert auth == {"caller": {"kind": "iam", "name": f"{ROLES}/HarnessRole", "chosen": False}, "policies": "ENFORCE"}
    screen = desk.log.read_text()
    assert f"{desk.url}/mcp" in screen and f"caller   {ROLES}/HarnessRole\n" in screen
    # The screen is too small to explain how to choose another caller.
    help_text = subprocess.run([TOOLGATE, "dev", "--help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "--principal" in help_text


@pytest.mark.parametrize("name", [f"{ROLES}/Stranger", f"{ROLES}/HarnessRole2", "arn:aws:iam::123456789012:user/dana"])
def test_whom_no_policy_names_may_nothing(tmp_path, name):
    with local_agent(tmp_path, principal(name)) as desk:
        tools, result = over_http(desk, listing, LOOK_UP)
        assert tools == []
        assert denied(result)
        assert result.content[0].text == DENIED, "the reason is for the log"
        log = desk.log.read_text()
        assert "no policy permits it" in log and "orders___get_order_status" in log
        # The function was not called.
        assert 'wire="gateway"' not in log


def test_a_session_of_the_role_may_what_the_role_may(tmp_path):
    with local_agent(tmp_path, principal(f"{ROLES}/HarnessRole/one")) as desk:
        tools, result = over_http(desk, listing, LOOK_UP)
        assert len(tools) == 9
        assert body(result)["status"] == "shipped"


def test_a_forbidding_policy_wins_for_the_arguments_that_it_names(forbidding):
    allowed, refused, tools = over_http(forbidding, LOOK_UP, OTHER_ORDER, listing)
    assert body(allowed)["status"] == "shipped"
    assert denied(refused)
    assert "not_this_order" in refused.content[0].text
    assert refused.meta["debug"]["text"] == refused.content[0].text
    assert "forbidden by `not_this_order`" in forbidding.log.read_text()
    # Other arguments may be permitted, so the tool is listed.
    assert "orders___get_order_status" in [tool.name for tool in tools]


def test_arguments_that_a_policy_cannot_read_are_denied(forbidding):
    for order in [7, None, ["ORD-12345"], {"orderId": "ORD-12345"}]:
        [result] = over_http(forbidding, calling("orders___get_order_status", orderId=order))
        assert denied(result), order


def test_log_only_denies_nothing_and_says_what_it_would(tmp_path):
    template = changed(tmp_path, ("Mode: ENFORCE", "Mode: LOG_ONLY"))
    with local_agent(tmp_path, principal(f"{ROLES}/Stranger"), template=template) as desk:
        tools, result = over_http(desk, listing, LOOK_UP)
        assert len(tools) == 9
        assert body(result)["status"] == "shipped"
        assert "LOG_ONLY" in desk.log.read_text()


def test_a_policy_that_only_logs_permits_nothing(tmp_path):
    """`ChangePolicy` with `EnforcementMode: LOG_ONLY`: the tools can read but not change data, as docs/deploying.md
    states."""
    name = "      Description: Tools that change something.\n"
    template = changed(tmp_path, (name, f"{name}      EnforcementMode: LOG_ONLY\n"))
    with local_agent(tmp_path, template=template) as desk:
        refund = calling("billing___request_refund", orderId="ORD-12345", amount=1.5, reason="test")
        tools, refused, allowed = over_http(desk, listing, refund, LOOK_UP)
        assert len(tools) == 4
        assert denied(refused)
        assert body(allowed)["status"] == "shipped"
        assert "LOG_ONLY" in desk.log.read_text()


def test_a_forbidding_policy_that_only_logs_forbids_nothing(tmp_path):
    idle = FORBID.replace("      Name: not_this_order\n", "      Name: not_this_order\n      EnforcementMode: LOG_ONLY\n")
    template = changed(tmp_path, ("\n  Harness:\n", idle))
    with local_agent(tmp_path, template=template) as desk:
        [result] = over_http(desk, OTHER_ORDER)
        assert body(result)["orderId"] == "ORD-123"


def test_without_the_policy_that_permits_it_a_tool_is_denied(tmp_path):
    """Without `ChangePolicy` the tools can read but not change data, as its comment states."""
    change = 'AgentCore::Action::"billing___request_refund",\n'
    template = changed(tmp_path, (change, ""))
    with local_agent(tmp_path, template=template) as desk:
        tools, refund = over_http(
            desk, listing, calling("billing___request_refund", orderId="ORD-12345", amount=1.5, reason="test")
        )
        assert "billing___request_refund" not in [tool.name for tool in tools]
        assert denied(refund)


def test_the_gateway_is_served_whatever_the_platform(tmp_path):
    with local_agent(tmp_path, "--parameter=AgentPlatform=classic") as desk:
        tools, _ = over_http(desk, listing, LOOK_UP)
        assert len(tools) == 9


def test_a_temporal_policy_is_never_treated_as_absent(tmp_path):
    template = changed(tmp_path, ("\n  Harness:\n", TEMPORAL), DEBUG)
    with local_agent(tmp_path, template=template) as desk:
        log = desk.log.read_text()
        assert "the temporal policy `a_cap` is not evaluated here, so the gateway denies calls of `orders___get_order_status`" in log
        refund = calling("billing___request_refund", orderId="ORD-12345", amount=1.5, reason="test")
        tools, refused, other = over_http(desk, listing, LOOK_UP, refund)
        assert denied(refused) and "a_cap" in refused.content[0].text
        assert not denied(other), "a tool outside of its scope is decided by the other policies"
        assert "orders___get_order_status" in [tool.name for tool in tools]
        assert "the temporal policy `a_cap` cannot be evaluated" in desk.log.read_text()


def test_a_temporal_policy_that_only_logs_denies_nothing(tmp_path):
    only_logs = TEMPORAL.replace("      Name: a_cap\n", "      Name: a_cap\n      EnforcementMode: LOG_ONLY\n")
    template = changed(tmp_path, ("\n  Harness:\n", only_logs))
    with local_agent(tmp_path, template=template) as desk:
        assert "the temporal policy `a_cap` is not evaluated here; as `LOG_ONLY` it denies nothing" in desk.log.read_text()
        [result] = over_http(desk, LOOK_UP)
        assert body(result)["status"] == "shipped"
