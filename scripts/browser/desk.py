"""The data of a support desk, as the console's API has it: agents, tools, turns, approvals, tables."""

import copy
import json
from pathlib import Path

from refund import refund_turn, refused_turn, denied_turn

ROOT = Path(__file__).resolve().parents[2]
SESSION = "console-0f1e2d3c4b5a69788796a5b4c3d2e1f00112"


def tools(function, once=(), confirm=(), agents=()):
    """The tools of a function from its schema file, which the example's build writes."""
    document = json.loads((ROOT / "schemas" / function / "openapi.json").read_text())
    found = []
    for path, item in document["paths"].items():
        operation, name = item["post"], path.strip("/")
        content = operation["responses"]["200"]["content"]["application/json"]["schema"]
        found.append({
            "name": name, "description": operation["description"], "inputSchema": operation["requestBody"]["content"]["application/json"]["schema"],
            "outputFields": sorted(content.get("properties", {})), "confirm": name in confirm, "once": name in once, "agents": list(agents),
        })
    return found


def function(name, identity=(), **more):
    return {"name": name, "logicalId": f"{name.title()}Function", "wires": ["function", "api", "gateway", "direct", "mcp"], "instances": 1, "identity": list(identity), "tools": tools(name, **more)}


def table(name, key, items, role=None, indexes=()):
    return {"name": f"support-desk-dev-{name}", "logicalId": f"{name.title()}Table", "role": role, "items": items, "keys": [{"name": key, "type": "S", "role": "HASH"}],
            "indexes": [{"name": index, "keys": [{"name": hash_key, "type": "S", "role": "HASH"}, {"name": range_key, "type": "S", "role": "RANGE"}]} for index, hash_key, range_key in indexes]}


def state():
    def agent(name, tools=(), collaborators=(), attributes=("customerId",)):
        return {"id": name, "name": f"support-desk-dev-{name.lower()}", "aliases": ["TSTALIASID"], "model": "script:support-desk.yaml", "tools": list(tools), "collaborators": list(collaborators), "attributes": list(attributes), "suggestions": []}

    return {
        "status": "ok", "instance": "first", "version": "0.9.0", "endpoint": "http://127.0.0.1:8787", "template": "template.yaml", "model": "script:support-desk.yaml", "hostile": None,
        "agents": [agent("Supervisor", collaborators=["Orders", "Billing", "Support"]), agent("Orders", ["get_order_status", "initiate_return"]), agent("Billing", ["find_invoices", "request_refund"])],
        "harnesses": [{"id": "Harness", "name": "support_desk_dev", "arn": "arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/Harness-local00000", "model": "script:support-desk.yaml"}],
        "functions": [function("billing", ["customerId"], once=["request_refund"], confirm=["request_refund"], agents=["Billing"]), function("customers", ["customerId"], agents=["Orders"]),
                      function("orders", ["customerId"], once=["initiate_return"], agents=["Orders"]), function("support", agents=["Support"])],
        "gateway": {"url": "http://127.0.0.1:8787/mcp", "tools": 9},
        "tables": [table("customers", "customerId", 12), table("orders", "orderId", 48, indexes=[("byCustomer", "customerId", "orderedAt")]), table("ledger", "id", 3, "ledger"), table("approvals", "id", 2, "approvals")],
        "suggestions": ["What is the status of order ORD-12345?", "I was charged twice for ORD-12345, please refund it", "I want to return my order ORD-12345"],
        "attributeExamples": {"customerId": "CUST-12345"}, "sessionUsd": "10.00", "keptTurns": 200, "keptBytes": 1_048_576,
    }


def approvals():
    waiting = {"id": "APR-7M2KQ4XWZA", "tool": "request_refund", "function": "billing", "input": {"orderId": "ORD-12345", "amount": "129.95", "reason": "Duplicate charge CHG-12345-2", "chargeId": "CHG-12345-2"},
               "key": "request_refund#9f1c33e0a4", "digest": "sha256:5f0c7be1d7a94d0e8c3fd4a60b2f9f5a7d1f6b1f8e2c4a90", "askedBy": {"customerId": "CUST-12345", "session": "console-mcp"},
               "parkedAt": "2026-11-30T09:12:03.120Z", "expiresAt": "2026-12-01T09:12:03.000Z", "unreadable": None}
    past = {**waiting, "id": "APR-2B3C4D5E6F", "input": {"customerId": "CUST-20001", "email": "new@example.com"}, "tool": "update_user_account", "decision": "approved", "by": "dana@example.com", "decidedAt": "2026-11-29T15:20:00.000Z", "usedAt": "2026-11-29T15:21:10.000Z"}
    return {"waiting": [waiting], "decided": [past, {**past, "id": "APR-6F5E4D3C2B", "decision": "denied", "usedAt": None}], "configured": True}


