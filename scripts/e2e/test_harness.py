"""A harness over boto3's `invoke_harness`: every frame against botocore's model, parked calls, policies, errors."""

import json
import math
import subprocess
import urllib.request
import uuid

import pytest
from agent_stream import walk
from approvals_kit import APPROVAL, approvals, decide, items, refunds
from botocore.config import Config
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import ClientError
from botocore.session import Session
from conftest import ROOT, SCENARIO, TOOLGATE, local_agent
from gateways import changed

ARN = "arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/Harness-local00000"
MODEL = Session().get_service_model("bedrock-agentcore")
REFUND = "I was charged twice for order ORD-123. Can you refund me?"


def session():
    return f"session-{uuid.uuid4()}"


def invoke(desk, text, session_id=None, **more):
    """The events of one invocation."""
    client = desk.client("bedrock-agentcore")
    messages = [{"role": "user", "content": [{"text": text}]}]
    reply = client.invoke_harness(harnessArn=ARN, runtimeSessionId=session_id or session(), messages=messages, **more)
    return list(reply["stream"])


def named(events, name):
    return [event[name] for event in events if name in event]


def answer(events):
    """The text of the last message."""
    last = max(at for at, event in enumerate(events) if "messageStart" in event)
    return "".join(delta["delta"].get("text", "") for delta in named(events[last:], "contentBlockDelta"))


def stops(events):
    return [stop["stopReason"] for stop in named(events, "messageStop")]


def uses(events):
    return [start["start"]["toolUse"]["name"] for start in named(events, "contentBlockStart") if "toolUse" in start["start"]]


def results(events):
    deltas = [delta["delta"]["toolResult"] for delta in named(events, "contentBlockDelta") if "toolResult" in delta["delta"]]
    return ["".join(block["text"] for block in blocks) for blocks in deltas]


def raw(desk, text, **body):
    """The frames of one invocation as (name, members), without a parser of the SDK."""
    body = json.dumps({"messages": [{"role": "user", "content": [{"text": text}]}], **body}).encode()
    headers = {"X-Amzn-Bedrock-AgentCore-Runtime-Session-Id": session(), "Content-Type": "application/json"}
    request = urllib.request.Request(f"{desk.url}/harnesses/invoke?harnessArn={ARN}", body, headers)
    buffer = EventStreamBuffer()
    with urllib.request.urlopen(request, timeout=30) as response:
        buffer.add_data(response.read())
    return [(event.headers[":event-type"], json.loads(event.payload)) for event in buffer]


@pytest.mark.parametrize("text", ["hello", "What is the status of order ORD-12345?", REFUND, "Find all invoices from Q1 2026 for Acme Corp that exceed $10K"])
def test_every_frame_has_a_shape_of_the_model(desk, text):
    stream = MODEL.operation_model("InvokeHarness").output_shape.members["stream"]
    frames = raw(desk, text)
    for name, members in frames:
        walk(stream.members[name], members, name)
    assert [name for name, _ in frames[:2]] == ["hookEvent", "messageStart"]
    assert [name for name, _ in frames[-3:]] == ["messageStop", "metadata", "hookEvent"]


def test_a_question_is_answered_through_the_gateway(desk):
    events = invoke(desk, "What is the status of order ORD-12345?")
    assert (stops(events), uses(events)) == (["tool_use", "tool_result", "end_turn"], ["orders___get_order_status"])
    assert "ORD-12345 is shipped" in answer(events)
    usage = [metadata["usage"] for metadata in named(events, "metadata")]
    assert len(usage) == 2 and all(it["totalTokens"] == it["inputTokens"] + it["outputTokens"] for it in usage)


def test_a_parked_call_runs_once_after_a_person_approved_it(desk):
    session_id = session()
    events = invoke(desk, REFUND, session_id)
    assert stops(events)[-1] == "end_turn", "waiting is a normal result"
    [approval] = set(APPROVAL.findall(results(events)[-1]))
    again = invoke(desk, f"The person approved {approval}: make the same call again.", session_id)
    assert approval in results(again)[-1] and refunds(desk, "129.95", "ORD-123") == []
    decide(desk, "approve", approval, by="dana@example.com")
    events = invoke(desk, f"The person approved {approval}: make the same call again.", session_id)
    assert uses(events) == ["billing___request_refund"] and "refund for $129.95" in answer(events)
    assert len(refunds(desk, "129.95", "ORD-123")) == 1
    assert approval not in approvals(desk, "list", "--json").stdout


