"""The record of turns: a turn of the example through supervisor, specialist, tool and database, as the console reads it."""

import json
import urllib.error
import urllib.request
import uuid

import pytest
from conftest import agents_event, as_text
from mcp_client import body, calling, over_http

REFUND = "I was charged twice for order ORD-123. Can you refund me?"
HARNESS = "arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/Harness-local00000"
GATES = ["wire", "tool", "fields in", "types", "rules", "middleware", "cache", "replay", "budget", "confirm", "once"]
GATES += ["deadline", "tool runs", "fields out", "size"]


def get(desk, path):
    with urllib.request.urlopen(f"{desk.url}/console/api/{path}", timeout=30) as answer:
        return json.load(answer)


def details(desk, turn, kind):
    """The spans of a kind, by name, with their details."""
    spans = [span for span in turn["spanList"] if span["kind"] == kind]
    return [get(desk, f"turns/{turn['id']}/spans/{span['id']}") for span in spans]


def invoke_agent(desk, agent, session, **more):
    """The events, and the id of the turn."""
    answer = desk.agents.invoke_agent(agentId=agent, agentAliasId="dev", sessionId=session, **more)
    return list(answer["completion"]), answer["ResponseMetadata"]["HTTPHeaders"]["toolgate-turn"]


@pytest.fixture(scope="module")
def refund(desk):
    """The turn of a refund, and what it was while a person was asked."""
    session = f"turns-{uuid.uuid4()}"
    events, turn = invoke_agent(desk, "Supervisor", session, inputText=REFUND)
    [control] = [event["returnControl"] for event in events if "returnControl" in event]
    waiting = get(desk, f"turns/{turn}")
    [asked] = control["invocationInputs"]
    [(kind, call)] = asked.items()
    names = ["agentId", "actionGroup", "function", "apiPath", "httpMethod"]
    result = {name: call[name] for name in names if name in call} | {"confirmationState": "CONFIRM"}
    results = [{kind.replace("InvocationInput", "Result"): result}]
    state = {"invocationId": control["invocationId"], "returnControlInvocationResults": results}
    _, same = invoke_agent(desk, "Supervisor", session, sessionState=state)
    assert same == turn
    return waiting, get(desk, f"turns/{turn}")


def test_a_turn_has_its_agents_models_and_calls_below_each_other(refund):
    waiting, turn = refund
    assert (waiting["state"], waiting["durationMs"] > 0) == ("waiting", True)
    [asked] = waiting["waitingFor"]["invocationInputs"]
    assert asked["functionInvocationInput"]["function"] == "request_refund"
    assert turn["waitingFor"] is None
    assert (turn["state"], turn["kind"], turn["title"], turn["target"]) == ("done", "agent", REFUND, "Supervisor")
    assert turn["input"] == REFUND and "refund" in turn["answer"]
    spans = {span["id"]: span for span in turn["spanList"]}
    assert all(span["state"] != "running" and span["durationMs"] is not None for span in spans.values())

    def path(span):
        above = spans.get(span["parent"])
        return [*(path(above) if above else []), span["name"]]

    calls = [path(span) for span in spans.values() if span["kind"] == "call"]
    assert [path[:-1] for path in calls if path[-1] == "request_refund"] == [["Supervisor", "Billing"]]
    assert [path[:-1] for path in calls if path[-1] == "get_order_status"] == [["Supervisor", "Orders"]]
    assert turn["calls"] == len(calls) and turn["spans"] == len(spans)
    for span in spans.values():
        above = spans.get(span["parent"])
        assert above is None or above["startMs"] <= span["startMs"]


def test_a_call_has_gates_values_requests_and_the_rows_that_it_changed(desk, refund):
    [span] = [span for span in details(desk, refund[1], "call") if span["name"] == "request_refund"]
    detail = span["detail"]
    assert (detail["function"], detail["tool"], detail["wire"]) == ("billing", "request_refund", "function")
    gates = {gate["gate"]: gate for gate in detail["gates"]}
    assert list(gates) == GATES
    assert gates["tool runs"]["verdict"] == "passed" and gates["tool runs"]["durationUs"] > 0
    assert gates["cache"]["verdict"] == "skipped"
    sent, understood = detail["input"]["sent"], detail["input"]["understood"]
    assert (sent["orderId"], understood["orderId"]) == ("ORD-123", "ORD-123")
    assert isinstance(sent["amount"], str) and not isinstance(understood["amount"], dict)
    assert detail["output"]["exposed"]["state"] == "refunded"
    assert detail["output"]["made"].keys() >= detail["output"]["exposed"].keys()
    assert detail["event"]["function"] == "request_refund" and detail["reply"]["messageVersion"] == "1.0"
    assert detail["error"] is None and "policy" not in detail
    requests = detail["requests"]
    assert "TransactWriteItems" in [request["operation"] for request in requests]
    assert {request["outcome"] for request in requests} == {"ok"}
    changed = {json.dumps(row["key"], sort_keys=True): row for row in detail["rows"]}
    created = [row for row in changed.values() if row["before"] is None and row["after"]]
    refund_id = detail["output"]["exposed"]["refundId"]
    assert any(refund_id in json.dumps(row["after"]) for row in created), list(changed)
    assert any("call" in line["text"] or "request_refund" in line["text"] for line in detail["logs"])


