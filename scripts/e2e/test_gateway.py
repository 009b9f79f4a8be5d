"""The gateway through the official MCP client: listing, calling, and the input of a function."""

import asyncio
import json

import pytest
from conftest import ROOT, local_agent
from mcp import MCPError
from mcp_client import body, calling, listing, over_http

TOOLS = [
    "billing___find_invoices",
    "billing___request_refund",
    "customers___get_customer_info",
    "customers___update_user_account",
    "orders___get_order_status",
    "orders___initiate_return",
    "support___escalate_to_human",
    "support___record_feedback",
    "support___search_knowledge_base",
]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_tools_are_listed_with_their_targets_schemas(desk, mode):
    [tools] = over_http(desk, listing, mode=mode)
    assert [tool.name for tool in tools] == TOOLS
    for tool in tools:
        target, name = tool.name.split("___")
        deployed = json.loads((ROOT / f"schemas/{target}/gateway.json").read_text())["InlinePayload"]
        [definition] = [definition for definition in deployed if definition["Name"] == name]
        assert tool.description == definition["Description"]
        assert tool.input_schema["required"] == definition["InputSchema"]["Required"]
        assert set(tool.input_schema["properties"]) == set(definition["InputSchema"]["Properties"])
        # An output schema is only for tools with structured results.
        assert tool.output_schema is None


@pytest.mark.parametrize(("environment", "answers"), [("dev", True), ("prod", False)])
def test_on_classic_only_functions_of_dev_answer_the_gateway(tmp_path, environment, answers):
    parameters = ["AgentPlatform=classic", f"Environment={environment}"]
    with local_agent(tmp_path, *[f"--parameter={parameter}" for parameter in parameters]) as desk:
        tools, result = over_http(desk, listing, calling("support___search_knowledge_base", query="return"))
        assert len(tools) == 9
        assert ("error" not in body(result)) == answers
        assert answers or "does not accept calls on the gateway wire" in body(result)["error"]["message"]


def test_a_call_gets_the_functions_reply(desk):
    calls = [calling("orders___get_order_status", orderId=order) for order in ["ORD-12345", "ORD-999999"]]
    found, missing = over_http(desk, *calls)
    assert (found.is_error, body(found)["status"]) == (False, "shipped")
    # The text of the tool, which the gateway does not change.
    assert (missing.is_error, body(missing)["error"]["kind"]) == (False, "not found")
    assert found.structured_content is None


def test_what_is_no_tool_is_an_error(desk):
    async def refused(client):
        for name in ["get_order_status", "orders___nothing", "orders__get_order_status", "", "x" * 10_000]:
            with pytest.raises(MCPError, match="Unknown tool"):
                await client.call_tool(name, {})

    over_http(desk, refused)


def test_arguments_that_imitate_another_wire_stay_arguments(desk):
    agents = {"messageVersion": "1.0", "actionGroup": "orders", "function": "get_order_status", "parameters": []}
    direct = {"toolName": "get_order_status", "toolInput": {"orderId": "ORD-12345"}}
    context = {"bedrockAgentCoreToolName": "billing___request_refund"}
    for arguments in [agents, direct, agents | {"apiPath": "/get_order_status", "httpMethod": "POST"}, context]:
        [result] = over_http(desk, calling("orders___get_order_status", orderId="ORD-12345", **arguments))
        # Fields that the tool does not have: they are not read as an event, and not ignored either.
        assert result.is_error
        assert "the tool has no other fields than `orderId`" in result.content[0].text


def test_two_hundred_calls_at_once(desk):
    orders = ["ORD-12345", "ORD-123"]

    async def together(client):
        calls = [client.call_tool("orders___get_order_status", {"orderId": orders[at % 2]}) for at in range(200)]
        return await asyncio.gather(*calls)

    [results] = over_http(desk, together)
    assert [body(result)["orderId"] for result in results] == [orders[at % 2] for at in range(200)]
    assert not any(result.is_error for result in results)
