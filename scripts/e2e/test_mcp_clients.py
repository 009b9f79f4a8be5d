"""The official MCP clients for Python and TypeScript, with a function that answers MCP by itself."""

import json

import pytest
from mcp import MCPError
from mcp_function import mcp_function, over_url
from mcp_types import ElicitResult
from node_tools import node

SHOWN = 'Allow `pay` with exactly this input?\ncents: 900\nto: "Ada"'


@pytest.fixture(scope="module")
def function(tmp_path_factory):
    with mcp_function(tmp_path_factory.mktemp("function")) as desk:
        yield desk


def paying(client):
    return client.call_tool("pay", {"to": "Ada", "cents": 900})


def error_of(result):
    assert result.is_error
    return json.loads(result.content[0].text)["error"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_python_client_lists_and_calls(function, mode):
    async def step(client):
        tools = (await client.list_tools()).tools
        text = await client.call_tool("test_simple_text", {})
        failed = await client.call_tool("test_error_handling", {})
        with pytest.raises(MCPError, match="unknown tool"):
            await client.call_tool("nothing", {})
        return tools, text, failed

    (tools, text, failed), _ = over_url(function.mcp_url, step, mode)
    assert [tool.name for tool in tools][0] == "pay"
    pay = tools[0]
    assert pay.title == "Pay" and pay.annotations.destructive_hint and not pay.annotations.read_only_hint
    assert pay.input_schema["properties"]["cents"]["minimum"] == 1
    assert sorted(pay.output_schema["required"]) == ["cents", "payments", "to"]
    assert text.content[0].text == "This is a simple text response for testing."
    assert error_of(failed)["kind"] == "conflict"


def test_a_person_confirms_through_the_python_client(function):
    answer = ElicitResult(action="accept", content={"ok": True})
    paid, asked = over_url(function.mcp_url, paying, answer=answer)
    assert asked == [SHOWN]
    assert not paid.is_error and paid.structured_content["cents"] == 900


@pytest.mark.parametrize(
    "answer",
    [ElicitResult(action="decline"), ElicitResult(action="cancel"), ElicitResult(action="accept", content={"ok": False})],
    ids=["decline", "cancel", "accept-without-a-yes"],
)
def test_a_person_declines_through_the_python_client(function, answer):
    refused, asked = over_url(function.mcp_url, paying, answer=answer)
    assert asked == [SHOWN]
    assert error_of(refused)["kind"] == "refused"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_client_that_cannot_ask_gets_a_parked_approval(function, mode):
    answer = ElicitResult(action="accept", content={"ok": True}) if mode == "legacy" else None
    parked, asked = over_url(function.mcp_url, paying, mode, answer)
    assert asked == []
    assert error_of(parked)["kind"] == "waiting for approval" and "APR-" in error_of(parked)["message"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("action", ["accept", "decline", "cancel"])
def test_the_typescript_client_lists_calls_and_asks(function, mode, action):
    ran = node("tools.mjs", function.mcp_url, mode, action)
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout)
    assert "test_simple_text" in seen["tools"]
    assert seen["text"] == "This is a simple text response for testing."
    assert "unknown tool" in seen["unknown"]
    if mode == "legacy":
        assert (seen["asked"], seen["paid"]["error"]["kind"]) == ([], "waiting for approval")
        return
    assert seen["asked"] == [SHOWN]
    if action == "accept":
        assert seen["paid"]["cents"] == 900 and not seen["isError"]
    else:
        assert seen["isError"] and seen["paid"]["error"]["kind"] == "refused"