def test_an_inline_function_is_run_by_the_caller(desk):
    inline = {"inlineFunction": {"description": "looks an order up", "inputSchema": {"type": "object"}}}
    tools = [{"type": "inline_function", "name": "get_order_status", "config": inline}]
    session_id = session()
    events = invoke(desk, "What is the status of order ORD-777?", session_id, tools=tools, allowedTools=["@get_order_status"])
    assert (stops(events), uses(events)) == (["tool_use"], ["get_order_status"])
    [start] = named(events, "contentBlockStart")
    body = json.dumps({"orderId": "ORD-777", "status": "placed", "orderedAt": "2026-11-01", "returnable": False})
    result = {"toolUseId": start["start"]["toolUse"]["toolUseId"], "status": "success", "content": [{"text": body}]}
    client = desk.client("bedrock-agentcore")
    request = {
        "harnessArn": ARN, "runtimeSessionId": session_id, "tools": tools, "allowedTools": ["@get_order_status"],
        "messages": [{"role": "user", "content": [{"toolResult": result}]}],
    }
    events = list(client.invoke_harness(**request)["stream"])
    assert stops(events) == ["tool_result", "end_turn"] and "ORD-777 is placed" in answer(events)
    with pytest.raises(ClientError) as caught:
        client.invoke_harness(**request)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert caught.value.response["reason"] == "ResourceConflict"


def test_errors_have_the_shapes_of_the_model(desk):
    def refused(**changed):
        client = desk.client("bedrock-agentcore", Config(parameter_validation=False))
        messages = [{"role": "user", "content": [{"text": "hi"}]}]
        with pytest.raises(ClientError) as caught:
            client.invoke_harness(**({"harnessArn": ARN, "runtimeSessionId": session(), "messages": messages} | changed))
        return caught.value.response

    short = refused(runtimeSessionId="short")
    assert (short["Error"]["Code"], short["reason"]) == ("ValidationException", "FieldValidationFailed")
    assert short["fieldList"][0]["name"] == "runtimeSessionId"
    unknown = refused(harnessArn=ARN.replace("Harness-", "Other-"))
    assert (unknown["Error"]["Code"], unknown["ResponseMetadata"]["HTTPStatusCode"]) == ("ResourceNotFoundException", 404)
    assert refused(qualifier="nowhere")["Error"]["Code"] == "ResourceNotFoundException"
    browser = refused(tools=[{"type": "agentcore_browser", "name": "b"}])
    assert "does not exist on this machine" in browser["Error"]["Message"]


def test_the_control_plane_lists_and_describes_the_harness(desk):
    control = desk.client("bedrock-agentcore-control")
    [listed] = control.list_harnesses()["harnesses"]
    assert (listed["arn"], listed["harnessName"], listed["status"]) == (ARN, "support_desk_dev", "READY")
    whole = control.get_harness(harnessId=listed["harnessId"])["harness"]
    assert (whole["maxIterations"], whole["allowedTools"]) == (20, ["@desk"])
    assert whole["tools"][0]["type"] == "agentcore_gateway"
    assert whole["tools"][0]["config"]["agentCoreGateway"]["outboundAuth"] == {"awsIam": {}}


def test_the_policies_see_the_role_of_the_harness(tmp_path):
    template = changed(tmp_path, ("assumed-role\n                    Other", "assumed-role/elsewhere\n                    Other"))
    with local_agent(tmp_path, template=template) as desk:
        events = invoke(desk, "What is the status of order ORD-12345?")
        assert "there is no tool `get_order_status`" in results(events)[0]
        # The other policy still permits changes.
        assert "billing___request_refund" in results(events)[0]


def test_the_hook_books_what_an_invocation_costs(desk):
    before = {item["id"]["S"] for item in budgets(desk)}
    events = invoke(desk, "What is the status of order ORD-12345?")
    [booked] = [item for item in budgets(desk) if item["id"]["S"] not in before]
    used = [metadata["usage"] for metadata in named(events, "metadata")]
    tokens = [sum(usage[kind] for usage in used) for kind in ("inputTokens", "outputTokens")]
    # Micros for a token are dollars for a million of them.
    assert int(booked["costMicros"]["N"]) == math.ceil(tokens[0] * 3.3 + tokens[1] * 16.5)
    assert [(it["name"], it["type"], it["decision"]) for it in named(events, "hookEvent")] == [
        ("budget", "before_invocation", "allow"), ("costs", "after_invocation", "allow"),
    ]


