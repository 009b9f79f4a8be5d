"""`toolgate mcp`: the same gateway for clients that start their servers themselves."""

import json
import subprocess

from conftest import ROOT, TOOLGATE, free_port
from gateways import rpc
from mcp_client import body, calling, listing, over_stdio, run

LOOK_UP = calling("orders___get_order_status", orderId="ORD-12345")


def spoken(lines, *arguments, environment=None):
    """The output of the command for these lines of input: its standard output and standard error."""
    ran = subprocess.run(
        [TOOLGATE, "mcp", *arguments], cwd=ROOT, env=environment,
        input="".join(f"{line}\n" for line in lines), capture_output=True, text=True, timeout=120,
    )
    return ran, [json.loads(line) for line in ran.stdout.splitlines()]


def test_the_official_client_attaches_to_a_running_agent(desk):
    for mode, address in [("auto", desk.url), ("legacy", f"{desk.url}/mcp")]:
        tools, result = run(over_stdio("--endpoint-url", address), listing, LOOK_UP, mode=mode)
        assert [tool.name for tool in tools] == desk.health["gateway"]["tools"]
        assert body(result)["status"] == "shipped"


def test_without_an_agent_it_brings_its_own(tmp_path):
    before = {path.name for path in ROOT.iterdir()}
    tools, result, refund = run(
        over_stdio(), listing, LOOK_UP, calling("billing___request_refund", orderId="ORD-12345", amount=1.25, reason="twice")
    )
    assert len(tools) == 9
    assert body(result)["status"] == "shipped"
    assert body(refund)["error"]["kind"] == "waiting for approval"
    assert {path.name for path in ROOT.iterdir()} == before, "its tables are in memory"


def test_standard_output_is_the_protocols(desk):
    sent = ["", "no json", rpc("ping", number="a"), rpc("no/method", number=2), rpc("tools/list", number=3)]
    ran, answers = spoken(sent, "--endpoint-url", desk.url)
    assert ran.returncode == 0, ran.stderr
    assert all(answer["jsonrpc"] == "2.0" for answer in answers)
    by_id = {answer["id"]: answer for answer in answers}
    assert by_id.keys() == {None, "a", 2, 3}
    assert (by_id[None]["error"]["code"], by_id["a"]["result"], by_id[2]["error"]["code"]) == (-32700, {}, -32601)


def test_its_own_agent_logs_on_standard_error_only():
    ran, answers = spoken([rpc("tools/call", {"name": "orders___get_order_status", "arguments": {"orderId": "ORD-123"}})])
    [answer] = answers
    assert json.loads(answer["result"]["content"][0]["text"])["orderId"] == "ORD-123"
    assert "get_order_status" in ran.stderr


def test_a_wrong_address_ends_it_at_once(desk):
    unused = f"http://127.0.0.1:{free_port()}"
    for address, expected in [
        (unused, f"no local agent at {unused}: start one with `toolgate dev`"),
        (f"{desk.url}/mpc", f"the server at {desk.url}/mpc is not `toolgate dev`"),
        ("127.0.0.1:8787", "`127.0.0.1:8787` is not a valid URL"),
    ]:
        ran, answers = spoken([rpc("ping")], "--endpoint-url", address)
        assert (ran.returncode, answers) == (1, []), address
        assert ran.stderr.startswith(f"error: {expected}") and ran.stderr.count("\n") == 1, ran.stderr


def test_the_flag_of_before_still_works(desk):
    ran, [answer] = spoken([rpc("ping")], "--url", desk.url)
    assert (ran.returncode, answer["result"]) == (0, {})


def test_a_template_without_a_gateway_is_an_error(tmp_path):
    template = tmp_path / "template.yaml"
    template.write_text("Resources: {}\n")
    ran, answers = spoken([], "--template", template)
    assert (ran.returncode, answers) == (1, [])
    assert "AWS::BedrockAgentCore::Gateway" in ran.stderr
