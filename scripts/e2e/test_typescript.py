"""The gateway through the TypeScript SDK, over HTTP and over stdio."""

import json

import pytest
from conftest import ROOT, TOOLGATE
from node_tools import node


@pytest.mark.parametrize("transport", ["http", "stdio"])
def test_a_client_lists_and_calls(desk, transport):
    toolgate = (ROOT / TOOLGATE).resolve()
    server = ["http", f"{desk.url}/mcp"] if transport == "http" else ["stdio", toolgate, "mcp", "--endpoint-url", desk.url]
    ran = node("client.mjs", *server)
    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout)
    assert seen["server"] == "support-desk-dev"
    assert seen["tools"] == desk.health["gateway"]["tools"]
    assert (seen["status"], seen["isError"]) == ("shipped", False)
    assert seen["together"] == ["ORD-123"] * 20
    assert "Unknown tool" in seen["unknown"]
