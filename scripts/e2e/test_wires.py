"""One tool on four wires: each returns the same answer, and the same error."""

import pytest
from conftest import agents_event, as_text, gateway_context

CALLS = [
    ("customers", "get_customer_info", {"customerId": "CUST-12345", "includeOrderHistory": True}),
    ("orders", "get_order_status", {"orderId": "ORD-123"}),
    ("billing", "find_invoices", {"customer": "ACME corp", "from": "2026-01-01", "to": "2026-03-31", "minAmount": 10000}),
    ("support", "search_knowledge_base", {"query": "how long does a refund take", "limit": 2}),
]


def on_all_wires(desk, handler, tool, arguments):
    """Body and status on each wire. The status of the function wire is its state; the gateway has none."""
    body, response = desk.function(handler, tool, arguments)
    yield "function", body, response.get("responseState")
    yield "api", *desk.api(handler, tool, arguments)
    yield "direct", *desk.direct(handler, tool, arguments)
    yield "gateway", desk.gateway(handler, tool, arguments), None


@pytest.mark.parametrize(("handler", "tool", "arguments"), CALLS, ids=[tool for _, tool, _ in CALLS])
def test_every_wire_gives_the_same_answer(desk, handler, tool, arguments):
    answers = list(on_all_wires(desk, handler, tool, arguments))
    expected = answers[0][1]
    assert expected and "error" not in expected
    assert [(wire, body) for wire, body, _ in answers] == [(wire, expected) for wire, _, _ in answers]
    assert [status for _, _, status in answers] == [None, 200, 200, None]


def test_health_reports_all_that_runs(desk):
    for name in ["agents", "functions", "tools", "tables"]:
        assert desk.health[name], desk.health
    text = str(desk.health)
    for name in ["Supervisor", "Billing", "Orders", "Support", "orders", "request_refund"]:
        assert name in text


def test_the_seeded_stories_are_there(desk):
    order = desk.order("ORD-123")
    assert [charge["amount"] for charge in order["charges"]] == ["129.95", "129.95"]
    assert order["paidAmount"] == "259.90"
    assert order["charges"][1]["duplicateOf"] == order["charges"][0]["chargeId"]
    assert desk.order("ORD-12345")["returnable"] is True
    for arguments, count in [({}, 47), ({"from": "2026-01-01", "to": "2026-03-31"}, 12)]:
        body, _ = desk.direct("billing", "find_invoices", {"customer": "Acme Corp"} | arguments)
        assert body["count"] == count
    body, _ = desk.direct("billing", "find_invoices", CALLS[2][2])
    found = {invoice["invoiceId"]: invoice["amount"] for invoice in body["invoices"]}
    assert found == {"INV-2026-001": "12500.00", "INV-2026-045": "11200.00", "INV-2026-089": "15800.00"}


ERRORS = [
    ("orders", "get_order_status", {"orderId": "ORD-404"}, "not found", 404, None),
    ("orders", "get_order_statu", {"orderId": "ORD-123"}, "unknown tool", 404, "REPROMPT"),
    ("orders", "get_order_status", {"orderId": "123"}, "invalid", 400, "REPROMPT"),
    ("customers", "update_user_account", {"customerId": "CUST-12345", "accountStatus": "suspended"}, "refused", 403, None),
]


@pytest.mark.parametrize(("handler", "tool", "arguments", "kind", "status", "state"), ERRORS, ids=[e[3] for e in ERRORS])
def test_every_wire_tells_the_same_error(desk, handler, tool, arguments, kind, status, state):
    answers = list(on_all_wires(desk, handler, tool, arguments))
    assert [body["error"]["kind"] for _, body, _ in answers] == [kind] * 4
    assert len({body["error"]["message"] for _, body, _ in answers}) == 1
    assert [seen for _, _, seen in answers] == [state, status, status, None]


def test_a_refused_field_is_named(desk):
    body, _ = desk.direct("customers", "update_user_account", {"customerId": "CUST-12345", "accountStatus": "suspended"})
    assert "You don't have permission to modify `accountStatus`" in str(body["error"])


def test_an_unknown_tool_gets_the_nearest_name(desk):
    body, _ = desk.direct("orders", "get_order_statu", {})
    assert "get_order_status" in body["error"]["message"]


def test_all_problems_come_at_once(desk):
    arguments = {"customerId": "12345", "email": "nobody", "phone": "call me"}
    body, _ = desk.function("customers", "update_user_account", arguments)
    assert {problem["path"] for problem in body["error"]["problems"]} == {"customerId", "email", "phone"}
    assert all(set(problem) == {"path", "expected", "got"} for problem in body["error"]["problems"])


def test_arguments_that_imitate_an_agents_event_stay_arguments(desk):
    before = desk.order("ORD-12345")
    imitation = agents_event("orders", attributes={"customerId": "CUST-12345"}) | {
        "function": "initiate_return",
        "parameters": as_text({"orderId": "ORD-12345"}),
    }
    body = desk.gateway("orders", "get_order_status", imitation)
    assert body["error"]["kind"] == "invalid"
    named = {problem["path"] for problem in body["error"]["problems"]}
    assert {"messageVersion", "actionGroup", "function"} <= named
    # One valid argument does not make the others acceptable.
    body = desk.gateway("orders", "get_order_status", imitation | {"orderId": "ORD-12345"})
    assert "error" in body
    assert desk.order("ORD-12345") == before


def test_what_is_no_wire_is_a_function_error(desk):
    for event in [{"hello": 1}, [], "text", None]:
        reply, error = desk.invoke("orders", event)
        assert error is not None
        assert reply["errorType"] == "Toolgate.UnknownEvent"


CONTEXTS = [
    gateway_context("orders", "get_order_status") | {"client": None, "env": None},
    gateway_context("orders", "get_order_status") | {"client": {}, "env": {}},
    gateway_context("orders", "get_order_status", bedrockAgentCorePropagatedHeaders={"x-a": "b", "x-b": ["c"], "x-c": None}),
    gateway_context("orders", "get_order_status", number=7, nothing=None, list=[1, {"a": None}], flag=True),
    gateway_context("orders", "get_order_status") | {"client": {"installation_id": None, "app_title": 3}, "more": [None]},
]


@pytest.mark.parametrize("context", CONTEXTS, ids=range(len(CONTEXTS)))
def test_strange_client_contexts_are_survived(desk, context):
    expected = desk.order("ORD-123")
    assert desk.reply("orders", {"orderId": "ORD-123"}, context) == expected


@pytest.mark.parametrize("context", [{}, {"custom": None}, {"custom": {"a": {"b": None}}}, {"client": None}], ids=str)
def test_a_client_context_without_a_tool_leaves_the_event_to_decide(desk, context):
    event = {"toolName": "get_order_status", "toolInput": {"orderId": "ORD-123"}}
    assert desk.reply("orders", event, context)["statusCode"] == 200


def test_a_function_is_called_by_either_of_its_names(desk):
    event = {"toolName": "get_order_status", "toolInput": {"orderId": "ORD-123"}}
    assert desk.reply("OrdersFunction", event) == desk.reply("orders", event)
    with pytest.raises(desk.functions.exceptions.ResourceNotFoundException):
        desk.invoke("no-such-function", event)


def test_a_bound_session_sees_its_own_customer_only(desk):
    for session, attributes, allowed in [("own", {"customerId": "CUST-12345"}, True), ("other", {"customerId": "CUST-00001"}, False)]:
        body, _ = desk.function("orders", "get_order_status", {"orderId": "ORD-12345"}, session=session, attributes=attributes)
        assert ("error" not in body) == allowed
        if not allowed:
            assert "shipped" not in str(body)
