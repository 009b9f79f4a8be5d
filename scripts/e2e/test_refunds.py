"""Refunds: never more than was paid, and each only once, regardless of repetition and concurrency."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

CALLERS = 32


def refund_all(desk, order_id, amount, session):
    """Requests the same refund by many callers at once; `session` names the session of each."""

    def refund(caller):
        arguments = {"orderId": order_id, "amount": amount, "reason": f"reason {caller}"}
        return desk.function("billing", "request_refund", arguments, session=session(caller))[0]

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(refund, range(CALLERS)))


def test_many_sessions_cannot_refund_more_than_was_paid(desk):
    paid = Decimal(desk.order("ORD-123")["paidAmount"])
    bodies = refund_all(desk, "ORD-123", "10.00", session=lambda caller: f"many-{caller}")
    done = [body for body in bodies if "error" not in body]
    assert len(done) == paid // 10 == 25
    assert {(body["state"], body["amount"], body["currency"]) for body in done} == {("refunded", "10.00", "USD")}
    assert len({body["refundId"] for body in done}) == len(done)
    assert {body["error"]["kind"] for body in bodies if "error" in body} == {"refused"}
    order = desk.order("ORD-123")
    assert (order["refundedAmount"], order["paidAmount"]) == ("250.00", "259.90")


def test_one_session_refunds_once(desk):
    before = Decimal(desk.order("ORD-12345")["refundedAmount"])
    bodies = refund_all(desk, "ORD-12345", "1.25", session=lambda _: "one")
    done = [body for body in bodies if "error" not in body]
    assert done
    assert all(body == done[0] for body in done)
    assert {body["error"]["kind"] for body in bodies if "error" in body} <= {"in progress"}
    assert Decimal(desk.order("ORD-12345")["refundedAmount"]) == before + Decimal("1.25")

    # Later, with other words and another spelling of the amount: still the same refund.
    arguments = {"orderId": "ORD-12345", "amount": 1.25, "reason": "in other words"}
    again, _ = desk.function("billing", "request_refund", arguments, session="one")
    assert again == done[0]
    assert Decimal(desk.order("ORD-12345")["refundedAmount"]) == before + Decimal("1.25")


def test_more_than_was_paid_in_one_go_is_not_refunded(desk):
    before = desk.order("ORD-12345")
    amount = str(Decimal(before["paidAmount"]) + Decimal("0.01"))
    body, _ = desk.function("billing", "request_refund", {"orderId": "ORD-12345", "amount": amount, "reason": "greed"}, session="over")
    assert body.get("state") != "refunded"
    assert desk.order("ORD-12345")["refundedAmount"] == before["refundedAmount"]