def test_a_session_whose_budget_is_used_up_is_stopped(tmp_path):
    options = ["--parameter", "AgentPlatform=agentcore", "--parameter", "SessionUsdBudget=0.01"]
    with local_agent(tmp_path, *options) as desk:
        session_id = session()
        for _ in range(20):
            events = invoke(desk, "What is the status of order ORD-12345?", session_id)
            if stops(events) == ["hook_stopped"]:
                break
            assert stops(events)[-1] == "end_turn"
        else:
            pytest.fail("the budget is never used up")
        [budget, costs] = named(events, "hookEvent")
        assert (budget["decision"], budget["reason"]) == ("deny", "this session's budget is used up")
        assert costs["type"] == "after_invocation"
        [booked] = budgets(desk)
        assert int(booked["costMicros"]["N"]) >= 10_000
        assert stops(invoke(desk, "hello")) == ["end_turn"], "another session has a budget of its own"


def test_chat_says_why_a_hook_ended_the_invocation(tmp_path):
    with local_agent(tmp_path, "--parameter", "AgentPlatform=agentcore", "--parameter", "SessionUsdBudget=0.00") as desk:
        code, out, err = toolgate("chat", "--endpoint-url", desk.url, "hello")
        assert code == 1 and "a hook of the harness ended the invocation: this session's budget is used up" in err, out + err


def test_a_variable_of_a_hook_is_taken_from_the_environment(tmp_path):
    with local_agent(tmp_path, SESSION_USD="0.00") as desk:
        assert stops(invoke(desk, "hello")) == ["hook_stopped"]


def test_a_hook_that_cannot_reach_its_ledger_denies(tmp_path):
    template = changed(tmp_path, ("          LEDGER_TABLE: !Ref LedgerTable\n          SESSION_USD:", "          LEDGER_TABLE: nowhere\n          SESSION_USD:"))
    with local_agent(tmp_path, template=template) as desk:
        events = invoke(desk, "hello")
        assert stops(events) == ["hook_stopped"]
        assert [it["decision"] for it in named(events, "hookEvent")] == ["deny", "deny"]


def budgets(desk):
    return [item for item in items(desk, "LedgerTable") if item["id"]["S"].startswith("budget#")]


def toolgate(*arguments, typed=""):
    done = subprocess.run([TOOLGATE, *arguments], cwd=ROOT, input=typed, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_chat_shows_a_parked_call_and_the_answer_decides(tmp_path):
    with local_agent(tmp_path) as desk:
        chat = ["chat", "--endpoint-url", desk.url, "--harness", "Harness"]
        code, out, err = toolgate(*chat, "--trace", "Return order ORD-12345", typed="n\n")
        assert code == 0 and out.endswith("All right, I did not do that. Is there anything else?\n"), out + err
        assert 'Harness wants to run initiate_return with 1 argument:\n  orderId: "ORD-12345"' in err
        assert "orders.initiate_return(orderId=ORD-12345)" in err
        code, out, err = toolgate(*chat, REFUND, typed="y\n")
        assert code == 0 and "refund for $129.95" in out and "Allow request_refund?" in err, out + err
        assert len(refunds(desk, "129.95", "ORD-123")) == 1
        code, out, err = toolgate("chat", "--endpoint-url", desk.url, "--harness", "Nobody", "hi")
        assert code == 1 and "there is no harness `Nobody`" in err and "Harness" in err


def test_the_conversations_play_on_agentcore():
    code, out, err = toolgate("play", "--parameter", "AgentPlatform=agentcore", "--scenario", SCENARIO)
    assert code == 0, out + err
    assert "3 conversations went as expected." in out and out.count("(with Harness)") == 3
    assert "invoke_harness" in out and "invoke_agent(" not in out


def test_without_agents_the_only_harness_is_the_default(tmp_path):
    with local_agent(tmp_path, "--parameter", "AgentPlatform=agentcore") as desk:
        code, out, err = toolgate("chat", "--endpoint-url", desk.url, "hello")
        assert code == 0 and "scripted, not a language model" in out, out + err
        assert "harnesses  Harness" in (tmp_path / "log").read_text()
