"""A call over MCP that needs an approval: it is parked, decided, and run once."""

import asyncio

from mcp_client import body, calling, over_http
from approvals_kit import decide, listed, parked, refunds


def refund(amount, reason="charged twice"):
    return calling("billing___request_refund", orderId="ORD-12345", amount=amount, reason=reason)


def test_an_approved_call_runs_once(desk):
    [first] = over_http(desk, refund(2.35, "as approved"))
    assert first.is_error is False, "waiting is the tool's own reply"
    approval = parked(body(first))
    assert listed(desk)[approval]["tool"] == "request_refund"
    [again] = over_http(desk, refund(2.35, "other words"))
    assert parked(body(again)) == approval
    assert refunds(desk, "2.35") == []

    decide(desk, "approve", approval, by="dana@example.com")

    async def together(client):
        return await asyncio.gather(*(refund(2.35, f"words {at}")(client) for at in range(20)))

    [results] = over_http(desk, together)
    bodies = [body(result) for result in results]
    assert bodies[0]["state"] == "refunded"
    assert bodies == [bodies[0]] * 20
    assert refunds(desk, "2.35") == ["as approved"]


def test_a_denied_call_is_refused(desk):
    [first] = over_http(desk, refund(2.36))
    approval = parked(body(first))
    decide(desk, "deny", approval)
    [result] = over_http(desk, refund(2.36))
    error = body(result)["error"]
    assert (error["kind"], approval in error["message"]) == ("refused", True)
    assert refunds(desk, "2.36") == []
