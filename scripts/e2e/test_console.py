"""The console's API over the example: composed calls on every wire, approvals, fixtures and the reset."""

import json
import urllib.error
import urllib.request

import pytest
import questions
from approvals_kit import refunds
from conftest import ROOT
from mcp_client import body, calling, listing, over_stdio, run

CALLER = {"customerId": "CUST-12345"}


def request(desk, path, posted=None, **headers):
    """The status and the JSON of an answer."""
    data = None if posted is None else json.dumps(posted).encode()
    headers = {"content-type": "application/json"} | headers if posted is not None else headers
    asked = urllib.request.Request(f"{desk.url}/console/api/{path}", data=data, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def ok(desk, path, posted=None):
    status, answer = request(desk, path, posted)
    assert status in (200, 201), answer
    return answer


def send(desk, wire, function, tool, **values):
    """A composed call: the event and the answer."""
    call = {"function": function, "tool": tool, "wire": wire, "input": values, "session": "console-e2e", "identity": CALLER}
    made = ok(desk, "tools/event", call)
    return made, ok(desk, "tools/send", {"function": function, **made})


def inner(wire, reply):
    """The tool's own reply in a wire's envelope."""
    if wire == "mcp":
        return json.loads(json.loads(reply["body"])["result"]["content"][0]["text"])
    return questions.body(reply, wire)


def test_the_state_describes_the_example(desk):
    state = ok(desk, "state")
    assert {function["name"] for function in state["functions"]} == {"billing", "customers", "orders", "support"}
    supervisor = next(agent for agent in state["agents"] if agent["id"] == "Supervisor")
    assert supervisor["attributes"] == ["customerId"], "its collaborators' tools know their caller by it"
    assert "I was charged twice for order ORD-123. Can you refund me and explain what happened?" in supervisor["suggestions"]
    assert {table["role"] for table in state["tables"]} >= {"ledger", "approvals"}
    refund = next(tool for function in state["functions"] for tool in function["tools"] if tool["name"] == "request_refund")
    assert (refund["once"], refund["confirm"], refund["agents"]) == (True, True, ["Billing"])
    assert str(ROOT) not in json.dumps(state), "no folder of this machine, apart from the model's"


def test_a_composed_call_is_answered_on_every_wire(desk):
    wires = next(function["wires"] for function in ok(desk, "state")["functions"] if function["name"] == "orders")
    assert len(wires) >= 4
    for wire in wires:
        made, answer = send(desk, wire, "orders", "get_order_status", orderId="ORD-12345")
        assert answer["functionError"] is None, (wire, answer)
        found = inner(wire, answer["reply"])
        assert found.get("orderId") == "ORD-12345", (wire, found)


def test_identity_reaches_the_tool_on_the_wires_that_carry_it(desk):
    """Another customer's order is not this caller's."""
    wires = next(function["wires"] for function in ok(desk, "state")["functions"] if function["name"] == "customers")
    for wire in set(wires) - {"direct"}:
        _, own = send(desk, wire, "customers", "get_customer_info", customerId="CUST-12345")
        _, foreign = send(desk, wire, "customers", "get_customer_info", customerId="CUST-20001")
        assert inner(wire, own["reply"])["customerId"] == "CUST-12345", wire
        assert inner(wire, foreign["reply"])["error"]["kind"] in ("refused", "not found"), (wire, foreign)


def test_text_becomes_values_as_in_a_call(desk):
    asked = {"function": "billing", "tool": "request_refund", "input": {"orderId": "ORD-123", "amount": "many", "reason": "x"}}
    problems = ok(desk, "tools/understand", asked)["problems"]
    _, answer = send(desk, "direct", "billing", "request_refund", **asked["input"])
    assert problems == inner("direct", answer["reply"])["error"]["problems"]
    assert ok(desk, "tools/understand", asked | {"input": {"orderId": "ORD-123", "amount": "1.50", "reason": "x"}})["problems"] == []


def test_a_parked_call_is_approved_as_it_was_shown_and_runs_once(desk):
    values = {"orderId": "ORD-12345", "amount": "4.25", "reason": "from the console"}
    made, first = send(desk, "gateway", "billing", "request_refund", **values)
    assert first["reply"]["error"]["kind"] == "waiting for approval"
    [waiting] = [one for one in ok(desk, "approvals")["waiting"] if one["input"].get("amount") in ("4.25", 4.25)]
    assert (waiting["tool"], waiting["function"], waiting["askedBy"]["customerId"]) == ("request_refund", "billing", "CUST-12345")
    path = f"approvals/{waiting['id']}/approve"
    assert request(desk, path, {"by": "dana", "digest": "0" * 64})[0] == 409
    assert refunds(desk, "4.25") == []
    assert ok(desk, path, {"by": "dana", "digest": waiting["digest"]})["decision"] == "approved"
    again = ok(desk, "tools/send", {"function": "billing", **made})
    assert again["reply"]["state"] == "refunded", again
    assert ok(desk, "tools/send", {"function": "billing", **made})["reply"] == again["reply"], "once"
    [decided] = [one for one in ok(desk, "approvals")["decided"] if one["id"] == waiting["id"]]
    assert (decided["decision"], decided["by"], decided["digest"]) == ("approved", "dana", waiting["digest"])


def test_a_test_is_shown_where_the_projects_own_are(desk):
    before = sorted((ROOT / "handlers" / "orders" / "events").iterdir())
    made, answer = send(desk, "gateway", "orders", "get_order_status", orderId="ORD-12345")
    shown = ok(desk, "tests/preview", {"function": "orders", "name": "e2e-shown", "reply": answer["reply"], **made})
    folder = "handlers/orders/events/e2e-shown"
    assert [file["path"] for file in shown["files"]] == [f"{folder}.json", f"{folder}.context.json", f"{folder}.reply.json"]
    taken = before[0].name.removesuffix(".json")
    assert request(desk, "tests", {"function": "orders", "name": taken.split(".")[0], "event": {}, "reply": {}})[0] == 409
    assert sorted((ROOT / "handlers" / "orders" / "events").iterdir()) == before, "nothing was written"


def test_a_coding_agent_calls_tools_and_approves_nothing(desk):
    asked = {"function": "orders", "tool": "get_order_status", "input": {"orderId": "ORD-12345"}, "identity": CALLER}

    async def call(client):
        return await client.call_tool("call_tool", asked)

    async def again(client):
        """The trace of the last call, and the same call again."""
        turn = body(await client.call_tool("list_turns", {"limit": 1}))["turns"][0]["id"]
        trace = body(await client.call_tool("get_turn", {"turn": turn}))
        return trace, body(await client.call_tool("replay", {"turn": turn}))

    tools, called, parked, (trace, replayed) = run(
        over_stdio("--dev", "--endpoint-url", desk.url), listing, call, calling("list_approvals"), again
    )
    assert trace["id"] == body(called)["turn"]
    assert [span["kind"] for span in trace["spanList"]].count("call") == 1
    assert replayed["reply"] == body(called)["reply"]
    assert replayed["turn"] != trace["id"], "a turn of its own"
    assert [tool.name for tool in tools] == ["list_tools", "call_tool", "list_turns", "get_turn", "replay", "list_approvals"]
    assert inner("function", body(called)["reply"])["orderId"] == "ORD-12345"
    assert body(parked)["configured"] is True


def test_the_tables_have_the_seed_again(desk):
    def counts():
        return {table["logicalId"]: table["items"] for table in ok(desk, "state")["tables"]}

    ok(desk, "reset", {})
    seeded = counts()
    send(desk, "gateway", "billing", "request_refund", orderId="ORD-12345", amount="4.75", reason="to be reset")
    assert counts() != seeded
    assert ok(desk, "reset", {})["tables"] == len(seeded)
    assert counts() == seeded
    assert ok(desk, "approvals")["waiting"] == []
    _, answer = send(desk, "direct", "orders", "get_order_status", orderId="ORD-12345")
    assert answer["functionError"] is None


@pytest.mark.parametrize("path", ["tools/send", "approvals/APR-7M2KQ4XWZA/approve", "reset", "tests"])
def test_a_page_of_another_origin_writes_nothing(desk, path):
    for header in [{"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}, {"host": "evil.example"}]:
        asked = urllib.request.Request(
            f"{desk.url}/console/api/{path}", data=b"{}", headers={"content-type": "application/json"} | header
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked, timeout=10)
        assert refused.value.code == 403
    assert request(desk, path, {}, **{"content-type": "text/plain"})[0] == 415
