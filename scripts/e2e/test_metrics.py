"""Metrics in the local agent: as on Lambda they are in the invocation's log tail, but not on the terminal."""

import base64
import json

from conftest import agents_event, as_text


def test_metrics_are_in_the_log_tail_and_not_on_the_screen(desk):
    event = agents_event("orders") | {"function": "get_order_status", "parameters": as_text({"orderId": "ORD-404"})}
    answer = desk.functions.invoke(FunctionName="orders", Payload=json.dumps(event), LogType="Tail")
    tail = base64.b64decode(answer["LogResult"]).decode()
    [line] = [json.loads(line) for line in tail.splitlines() if "CloudWatchMetrics" in line]
    named = {name: line[name] for name in ["AgentId", "IntentClass", "Success", "AgentInvocations", "Refusals", "ToolErrors"]}
    assert named == {
        "AgentId": "Orders", "IntentClass": "orders", "Success": "false", "AgentInvocations": 1, "Refusals": 1, "ToolErrors": 0,
    }
    log = desk.log.read_text()
    assert "get_order_status" in log
    assert "CloudWatchMetrics" not in log
