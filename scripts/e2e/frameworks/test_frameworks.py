"""Agents of real frameworks with the example's tools: behind a function's own URL, and behind the gateway.

The frameworks run their loop, and the model is scripted. They need another `mcp` than the other tests, so they run in an
environment of their own: `make .venv-agents`."""

import json
import urllib.request

import httpx2
import pytest
from approvals_kit import decide, items, listed, parked, refunds
from conftest import ROOT, local_agent
from gateways import TAKES_TOKENS, Issuer, bearer, rpc, unsigned
from kit import FRAMEWORKS, Wire, openai_agents, results
from model_server import ModelServer, calls, says, together
from strands.tools.mcp import MCPClient

# Strands leaves a coroutine behind when a connection fails.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine .MCPClient.stop")

JANE, OTHER = "CUST-12345", "CUST-10001"  # ORD-12345 is Jane's


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    return Issuer(tmp_path_factory.mktemp("issuer"))


@pytest.fixture(scope="module")
def by_token(tmp_path_factory, issuer):
    options = [*TAKES_TOKENS, "--jwt-keys", issuer.file, "--env", "TOOLGATE_WIRES=gateway,mcp"]
    with local_agent(tmp_path_factory.mktemp("by_token"), *options) as desk:
        yield desk


@pytest.fixture(scope="module")
def model():
    return ModelServer()


@pytest.fixture(params=["mcp", "gateway"])
def wire(request, by_token):
    return Wire(request.param, by_token)


@pytest.fixture(params=FRAMEWORKS)
def framework(request):
    return request.param


@pytest.fixture
def agent(framework, wire, model, issuer):
    """Lets the model call tools of one function, each `(tool, arguments)` in one reply. Returns their results, as the
    model receives them."""

    def run(handler, *tools, customer=JANE, headers=None, **more):
        model.will(together(*[(wire.tool(handler, name), arguments) for name, arguments in tools]), says("That is all."))
        headers = bearer(issuer.token(customer_id=customer)) | (headers or {})
        answer = FRAMEWORKS[framework](model, "the question", wire.url(handler), headers, **more)
        assert answer.strip() == "That is all." and len(model.heard) == 2
        return results(model)

    return run


@pytest.fixture
def sent(monkeypatch):
    """All that the frameworks send to the tools."""
    requests, send = [], httpx2.AsyncClient.send

    async def recorded(client, request, **more):
        if request.url.path.endswith("/mcp"):
            requests.append(f"{request.headers.raw} {request.content}")
        return await send(client, request, **more)

    monkeypatch.setattr(httpx2.AsyncClient, "send", recorded)
    return requests


def number(framework, wire):
    """A number per combination, so that they do not share an effect."""
    return 2 * list(FRAMEWORKS).index(framework) + (wire.name == "gateway")


def test_the_model_is_offered_the_tools_with_their_schemas(agent, wire, model, issuer, sent):
    agent("orders", ("get_order_status", {"orderId": "ORD-12345"}))
    # The gateway of the example has no later version than 2025-11-25.
    assert "2026-07-28" in sent[0] and any("initialize" in request for request in sent) == (wire.name == "gateway")
    headers = {"Content-Type": "application/json", **bearer(issuer.token(customer_id=JANE))}
    with urllib.request.urlopen(urllib.request.Request(wire.url("orders"), rpc("tools/list").encode(), headers)) as listed:
        tools = json.load(listed)["result"]["tools"]
    assert [tool["name"] for tool in model.offered] == [tool["name"] for tool in tools]
    assert [tool["description"] for tool in model.offered] == [tool["description"] for tool in tools]
    assert [tool["parameters"] for tool in model.offered] == [tool["inputSchema"] for tool in tools]
    assert wire.tool("orders", "initiate_return") in [tool["name"] for tool in tools]


def test_a_result_reaches_the_model(agent):
    [order] = agent("orders", ("get_order_status", {"orderId": "ORD-12345"}))
    assert (order["customerId"], order["status"]) == (JANE, "shipped")


def test_a_function_returns_structured_content(by_token, issuer, model):
    url, headers = Wire("mcp", by_token).url("orders"), bearer(issuer.token(customer_id=JANE))
    with MCPClient(url=url, headers=headers) as tools:
        done = tools.call_tool_sync("call-1", "get_order_status", {"orderId": "ORD-12345"})
        failed = tools.call_tool_sync("call-2", "get_order_status", {"orderId": "ORD-404"})
        [listed, _] = tools.list_tools_sync()
    assert (done["status"], done["structuredContent"]["status"]) == ("success", "shipped")
    assert failed["status"] == "error" and "not found" in failed["content"][0]["text"]
    assert "status" in listed.tool_spec["outputSchema"]["json"]["required"]

    model.will(calls("get_order_status", orderId="ORD-12345"), says("That is all."))
    openai_agents(model, "the question", url, headers, structured=True)
    assert results(model) == [done["structuredContent"]]


