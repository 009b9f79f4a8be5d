"""`make bench` compares the orders handler with a bare one, so the two must give one answer, and so must the wires. The
benchmark itself refuses to measure anything else, but no merge runs it."""

import json
import re
import subprocess

from conftest import ROOT, TOOLGATE
from lambda_api import Process


def test_the_bare_handler_answers_as_the_orders_handler_does(desk):
    event = json.loads((ROOT / "handlers" / "orders" / "events" / "get_order_status-function.json").read_text())
    event["parameters"] = [{"name": "orderId", "type": "string", "value": "ORD-123"}]
    tables = {re.sub("(?<!^)(?=[A-Z])", "_", table["logicalId"]).upper(): table["name"] for table in desk.health["tables"]}
    replies = []
    for program in ("orders", "floor"):
        process = Process(str(ROOT / TOOLGATE.parent / program), AWS_ENDPOINT_URL_DYNAMODB=desk.url, SUPPORT_DESK_UNBOUND="allow", **tables)
        try:
            what, reply = process.invoke(event)
            assert what == "response", reply
            replies.append(json.loads(reply))
        finally:
            process.end()
    ours, bare = [known(json.loads(reply["response"]["functionResponse"]["responseBody"]["TEXT"]["body"])) for reply in replies]
    # the other members are rules of the shop, which a bare handler does not have
    assert {name: ours[name] for name in bare} == bare
    assert bare["charges"]


def known(value):
    """A value without members that are null."""
    if isinstance(value, dict):
        return {name: known(member) for name, member in value.items() if member is not None}
    return [known(item) for item in value] if isinstance(value, list) else value


def test_the_benchmark_measures_the_wires(tmp_path):
    """One round: it stops with an error if a wire answers another order."""
    folder = (ROOT / TOOLGATE).parent
    command = [folder / "bench", "--seed", folder / "support-desk-seed", "--wires", "--rounds", "1", "--calls", "1"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "mcp / gateway" in ran.stdout and re.search("^warm round trip, µs +[0-9]", ran.stdout, re.M)
