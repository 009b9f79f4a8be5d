"""Three turns: a refund that a person confirmed, a change that a gate stopped, and a call that a policy denied."""

from spans import call, gates, span, turn

ANSWER = (
    "I found the duplicate charge on order ORD-12345. I've initiated a refund for $129.95, which should appear in 3-5 business days. "
    "The duplicate was caused by a payment gateway timeout."
)


def model(name, at, took, summary):
    return span(name, None, "model", "script:support-desk.yaml", at, took, summary=summary)


def refund_turn():
    def under(parent, one):
        return {**one, "parent": parent}

    spans = [
        span("s-1", None, "agent", "Supervisor", 0, 486.4),
        under("s-1", model("s-2", 1.2, 88.0, "asks Orders")),
        span("s-3", "s-1", "agent", "Orders", 92.1, 121.0),
        under("s-3", model("s-4", 92.8, 41.5, "calls 2 tools")),
        span("s-5", "s-3", "call", "get_order_status", 136.2, 18.4, summary="ORD-12345, 2 charges"),
        span("s-6", "s-3", "call", "get_customer_info", 136.3, 22.9, summary="CUST-12345"),
        under("s-3", model("s-7", 161.0, 50.2, "answers")),
        under("s-1", model("s-8", 215.6, 42.0, "asks Billing")),
        span("s-9", "s-1", "agent", "Billing", 259.1, 171.3),
        under("s-9", model("s-10", 260.0, 38.7, "calls request_refund")),
        span("s-11", "s-9", "call", "request_refund", 301.4, 64.2, summary="$129.95, confirmed by the customer"),
        under("s-9", model("s-12", 368.0, 60.1, "answers")),
        under("s-1", model("s-13", 433.0, 52.4, "answers")),
    ]
    sent = {"orderId": "ORD-12345", "amount": "129.95", "reason": "Duplicate charge CHG-12345-2, payment gateway timeout", "chargeId": "CHG-12345-2"}
    made = {"refundId": "REF-7K2M", "amount": "129.95", "currency": "USD", "state": "approved", "businessDays": "3-5", "internalNote": "auto-approved below 500", "ledgerId": "request_refund#9f1c"}
    exposed = {name: value for name, value in made.items() if name not in ("internalNote", "ledgerId")}
    order = {"orderId": "ORD-12345", "status": "delivered", "paidCents": 25990, "refundedCents": 0, "version": 3}
    details = {
        "s-1": {"input": "I was charged twice for order ORD-12345. Please refund it and tell me why.", "answer": ANSWER, "sessionAttributes": {"customerId": "CUST-12345"}},
        "s-10": {"model": "script:support-desk.yaml", "usage": {"inputTokens": 812, "outputTokens": 64}, "usd": "0.0034", "system": "You are Billing. You find invoices and refund charges.", "stopReason": "tool_use",
                 "messages": [{"role": "user", "content": [{"text": "Refund $129.95 on order ORD-12345. Reason: duplicate charge CHG-12345-2"}]}],
                 "reply": {"role": "assistant", "content": [{"text": "Billing asks for consent first."}, {"toolUse": {"name": "request_refund", "input": sent}}]}},
        "s-5": call("orders", "get_order_status", {"orderId": "ORD-12345"}, gates=gates(skipped=("middleware", "cache", "replay", "budget", "confirm", "once"), times={"tool runs": 9400, "types": 61}),
                    output={"made": {"orderId": "ORD-12345", "status": "delivered"}, "exposed": {"orderId": "ORD-12345", "status": "delivered"}, "dropped": []},
                    requests=[{"operation": "GetItem", "table": "support-desk-dev-orders", "startMs": 2.1, "durationMs": 5.8, "outcome": "ok"}]),
        "s-11": call(
            "billing", "request_refund", sent,
            gates=gates(times={"fields in": 12, "types": 84, "rules": 9, "replay": 6200, "budget": 4100, "confirm": 6, "once": 22, "tool runs": 38400, "fields out": 31, "size": 5}),
            input={"sent": sent, "understood": {**sent, "amount": 129.95}}, output={"made": made, "exposed": exposed, "dropped": ["internalNote", "ledgerId"]},
            reply={"messageVersion": "1.0", "response": {"actionGroup": "billing", "function": "request_refund", "functionResponse": {"responseBody": {"TEXT": {"body": '{"refundId":"REF-7K2M"}'}}}}},
            requests=[{"operation": "BatchGetItem", "table": "support-desk-dev-ledger", "startMs": 0.4, "durationMs": 6.0, "outcome": "ok"}, {"operation": "TransactWriteItems", "table": None, "startMs": 13.2, "durationMs": 31.7, "outcome": "ok"}],
            rows=[{"table": "support-desk-dev-orders", "key": {"orderId": "ORD-12345"}, "before": order, "after": {**order, "refundedCents": 12995, "version": 4}},
                  {"table": "support-desk-dev-ledger", "key": {"id": "request_refund#9f1c"}, "before": None, "after": {"id": "request_refund#9f1c", "createdAt": 1796029923}}],
            logs=[{"at": "2026-11-30T09:14:03.312Z", "level": "INFO", "text": "call tool=request_refund outcome=ok duration_ms=63.9 fields_dropped=2"}],
            log='{"level":"INFO","message":"call","tool":"request_refund"}',
        ),
    }
    return turn("t-1", "I was charged twice for order ORD-12345. Please refund it and tell me why.", "2026-11-30T09:14:03.000Z", spans, details, answer=ANSWER, inputTokens=5120, outputTokens=642, usd="0.0249")


def refused_turn():
    spans = [
        span("s-1", None, "agent", "Orders", 0, 143.0),
        span("s-2", "s-1", "model", "script:support-desk.yaml", 1.0, 60.0, summary="calls update_user_account"),
        span("s-3", "s-1", "call", "update_user_account", 63.0, 4.2, "stopped", "fields in: accountStatus"),
        span("s-4", "s-1", "model", "script:support-desk.yaml", 70.0, 71.0, summary="answers"),
    ]
    why = "You don't have permission to modify `accountStatus`"
    details = {
        "s-1": {"input": "Set my account to active", "answer": "I cannot change the status of an account.", "sessionAttributes": {"customerId": "CUST-12345"}},
        "s-3": call("customers", "update_user_account", {"customerId": "CUST-12345", "accountStatus": "active"}, gates=gates("fields in", why),
                    input={"sent": {"customerId": "CUST-12345", "accountStatus": "active"}, "understood": None},
                    error={"kind": "refused", "message": why, "problems": [{"path": "accountStatus", "expected": "a field that this tool takes", "got": '"active"'}]}),
    }
    return turn("t-2", "Set my account to active", "2026-11-30T09:11:40.000Z", spans, details, target="Orders", answer="I cannot change the status of an account.", inputTokens=911, outputTokens=88, usd="0.0041", session="console-refused-0000000000000000000000001")


def denied_turn():
    spans = [
        span("s-1", None, "call", "request_refund", 0, 3.1, "stopped", "denied by a policy"),
        span("s-2", "s-1", "policy", "refunds-below-500", 0.4, 1.1, "stopped"),
    ]
    details = {"s-1": call("billing", "request_refund", {"orderId": "ORD-20001", "amount": 900}, wire="gateway", gates=[], policy={"decision": "deny", "policies": ["refunds-below-500"], "reasons": ["amount is more than 500"]})}
    return turn("t-3", "request_refund", "2026-11-30T09:05:10.000Z", spans, details, kind="gateway", target="gateway", session=None, state="failed", error="denied by policy refunds-below-500")