def test_a_model_turn_has_its_messages_and_an_agent_its_text(desk, refund):
    models = details(desk, refund[1], "model")
    first = models[0]["detail"]
    assert first["messages"][-1]["content"] == [{"text": REFUND}] and first["system"]
    assert any("toolUse" in block for block in first["reply"]["content"])
    assert first["usd"] is None, "a scripted model has no price"
    agents = details(desk, refund[1], "agent")
    assert [agent["name"] for agent in agents][:2] == ["Supervisor", "Orders"]
    assert agents[0]["detail"]["input"] == REFUND and agents[0]["detail"]["answer"] == refund[1]["answer"]


def test_the_gateway_s_calls_have_their_policy_and_interceptors(desk):
    [answer] = over_http(desk, calling("orders___get_order_status", orderId="ORD-12345"))
    assert body(answer)["orderId"] == "ORD-12345"
    turn = get(desk, "turns?limit=1")["turns"][0]
    assert (turn["kind"], turn["title"]) == ("gateway", "orders___get_order_status")
    turn = get(desk, f"turns/{turn['id']}")
    assert "interceptor" in [span["kind"] for span in turn["spanList"]]
    [policy] = details(desk, turn, "policy")
    [call] = details(desk, turn, "call")
    assert (call["detail"]["wire"], call["detail"]["tool"]) == ("gateway", "get_order_status")
    assert call["detail"]["policy"] == policy["detail"]["policy"]
    assert call["detail"]["policy"]["decision"] == "allow" and call["detail"]["policy"]["policies"]


def test_a_harness_s_turn_has_its_hooks_and_calls(desk):
    client = desk.client("bedrock-agentcore")
    messages = [{"role": "user", "content": [{"text": "Where is my order ORD-12345?"}]}]
    reply = client.invoke_harness(harnessArn=HARNESS, runtimeSessionId=f"session-{uuid.uuid4()}", messages=messages)
    turn = reply["ResponseMetadata"]["HTTPHeaders"]["toolgate-turn"]
    list(reply["stream"])
    turn = get(desk, f"turns/{turn}")
    assert (turn["kind"], turn["title"], turn["state"]) == ("harness", "Where is my order ORD-12345?", "done")
    kinds = {span["kind"] for span in turn["spanList"]}
    assert kinds >= {"agent", "model", "call", "policy"}
    assert "ORD-12345" in turn["answer"]


def test_fifty_calls_side_by_side_have_a_turn_each(desk):
    from concurrent.futures import ThreadPoolExecutor

    def call(number):
        event = agents_event("orders", f"s-{number}") | {"function": "get_order_status"}
        event["parameters"] = as_text({"orderId": "ORD-123", "nothing": number})
        answer = desk.functions.invoke(FunctionName="orders", Payload=json.dumps(event).encode())
        answer["Payload"].read()
        return number, answer["ResponseMetadata"]["HTTPHeaders"]["toolgate-turn"]

    with ThreadPoolExecutor(20) as pool:
        turns = dict(pool.map(call, range(50)))
    assert len(set(turns.values())) == 50
    for number, turn in turns.items():
        detail = get(desk, f"turns/{turn}/spans/s-1")["detail"]
        assert detail["input"]["sent"]["nothing"] == str(number)
        stopped = [gate for gate in detail["gates"] if gate["verdict"] == "stopped"]
        assert [gate["gate"] for gate in stopped] == ["types"] and stopped[0]["why"]
        assert detail["error"]["problems"][0]["path"] == "nothing"


def test_a_foreign_page_reads_no_turn(desk):
    for header, value in [("Origin", "http://evil.example"), ("Host", "evil.example"), ("Sec-Fetch-Site", "cross-site")]:
        for path in ["turns", "turns/t-1", "turns/t-1/spans/s-1", "events"]:
            request = urllib.request.Request(f"{desk.url}/console/api/{path}", headers={header: value})
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, timeout=10)
            assert refused.value.code in (403, 421), path
