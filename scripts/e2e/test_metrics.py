"""Metrics in the local agent: as on Lambda they are in the invocation's log tail, but not on the terminal."""

import base64
import json

from conftest import ROOT, agents_event, as_text


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


def test_a_feedback_is_measured_as_the_dashboard_reads_it(desk):
    event = agents_event("support") | {"function": "record_feedback", "parameters": as_text({"rating": 4, "comment": "hush"})}
    answer = desk.functions.invoke(FunctionName="support", Payload=json.dumps(event), LogType="Tail")
    tail = base64.b64decode(answer["LogResult"]).decode()
    own, call = [json.loads(line) for line in tail.splitlines() if "CloudWatchMetrics" in line]
    assert own["FeedbackRating"] == 4 and "hush" not in tail
    described = json.loads((ROOT / "handlers" / "support" / "tests" / "metrics.json").read_text())
    (directive,) = own["_aws"]["CloudWatchMetrics"]
    assert (directive["Metrics"], directive["Dimensions"]) == (described[0]["Metrics"], described[0]["Dimensions"])
    # The template sets the namespace of both.
    assert directive["Namespace"] == call["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "BedrockAgents/support-desk/dev"
    assert "Gate" not in call


def test_a_refusal_names_its_gate(desk):
    event = agents_event("support") | {"function": "record_feedback", "parameters": as_text({"rating": 9})}
    answer = desk.functions.invoke(FunctionName="support", Payload=json.dumps(event), LogType="Tail")
    tail = base64.b64decode(answer["LogResult"]).decode()
    [line] = [json.loads(line) for line in tail.splitlines() if "CloudWatchMetrics" in line]
    assert line["Gate"] == "types"
    assert line["_aws"]["CloudWatchMetrics"][1]["Dimensions"] == [["Gate"]]