def test_an_error_instructs_the_model(agent):
    wrong, right = agent("orders", ("get_order_status", {"orderId": "12345"}), ("get_order_status", {"orderId": "ORD-12345"}))
    assert "correct what is listed and call again" in wrong["error"]["message"]
    [problem] = wrong["error"]["problems"]
    assert problem["path"] == "orderId" and "ORD-" in problem["expected"]
    assert right["status"] == "shipped"


def test_a_parked_call_runs_once_after_a_person_approved_it(agent, framework, wire, by_token):
    amount = f"3.1{number(framework, wire)}"
    refund = ("request_refund", {"orderId": "ORD-12345", "amount": float(amount), "reason": "charged twice"})
    first, second = agent("billing", refund, refund)
    approval = parked(first)
    assert parked(second) == approval and listed(by_token)[approval]["tool"] == "request_refund"
    assert "repeat the same call" in first["error"]["message"] and refunds(by_token, amount) == []
    decide(by_token, "approve", approval)
    done = [*agent("billing", refund, refund), *agent("billing", refund)]
    assert done[0]["state"] == "refunded" and done == [done[0]] * 3
    assert refunds(by_token, amount) == ["charged twice"]


def test_a_denied_call_is_refused(agent, framework, wire, by_token):
    amount = f"3.2{number(framework, wire)}"
    refund = ("request_refund", {"orderId": "ORD-12345", "amount": float(amount), "reason": "charged twice"})
    [waiting] = agent("billing", refund)
    decide(by_token, "deny", parked(waiting))
    [refused] = agent("billing", refund)
    assert refused["error"]["kind"] == "refused" and refunds(by_token, amount) == []


def test_a_once_tool_that_is_called_twice_runs_once(agent, framework, wire, by_token):
    case = ("escalate_to_human", {"summary": f"the parcel is lost, {framework} {wire.name}", "customerId": JANE})
    first, second = agent("support", case, case)
    assert "ticketId" in first and second == first
    assert agent("support", case) == [first]
    assert sum(case[1]["summary"] in str(ticket) for ticket in items(by_token, "TicketsTable")) == 1


CLAIMED = {"customer_id": JANE, "customerId": JANE}
ELSEWHERE = {
    "nowhere": {},
    "headers": {"headers": {"X-Desk-Customer-Id": JANE, "customer_id": JANE, "Cookie": f"customer_id={JANE}"}},
    "meta": {"meta": CLAIMED | {"X-Desk-Customer-Id": JANE, "bedrockAgentCorePropagatedHeaders": {"X-Desk-Customer-Id": JANE}}},
}


@pytest.mark.parametrize("claim", ELSEWHERE)
def test_only_the_token_identifies_the_caller(agent, by_token, sent, claim):
    tickets = items(by_token, "TicketsTable")
    [order] = agent("orders", ("get_order_status", {"orderId": "ORD-12345"}), customer=OTHER, **ELSEWHERE[claim])
    assert order["error"] == {"kind": "not found", "message": "there is no order `ORD-12345`", "problems": []}
    assert any("X-Desk-Customer-Id" in request for request in sent) == (claim != "nowhere"), "the claim was sent"
    [account] = agent("customers", ("get_customer_info", {"customerId": JANE}), customer=OTHER, **ELSEWHERE[claim])
    assert account["error"]["kind"] in ("not found", "refused") and "@" not in json.dumps(account)
    [case] = agent("support", ("escalate_to_human", {"summary": "mine", "customerId": JANE}), customer=OTHER, **ELSEWHERE[claim])
    assert case["error"]["kind"] in ("not found", "refused") and items(by_token, "TicketsTable") == tickets


def test_a_claim_in_arguments_is_refused(framework, wire, model, issuer):
    # The gateway refuses the arguments by a text of its own, which is not JSON.
    for claim in [CLAIMED, {"sessionAttributes": CLAIMED}, {"_meta": CLAIMED}]:
        model.will(calls(wire.tool("orders", "get_order_status"), orderId="ORD-12345", **claim), says("Refused."))
        headers = bearer(issuer.token(customer_id=OTHER))
        assert FRAMEWORKS[framework](model, "the question", wire.url("orders"), headers).strip() == "Refused."
        seen = json.dumps([message for message in model.heard[-1] if message["role"] == "tool"])
        assert "no such field" in seen or "the tool has no other fields than `orderId`" in seen
        assert "shipped" not in seen


def test_without_a_verified_token_the_agent_does_not_start(framework, wire, model):
    for headers in [{}, bearer(unsigned(sub="user-1", customer_id=JANE)), {"X-Desk-Customer-Id": JANE}]:
        model.will(says("Hello."))
        with pytest.raises(Exception) as caught:
            FRAMEWORKS[framework](model, "the question", wire.url("orders"), headers)
        assert model.heard == [], caught.value


@pytest.mark.parametrize("name", ["strands_agent", "openai_agent"])
def test_the_documentation_shows_these_programs(name):
    program = (ROOT / f"scripts/e2e/frameworks/{name}.py").read_text().partition('"""\n\n')[2]
    assert f"```python\n{program}```\n" in (ROOT / "docs/mcp.md").read_text()