ITEMS = {
    "support-desk-dev-customers": [{"customerId": {"S": f"CUST-{12345 + number}"}, "name": {"S": f"Customer {number}"}, "email": {"S": f"c{number}@example.com"}, "accountStatus": {"S": "active"}, "creditCents": {"N": str(100 * number)}, "tags": {"L": [{"S": "a"}, {"N": "1"}]}, "notes": {"NULL": True}} for number in range(12)],
    "support-desk-dev-orders": [{"orderId": {"S": f"ORD-{12345 + number}"}, "customerId": {"S": "CUST-12345"}, "orderedAt": {"S": "2026-11-02"}, "totalCents": {"N": "12995"}} for number in range(3)],
    "support-desk-dev-ledger": [
        {"id": {"S": "request_refund#9f1c33e0a4"}, "createdAt": {"N": "1796029923"}, "expiresAt": {"N": "1796116323"}, "session": {"S": SESSION}, "reply": {"S": '{"refundId":"REF-1","amount":"129.95"}'}},
        {"id": {"S": "budget#77aa"}, "calls": {"N": "7"}, "costMicros": {"N": "12345"}, "bookedMicros": {"N": "12345"}, "expiresAt": {"N": "1796116323"}},
    ],
    "support-desk-dev-approvals": [{"id": {"S": "call#request_refund#9f"}, "approval": {"S": "APR-7M2KQ4XWZA"}, "tool": {"S": "request_refund"}, "parkedAt": {"N": "1796029923000"}, "input": {"S": '{"amount":"129.95"}'}}],
}


def understand(body):
    """What `amount` becomes; the rest stays."""
    values, problems = dict(body["input"]), []
    if "amount" in values:
        try:
            values["amount"] = float(values["amount"])
        except (TypeError, ValueError):
            problems.append({"path": "amount", "expected": "a number more than 0, with at most 2 decimal places", "got": json.dumps(values["amount"])})
    return {"understood": None if problems else values, "problems": problems}


def event(body):
    parameters = [{"name": name, "type": "string", "value": str(value)} for name, value in body["input"].items()]
    return {"event": {"messageVersion": "1.0", "actionGroup": body["function"], "function": body["tool"], "sessionId": body["session"], "sessionAttributes": {**body["attributes"], **body["identity"]}, "parameters": parameters}, "clientContext": None}


def preview(body):
    path = f"handlers/{body['function']}/events/{body['name']}.json"
    text = json.dumps(body["event"], indent=2)
    added = "".join(f"+{line}\n" for line in text.splitlines())
    return {"files": [{"path": path, "exists": body["name"] == "taken", "text": text}], "diff": f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n{added}"}


def decided(_):
    return {"id": "APR-7M2KQ4XWZA", "decision": "approved"}


def data():
    """Everything, to be changed by a test."""
    items = copy.deepcopy(ITEMS)
    return {
        "state": state(), "approvals": approvals(), "turns": [refund_turn(), refused_turn(), denied_turn()], "items": items,
        "answers": {
            "/console/api/tools/understand": understand,
            "/console/api/tools/event": event,
            "/console/api/tools/send": lambda body: {"reply": {"messageVersion": "1.0", "response": {"functionResponse": {"responseBody": {"TEXT": {"body": '{"refundId":"REF-1"}'}}}}}, "functionError": None, "turn": "t-1"},
            "/console/api/tests/preview": preview,
            "/console/api/tests": lambda body: (409, {"error": {"kind": "conflict", "message": "it exists"}}) if body["name"] == "taken" else (201, {"files": [preview(body)["files"][0]["path"]]}),
            "/console/api/reset": {"tables": 4},
            "/console/api/approvals/APR-7M2KQ4XWZA/approve": decided,
            "/console/api/approvals/APR-7M2KQ4XWZA/deny": decided,
            "DynamoDB_20120810.Scan": lambda body: {"Items": items.get(body["TableName"], []), "Count": 0},
            "DynamoDB_20120810.Query": lambda body: {"Items": items.get(body["TableName"], [])[:1], "Count": 1},
        },
    }
